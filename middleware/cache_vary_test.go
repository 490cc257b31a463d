package middleware_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
)

// RFC 9111 4.1: a response may depend on fields of the request.
func TestCacheVary(t *testing.T) {
	t.Parallel()
	const vary = "200|Cache-Control: max-age=100|Vary: Foo"
	cacheRun(t, []cacheCase{
		{"same value", middleware.CacheConfig{}, []cacheStep{{answer: vary, with: "Foo: 1", want: "1/1"}, {with: "Foo: 1", want: "1/1"}}},
		{"another value", middleware.CacheConfig{}, []cacheStep{{answer: vary, with: "Foo: 1", want: "1/1"}, {with: "Foo: 2", want: "2/2"}, {with: "Foo: 1", want: "1/2"}, {with: "Foo: 2", want: "2/2"}}},
		{"none and none", middleware.CacheConfig{}, []cacheStep{{answer: vary, want: "1/1"}, {want: "1/1"}}},
		{"none and empty differ", middleware.CacheConfig{}, []cacheStep{{answer: vary, want: "1/1"}, {with: "Foo:", want: "2/2"}}},
		{"one and none", middleware.CacheConfig{}, []cacheStep{{answer: vary, with: "Foo: 1", want: "1/1"}, {want: "2/2"}}},
		{"lines may be joined", middleware.CacheConfig{}, []cacheStep{{answer: vary, with: "Foo: 1|Foo: 2", want: "1/1"}, {with: "Foo: 1,2", want: "1/1"}}},
		{"other fields do not matter", middleware.CacheConfig{}, []cacheStep{{answer: vary, with: "Foo: 1|Bar: a", want: "1/1"}, {with: "Foo: 1|Bar: b", want: "1/1"}}},
		{"name in any case", middleware.CacheConfig{}, []cacheStep{{answer: "200|Cache-Control: max-age=100|Vary: fOO", with: "Foo: 1", want: "1/1"}, {with: "Foo: 2", want: "2/2"}}},
		{"two names", middleware.CacheConfig{}, []cacheStep{
			{answer: "200|Cache-Control: max-age=100|Vary: Foo, Bar", with: "Foo: 1|Bar: a", want: "1/1"},
			{with: "Foo: 1|Bar: b", want: "2/2"},
			{with: "Bar: a|Foo: 1", want: "1/2"},
		}},
		{"two lines", middleware.CacheConfig{}, []cacheStep{
			{answer: "200|Cache-Control: max-age=100|Vary: Foo|Vary: Bar", with: "Foo: 1|Bar: a", want: "1/1"}, {with: "Foo: 1|Bar: b", want: "2/2"},
		}},
		{"names change: both count", middleware.CacheConfig{}, []cacheStep{
			{answer: vary, with: "Foo: 1|Bar: a", want: "1/1"},
			{answer: "200|Cache-Control: max-age=100|Vary: Bar", with: "Foo: 2|Bar: a", want: "2/2"},
			{with: "Foo: 2|Bar: a", want: "2/2"},
			{with: "Foo: 2|Bar: b", want: "3/3"},
			{with: "Foo: 3|Bar: a", want: "4/4"},
		}},
		{"a variant is validated on its own", middleware.CacheConfig{}, []cacheStep{
			{answer: vary + `|ETag: "1"`, with: "Foo: 1", want: "1/1"},
			{answer: vary + `|ETag: "2"`, with: "Foo: 2", want: "2/2"},
			{after: 101 * sec, answer: `304|ETag: "1"`, with: "Foo: 1", want: "1/3"},
			{answer: vary, with: "Foo: 2", want: "3/4"},
			{with: "Foo: 1", want: "1/4"},
		}},
		{"an unsafe request forgets all variants", middleware.CacheConfig{}, []cacheStep{
			{answer: vary, with: "Foo: 1", want: "1/1"},
			{with: "Foo: 2", want: "2/2"},
			{do: "POST /", answer: "204", want: "204/3"},
			{answer: vary, with: "Foo: 1", want: "3/4"},
			{with: "Foo: 2", want: "4/5"},
		}},
	})
}

