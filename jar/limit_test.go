package jar_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/jar"
)

func lines(n int, suffix string) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("c%d=1%s", i, suffix)
	}
	return list
}

func TestLimitPerDomain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ limit, set, want int }{
		{0, 181, 180}, {3, 10, 3}, {-1, 500, 500}, {180, 180, 180},
	} {
		j := newRejects(jar.Config{MaxPerDomain: test.limit})
		set(t, j.Jar, "http://example.com/", lines(test.set, "")...)
		set(t, j.Jar, "http://www.example.com/", "own=1")
		if got := j.Len(); got != test.want+1 {
			t.Errorf("limit %d: got %d cookies, want %d", test.limit, got, test.want+1)
		}
		if got := len(j.list); got != test.set-test.want {
			t.Errorf("limit %d: got %d evictions, want %d", test.limit, got, test.set-test.want)
		}
	}
}

// TestWhoIsEvicted: what has expired, else what was not used for longest, Secure
// ones last.
func TestWhoIsEvicted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const evicted = ": evicted: too many cookies in the domain"
		j := newRejects(jar.Config{MaxPerDomain: 3})
		const u = "https://example.com/"
		set(t, j.Jar, u, "a=1; Secure", "b=1; Path=/b", "c=1")
		wantSent(t, j.Jar, u+"b", "b=1; a=1; c=1")
		wantSent(t, j.Jar, u, "a=1; c=1")
		set(t, j.Jar, u, "d=1") // b was not used last
		j.want(t, "b"+evicted)
		set(t, j.Jar, u, "e=1") // a is older, but Secure
		j.want(t, "c"+evicted)
		set(t, j.Jar, u, "d=2; Max-Age=1")
		time.Sleep(time.Second)
		set(t, j.Jar, u, "f=1") // d's time has come
		j.want(t)
		set(t, j.Jar, u, "g=1; Secure", "h=1; Secure", "i=1; Secure")
		j.want(t, "e"+evicted, "f"+evicted, "a"+evicted)
		set(t, j.Jar, u, "plain=1") // nothing but Secure ones: it goes itself
		j.want(t, "plain"+evicted)
		wantSent(t, j.Jar, u, "g=1; h=1; i=1")
		if problem := jar.Consistent(j.Jar); problem != "" {
			t.Error(problem)
		}
	})
}

func TestLimitInTotal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const evicted = ": evicted: too many cookies in the jar"
		j := newRejects(jar.Config{MaxTotal: 3})
		set(t, j.Jar, "http://a.example/", "a=1")
		set(t, j.Jar, "http://b.example/", "b=1")
		set(t, j.Jar, "http://c.example/", "c=1; Max-Age=1")
		wantSent(t, j.Jar, "http://a.example/", "a=1")
		set(t, j.Jar, "http://d.example/", "d=1")
		j.want(t, "b"+evicted)
		time.Sleep(time.Second)
		set(t, j.Jar, "http://e.example/", "e=1") // c's time has come
		j.want(t)
		set(t, j.Jar, "http://f.example/", "f=1", "f=2")
		j.want(t, "a"+evicted)
		if j.Len() != 3 {
			t.Errorf("got %d cookies", j.Len())
		}
		if problem := jar.Consistent(j.Jar); problem != "" {
			t.Error(problem)
		}
	})
}

// fill stores n cookies, some to a domain: sub-domains of one site cost as much as
// sites do.
func fill(j *jar.Jar, n int) {
	u := &url.URL{Scheme: "https", Path: "/"}
	for i := range n {
		u.Host = "h" + strconv.Itoa(i/7) + ".example.com"
		j.SetCookies(u, []*http.Cookie{{Name: "c" + strconv.Itoa(i%7), Value: "1"}})
	}
}

// TestDefaultLimitInTotalInFull: a site with sub-domains without end takes a bounded place.
func TestDefaultLimitInTotalInFull(t *testing.T) {
	t.Parallel()
	if racetest.Enabled {
		t.Skip("one goroutine with 400,000 cookies")
	}
	for limit, want := range map[int]int{0: jar.DefaultMaxTotal, -1: jar.DefaultMaxTotal + 1000} {
		j := jar.New(jar.Config{MaxTotal: limit})
		fill(j, jar.DefaultMaxTotal+1000)
		if got := j.Len(); got != want {
			t.Errorf("MaxTotal %d: got %d cookies, want %d", limit, got, want)
		}
		if problem := jar.Consistent(j); problem != "" {
			t.Error(problem)
		}
	}
}

