package jar_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/aiolos-http/aiolos/jar"
)

// TestLikeNetHTTP does the same at random to a jar of net/http and to ours: where
// both follow RFC 6265, they send the same in the same order. (For net/http,
// loopback addresses are secure.)
func TestLikeNetHTTP(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) { compareJars(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func compareJars(t *testing.T, r *rand.Rand) {
	t.Helper()
	std, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		t.Fatal(err)
	}
	ours := jar.New(jar.Config{Unsafe: true, MaxPerDomain: -1})
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	hosts := []string{"example.com", "www.example.com", "a.www.example.com", "example.co.uk", "b.example.co.uk", "10.0.0.1", "com", "intranet"}
	paths := []string{"/", "/a", "/a/", "/a/b", "/a/b/c", "/ab", ""}
	for step := range 300 {
		u := parseURL(t, pick("http", "https")+"://"+pick(hosts...)+pick(paths...))
		if r.IntN(3) == 0 {
			if got, want := header(ours.Cookies(u)), header(std.Cookies(u)); got != want {
				t.Fatalf("step %d, %s: got %q, want %q", step, u, got, want)
			}
			continue
		}
		c := &http.Cookie{
			Name: pick("x", "y", "z"), Value: fmt.Sprint(step), Path: pick(paths...), Quoted: r.IntN(4) == 0,
			Domain: pick("", "", "", "example.com", ".www.example.com", "com", "co.uk", "example.co.uk", "10.0.0.1", "other.org"),
			MaxAge: []int{0, 0, 0, -1, 5, 100}[r.IntN(6)],
			// Over plain http, net/http lets Secure cookies be replaced.
			Secure: u.Scheme == "https" && r.IntN(4) == 0,
		}
		if !c.Secure && u.Scheme == "http" {
			c.Name += "-plain"
		}
		ours.SetCookies(u, []*http.Cookie{c})
		std.SetCookies(u, []*http.Cookie{c})
		time.Sleep(time.Duration(r.IntN(1000)) * time.Millisecond)
	}
	if problem := jar.Consistent(ours); problem != "" {
		t.Error(problem)
	}
}
