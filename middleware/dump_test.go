package middleware_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// echoing answers after a while with a status, a header and a body, once it has read
// the request's.
func echoing(header http.Header, body string, wait time.Duration) http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		if req.Body != nil {
			if _, err := io.Copy(io.Discard, req.Body); err != nil {
				return nil, err
			}
			req.Body.Close()
		}
		time.Sleep(wait)
		return &http.Response{
			Status: "200 OK", StatusCode: 200, Proto: "HTTP/1.1", Header: header, Request: req,
			Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
		}, nil
	})
}

// dumpOf is the text of one exchange whose response is read.
func dumpOf(t *testing.T, cfg middleware.DumpConfig, next http.RoundTripper, req *http.Request) string {
	t.Helper()
	var b bytes.Buffer
	cfg.Writer = &b
	resp, err := middleware.Dump(cfg)(next).RoundTrip(req)
	if err == nil {
		if resp.Request != req {
			t.Error("the response has another request")
		}
		_, _ = io.Copy(io.Discard, resp.Body) // its failures are in the text
		resp.Body.Close()
	}
	return b.String()
}

// TestDump: heads, bodies, bounds and failures.
func TestDump(t *testing.T) {
	t.Parallel()
	const head = "> GET http://h.example/ HTTP/1.1\n> Host: h.example\n"
	for _, tt := range []struct {
		name string
		cfg  middleware.DumpConfig
		next http.RoundTripper
		req  func(*testing.T) *http.Request
		want string
	}{
		{
			name: "both bodies", next: echoing(http.Header{"Content-Type": {"text/plain"}, "A": {"2", "1"}}, "one\r\ntwo", 12*time.Millisecond),
			req: func(t *testing.T) *http.Request {
				t.Helper()
				req := newRequest(t, "POST", "http://h.example/p", strings.NewReader(`{"name": 1}`))
				req.Header.Set("X", "1")
				return req
			},
			want: "> POST http://h.example/p HTTP/1.1\n> Host: h.example\n> X: 1\n>\n> {\"name\": 1}\n" +
				"< HTTP/1.1 200 OK\n< A: 2\n< A: 1\n< Content-Type: text/plain\n<\n< one\n< two\n* 12ms to the head, 12ms in all; 8 bytes received\n",
		},
		{
			name: "cut within a character", cfg: middleware.DumpConfig{MaxBody: 4}, next: echoing(nil, "aéé and more", 0),
			want: head + "< HTTP/1.1 200 OK\n<\n< aé\n* 4 of 14 bytes are shown\n* 0s to the head, 0s in all; 14 bytes received\n",
		},
		{
			name: "no bodies", cfg: middleware.DumpConfig{MaxBody: -1}, next: echoing(nil, "secret", 0),
			want: head + "< HTTP/1.1 200 OK\n* 0s to the head, 0s in all; 6 bytes received\n",
		},
		{
			name: "no text", next: echoing(nil, "\x1f\x8b\x00\xff", 0),
			want: head + "< HTTP/1.1 200 OK\n<\n* 4 bytes that are no text\n* 0s to the head, 0s in all; 4 bytes received\n",
		},
		{
			name: "what a terminal acts on", next: echoing(http.Header{"A": {"\x1b[2J"}}, "\x1b]0;title\a\u202e", 0),
			want: head + "< HTTP/1.1 200 OK\n< A: \\x1b[2J\n<\n< \\x1b]0;title\\a\\u202e\n* 0s to the head, 0s in all; 13 bytes received\n",
		},
		{
			name: "a failure", next: middleware.Func(func(*http.Request) (*http.Response, error) { return nil, errors.New("line\nbroken") }),
			want: head + "* failed: line\\nbroken\n* 0s in all; nothing received\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				req := newRequest(t, "GET", "http://h.example/", nil)
				if tt.req != nil {
					req = tt.req(t)
				}
				if got := dumpOf(t, tt.cfg, tt.next, req); got != tt.want {
					t.Errorf("got\n%s\nwant\n%s", got, tt.want)
				}
			})
		})
	}
}

