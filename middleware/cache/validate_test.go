package cache_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware/cache"
)

// RFC 9111 4.3: asking whether a stale response still holds.
func TestValidation(t *testing.T) {
	t.Parallel()
	tagged := step{answer: `200|Cache-Control: max-age=10|ETag: "a"`, want: "1/1"}
	runCases(t, []testCase{
		{"304 serves the stored body and freshens it", cache.Config{}, []step{
			tagged, {after: 11 * sec, answer: `304|ETag: "a"|Cache-Control: max-age=10`, want: "1/2"}, {after: 9 * sec, want: "1/2"}, {after: sec, want: "1/3"},
		}},
		{"304 without fields freshens by the old ones", cache.Config{}, []step{tagged, {after: 11 * sec, answer: "304", want: "1/2"}, {after: 9 * sec, want: "1/2"}}},
		{"304 without a date counts from its arrival", cache.Config{}, []step{
			{answer: `200|Cache-Control: max-age=10|ETag: "a"|Age: 5`, want: "1/1"}, {after: 6 * sec, answer: "304|Date:", want: "1/2"}, {after: 9 * sec, want: "1/2"}, {after: sec, want: "1/3"},
		}},
		{"304 with a weak form of the tag", cache.Config{}, []step{tagged, {after: 11 * sec, answer: `304|ETag: W/"a"`, want: "1/2"}}},
		{"304 with another tag is asked again", cache.Config{}, []step{tagged, {after: 11 * sec, answer: `304|ETag: "b"`, want: "304/3"}}},
		{"304 changes max-age", cache.Config{}, []step{tagged, {after: 11 * sec, answer: "304|Cache-Control: max-age=100", want: "1/2"}, {after: 99 * sec, want: "1/2"}}},
		{"304 with no-store is forgotten", cache.Config{}, []step{
			tagged, {after: 11 * sec, answer: "304|Cache-Control: no-store", want: "1/2"}, {answer: "200", want: "2/3"},
		}},
		{"200 replaces", cache.Config{}, []step{tagged, {after: 11 * sec, want: "2/2"}, {after: 9 * sec, want: "2/2"}}},
		{"200 that is not kept removes", cache.Config{}, []step{
			tagged, {after: 11 * sec, answer: "200|Cache-Control: no-store", want: "2/2"}, {with: "Cache-Control: only-if-cached, max-stale", want: "504/2"},
		}},
		{"503 does not remove", cache.Config{}, []step{
			tagged, {after: 11 * sec, answer: "503", want: "503/2"}, {with: "Cache-Control: max-stale", want: "1/2"},
		}},
		{"no-cache is asked each time", cache.Config{}, []step{
			{answer: `200|Cache-Control: no-cache, max-age=10|ETag: "a"`, want: "1/1"}, {answer: "304", want: "1/2"}, {want: "1/3"},
		}},
		{"a last-modified will do", cache.Config{}, []step{
			{answer: "200|Cache-Control: max-age=10|Last-Modified: {now-5s}", want: "1/1"}, {after: 11 * sec, answer: "304", want: "1/2"},
		}},
		{"max-age 0 with a tag is kept", cache.Config{}, []step{
			{answer: `200|Cache-Control: max-age=0|ETag: "a"`, want: "1/1"}, {answer: "304", want: "1/2"},
		}},
		{"must-revalidate is not used stale", cache.Config{StaleIfError: time.Hour, StaleWhileRevalidate: time.Hour}, []step{
			{answer: "200|Cache-Control: max-age=10, must-revalidate", want: "1/1"},
			{after: 5 * sec, want: "1/1"},
			{after: 6 * sec, answer: "fail", with: "Cache-Control: max-stale", want: "error/2"},
		}},
	})
}

// RFC 5861.
func TestStale(t *testing.T) {
	t.Parallel()
	const swr = "200|Cache-Control: max-age=10, stale-while-revalidate=10"
	const sie = "200|Cache-Control: max-age=10, stale-if-error=10"
	plain := step{answer: "200|Cache-Control: max-age=10", want: "1/1"}
	runCases(t, []testCase{
		{"while revalidate: old now, new next", cache.Config{}, []step{{answer: swr, want: "1/1"}, {after: 15 * sec, want: "1/2"}, {want: "2/2"}}},
		{"while revalidate: over", cache.Config{}, []step{{answer: swr, want: "1/1"}, {after: 20 * sec, want: "2/2"}}},
		{"while revalidate: 304", cache.Config{}, []step{
			{answer: swr + `|ETag: "a"`, want: "1/1"}, {after: 15 * sec, answer: "304", want: "1/2"}, {after: 9 * sec, want: "1/2"},
		}},
		{"while revalidate: fails and is tried again", cache.Config{}, []step{
			{answer: swr, want: "1/1"}, {after: 15 * sec, answer: "fail", want: "1/2"}, {want: "1/3"}, {answer: swr, want: "1/4"}, {want: "2/4"},
		}},
		{"while revalidate: configured", cache.Config{StaleWhileRevalidate: time.Minute}, []step{plain, {after: 60 * sec, want: "1/2"}, {want: "2/2"}}},
		{"while revalidate: the response before the configuration", cache.Config{StaleWhileRevalidate: time.Hour}, []step{{answer: swr, want: "1/1"}, {after: 21 * sec, want: "2/2"}}},
		{"while revalidate: not if the request wants it fresh", cache.Config{}, []step{{answer: swr, want: "1/1"}, {after: 15 * sec, with: "Cache-Control: max-age=20", want: "2/2"}}},
		{"if error: failure", cache.Config{}, []step{{answer: sie, want: "1/1"}, {after: 15 * sec, answer: "fail", want: "1/2"}}},
		{"if error: 500", cache.Config{}, []step{{answer: sie, want: "1/1"}, {after: 15 * sec, answer: "500", want: "1/2"}}},
		{"if error: 503 over", cache.Config{}, []step{{answer: sie, want: "1/1"}, {after: 21 * sec, answer: "503", want: "503/2"}}},
		{"if error: 501 is an answer", cache.Config{}, []step{{answer: sie, want: "1/1"}, {after: 15 * sec, answer: "501", want: "501/2"}}},
		{"if error: not said", cache.Config{}, []step{plain, {after: 15 * sec, answer: "fail", want: "error/2"}}},
		{"if error: configured", cache.Config{StaleIfError: time.Hour}, []step{plain, {after: 15 * sec, answer: "fail", want: "1/2"}}},
		{"if error: by the request", cache.Config{}, []step{plain, {after: 15 * sec, answer: "504", with: "Cache-Control: stale-if-error=60", want: "1/2"}}},
		{"if error: not for no-cache", cache.Config{StaleIfError: time.Hour}, []step{plain, {answer: "fail", with: "Cache-Control: no-cache", want: "error/2"}}},
		{"if error: a fresh one when min-fresh is not met", cache.Config{StaleIfError: time.Hour}, []step{plain, {after: 8 * sec, answer: "fail", with: "Cache-Control: min-fresh=5", want: "1/2"}}},
	})
}