// TestEvictionIsNotQuadraticInFull: at the bound a cookie costs about as much whether that
// is low or a hundred times as high. A search through all takes a hundred times as
// long.
func TestEvictionIsNotQuadraticInFull(t *testing.T) {
	many := racetest.Count(40_000, 10_000)
	for name, config := range map[string]func(limit int) jar.Config{
		"total":  func(limit int) jar.Config { return jar.Config{MaxTotal: limit, MaxPerDomain: -1} },
		"domain": func(limit int) jar.Config { return jar.Config{MaxTotal: -1, MaxPerDomain: limit} },
	} {
		low, high := evictions(config(400)), evictions(config(many))
		for range 3 { // a busy machine may disturb one of them
			low, high = max(low, evictions(config(400))), min(high, evictions(config(many)))
		}
		if high > 25*low {
			t.Errorf("%s: 1000 evictions took %v of 400 cookies, and %v of %d", name, low, high, many)
		}
	}
}

// evictions is how long a full jar takes for 1000 more cookies.
func evictions(config jar.Config) time.Duration {
	j := jar.New(config)
	u := &url.URL{Scheme: "https", Host: "www.example.com", Path: "/"}
	store := func(from, to int) time.Duration {
		start := time.Now()
		for i := from; i < to; i++ {
			j.SetCookies(u, []*http.Cookie{{Name: strconv.Itoa(i), Value: "1", Secure: true}})
		}
		return time.Since(start)
	}
	limit := max(config.MaxTotal, config.MaxPerDomain)
	store(0, limit)
	return store(limit, limit+1000)
}

// TestEvictionInOrder: expired ones, then those above the limit of their domain, then
// the least recently used of all, Secure or not.
func TestEvictionInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := newRejects(jar.Config{MaxPerDomain: 2, MaxTotal: 4})
		set(t, j.Jar, "https://old.example/", "a=1; Secure")
		set(t, j.Jar, "https://full.example/", "b=1; Secure", "c=1")
		set(t, j.Jar, "https://new.example/", "d=1; Max-Age=5")
		set(t, j.Jar, "https://full.example/", "e=1; Secure")
		j.want(t, "c: evicted: too many cookies in the domain") // and not a, the oldest
		time.Sleep(5 * time.Second)
		set(t, j.Jar, "https://new.example/", "f=1")
		j.want(t) // d had expired
		set(t, j.Jar, "https://new.example/", "g=1")
		j.want(t, "a: evicted: too many cookies in the jar")
		if problem := jar.Consistent(j.Jar); problem != "" {
			t.Error(problem)
		}
	})
}

func TestPairSize(t *testing.T) {
	t.Parallel()
	j := newRejects(jar.Config{})
	long := strings.Repeat("x", 4095)
	set(t, j.Jar, "http://example.com/", "a="+long, "b=x"+long)
	j.want(t, ": name and value above 4096 bytes")
	j.SetCookies(parseURL(t, "http://example.com/"), []*http.Cookie{{Name: "c", Value: long + "x"}})
	j.want(t, "c: name and value above 4096 bytes")
	wantSent(t, j.Jar, "http://example.com/", "a="+long)
	// RFC 6265bis 5.6: an attribute above 1024 bytes is passed over.
	set(t, j.Jar, "http://example.com/", "d=1; Path=/"+strings.Repeat("p", 1024), "e=1; Path=/"+strings.Repeat("p", 1023))
	for c := range j.All() {
		if want := map[string]int{"a": 1, "d": 1, "e": 1024}[c.Name]; len(c.Path) != want {
			t.Errorf("%s: a path of %d bytes, want %d", c.Name, len(c.Path), want)
		}
	}
}

// TestOnReject: every cookie that is not kept is told of, and the function may use
// the jar.
func TestOnReject(t *testing.T) {
	t.Parallel()
	var j *jar.Jar
	var got []string
	j = jar.New(jar.Config{OnReject: func(c *http.Cookie, reason jar.Reason) {
		got = append(got, fmt.Sprintf("%s%s: %s (%d)", c.Name, c.Raw, reason, j.Len()))
	}})
	set(t, j, "http://www.example.com/", "nothing", "a=1; Domain=other.com", "b=1", "c=\x01")
	want := []string{
		"nothing: not a cookie (1)", "c=\x01: value with a forbidden character (1)",
		"aa=1; Domain=other.com: domain does not match the host (1)",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got:\n%q\nwant:\n%q", got, want)
	}
	jar.New(jar.Config{}).SetCookieHeaders(parseURL(t, "http://example.com/"), []string{"nothing"}) // without one
}