// TestDumpSecrets: no secret is in it, wherever it stands.
func TestDumpSecrets(t *testing.T) {
	t.Parallel()
	const canary = "canary"
	form := "password=canary&api_key=canary&name=gopher"
	req := newRequest(t, "POST", "http://me:canary@h.example/?q=canary&canary#canary", strings.NewReader(form))
	req.Header = http.Header{
		"authorization": {"Bearer canary"}, "Cookie": {"a=canary"}, "X-Api-Key": {canary}, "X-Own": {canary},
		"Content-Type": {"application/x-www-form-urlencoded"}, "Proxy-Authorization": {canary},
	}
	answer := http.Header{"Set-Cookie": {"a=canary; Path=/"}, "Location": {"http://h/?token=canary"}}
	cfg := middleware.DumpConfig{Redaction: middleware.Redaction{Headers: []string{"x-own"}}}
	got := dumpOf(t, cfg, echoing(answer, "body", 0), req)
	if strings.Contains(got, canary) || !strings.Contains(got, "name=gopher") || !strings.Contains(got, "> Cookie: a=***") {
		t.Errorf("got\n%s", got)
	}
	failing := middleware.Func(func(req *http.Request) (*http.Response, error) { return nil, errors.New("cannot " + req.URL.String()) })
	if got := dumpOf(t, cfg, failing, req); strings.Contains(got, canary) {
		t.Errorf("got\n%s", got)
	}
	hide := middleware.DumpConfig{Redaction: middleware.Redaction{Body: func(string, []byte) []byte { return []byte("hidden") }}}
	if got := dumpOf(t, hide, echoing(nil, canary, 0), newRequest(t, "GET", "http://h.example/", nil)); strings.Contains(got, canary) {
		t.Errorf("got\n%s", got)
	}
}

// TestDumpNothing: without a Writer there is nothing around the next one; a Writer that
// fails does no harm, and exchanges at the same time do not mix.
func TestDumpNothing(t *testing.T) {
	t.Parallel()
	next := echoing(nil, "", 0)
	if got := middleware.Dump(middleware.DumpConfig{})(next); fmt.Sprintf("%p", got) != fmt.Sprintf("%p", next) {
		t.Error("there is something around the next one")
	}
	fails := middleware.Dump(middleware.DumpConfig{Writer: brokenWriter{}})(echoing(nil, "body", 0))
	resp, err := fails.RoundTrip(newRequest(t, "GET", "http://h.example/", nil))
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "body" {
		t.Errorf("got %q, %v", body, err)
	}
	var b bytes.Buffer
	rt := middleware.Dump(middleware.DumpConfig{Writer: &b})(echoing(nil, "body", 0))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			resp, err := rt.RoundTrip(newRequest(t, "GET", "http://h.example/", nil))
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
		})
	}
	wg.Wait()
	if got := strings.Count(b.String(), "> GET http://h.example/ HTTP/1.1\n> Host: h.example\n< HTTP/1.1 200 OK\n* "); got != 20 {
		t.Errorf("got %d exchanges: %s", got, b.String())
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestDumpJSON: what JSON names as a secret is hidden, also if the body is cut off or
// larger than what is shown; the rest is as it was sent.
func TestDumpJSON(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ kind, body, want string }{
		{"application/json", `{"user": "me", "password": "canary"}`, `< {"user": "me", "password": "***"}`},
		{"application/problem+json; charset=utf-8", `{"access_token": {"a": "canary"}, "n": 1}`, `< {"access_token": "***", "n": 1}`},
		{"application/json", `{"token": "canary`, `< {"token": "***"`},
		{"application/json", `{"token": "` + strings.Repeat("canary", 1000) + `"}`, `< {"token": "***"`},
		{"application/x-ndjson", "{\"token\": \"canary\"}\n{\"id\": 2}\n", "< {\"token\": \"***\"}\n< {\"id\": 2}\n"},
		{"text/plain", `{"token": "canary"}`, `< {"token": "***"}`},
		{"text/plain", `token: shown`, `< token: shown`},
	} {
		header := http.Header{"Content-Type": {tt.kind}}
		got := dumpOf(t, middleware.DumpConfig{}, echoing(header, tt.body, 0), newRequest(t, "GET", "http://h.example/", nil))
		if !strings.Contains(got, tt.want) || strings.Contains(got, "canary") {
			t.Errorf("%s: got %s", tt.kind, got)
		}
	}
}
