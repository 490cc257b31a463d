package cache_test

import (
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/middleware/cache"
)

const sec = time.Second

// RFC 9111 4.2: how long a response is fresh, and how old it is.
func TestFreshness(t *testing.T) {
	t.Parallel()
	// reuse is whether the second request, wait after the first, is answered
	// without the origin.
	for _, tc := range []struct {
		name   string
		answer string
		wait   time.Duration
		reuse  bool
	}{
		{"max-age not over", "200|Cache-Control: max-age=10", 9 * sec, true},
		{"max-age over", "200|Cache-Control: max-age=10", 10 * sec, false},
		{"max-age in any case", "200|Cache-Control: MaX-aGe=10", 9 * sec, true},
		{"max-age among others", "200|Cache-Control: a=b, , max-age=10 , c", 9 * sec, true},
		{"max-age in quotes", `200|Cache-Control: max-age="10"`, 9 * sec, true},
		{"max-age on a second line", "200|Cache-Control: private|Cache-Control: max-age=10", 9 * sec, true},
		{"max-age 0", "200|Cache-Control: max-age=0", 0, false},
		{"max-age negative", "200|Cache-Control: max-age=-5", 0, false},
		{"max-age with a fraction", "200|Cache-Control: max-age=10.0", 0, false},
		{"max-age of letters", "200|Cache-Control: max-age=a10", 0, false},
		{"max-age without value", "200|Cache-Control: max-age", 0, false},
		{"max-age of 2^31", "200|Cache-Control: max-age=2147483648", 1000 * time.Hour, true},
		{"max-age beyond 64 bits", "200|Cache-Control: max-age=99999999999999999999", 1000 * time.Hour, true},
		{"two of max-age: the smaller", "200|Cache-Control: max-age=10, max-age=1", 5 * sec, false},
		{"max-age inside a quoted string", `200|Cache-Control: extension="max-age=100"`, 5 * sec, false},
		{"s-maxage is for shared caches", "200|Cache-Control: s-maxage=100", sec, false},
		{"max-age before s-maxage", "200|Cache-Control: max-age=10, s-maxage=1", 5 * sec, true},
		{"private is for us", "200|Cache-Control: private, max-age=10", 5 * sec, true},
		{"private with fields", `200|Cache-Control: private="set-cookie", max-age=10`, 5 * sec, true},
		{"proxy-revalidate is for shared caches", "200|Cache-Control: proxy-revalidate, max-age=10", 5 * sec, true},
		{"immutable changes nothing", "200|Cache-Control: immutable, max-age=10", 11 * sec, false},
		{"expires not over", "200|Expires: {now+10s}", 9 * sec, true},
		{"expires over", "200|Expires: {now+10s}", 10 * sec, false},
		{"expires in the past", "200|Expires: {now-10s}", 0, false},
		{"expires 0", "200|Expires: 0", 0, false},
		{"expires without a zone", "200|Expires: Sat, 01 Jan 2050 00:00:00", 0, false},
		{"expires of RFC 850", "200|Expires: Saturday, 01-Jan-50 00:00:00 GMT", time.Hour, true},
		{"expires of asctime", "200|Expires: Sat Jan  1 00:00:00 2050", time.Hour, true},
		{"expires after date of the server's clock", "200|Date: {now-1h}|Expires: {now+10s}", 5 * sec, true},
		{"expires twice", "200|Expires: {now+10s}|Expires: {now+10s}", 0, false},
		{"max-age before expires", "200|Cache-Control: max-age=10|Expires: {now-10s}", 9 * sec, true},
		{"max-age 0 before expires", "200|Cache-Control: max-age=0|Expires: {now+10s}", 0, false},
		{"age adds", "200|Cache-Control: max-age=10|Age: 8", 3 * sec, false},
		{"age is within", "200|Cache-Control: max-age=10|Age: 8", sec, true},
		{"age of several: the first", "200|Cache-Control: max-age=10|Age: 2, 60", 5 * sec, true},
		{"age is nonsense", "200|Cache-Control: max-age=10|Age: old", 5 * sec, true},
		{"age is negative", "200|Cache-Control: max-age=10|Age: -7200", 5 * sec, true},
		{"date in the past counts as age", "200|Cache-Control: max-age=10|Date: {now-8s}", 3 * sec, false},
		{"date in the future counts as none", "200|Cache-Control: max-age=10|Date: {now+1h}", 9 * sec, true},
		{"date is nonsense", "200|Cache-Control: max-age=10|Date: yesterday", 9 * sec, true},
		{"heuristic: a tenth", "200|Last-Modified: {now-100s}", 9 * sec, true},
		{"heuristic: over", "200|Last-Modified: {now-100s}", 10 * sec, false},
		{"heuristic: at most a day", "200|Last-Modified: {now-87600h}", 25 * time.Hour, false},
		{"heuristic: of the future", "200|Last-Modified: {now+100s}", 0, false},
		{"heuristic: none for 302", "302|Last-Modified: {now-1000s}", 0, false},
		{"heuristic: public allows it", "403|Last-Modified: {now-1000s}|Cache-Control: public", 9 * sec, true},
		{"nothing said", "200", 0, false},
		{"pragma in a response means nothing", "200|Pragma: no-cache|Cache-Control: max-age=10", 5 * sec, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			want := "2/2"
			status := tc.answer[:3]
			first := "1/1"
			if status >= "300" {
				first, want = status+"/1", status+"/2"
			}
			if tc.reuse {
				want = first
			}
			runCases(t, []testCase{{steps: []step{
				{answer: tc.answer, want: first}, {after: tc.wait, want: want},
			}}})
		})
	}
}

