package cache_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
)

// RFC 9111 4.1: a response may depend on fields of the request.
func TestVary(t *testing.T) {
	t.Parallel()
	const vary = "200|Cache-Control: max-age=100|Vary: Foo"
	runCases(t, []testCase{
		{"same value", cache.Config{}, []step{{answer: vary, with: "Foo: 1", want: "1/1"}, {with: "Foo: 1", want: "1/1"}}},
		{"another value", cache.Config{}, []step{{answer: vary, with: "Foo: 1", want: "1/1"}, {with: "Foo: 2", want: "2/2"}, {with: "Foo: 1", want: "1/2"}, {with: "Foo: 2", want: "2/2"}}},
		{"none and none", cache.Config{}, []step{{answer: vary, want: "1/1"}, {want: "1/1"}}},
		{"none and empty differ", cache.Config{}, []step{{answer: vary, want: "1/1"}, {with: "Foo:", want: "2/2"}}},
		{"one and none", cache.Config{}, []step{{answer: vary, with: "Foo: 1", want: "1/1"}, {want: "2/2"}}},
		{"lines may be joined", cache.Config{}, []step{{answer: vary, with: "Foo: 1|Foo: 2", want: "1/1"}, {with: "Foo: 1,2", want: "1/1"}}},
		{"other fields do not matter", cache.Config{}, []step{{answer: vary, with: "Foo: 1|Bar: a", want: "1/1"}, {with: "Foo: 1|Bar: b", want: "1/1"}}},
		{"name in any case", cache.Config{}, []step{{answer: "200|Cache-Control: max-age=100|Vary: fOO", with: "Foo: 1", want: "1/1"}, {with: "Foo: 2", want: "2/2"}}},
		{"two names", cache.Config{}, []step{
			{answer: "200|Cache-Control: max-age=100|Vary: Foo, Bar", with: "Foo: 1|Bar: a", want: "1/1"},
			{with: "Foo: 1|Bar: b", want: "2/2"},
			{with: "Bar: a|Foo: 1", want: "1/2"},
		}},
		{"two lines", cache.Config{}, []step{
			{answer: "200|Cache-Control: max-age=100|Vary: Foo|Vary: Bar", with: "Foo: 1|Bar: a", want: "1/1"}, {with: "Foo: 1|Bar: b", want: "2/2"},
		}},
		{"names change: both count", cache.Config{}, []step{
			{answer: vary, with: "Foo: 1|Bar: a", want: "1/1"},
			{answer: "200|Cache-Control: max-age=100|Vary: Bar", with: "Foo: 2|Bar: a", want: "2/2"},
			{with: "Foo: 2|Bar: a", want: "2/2"},
			{with: "Foo: 2|Bar: b", want: "3/3"},
			{with: "Foo: 3|Bar: a", want: "4/4"},
		}},
		{"a variant is validated on its own", cache.Config{}, []step{
			{answer: vary + `|ETag: "1"`, with: "Foo: 1", want: "1/1"},
			{answer: vary + `|ETag: "2"`, with: "Foo: 2", want: "2/2"},
			{after: 101 * sec, answer: `304|ETag: "1"`, with: "Foo: 1", want: "1/3"},
			{answer: vary, with: "Foo: 2", want: "3/4"},
			{with: "Foo: 1", want: "1/4"},
		}},
		{"an unsafe request forgets all variants", cache.Config{}, []step{
			{answer: vary, with: "Foo: 1", want: "1/1"},
			{with: "Foo: 2", want: "2/2"},
			{do: "POST /", answer: "204", want: "204/3"},
			{answer: vary, with: "Foo: 1", want: "3/4"},
			{with: "Foo: 2", want: "4/5"},
		}},
	})
}

