package session_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// sdk stands for a library that takes an *http.Client and knows nothing else.
type sdk struct {
	client *http.Client
	base   string
}

func (s *sdk) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = strings.NewReader(string(data))
	}
	req, err := http.NewRequestWithContext(ctx, method, s.base+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer sdk")
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	if resp.Header.Get("Content-Encoding") != "" {
		return fmt.Errorf("still says to be encoded: %v", resp.Header)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

func api(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/redirect":
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1", Path: "/"})
		http.Redirect(w, r, "/echo", http.StatusTemporaryRedirect)
		return
	case "/missing":
		http.NotFound(w, r)
		return
	case "/hang":
		<-r.Context().Done()
		return
	}
	var out io.Writer = w
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/gzip" && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		gz := gzip.NewWriter(w)
		defer gz.Close()
		out = gz
	}
	cookie, _ := r.Cookie("seen")
	body, _ := r.Context().Value(bodyKey{}).(string)
	fmt.Fprintf(out, `{"method":%q,"auth":%q,"cookie":%v,"body":%q}`, r.Method, r.Header.Get("Authorization"), cookie != nil, body)
}

type bodyKey struct{}

// TestUnmodifiedSDK drives a server through a plain http.Client on a connector,
// and through the session's own.
func TestUnmodifiedSDK(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) { api(w, r) })
	conn, err := connector.New(connector.Config{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(t, session.Config{})
	for name, client := range map[string]*http.Client{
		"connector": {Transport: conn, Jar: jar},
		"session":   s.Client(),
	} {
		t.Run(name, func(t *testing.T) { checkSDK(t, &sdk{client, rec.URL}, rec) })
	}
	if st := conn.Stats(); st.InUse != 0 || st.Waiting != 0 || st.Reused == 0 {
		t.Errorf("at the end: %+v", st)
	}
}

func checkSDK(t *testing.T, s *sdk, rec *recorder) {
	type answer struct {
		Method, Auth string
		Cookie       bool
	}
	for _, test := range []struct {
		method, path string
		in           any
		want         answer
	}{
		{"GET", "/gzip", nil, answer{"GET", "Bearer sdk", false}},
		{"POST", "/echo", map[string]int{"a": 1}, answer{"POST", "Bearer sdk", false}},
		{"PUT", "/redirect", []int{1, 2}, answer{"PUT", "Bearer sdk", true}},
		{"DELETE", "/echo", nil, answer{"DELETE", "Bearer sdk", true}},
	} {
		var got answer
		if err := s.call(t.Context(), test.method, test.path, test.in, &got); err != nil || got != test.want {
			t.Errorf("%s %s: got %+v, %v, want %+v", test.method, test.path, got, err, test.want)
		}
		if test.path == "/redirect" && rec.last(t).body != "[1,2]" {
			t.Errorf("the redirect lost the body: got %q", rec.last(t).body)
		}
	}
	if err := s.call(t.Context(), "GET", "/missing", nil, nil); err == nil || err.Error() != "status 404" {
		t.Errorf("missing: got %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.call(ctx, "GET", "/hang", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hang: got %v", err)
	}
	s.client.Timeout = 20 * time.Millisecond
	var net interface{ Timeout() bool }
	if err := s.call(t.Context(), "GET", "/hang", nil, nil); !errors.As(err, &net) || !net.Timeout() {
		t.Errorf("client timeout: got %v", err)
	}
	s.client.CloseIdleConnections()
}