// RFC 9111 3: what is kept at all.
func TestStores(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, answer string
		kept         bool
	}{
		{"no-store", "200|Cache-Control: no-store, max-age=100", false},
		{"no-store in any case", "200|Cache-Control: No-StoRE, max-age=100", false},
		{"no-cache needs a question", "200|Cache-Control: no-cache, max-age=100", false},
		{"no-cache with fields", `200|Cache-Control: no-cache="x-a", max-age=100`, false},
		{"vary *", "200|Cache-Control: max-age=100|Vary: *", false},
		{"vary * among names", "200|Cache-Control: max-age=100|Vary: Accept, *", false},
		{"must-understand what we do", "200|Cache-Control: max-age=100, no-store, must-understand", true},
		{"must-understand what we do not", "299|Cache-Control: max-age=100, must-understand", false},
		{"206", "206|Cache-Control: max-age=100|Content-Range: bytes 0-0/10", false},
		{"203", "203|Cache-Control: max-age=100", true},
		{"204", "204|Cache-Control: max-age=100", true},
		{"299 with max-age", "299|Cache-Control: max-age=100", true},
		{"301", "301|Cache-Control: max-age=100", true},
		{"302 with max-age", "302|Cache-Control: max-age=100", true},
		{"307 with max-age", "307|Cache-Control: max-age=100", true},
		{"404", "404|Cache-Control: max-age=100", true},
		{"404 by heuristic", "404|Last-Modified: {now-1000s}", true},
		{"410", "410|Cache-Control: max-age=100", true},
		{"503 with max-age", "503|Cache-Control: max-age=100", true},
		{"599 with max-age", "599|Cache-Control: max-age=100", true},
		{"set-cookie does not hinder", "200|Cache-Control: max-age=100|Set-Cookie: a=b", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			status := tc.answer[:3]
			first, again := "1/1", "2/2"
			if status >= "300" || status == "204" {
				first, again = status+"/1", status+"/2"
			}
			if tc.kept {
				again = first
			}
			runCases(t, []testCase{{steps: []step{{answer: tc.answer, want: first}, {after: sec, want: again}}}})
		})
	}
}

// RFC 9111 5.2.1: what the request says.
func TestRequestDirectives(t *testing.T) {
	t.Parallel()
	const fresh = "200|Cache-Control: max-age=10"
	kept := step{answer: fresh, want: "1/1"}
	runCases(t, []testCase{
		{"max-age 0", cache.Config{}, []step{kept, {with: "Cache-Control: max-age=0", want: "2/2"}}},
		{"max-age larger than the age", cache.Config{}, []step{kept, {after: 2 * sec, with: "Cache-Control: max-age=3", want: "1/1"}}},
		{"max-age smaller than the age", cache.Config{}, []step{kept, {after: 4 * sec, with: "Cache-Control: max-age=3", want: "2/2"}}},
		{"max-age with max-stale", cache.Config{}, []step{kept, {after: 4 * sec, with: "Cache-Control: max-age=3, max-stale=2", want: "1/1"}}},
		{"max-stale allows", cache.Config{}, []step{kept, {after: 14 * sec, with: "Cache-Control: max-stale=5", want: "1/1"}}},
		{"max-stale is over", cache.Config{}, []step{kept, {after: 16 * sec, with: "Cache-Control: max-stale=5", want: "2/2"}}},
		{"max-stale of any length", cache.Config{}, []step{kept, {after: time.Hour, with: "Cache-Control: max-stale", want: "1/1"}}},
		{"min-fresh is there", cache.Config{}, []step{kept, {after: 5 * sec, with: "Cache-Control: min-fresh=5", want: "1/1"}}},
		{"min-fresh is not", cache.Config{}, []step{kept, {after: 6 * sec, with: "Cache-Control: min-fresh=5", want: "2/2"}}},
		{"no-cache", cache.Config{}, []step{kept, {with: "Cache-Control: no-cache", want: "2/2"}, {want: "2/2"}}},
		{"pragma", cache.Config{}, []step{kept, {with: "Pragma: no-cache", want: "2/2"}}},
		{"pragma beside cache-control", cache.Config{}, []step{kept, {with: "Pragma: no-cache|Cache-Control: max-age=100", want: "1/1"}}},
		{"no-store uses nothing and keeps nothing", cache.Config{}, []step{
			{answer: fresh, with: "Cache-Control: no-store", want: "1/1"},
			{want: "2/2"},
			{with: "Cache-Control: no-store", want: "3/3"},
			{want: "2/3"},
		}},
		{"only-if-cached without one", cache.Config{}, []step{{answer: fresh, with: "Cache-Control: only-if-cached", want: "504/0"}}},
		{"only-if-cached with one", cache.Config{}, []step{kept, {with: "Cache-Control: only-if-cached", want: "1/1"}}},
		{"only-if-cached with a stale one", cache.Config{}, []step{kept, {after: 11 * sec, with: "Cache-Control: only-if-cached", want: "504/1"}}},
		{"only-if-cached and max-stale", cache.Config{}, []step{kept, {after: 11 * sec, with: "Cache-Control: only-if-cached, max-stale=5", want: "1/1"}}},
		{"only-if-cached and stale-while-revalidate", cache.Config{StaleWhileRevalidate: time.Hour}, []step{kept, {after: 11 * sec, with: "Cache-Control: only-if-cached", want: "504/1"}}},
	})
}