// RFC 9111 4.4: unsafe requests make what is kept invalid.
func TestInvalidation(t *testing.T) {
	t.Parallel()
	const fresh = "200|Cache-Control: max-age=100"
	after := func(do, answer, second, third string) []step {
		return []step{{answer: fresh, want: "1/1"}, {do: do, answer: answer, want: second}, {answer: fresh, want: third}}
	}
	runCases(t, []testCase{
		{"POST", cache.Config{}, after("POST /", "200", "2/2", "3/3")},
		{"PUT", cache.Config{}, after("PUT /", "204", "204/2", "2/3")},
		{"DELETE", cache.Config{}, after("DELETE /", "200", "2/2", "3/3")},
		{"PATCH", cache.Config{}, after("PATCH /", "200", "2/2", "3/3")},
		{"an unknown method", cache.Config{}, after("M-SEARCH /", "200", "2/2", "3/3")},
		{"a redirect", cache.Config{}, after("POST /", "303|Location: /x", "303/2", "3/3")},
		{"not after a failure", cache.Config{}, after("POST /", "fail", "error/2", "1/2")},
		{"not after a 4xx", cache.Config{}, after("POST /", "404", "404/2", "1/2")},
		{"not after a 5xx", cache.Config{}, after("POST /", "500", "500/2", "1/2")},
		{"not by a safe method", cache.Config{}, after("OPTIONS /", "200", "2/2", "1/2")},
		{"Location of the same origin", cache.Config{}, after("POST /other", "201|Location: /", "2/2", "3/3")},
		{"Content-Location of the same origin", cache.Config{}, after("POST /other", "201|Content-Location: http://example.com/", "2/2", "3/3")},
		{"Location with a lone percent sign", cache.Config{}, []step{{do: "GET /100%25", answer: fresh, want: "1/1"}, {do: "POST /other", answer: "201|Location: /100%", want: "2/2"}, {do: "GET /100%25", answer: fresh, want: "3/3"}}},
		{"Location that is no URL", cache.Config{}, after("POST /other", "201|Location: http://[", "2/2", "1/2")},
		{"Location of another origin", cache.Config{}, after("POST /other", "201|Location: https://example.com/", "2/2", "1/2")},
		{"a POST is not kept", cache.Config{}, []step{{do: "POST /", answer: fresh, want: "1/1"}, {do: "POST /", want: "2/2"}, {want: "3/3"}}},
	})
}

// Nobody makes what another origin sent invalid.
func TestInvalidationOrigin(t *testing.T) {
	t.Parallel()
	origin := &origin{answer: "200|Cache-Control: max-age=100"}
	c := cache.New(cache.Config{})
	defer c.Close()
	rt := c.Wrap(origin)
	urls := []string{"https://example.com/", "http://other.example/", "http://example.com:8080/", "http://example.com/"}
	for _, url := range urls {
		sendGet(t, rt, url)
	}
	for i, url := range urls {
		origin.set("201|Location: " + url + "|Content-Location: " + url)
		if got := sendStep(t, rt, step{do: "POST /other"}); got == "error" {
			t.Fatal("the POST failed")
		}
		origin.set("200|Cache-Control: max-age=100")
		before := origin.requests()
		sendGet(t, rt, url)
		if asked := origin.requests() > before; asked != (i == 3) {
			t.Errorf("%s: asked again: %v", url, asked)
		}
	}
}

// A HEAD is answered from what a GET left, and tells whether that still holds.
func TestHead(t *testing.T) {
	t.Parallel()
	tagged := step{answer: `200|Cache-Control: max-age=10|ETag: "a"|Content-Length: 1`, want: "1/1"}
	runCases(t, []testCase{
		{"fresh", cache.Config{}, []step{tagged, {do: "HEAD /", want: "200/1"}}},
		{"is not kept itself", cache.Config{}, []step{{do: "HEAD /", answer: tagged.answer, want: "200/1"}, {want: "1/2"}}},
		{"freshens", cache.Config{}, []step{tagged, {after: 11 * sec, do: "HEAD /", want: "200/2"}, {want: "1/2"}}},
		{"removes what has another tag", cache.Config{}, []step{
			tagged, {after: 11 * sec, do: "HEAD /", answer: `200|Cache-Control: max-age=10|ETag: "b"`, want: "200/2"}, {with: "Cache-Control: max-stale", want: "2/3"},
		}},
		{"removes what has another length", cache.Config{}, []step{
			tagged, {after: 11 * sec, do: "HEAD /", answer: `200|Cache-Control: max-age=10|Content-Length: 7`, want: "200/2"}, {with: "Cache-Control: max-stale", want: "2/3"},
		}},
	})
}