// The condition of a validation carries the validators; a request's own
// condition passes by.
func TestConditions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		origin := &origin{answer: `200|Cache-Control: max-age=1|ETag: W/"x"|Last-Modified: Sat, 01 Jan 2000 00:00:00 GMT`}
		c := cache.New(cache.Config{})
		defer c.Close()
		rt := c.Wrap(origin)
		sendGet(t, rt, "http://example.com/")
		time.Sleep(2 * time.Second)
		origin.set("304|X-New: 1|Content-Type: text/wrong|Content-Length: 99")
		resp, body := sendGet(t, rt, "http://example.com/", "X-A: b")
		if got := origin.last.Get("If-None-Match"); got != `W/"x"` {
			t.Errorf("If-None-Match: got %v", got)
		}
		if got := origin.last.Get("If-Modified-Since"); got != "Sat, 01 Jan 2000 00:00:00 GMT" {
			t.Errorf("If-Modified-Since: got %v", got)
		}
		if body != "1" || resp.StatusCode != 200 || resp.Header.Get("X-New") != "1" || resp.Header.Get("Content-Type") != "" ||
			resp.Header.Get("Content-Length") != "1" {
			t.Errorf("got %v %q %v", resp.StatusCode, body, resp.Header)
		}
		if got := resp.Request.Header.Get("If-None-Match"); got != "" {
			t.Errorf("the caller's request got a condition: %v", got)
		}
		origin.set("304")
		if resp, _ := sendGet(t, rt, "http://example.com/", `If-None-Match: "mine"`); resp.StatusCode != 304 {
			t.Errorf("a condition of one's own: got %v, want 304", resp.StatusCode)
		}
		if got := origin.last.Get("If-None-Match"); got != `"mine"` {
			t.Errorf("a condition of one's own became %v", got)
		}
	})
}

// A caller who gives up gets the reason, not an old response.
func TestCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		origin := &origin{answer: "200|Cache-Control: max-age=10"}
		c := cache.New(cache.Config{StaleIfError: time.Hour})
		defer c.Close()
		rt := c.Wrap(origin)
		sendGet(t, rt, "http://example.com/")
		time.Sleep(11 * time.Second)
		origin.set("hang")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://example.com/", nil)
		if _, err := rt.RoundTrip(req); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline", err)
		}
		if _, err := rt.RoundTrip(req); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with a dead context: got %v", err)
		}
	})
}

// A fetch in the background ends with Close, with its timeout, and not with the
// request that began it; there is one for each URL.
func TestRefreshEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var failed atomic.Value
		origin := &origin{answer: "200|Cache-Control: max-age=10, stale-while-revalidate=10000"}
		c := cache.New(cache.Config{RefreshTimeout: time.Minute, OnError: func(err error) { failed.Store(err) }})
		rt := c.Wrap(origin)
		sendGet(t, rt, "http://example.com/")
		time.Sleep(11 * time.Second)
		origin.set("hang")
		for range 5 {
			sendGet(t, rt, "http://example.com/")
		}
		synctest.Wait()
		if s := c.Stats(); s.Refreshes != 1 || s.Stale != 5 || s.Hits != 5 {
			t.Errorf("got %+v, want one refresh", s)
		}
		time.Sleep(61 * time.Second)
		synctest.Wait()
		if err, _ := failed.Load().(error); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errors.ErrClient) {
			t.Errorf("after the timeout: got %v", err)
		}
		sendGet(t, rt, "http://example.com/") // hangs again, until:
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if err, _ := failed.Load().(error); !errors.Is(err, context.Canceled) {
			t.Errorf("after Close: got %v", err)
		}
		sendGet(t, rt, "http://example.com/")
		if s := c.Stats(); s.Refreshes != 2 {
			t.Errorf("a refresh began after Close: %+v", s)
		}
	})
}
