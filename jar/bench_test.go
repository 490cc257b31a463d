package jar_test

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"

	"golang.org/x/net/publicsuffix"

	"github.com/aiolos-http/aiolos/jar"
)

// layouts are the two ways in which many cookies can lie: one to each of many
// sites, and one to each of many hosts of one site.
var layouts = []struct{ name, host string }{
	{"sites", "www.site%d.com"},
	{"hosts", "host%d.example.com"},
}

func eachJar(b *testing.B, run func(b *testing.B, j http.CookieJar, host string, n int)) {
	for _, n := range []int{0, 1000, 100_000} {
		for _, layout := range layouts {
			for name, newJar := range map[string]func() http.CookieJar{
				"ours": func() http.CookieJar { return jar.New(jar.Config{}) },
				"std": func() http.CookieJar {
					j, _ := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
					return j
				},
			} {
				b.Run(fmt.Sprintf("%s/%d/%s", layout.name, n, name), func(b *testing.B) {
					j := newJar()
					for i := range n {
						u := &url.URL{Scheme: "https", Host: fmt.Sprintf(layout.host, i), Path: "/"}
						j.SetCookies(u, []*http.Cookie{{Name: "session", Value: "0123456789abcdef", Path: "/"}})
					}
					run(b, j, layout.host, n)
				})
			}
		}
	}
}

// BenchmarkCookies asks for the cookie of one host.
func BenchmarkCookies(b *testing.B) {
	eachJar(b, func(b *testing.B, j http.CookieJar, host string, n int) {
		u := &url.URL{Scheme: "https", Host: fmt.Sprintf(host, n/2), Path: "/path/to/page"}
		b.ReportAllocs()
		for b.Loop() {
			if got := len(j.Cookies(u)); got != min(n, 1) {
				b.Fatalf("got %d cookies", got)
			}
		}
	})
}

// BenchmarkNoCookies asks for a host that has none.
func BenchmarkNoCookies(b *testing.B) {
	eachJar(b, func(b *testing.B, j http.CookieJar, host string, n int) {
		u := &url.URL{Scheme: "https", Host: fmt.Sprintf(host, -1), Path: "/path/to/page"}
		b.ReportAllocs()
		for b.Loop() {
			if got := len(j.Cookies(u)); got != 0 {
				b.Fatalf("got %d cookies", got)
			}
		}
	})
}

// BenchmarkSetCookies replaces the cookie of one host.
func BenchmarkSetCookies(b *testing.B) {
	eachJar(b, func(b *testing.B, j http.CookieJar, host string, n int) {
		u := &url.URL{Scheme: "https", Host: fmt.Sprintf(host, n/2), Path: "/"}
		cookies := []*http.Cookie{{Name: "session", Value: "fedcba9876543210", Path: "/"}}
		b.ReportAllocs()
		for b.Loop() {
			j.SetCookies(u, cookies)
		}
	})
}

// BenchmarkSetCookieHeaders is what a response with two cookies costs, parsing
// included.
func BenchmarkSetCookieHeaders(b *testing.B) {
	j := jar.New(jar.Config{})
	u := &url.URL{Scheme: "https", Host: "www.example.com", Path: "/a/b"}
	lines := []string{
		"session=0123456789abcdef; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600",
		"theme=dark; Domain=example.com; Expires=Fri, 01 Jan 2100 00:00:00 GMT",
	}
	b.ReportAllocs()
	for b.Loop() {
		j.SetCookieHeaders(u, lines)
	}
}

// BenchmarkParallel has many goroutines ask one jar.
func BenchmarkParallel(b *testing.B) {
	eachJar(b, func(b *testing.B, j http.CookieJar, host string, n int) {
		u := &url.URL{Scheme: "https", Host: fmt.Sprintf(host, n/2), Path: "/"}
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				j.Cookies(u)
			}
		})
	})
}

// BenchmarkEviction stores a new cookie in a jar that is full: as a whole, or one
// domain of it. What it costs must not depend on the limit.
func BenchmarkEviction(b *testing.B) {
	for _, limit := range []int{1000, 100_000} {
		for name, config := range map[string]jar.Config{
			"total":  {MaxTotal: limit, MaxPerDomain: -1},
			"domain": {MaxTotal: -1, MaxPerDomain: limit},
		} {
			b.Run(fmt.Sprintf("%s/%d", name, limit), func(b *testing.B) {
				j := jar.New(config)
				u := &url.URL{Scheme: "https", Host: "www.example.com", Path: "/"}
				n := 0
				store := func() {
					n++
					j.SetCookies(u, []*http.Cookie{{Name: fmt.Sprintf("c%d", n), Value: "1", Secure: n%2 == 0}})
				}
				for range limit {
					store()
				}
				b.ReportAllocs()
				for b.Loop() {
					store()
				}
			})
		}
	}
}