// What asks for something else than a whole response passes by.
func TestBypass(t *testing.T) {
	t.Parallel()
	const fresh = "200|Cache-Control: max-age=100"
	cases := []testCase{}
	for _, field := range []string{
		"Range: bytes=0-0", "If-None-Match: *", "If-Modified-Since: {now}", "If-Match: *", "If-Unmodified-Since: {now}", "If-Range: x", "Upgrade: websocket",
	} {
		cases = append(cases, testCase{field, cache.Config{}, []step{
			{answer: fresh, with: field, want: "1/1"}, {want: "2/2"}, {with: field, want: "3/3"}, {want: "2/3"},
		}})
	}
	runCases(t, cases)
}

// Keys: users do not share, fragments do not count, hosts do.
func TestKeys(t *testing.T) {
	t.Parallel()
	const fresh = "200|Cache-Control: max-age=100"
	runCases(t, []testCase{
		{"another user", cache.Config{}, []step{
			{answer: fresh, with: "Authorization: Bearer a", want: "1/1"},
			{with: "Authorization: Bearer b", want: "2/2"},
			{want: "3/3"},
			{with: "Authorization: Bearer a", want: "1/3"},
		}},
		{"an unsafe request of a user forgets the public one too", cache.Config{}, []step{
			{answer: fresh, want: "1/1"},
			{with: "Authorization: a", want: "2/2"},
			{do: "POST /", with: "Authorization: a", answer: "200", want: "3/3"},
			{answer: fresh, want: "4/4"},
			{with: "Authorization: a", want: "5/5"},
		}},
		{"path and query", cache.Config{}, []step{
			{answer: fresh, do: "GET /a?x=1", want: "1/1"},
			{do: "GET /a?x=2", want: "2/2"},
			{do: "GET /a", want: "3/3"},
			{do: "GET /a?x=1#frag", want: "1/3"},
			{do: "GET /a?", want: "4/4"},
			{do: "GET /%61", want: "5/5"},
		}},
		{"an empty path is /", cache.Config{}, []step{{answer: fresh, do: "GET /", want: "1/1"}, {do: "GET ", want: "1/1"}}},
	})
}

func TestKeyHost(t *testing.T) {
	t.Parallel()
	origin := &origin{answer: "200|Cache-Control: max-age=100"}
	c := cache.New(cache.Config{})
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
	sendGet(t, rt, "http://EXAMPLE.com/")
	sendGet(t, rt, "https://example.com/")
	if origin.asked != 3 {
		t.Errorf("got %v requests, want 3", origin.asked)
	}
}

// A response from the cache says so, and does not bring back what was about a
// connection or set cookies.
func TestServedHead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		origin := &origin{answer: "200|Cache-Control: max-age=100|Set-Cookie: a=canary|Connection: X-Hop|X-Hop: 1|Keep-Alive: timeout=5|" +
			"Proxy-Authenticate: Basic|X-A: 1|X-A: 2|Age: 3"}
		c := cache.New(cache.Config{})
		defer c.Close()
		rt := c.Wrap(origin)
		if resp, _ := sendGet(t, rt, "http://example.com/"); resp.Header.Get("Set-Cookie") == "" || resp.Header.Get("Cache-Status") != "" {
			t.Errorf("the server's own answer was changed: %v", resp.Header)
		}
		time.Sleep(10 * time.Second)
		resp, _ := sendGet(t, rt, "http://example.com/")
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
		if again, _ := sendGet(t, rt, "http://example.com/"); again.Header.Get("X-A") != "1" {
			t.Errorf("a caller changed what is kept: %v", again.Header)
		}
	})
}
