package session_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/session"
)

// named is a session on a network in memory where every host is answered by h.
func named(t *testing.T, cfg session.Config, hosts []string, h http.HandlerFunc) *session.Session {
	t.Helper()
	network := memnet.New()
	for _, host := range hosts {
		ln, err := network.Listen(host + ":80")
		if err != nil {
			t.Fatal(err)
		}
		srv := &http.Server{Handler: h}
		go srv.Serve(ln)
		t.Cleanup(func() { srv.Close() })
	}
	conn, err := connector.New(connector.Config{DialContext: network.DialContext})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Connector, cfg.OwnConnector = conn, true
	s, err := session.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestDefaultJar is that of package jar: it keeps what browsers keep, and
// nothing of an IP address.
func TestDefaultJar(t *testing.T) {
	t.Parallel()
	var seen []string
	s := named(t, session.Config{}, []string{"a.example", "b.example", "192.0.2.1"}, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Host+" "+r.Header.Get("Cookie"))
		// net/http's own parser drops the first of these for its value.
		w.Header()["Set-Cookie"] = []string{`v="a b",c; Path=/`, "plain=1"}
	})
	for _, host := range []string{"a.example", "a.example", "b.example", "192.0.2.1", "192.0.2.1"} {
		resp, err := s.Get(t.Context(), "http://"+host+"/")
		if err != nil {
			t.Fatal(err)
		}
		resp.Close()
	}
	want := []string{"a.example ", `a.example v="a b",c; plain=1`, "b.example ", "192.0.2.1 ", "192.0.2.1 "}
	if !slices.Equal(seen, want) {
		t.Errorf("got %q, want %q", seen, want)
	}
	if n := s.Jar().(*jar.Jar).Len(); n != 4 {
		t.Errorf("%d cookies in the jar, want 4", n)
	}
}

// TestOwnCookies: a request's cookies are written by the jar's rules, whatever
// the jar.
func TestOwnCookies(t *testing.T) {
	t.Parallel()
	std, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	std.SetCookies(&url.URL{Scheme: "http", Host: "a.example"}, []*http.Cookie{{Name: "j", Value: "1"}})
	shared := jar.New(jar.Config{})
	shared.Update([]*http.Cookie{{Name: "j", Value: "1"}}, nil)
	for name, tt := range map[string]struct {
		jar  http.CookieJar
		want string
	}{
		"default":  {nil, `c="a b\054"`},
		"net/http": {std, `j=1; c="a b\054"`},
		"shared":   {shared, `j=1; c="a b\054"`},
		"unquoted": {jar.New(jar.Config{QuoteCookie: jar.QuoteNever}), `c=a b,`},
		"discard":  {jar.Discard{}, `c="a b\054"`},
	} {
		var got string
		s := named(t, session.Config{Jar: tt.jar}, []string{"a.example"}, func(_ http.ResponseWriter, r *http.Request) {
			got = r.Header.Get("Cookie")
		})
		resp, err := s.Get(t.Context(), "http://a.example/", session.Cookie("c", `a b,`))
		if err != nil {
			t.Fatal(err)
		}
		resp.Close()
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}
