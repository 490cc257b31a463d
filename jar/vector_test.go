package jar_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/jar"
)

func TestDates(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "dates.txt", 2) {
		t.Run(v[0], func(t *testing.T) {
			c, err := jar.ParseSetCookie("a=1; Expires=" + v[0])
			if err != nil {
				t.Fatal(err)
			}
			got := "invalid"
			if !c.Expires.IsZero() {
				got = c.Expires.Format(time.RFC3339)
			}
			if got != v[1] {
				t.Errorf("got %s, want %s", got, v[1])
			}
			if c.RawExpires != v[0] {
				t.Errorf("raw: got %q", c.RawExpires)
			}
		})
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "paths.txt", 4) {
		t.Run(strings.Join(v, " "), func(t *testing.T) {
			j := jar.New(jar.Config{})
			line := "a=1"
			if v[1] != "" {
				line += "; Path=" + v[1]
			}
			set(t, j, "http://example.com"+v[0], line)
			if j.Len() != 1 {
				t.Fatal("not kept")
			}
			want := ""
			if v[3] == "yes" {
				want = "a=1"
			}
			wantSent(t, j, "http://example.com"+v[2], want)
		})
	}
}

func TestDomains(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]jar.Config{
		"domains.txt":        {},
		"domains_unsafe.txt": {Unsafe: true, AllowPublicSuffixes: true},
	} {
		for _, v := range vectors(t, name, 3) {
			t.Run(name+" "+strings.Join(v, " "), func(t *testing.T) {
				j := newRejects(config)
				line := "a=1"
				if v[1] != "" {
					line += "; Domain=" + v[1]
				}
				set(t, j.Jar, "http://"+v[0]+"/", line)
				got := strings.TrimPrefix(strings.Join(j.list, " "), "a: ")
				for c := range j.All() {
					got = "domain " + c.Domain
					if c.HostOnly {
						got = "host " + c.Domain
					}
				}
				if got != v[2] {
					t.Fatalf("got %q, want %q", got, v[2])
				}
			})
		}
	}
}

func TestSetCookieVectors(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "setcookie.txt", 2) {
		t.Run(v[0], func(t *testing.T) {
			c, err := jar.ParseSetCookie(v[0])
			want := strings.ReplaceAll(strings.ReplaceAll(v[1], "·", " "), `\xe9`, "\xe9")
			if err != nil {
				reject, ok := errors.AsType[*jar.RejectError](err)
				if !ok || string(reject.Reason) != want {
					t.Fatalf("got %v, want %s", err, want)
				}
				return
			}
			if got := describe(c); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if c.Raw != v[0] {
				t.Errorf("raw: got %q", c.Raw)
			}
		})
	}
}

func describe(c *http.Cookie) string {
	parts := []string{c.Name}
	add := func(given bool, text string) {
		if given {
			parts = append(parts, text)
		}
	}
	add(c.Value != "", c.Value)
	add(c.Quoted, "quoted")
	add(c.Secure, "secure")
	add(c.HttpOnly, "httponly")
	add(c.Partitioned, "partitioned")
	add(c.Domain != "", "domain="+c.Domain)
	add(c.Path != "", "path="+c.Path)
	add(c.MaxAge != 0, fmt.Sprint("max-age=", c.MaxAge))
	add(!c.Expires.IsZero(), fmt.Sprint("expires=", c.Expires.Unix()))
	add(c.SameSite != 0, fmt.Sprint("samesite=", int(c.SameSite)))
	return strings.Join(parts, " ")
}