// RFC 9111 4.4: unsafe requests make what is kept invalid.
func TestCacheInvalidation(t *testing.T) {
	t.Parallel()
	const fresh = "200|Cache-Control: max-age=100"
	after := func(do, answer, second, third string) []cacheStep {
		return []cacheStep{{answer: fresh, want: "1/1"}, {do: do, answer: answer, want: second}, {answer: fresh, want: third}}
	}
	cacheRun(t, []cacheCase{
		{"POST", middleware.CacheConfig{}, after("POST /", "200", "2/2", "3/3")},
		{"PUT", middleware.CacheConfig{}, after("PUT /", "204", "204/2", "2/3")},
		{"DELETE", middleware.CacheConfig{}, after("DELETE /", "200", "2/2", "3/3")},
		{"PATCH", middleware.CacheConfig{}, after("PATCH /", "200", "2/2", "3/3")},
		{"an unknown method", middleware.CacheConfig{}, after("M-SEARCH /", "200", "2/2", "3/3")},
		{"a redirect", middleware.CacheConfig{}, after("POST /", "303|Location: /x", "303/2", "3/3")},
		{"not after a failure", middleware.CacheConfig{}, after("POST /", "fail", "error/2", "1/2")},
		{"not after a 4xx", middleware.CacheConfig{}, after("POST /", "404", "404/2", "1/2")},
		{"not after a 5xx", middleware.CacheConfig{}, after("POST /", "500", "500/2", "1/2")},
		{"not by a safe method", middleware.CacheConfig{}, after("OPTIONS /", "200", "2/2", "1/2")},
		{"Location of the same origin", middleware.CacheConfig{}, after("POST /other", "201|Location: /", "2/2", "3/3")},
		{"Content-Location of the same origin", middleware.CacheConfig{}, after("POST /other", "201|Content-Location: http://example.com/", "2/2", "3/3")},
		{"Location of another origin", middleware.CacheConfig{}, after("POST /other", "201|Location: https://example.com/", "2/2", "1/2")},
		{"a POST is not kept", middleware.CacheConfig{}, []cacheStep{{do: "POST /", answer: fresh, want: "1/1"}, {do: "POST /", want: "2/2"}, {want: "3/3"}}},
	})
}

// Nobody makes what another origin sent invalid.
func TestCacheInvalidationOrigin(t *testing.T) {
	t.Parallel()
	origin := &cacheOrigin{answer: "200|Cache-Control: max-age=100"}
	c := middleware.NewCache(middleware.CacheConfig{})
	defer c.Close()
	rt := c.Wrap(origin)
	urls := []string{"https://example.com/", "http://other.example/", "http://example.com:8080/", "http://example.com/"}
	for _, url := range urls {
		cacheGet(t, rt, url)
	}
	for i, url := range urls {
		origin.set("201|Location: " + url + "|Content-Location: " + url)
		if got := cacheSend(t, rt, cacheStep{do: "POST /other"}); got == "error" {
			t.Fatal("the POST failed")
		}
		origin.set("200|Cache-Control: max-age=100")
		before := origin.requests()
		cacheGet(t, rt, url)
		if asked := origin.requests() > before; asked != (i == 3) {
			t.Errorf("%s: asked again: %v", url, asked)
		}
	}
}

// A HEAD is answered from what a GET left, and tells whether that still holds.
func TestCacheHead(t *testing.T) {
	t.Parallel()
	tagged := cacheStep{answer: `200|Cache-Control: max-age=10|ETag: "a"|Content-Length: 1`, want: "1/1"}
	cacheRun(t, []cacheCase{
		{"fresh", middleware.CacheConfig{}, []cacheStep{tagged, {do: "HEAD /", want: "200/1"}}},
		{"is not kept itself", middleware.CacheConfig{}, []cacheStep{{do: "HEAD /", answer: tagged.answer, want: "200/1"}, {want: "1/2"}}},
		{"freshens", middleware.CacheConfig{}, []cacheStep{tagged, {after: 11 * sec, do: "HEAD /", want: "200/2"}, {want: "1/2"}}},
		{"removes what has another tag", middleware.CacheConfig{}, []cacheStep{
			tagged, {after: 11 * sec, do: "HEAD /", answer: `200|Cache-Control: max-age=10|ETag: "b"`, want: "200/2"}, {with: "Cache-Control: max-stale", want: "2/3"},
		}},
		{"removes what has another length", middleware.CacheConfig{}, []cacheStep{
			tagged, {after: 11 * sec, do: "HEAD /", answer: `200|Cache-Control: max-age=10|Content-Length: 7`, want: "200/2"}, {with: "Cache-Control: max-stale", want: "2/3"},
		}},
	})
}

