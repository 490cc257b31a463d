package render_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// request is a request with secrets in all places where they are known.
func request(t *testing.T) *http.Request {
	t.Helper()
	u, err := url.Parse("http://u:canary@h.example:8080/p?q=go&api_key=canary&x#frag")
	if err != nil {
		t.Fatal(err)
	}
	return &http.Request{Method: http.MethodGet, URL: u, Header: http.Header{
		"X-B":           {"2", "3"},
		"Accept":        {"*/*"},
		"Authorization": {"Basic canary"},
		"Cookie":        {"sid=canary"},
		"User-Agent":    {""},
	}}
}

func TestRequestHead(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := (render.Printer{W: &b}).RequestHead(request(t), "HTTP/1.1"); err != nil {
		t.Fatal(err)
	}
	want := "GET /p?q=go&api_key=***&x HTTP/1.1\nAccept: */*\nAuthorization: ***\nCookie: ***\nHost: h.example:8080\nX-B: 2\nX-B: 3\n"
	if got := b.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	b.Reset()
	if err := (render.Printer{W: &b, Secrets: true}).RequestHead(request(t), "HTTP/1.1"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"GET /p?q=go&api_key=canary&x HTTP/1.1", "Authorization: Basic canary", "Cookie: sid=canary"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("with secrets: %q is missing in:\n%s", want, b.String())
		}
	}
}

func TestRequestHeadOfABody(t *testing.T) {
	t.Parallel()
	for length, want := range map[int64]string{5: "Content-Length: 5\n", -1: "Transfer-Encoding: chunked\n"} {
		var b strings.Builder
		req := &http.Request{Method: http.MethodPost, URL: &url.URL{Host: "h"}, Host: "other", ContentLength: length}
		if err := (render.Printer{W: &b}).RequestHead(req, "HTTP/2.0"); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{want, "Host: other\n"} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%q is missing in:\n%s", want, b.String())
			}
		}
	}
}

func TestResponseHead(t *testing.T) {
	t.Parallel()
	resp := &http.Response{Proto: "HTTP/1.1", Status: "404 Not\x1bFound", StatusCode: http.StatusNotFound, Header: http.Header{
		"Server":     {"x\x1b[2J"},
		"Set-Cookie": {"sid=canary"},
	}}
	var b strings.Builder
	if err := (render.Printer{W: &b, Safe: true}).ResponseHead(resp); err != nil {
		t.Fatal(err)
	}
	want := "HTTP/1.1 404 Not\\x1bFound\nServer: x\\x1b[2J\nSet-Cookie: ***\n"
	if got := b.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
