package session_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/session"
)

// TestJSONHooks: the session's encoder and decoder do all that the session does
// with JSON.
func TestJSONHooks(t *testing.T) {
	t.Parallel()
	mine := errors.New("mine")
	var decoded []string
	const inner = "--in\r\nContent-Type: application/json\r\n\r\n{\"n\":4}\r\n--in--"
	parts := "--b\r\n\r\n{\"n\":3}\r\n--b\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n" + inner + "\r\n--b--"
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		kind, body := "application/json", `{"n":1}`
		switch r.URL.Path {
		case "/records":
			body = "{\"n\":2}\n"
		case "/parts":
			kind, body = "multipart/mixed; boundary=b", parts
		case "/bad":
			body = "bad"
		}
		w.Header().Set("Content-Type", kind)
		io.WriteString(w, body)
	})
	s := newSession(t, session.Config{
		EncodeJSON: func(v any) ([]byte, error) {
			if v == nil {
				return nil, mine
			}
			return []byte(fmt.Sprintf("<%v>", v)), nil
		},
		DecodeJSON: func(data []byte, v any) error {
			decoded = append(decoded, strings.TrimSpace(string(data)))
			if string(data) == "bad" {
				return mine
			}
			return json.Unmarshal(data, v)
		},
	})
	type number struct {
		N int `json:"n"`
	}
	got, err := session.Decode[number](s.Post(t.Context(), rec.URL, session.JSON([]int{1})))
	if err != nil || got.N != 1 || rec.last(t).body != "<[1]>" {
		t.Errorf("got %+v, %v, and %q was sent", got, err, rec.last(t).body)
	}
	for v, err := range session.Records[number](s.Get(t.Context(), rec.URL+"/records")) {
		if err != nil || v.N != 2 {
			t.Errorf("record: got %+v, %v", v, err)
		}
	}
	resp, err := s.Get(t.Context(), rec.URL+"/parts")
	if err != nil {
		t.Fatal(err)
	}
	m := partsOf(t, resp, session.MultipartConfig{})
	for p, err := range m.Parts() {
		if err == nil && p.ContentType() == "multipart/mixed" {
			var in *session.MultipartReader
			if in, err = p.MultipartReader(); err == nil {
				p, err = in.Next()
			}
		}
		var v number
		if err == nil {
			err = p.JSON(&v)
		}
		if err != nil || v.N < 3 {
			t.Errorf("part: got %+v, %v", v, err)
		}
	}
	want := `{"n":1} {"n":2} {"n":3} {"n":4}`
	if text := strings.Join(decoded, " "); text != want {
		t.Errorf("decoded %s, want %s", text, want)
	}
	if _, err := session.Decode[number](s.Get(t.Context(), rec.URL+"/bad")); !errors.Is(err, mine) || !errors.Is(err, errors.ErrClientPayload) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Post(t.Context(), rec.URL, session.JSON(nil)); !errors.Is(err, mine) || !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("got %v", err)
	}
}

// TestFallbackCharset: the session's resolver is asked by Text, if the header does
// not tell.
func TestFallbackCharset(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.URL.Query().Get("type"))
		w.Write([]byte("\xc1"))
	})
	var asked []string
	s := newSession(t, session.Config{FallbackCharset: func(r *session.Response, body []byte) string {
		asked = append(asked, r.URL().Path+string(body))
		return "koi8-r"
	}})
	for kind, want := range map[string]string{"text/plain": "а", "text/plain; charset=nonsense": "а", "text/plain; charset=latin1": "Á"} {
		resp, err := s.Get(t.Context(), rec.URL+"/t", session.Query("type", kind))
		if got := readBody(t, resp, err); got != want {
			t.Errorf("%s: got %q, want %q", kind, got, want)
		}
	}
	if len(asked) != 2 || asked[0] != "/t\xc1" {
		t.Errorf("asked about %q", asked)
	}
}

// TestCheckOfTheSession: it looks at the last response alone, and a request may
// have another or none.
func TestCheckOfTheSession(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusFound)
			return
		}
		w.WriteHeader(http.StatusConflict)
		io.WriteString(w, "why")
	})
	var seen []int
	mine := errors.New("mine")
	s := newSession(t, session.Config{Options: opt(session.CheckStatusFunc(func(r *session.Response) error {
		seen = append(seen, r.StatusCode)
		if text, err := r.Text(); err != nil || text != "why" {
			t.Errorf("got %q, %v", text, err)
		}
		return mine
	}))})
	if _, err := s.Get(t.Context(), rec.URL+"/old"); !errors.Is(err, mine) || fmt.Sprint(seen) != "[409]" {
		t.Errorf("got %v after %v", err, seen)
	}
	if _, err := s.Get(t.Context(), rec.URL, session.CheckStatus()); !errors.Is(err, errors.ErrClientResponse) {
		t.Errorf("got %v", err)
	}
	resp, err := s.Get(t.Context(), rec.URL, session.CheckStatusFunc(nil))
	if got := readBody(t, resp, err); got != "why" || len(seen) != 1 {
		t.Errorf("got %q after %v", got, seen)
	}
}

