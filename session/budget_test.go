package session_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/session"
)

// TestBodyAllocs: a body costs at most five allocations more than what somebody
// writes by hand on net/http.
func TestBodyAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	type thing struct {
		Name string `json:"name"`
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"name":"gopher"}`)
	}))
	defer srv.Close()
	s := newSession(t, full())
	hc := &http.Client{Transport: &http.Transport{}}
	defer hc.CloseIdleConnections()
	byHand := func(method, contentType string, body []byte) {
		req, err := http.NewRequestWithContext(t.Context(), method, srv.URL, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if contentType != "" {
			req.Header.Set("Content-Type", contentType)
		}
		resp, err := hc.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		var got thing
		if err != nil || json.Unmarshal(data, &got) != nil || got.Name == "" {
			t.Fatal(err)
		}
	}
	decode := func(resp *session.Response, err error) {
		if got, err := session.Decode[thing](resp, err); err != nil || got.Name == "" {
			t.Fatal(err)
		}
	}
	sent := thing{"gopher"}
	values := url.Values{"name": {"gopher"}, "age": {"16"}}
	for _, tt := range []struct {
		name          string
		hand, session func()
	}{
		{"Decode", func() { byHand("GET", "", nil) }, func() { decode(s.Get(t.Context(), srv.URL)) }},
		{"JSON", func() {
			data, err := json.Marshal(sent)
			if err != nil {
				t.Fatal(err)
			}
			byHand("POST", "application/json", data)
		}, func() { decode(s.Post(t.Context(), srv.URL, session.JSON(sent))) }},
		{
			"Form", func() { byHand("POST", "application/x-www-form-urlencoded", []byte(values.Encode())) },
			func() { decode(s.Post(t.Context(), srv.URL, session.Form(values))) },
		},
	} {
		hand, ours := testing.AllocsPerRun(100, tt.hand), testing.AllocsPerRun(100, tt.session)
		t.Logf("%s: %v allocations, by hand %v", tt.name, ours, hand)
		if ours > hand+5 {
			t.Errorf("%s: %v allocations, by hand %v", tt.name, ours, hand)
		}
	}
}

// TestStreamThrough: what one server sends goes to another one without being kept.
func TestStreamThrough(t *testing.T) {
	size := int64(1 << 30)
	if racetest.Enabled || testing.Short() {
		size = 128 << 20
	}
	block := make([]byte, 1<<20)
	source := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
		for range size / int64(len(block)) {
			w.Write(block)
		}
	}))
	defer source.Close()
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		io.WriteString(w, strconv.FormatInt(n, 10))
	}))
	defer sink.Close()
	s := newSession(t, session.Config{})
	resp, err := s.Get(t.Context(), source.URL)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	got, err := s.Put(t.Context(), sink.URL, session.Body(resp.Body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := got.Text()
	if err != nil || text != strconv.FormatInt(size, 10) {
		t.Errorf("the sink got %s bytes, %v", text, err)
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

// FuzzLocation: a redirect leads to an http URL with a host, or fails, whatever a
// server sends.
func FuzzLocation(f *testing.F) {
	for _, seed := range []string{
		"/x", "x?y#z", "//host/x", "http://h:80/", "https://u:p@h/", "ftp://h/", "ws://h/", "http://", "%zz", "\x00", "http://[::1", "?", "#", "http:opaque",
		"/a b", "/ü", "/%2f%2F", "http://h:99999/", "javascript:alert(1)", "///x", "\\\\h\\x", "http://h\t/", "/\u202e",
	} {
		f.Add(seed)
	}
	var location string
	mock := transportFunc(func(req *http.Request) (*http.Response, error) {
		resp := &http.Response{StatusCode: http.StatusFound, Header: http.Header{}, Body: http.NoBody, Request: req}
		if req.Header.Get("X-First") == "" {
			resp.StatusCode = http.StatusOK
			return resp, nil
		}
		resp.Header.Set("Location", location)
		return resp, nil
	})
	s, err := session.New(session.Config{Transport: transportFunc(func(req *http.Request) (*http.Response, error) {
		first := req.Response == nil
		if first {
			req = req.Clone(req.Context())
			req.Header.Set("X-First", "1")
		}
		if req.URL.Host == "" || req.URL.Scheme != "http" && req.URL.Scheme != "https" || strings.ContainsAny(req.URL.RequestURI(), " \r\n\x00") {
			f.Errorf("%q leads to %q", location, req.URL)
		}
		return mock(req)
	})})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, to string) {
		location = to
		resp, err := s.Get(t.Context(), "http://start.example/a/b?c")
		if err == nil {
			resp.Close()
		}
	})
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// FuzzJoin: a relative URL is joined to the base as RFC 3986 has it, or refused.
func FuzzJoin(f *testing.F) {
	for _, seed := range []string{"x", "/x", "../x", "?q", "", ".", "a//b", "http://other/x", "//evil/x", "a:b", "%41", "ü", "x y", "\x7f"} {
		f.Add(seed)
	}
	base, err := url.Parse("http://base.example/v1/")
	if err != nil {
		f.Fatal(err)
	}
	s, err := session.New(session.Config{BaseURL: base.String(), Transport: transportFunc(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"X-Url": {req.URL.String()}}, Body: http.NoBody, Request: req}, nil
	})})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, ref string) {
		resp, err := s.Get(t.Context(), ref)
		if err != nil {
			return
		}
		defer resp.Close()
		got, err := url.Parse(resp.Header.Get("X-Url"))
		if err != nil {
			t.Fatalf("%q was sent to %q", ref, resp.Header.Get("X-Url"))
		}
		want, err := base.Parse(ref)
		if err != nil {
			t.Fatalf("%q was taken: %v", ref, err)
		}
		if got.Host != want.Host || got.Path != want.Path {
			t.Errorf("%q: got %v, want %v", ref, got, want)
		}
		if strings.HasPrefix(ref, "//") {
			t.Errorf("%q was taken", ref)
		}
	})
}
