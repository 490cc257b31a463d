package httpbin_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	upstream "github.com/mccutchen/go-httpbin/v2/httpbin"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/httpbin"
)

// TestAsHTTPBin: the answers are those of httpbin as its New puts it together.
func TestAsHTTPBin(t *testing.T) {
	t.Parallel()
	ours, theirs := httpbin.Handler(), http.Handler(upstream.New())
	for _, call := range []string{
		"GET /get?a=b", "HEAD /get", "HEAD /head", "POST /get", "POST /post", "PUT /put", "PATCH /patch", "DELETE /delete", "POST /upload",
		"GET /anything/a%2Fb?x=1", "TRACE /anything", "GET /headers", "GET /ip", "GET /user-agent", "POST /dump/request",
		"GET /status/200", "GET /status/204", "GET /status/301", "GET /status/302", "GET /status/303", "GET /status/305", "GET /status/307",
		"GET /status/401", "GET /status/404", "GET /status/407", "GET /status/418", "GET /status/503", "GET /status/x", "GET /status/1000",
		"GET /redirect/3", "GET /redirect/x", "GET /relative-redirect/2", "GET /absolute-redirect/2", "GET /redirect-to?url=/get&status_code=307", "GET /redirect-to",
		"GET /cookies", "GET /cookies/set?k=v", "GET /cookies/delete?k", "GET /basic-auth/u/p", "GET /hidden-basic-auth/u/p", "GET /bearer",
		"GET /gzip", "GET /deflate", "GET /encoding/utf8", "GET /html", "GET /json", "GET /xml", "GET /image", "GET /image/png", "GET /robots.txt", "GET /deny",
		"GET /bytes/100?seed=1", "GET /bytes/-1", "GET /bytes/99999999", "GET /stream-bytes/100?seed=1", "GET /stream/3", "GET /range/100",
		"GET /base64/aGk=", "GET /base64/encode/hi", "GET /links/3", "GET /links/3/1", "GET /cache", "GET /cache/60", "GET /etag/x",
		"GET /response-headers?a=b", "GET /trailers?a=b", "GET /delay/0.01", "GET /delay/99", "GET /drip?duration=0&delay=0&numbytes=5",
		"GET /websocket/echo", "OPTIONS /get", "OPTIONS /nowhere", "GET /nowhere", "GET /digest-auth/auth/u/p/x",
	} {
		method, target, _ := strings.Cut(call, " ")
		if got, want := answer(ours, method, target), answer(theirs, method, target); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", call, got, want)
		}
	}
}

// answer is the response of a handler as one text.
func answer(h http.Handler, method, target string) string {
	var body io.Reader = http.NoBody
	if method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch {
		body = strings.NewReader(`{"a":1}`)
	}
	req := httptest.NewRequest(method, target, body)
	req.Header.Set("X-A", "b")
	req.Header.Set("Cookie", "c=d")
	req.Header.Set("User-Agent", "me")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Access-Control-Request-Headers", "X-B")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	resp := rec.Result()
	data, err := io.ReadAll(resp.Body)
	if method == http.MethodHead {
		data = nil // nobody sends it
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d %v\n", resp.StatusCode, err)
	for _, name := range slices.Sorted(maps.Keys(resp.Header)) {
		fmt.Fprintf(&b, "%s: %q\n", name, resp.Header[name])
	}
	fmt.Fprintf(&b, "%v\n%q", resp.Trailer, data)
	return b.String()
}

// TestOwn: what differs from httpbin.
func TestOwn(t *testing.T) {
	t.Parallel()
	h := httpbin.Handler()
	if got := answer(h, "GET", "/"); !strings.Contains(got, "/websocket/echo") || !strings.Contains(got, "text/plain") {
		t.Errorf("the front page: %s", got)
	}
	if got := answer(h, "GET", "/sse"); strings.Count(got, "event: ping") != 10 || !strings.Contains(got, "text/event-stream") {
		t.Errorf("events: %s", got)
	}
	for _, code := range []string{"300", "308"} {
		if got := answer(h, "GET", "/status/"+code); !strings.Contains(got, `Location: ["/image/jpeg"]`) {
			t.Errorf("%s: %s", code, got)
		}
	}
	if got := answer(h, "GET", "/uuid"); !strings.HasPrefix(got, "200 ") {
		t.Errorf("uuid: %s", got)
	}
}