// What asks for something else than a whole response passes by.
func TestCacheBypass(t *testing.T) {
	t.Parallel()
	const fresh = "200|Cache-Control: max-age=100"
	cases := []cacheCase{}
	for _, field := range []string{
		"Range: bytes=0-0", "If-None-Match: *", "If-Modified-Since: {now}", "If-Match: *", "If-Unmodified-Since: {now}", "If-Range: x", "Upgrade: websocket",
	} {
		cases = append(cases, cacheCase{field, middleware.CacheConfig{}, []cacheStep{
			{answer: fresh, with: field, want: "1/1"}, {want: "2/2"}, {with: field, want: "3/3"}, {want: "2/3"},
		}})
	}
	cacheRun(t, cases)
}

// Keys: users do not share, fragments do not count, hosts do.
func TestCacheKeys(t *testing.T) {
	t.Parallel()
	const fresh = "200|Cache-Control: max-age=100"
	cacheRun(t, []cacheCase{
		{"another user", middleware.CacheConfig{}, []cacheStep{
			{answer: fresh, with: "Authorization: Bearer a", want: "1/1"},
			{with: "Authorization: Bearer b", want: "2/2"},
			{want: "3/3"},
			{with: "Authorization: Bearer a", want: "1/3"},
		}},
		{"an unsafe request of a user forgets the public one too", middleware.CacheConfig{}, []cacheStep{
			{answer: fresh, want: "1/1"},
			{with: "Authorization: a", want: "2/2"},
			{do: "POST /", with: "Authorization: a", answer: "200", want: "3/3"},
			{answer: fresh, want: "4/4"},
			{with: "Authorization: a", want: "5/5"},
		}},
		{"path and query", middleware.CacheConfig{}, []cacheStep{
			{answer: fresh, do: "GET /a?x=1", want: "1/1"},
			{do: "GET /a?x=2", want: "2/2"},
			{do: "GET /a", want: "3/3"},
			{do: "GET /a?x=1#frag", want: "1/3"},
			{do: "GET /a?", want: "4/4"},
			{do: "GET /%61", want: "5/5"},
		}},
		{"an empty path is /", middleware.CacheConfig{}, []cacheStep{{answer: fresh, do: "GET /", want: "1/1"}, {do: "GET ", want: "1/1"}}},
	})
}

func TestCacheKeyHost(t *testing.T) {
	t.Parallel()
	origin := &cacheOrigin{answer: "200|Cache-Control: max-age=100"}
	c := middleware.NewCache(middleware.CacheConfig{})
	defer c.Close()
	rt := c.Wrap(origin)
	send := func(host string) {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/", nil)
		req.Host = host
		resp, err := rt.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		mwtest.Drain(t, resp)
	}
	for _, host := range []string{"", "other.example", "OTHER.example", "example.com"} {
		send(host)
	}
	cacheGet(t, rt, "http://EXAMPLE.com/")
	cacheGet(t, rt, "https://example.com/")
	if origin.asked != 3 {
		t.Errorf("got %v requests, want 3", origin.asked)
	}
}

// A response from the cache says so, and does not bring back what was about a
// connection or set cookies.
func TestCacheServedHead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		origin := &cacheOrigin{answer: "200|Cache-Control: max-age=100|Set-Cookie: a=canary|Connection: X-Hop|X-Hop: 1|Keep-Alive: timeout=5|" +
			"Proxy-Authenticate: Basic|X-A: 1|X-A: 2|Age: 3"}
		c := middleware.NewCache(middleware.CacheConfig{})
		defer c.Close()
		rt := c.Wrap(origin)
		if resp, _ := cacheGet(t, rt, "http://example.com/"); resp.Header.Get("Set-Cookie") == "" || resp.Header.Get("Cache-Status") != "" {
			t.Errorf("the server's own answer was changed: %v", resp.Header)
		}
		time.Sleep(10 * time.Second)
		resp, _ := cacheGet(t, rt, "http://example.com/")
		for name, want := range map[string]string{
			"Set-Cookie": "", "Connection": "", "X-Hop": "", "Keep-Alive": "", "Proxy-Authenticate": "", "X-A": "1",
			"Age": "13", "Cache-Status": "aiolos; hit; ttl=87",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		if len(resp.Header["X-A"]) != 2 || resp.Status != "200 OK" || resp.ProtoMajor != 1 || resp.ContentLength != 1 {
			t.Errorf("got %+v", resp)
		}
		resp.Header.Set("X-A", "mine") // must not reach the store
		if again, _ := cacheGet(t, rt, "http://example.com/"); again.Header.Get("X-A") != "1" {
			t.Errorf("a caller changed what is kept: %v", again.Header)
		}
	})
}