// TestSessionAttributes: what a session was made of can be asked for, and is a
// copy.
func TestSessionAttributes(t *testing.T) {
	t.Parallel()
	own := jar.New(jar.Config{})
	own.Update([]*http.Cookie{{Name: "shared", Value: "1"}}, nil) // aiohttp: cookies
	cfg := session.Config{
		BaseURL: "http://h.example/v1/", Jar: own, Options: opt(session.Header("X-A", "1"), session.SkipHeader("Accept")),
		Timeout: session.ClientTimeout{Total: time.Minute},
	}
	s, seen := hopping(t, cfg, nil)
	s.Header().Set("X-A", "2")
	s.BaseURL().Path = "/v2/"
	if s.Jar() != http.CookieJar(own) || s.Timeout().Total != time.Minute || s.Header().Get("X-A") != "1" || s.BaseURL().Path != "/v1/" || s.Closed() {
		t.Errorf("got %v, %v, %v, %v", s.Jar(), s.Timeout(), s.Header(), s.BaseURL())
	}
	for _, url := range []string{"x", "http://other.example/"} {
		resp, err := s.Get(t.Context(), url, session.SkipHeader("User-Agent"), session.Header("X-Tab", "a\tb"))
		readBody(t, resp, err)
		last := (*seen)[len(*seen)-1].Header
		if _, ok := last["Accept"]; ok || last.Get("User-Agent") != "" || last.Get("Cookie") != "shared=1" || last.Get("X-Tab") != "a\tb" {
			t.Errorf("%s: got %v", url, last)
		}
	}
}

// TestExpectHeader: a header of the caller's is as good as the option, and asks
// for nothing where there is no body.
func TestExpectHeader(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		for {
			head, ok := c.ReadHead()
			if !ok {
				return
			}
			if strings.HasPrefix(head, "POST") {
				if !strings.Contains(head, "Expect: 100-continue\r\n") {
					t.Errorf("got %q", head)
				}
				c.Write("HTTP/1.1 100 Continue\r\n\r\n")
				c.ReadBody(4)
			}
			c.Write(okResponse)
		}
	})
	s := newSession(t, session.Config{Timeout: session.ClientTimeout{Total: 10 * time.Second}})
	for _, o := range []session.Option{session.Header("Expect", "100-continue"), session.Expect100()} {
		resp, err := s.Post(t.Context(), srv.URL(), session.Text("body"), o)
		if got := readBody(t, resp, err); got != "ok" {
			t.Errorf("got %q", got)
		}
		resp, err = s.Get(t.Context(), srv.URL(), o)
		if got := readBody(t, resp, err); got != "ok" {
			t.Errorf("without a body: got %q", got)
		}
	}
}

// TestNetrc: credentials from the file are sent where the environment is trusted,
// on each hop those of its host, and only if nothing else says who asks.
func TestNetrc(t *testing.T) {
	name := filepath.Join(t.TempDir(), "netrc")
	const text = "machine a.example login anna password one\nmachine b.example login bert password two\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("NETRC", name)
	for _, proxy := range []string{"http_proxy", "https_proxy", "all_proxy"} {
		t.Setenv(proxy, "")
		t.Setenv(strings.ToUpper(proxy), "")
	}
	var rec *recorder
	rec = record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "http://b.example:"+port(t, rec.Listener.Addr().String())+"/new", http.StatusFound)
		}
	})
	to := func(host, path string) string {
		return "http://" + host + ":" + port(t, rec.Listener.Addr().String()) + path
	}
	for name, test := range map[string]struct {
		trust bool
		url   string
		opts  []session.Option
		want  string // of the last hop
	}{
		"trusted":             {true, to("a.example", "/"), nil, "anna:one"},
		"not trusted":         {false, to("a.example", "/"), nil, ":"},
		"unknown host":        {true, to("c.example", "/"), nil, ":"},
		"a redirect":          {true, to("a.example", "/old"), nil, "bert:two"},
		"credentials given":   {true, to("a.example", "/"), opt(session.BasicAuth("me", "mine")), "me:mine"},
		"credentials in URL":  {true, to("me:mine@a.example", "/"), nil, "me:mine"},
		"given, and redirect": {true, to("a.example", "/old"), opt(session.BasicAuth("me", "mine")), "bert:two"},
	} {
		s := wireSession(t, connector.Config{}, session.Config{TrustEnv: test.trust})
		resp, err := s.Get(t.Context(), test.url, test.opts...)
		readBody(t, resp, err)
		req := http.Request{Header: rec.last(t).header}
		login, password, _ := req.BasicAuth()
		if got := login + ":" + password; got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

// TestProgressBothWays: the download is told after decoding, as it is read.
func TestProgressBothWays(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("tell me ", 50_000)
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gzip" {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, gzipped(text))
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		io.WriteString(w, text)
	})
	s := newSession(t, session.Config{})
	for path, wantTotal := range map[string]int64{"/": int64(len(text)), "/gzip": -1} {
		var steps, last int64
		resp, err := s.Get(t.Context(), rec.URL+path, session.Progress(func(done, total int64) {
			if done <= last || total != wantTotal {
				t.Errorf("%s: got %d of %d after %d", path, done, total, last)
			}
			steps, last = steps+1, done
		}))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if _, err := io.Copy(&out, resp.Body); err != nil {
			t.Error(err)
		}
		resp.Close()
		if last != int64(len(text)) || steps < 2 || out.String() != text {
			t.Errorf("%s: %d bytes in %d steps", path, last, steps)
		}
	}
	var sent int64
	resp, err := s.Post(t.Context(), rec.URL, session.Body(io.MultiReader(strings.NewReader(text))), session.Progress(func(done, total int64) {
		if done <= sent || total != -1 {
			t.Errorf("got %d of %d after %d", done, total, sent)
		}
		sent = done
	}))
	readBody(t, resp, err)
	if sent != int64(len(text)) {
		t.Errorf("%d bytes were sent", sent)
	}
}
