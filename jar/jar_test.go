package jar_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/jar"
)

func TestClientKeepsCookies(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "id", Value: "7", Path: "/"})
		w.Header().Set("Got", r.Header.Get("Cookie"))
	}))
	defer server.Close()
	client := server.Client()
	client.Jar = jar.New(jar.Config{Unsafe: true})
	for i, want := range []string{"", "id=7"} {
		resp, err := client.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Got"); got != want {
			t.Errorf("request %d: got %q, want %q", i, got, want)
		}
	}
}

// TestSendOrder is RFC 6265 5.4: longer paths first, then the older, over all
// domains; a replaced cookie keeps its age.
func TestSendOrder(t *testing.T) {
	t.Parallel()
	j := jar.New(jar.Config{})
	set(t, j, "http://www.example.com/", "first=1; Path=/", "deep=1; Path=/a/b", "mid=1; Path=/a",
		"parent=1; Path=/a; Domain=example.com", "last=1; Path=/")
	set(t, j, "http://www.example.com/", "first=2; Path=/")
	wantSent(t, j, "http://www.example.com/a/b/c", "deep=1; mid=1; parent=1; first=2; last=1")
	wantSent(t, j, "http://other.example.com/a", "parent=1")
}

func TestSameNameInSeveralPlaces(t *testing.T) {
	t.Parallel()
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}} {
		lines := []string{"a=root; Path=/", "a=deep; Path=/x/y", "a=domain; Path=/; Domain=example.com", "a=mid; Path=/x"}
		j := jar.New(jar.Config{})
		for _, i := range order {
			set(t, j, "http://www.example.com/", lines[i])
		}
		u := parseURL(t, "http://www.example.com/x/y/z")
		if got := header(j.Cookies(u)); !strings.HasPrefix(got, "a=deep; a=mid; ") || strings.Count(got, "a=") != 4 {
			t.Errorf("order %v: Cookies: got %q", order, got)
		}
		// The domain counts before the path.
		if got := header(j.Filter(u)); got != "a=deep" {
			t.Errorf("order %v: Filter: got %q", order, got)
		}
		if got := header(j.Filter(parseURL(t, "http://other.example.com/x/y"))); got != "a=domain" {
			t.Errorf("order %v: Filter of the other host: got %q", order, got)
		}
	}
}

func TestFilterPrefersTheDomain(t *testing.T) {
	t.Parallel()
	j := jar.New(jar.Config{})
	set(t, j, "https://www.example.com/", "a=far; Path=/x; Domain=example.com", "a=near; Path=/", "b=1; Path=/; Secure; HttpOnly; SameSite=Lax")
	got := j.Filter(parseURL(t, "https://www.example.com/x"))
	if header(got) != "a=near; b=1" {
		t.Fatalf("got %q", header(got))
	}
	b := got[1]
	if b.Domain != "www.example.com" || b.Path != "/" || !b.Secure || !b.HttpOnly || b.SameSite != http.SameSiteLaxMode {
		t.Errorf("attributes are missing: %+v", b)
	}
	b.Value = "changed"
	wantSent(t, j, "https://www.example.com/", "a=near; b=1")
}

func TestHostOnly(t *testing.T) {
	t.Parallel()
	j := jar.New(jar.Config{})
	set(t, j, "http://example.com/", "host=1", "wide=1; Domain=example.com")
	wantSent(t, j, "http://example.com/", "host=1; wide=1")
	wantSent(t, j, "http://www.example.com/", "wide=1")
	// The flag is of one cookie: a name that was host-only can come for a domain.
	set(t, j, "http://example.com/", "host=2; Domain=example.com")
	wantSent(t, j, "http://www.example.com/", "host=2; wide=1")
	// And of one path.
	set(t, j, "http://example.com/", "wide=2; Path=/sub")
	wantSent(t, j, "http://www.example.com/sub", "host=2; wide=1")
	wantSent(t, j, "http://example.com/sub", "wide=2; host=2; wide=1")
}

func TestSecure(t *testing.T) {
	t.Parallel()
	j := jar.New(jar.Config{TreatAsSecureOrigin: []string{"http://trusted.example:8080/path", "http://plain.example", "nonsense", "://"}})
	for _, host := range []string{"www.example.com", "trusted.example", "plain.example"} {
		set(t, j, "https://"+host+"/", "s=1; Secure", "n=1")
	}
	for _, test := range []struct{ url, want string }{
		{"https://www.example.com/", "s=1; n=1"},
		{"wss://www.example.com/", "s=1; n=1"},
		{"https://www.example.com:8443/", "s=1; n=1"},
		{"http://www.example.com/", "n=1"},
		{"ws://www.example.com/", "n=1"},
		{"http://trusted.example:8080/", "s=1; n=1"},
		{"http://TRUSTED.example:8080/", "s=1; n=1"},
		{"ws://trusted.example:8080/", "s=1; n=1"},
		{"http://trusted.example/", "n=1"},
		{"http://trusted.example:8081/", "n=1"},
		{"http://plain.example/", "s=1; n=1"},
		{"http://plain.example:80/", "s=1; n=1"},
		{"http://plain.example:443/", "n=1"},
		{"ftp://www.example.com/", ""},
		{"//www.example.com/", ""},
	} {
		wantSent(t, j, test.url, test.want)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"127.0.0.1", "[::1]"} {
		j := newRejects(jar.Config{})
		set(t, j.Jar, "http://"+host+"/", "a=1")
		j.want(t, "a: host is an ip address")
		j.Update([]*http.Cookie{{Name: "shared", Value: "1"}, {Name: "bound", Value: "1", Domain: strings.Trim(host, "[]")}}, nil)
		j.want(t, "bound: host is an ip address")
		wantSent(t, j.Jar, "http://"+host+"/", "shared=1")

		j = newRejects(jar.Config{Unsafe: true})
		set(t, j.Jar, "http://"+host+":8080/", "a=1")
		j.want(t)
		wantSent(t, j.Jar, "http://"+host+"/", "a=1")
	}
	// A part of an address is no parent of it.
	j := jar.New(jar.Config{Unsafe: true, AllowPublicSuffixes: true})
	j.Update([]*http.Cookie{{Name: "a", Value: "1", Domain: "0.1"}, {Name: "b", Value: "1", Domain: "1"}}, nil)
	wantSent(t, j, "http://127.0.0.1/", "")
	// The zone of an address is no domain.
	set(t, j, "http://example.com/", "c=1; Domain=example.com")
	wantSent(t, j, "http://[fe80::1%25.example.com]/", "")
}

func TestSharedCookies(t *testing.T) {
	t.Parallel()
	for name, u := range map[string]*url.URL{"nil": nil, "empty": {}} {
		t.Run(name, func(t *testing.T) {
			j := newRejects(jar.Config{})
			j.Update([]*http.Cookie{
				{Name: "s", Value: "shared"},
				{Name: "p", Value: "1", Path: "/only"},
				{Name: "t", Value: "1", Secure: true},
				{Name: "d", Value: "1", Domain: ".example.com"},
				{Name: "dot", Value: "1", Domain: "example.com."},
				nil,
			}, u)
			j.want(t, "dot: domain does not match the host")
			wantSent(t, j.Jar, "http://a.example/", "s=shared")
			wantSent(t, j.Jar, "http://127.0.0.1/", "s=shared")
			wantSent(t, j.Jar, "http://a.example/only/this", "p=1; s=shared")
			wantSent(t, j.Jar, "https://a.example/", "s=shared; t=1")
			wantSent(t, j.Jar, "http://www.example.com/", "s=shared; d=1")
			// A host's own cookie takes the place of the shared one, there only.
			set(t, j.Jar, "http://a.example/", "s=own")
			wantSent(t, j.Jar, "http://a.example/", "s=own")
			wantSent(t, j.Jar, "http://b.example/", "s=shared")
			for c := range j.All() {
				if c.Name == "s" && c.Value == "shared" && (c.Domain != "" || c.HostOnly) {
					t.Errorf("got %+v", c)
				}
			}
		})
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	j := newRejects(jar.Config{})
	cookies := []*http.Cookie{
		{Name: "plain", Value: "x,y"},
		{Name: "quoted", Value: "x y", Quoted: true},
		{Name: "secure", Value: "1", Secure: true},
		{Name: "domain", Value: "1", Domain: "example.com"},
		{Name: "path", Value: "1", Path: "/p"},
		{Name: "gone", Value: "1", MaxAge: -1},
		{Name: "bad\x00", Value: "1"},
		{Name: "ip", Value: "1", Domain: "127.0.0.1"},
		nil,
	}
	for _, test := range []struct{ url, want string }{
		{"http://www.example.com/", `plain="x\054y"; quoted="x y"; domain=1`},
		{"https://www.example.com/p/q", `plain="x\054y"; quoted="x y"; secure=1; domain=1; path=1`},
		{"http://other.example/", `plain="x\054y"; quoted="x y"`},
		{"http://127.0.0.1/", `plain="x\054y"; quoted="x y"`},
		{"ftp://127.0.0.1/", ""},
	} {
		j.list = nil
		if got := header(j.Match(parseURL(t, test.url), cookies)); got != test.want {
			t.Errorf("%s: got %q, want %q", test.url, got, test.want)
		}
		if want := "bad\x00: name with a forbidden character\nip: host is an ip address"; test.want != "" && !strings.HasPrefix(strings.Join(j.list, "\n"), want) {
			t.Errorf("%s: rejected %q", test.url, j.list)
		}
	}
	if j.Len() != 0 {
		t.Error("a cookie was stored")
	}
	j = newRejects(jar.Config{Unsafe: true, QuoteCookie: jar.QuoteNever})
	if got := header(j.Match(parseURL(t, "http://127.0.0.1/"), cookies)); got != `plain=x,y; quoted="x y"; ip=1` {
		t.Errorf("unsafe: got %q", got)
	}
}

func TestAllAndClear(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := jar.New(jar.Config{})
		start := time.Now()
		set(t, j, "http://www.example.com/", "a=1", "b=2; Domain=example.com; Path=/x", "brief=3; Max-Age=5")
		time.Sleep(time.Second)
		set(t, j, "http://other.example/", "c=3")
		set(t, j, "http://www.example.com/", "a=4")
		sent(t, j, "http://www.example.com/x")
		time.Sleep(4 * time.Second)

		var names []string
		for c := range j.All() {
			names = append(names, c.Name)
			if c.Name == "a" && (!c.Created.Equal(start) || !c.LastAccess.Equal(start.Add(time.Second))) {
				t.Errorf("a: created %v, accessed %v", c.Created.Sub(start), c.LastAccess.Sub(start))
			}
			if c.Name == "c" && !c.LastAccess.Equal(c.Created) {
				t.Error("c was accessed")
			}
			j.Clear(func(c *jar.Cookie) bool { return c.Name == "c" }) // while it is listed
		}
		if !slices.Equal(names, []string{"a", "b", "c"}) {
			t.Errorf("got %v", names)
		}
		if j.Len() != 2 {
			t.Errorf("got %d cookies, want 2", j.Len())
		}
		for range j.All() {
			break
		}
		j.Clear(func(c *jar.Cookie) bool { c.Name = "changed"; return false })
		wantSent(t, j, "http://www.example.com/x", "b=2; a=4")
		j.Clear(nil)
		if j.Len() != 0 || len(sent(t, j, "http://www.example.com/x")) != 0 {
			t.Error("not empty")
		}
	})
}

func TestClearDomain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ domain, want string }{
		{"example.com", "notexample.com "},
		{".EXAMPLE.com", "notexample.com "},
		{"www.example.com", "example.com sub.example.com notexample.com "},
		{"com", ""},
		{"", "example.com www.example.com a.www.example.com sub.example.com notexample.com"},
		{"bad domain", "example.com www.example.com a.www.example.com sub.example.com notexample.com "},
	} {
		j := jar.New(jar.Config{})
		for _, host := range []string{"example.com", "www.example.com", "a.www.example.com", "sub.example.com", "notexample.com"} {
			set(t, j, "http://"+host+"/", "a=1")
		}
		j.Update([]*http.Cookie{{Name: "shared", Value: "1"}}, nil)
		j.ClearDomain(test.domain)
		var left []string
		for c := range j.All() {
			left = append(left, c.Domain)
		}
		if got := strings.TrimSpace(strings.Join(left, " ")); got != strings.TrimSpace(test.want) {
			t.Errorf("%q: got %q, want %q", test.domain, got, test.want)
		}
	}
}

func TestDiscard(t *testing.T) {
	t.Parallel()
	u := parseURL(t, "https://example.com/")
	var d http.CookieJar = jar.Discard{}
	d.SetCookies(u, []*http.Cookie{{Name: "a", Value: "1"}})
	jar.Discard{}.SetCookieHeaders(u, []string{"a=1"})
	if d.Cookies(u) != nil || (jar.Discard{}).Len() != 0 {
		t.Error("a cookie was kept")
	}
}

func TestUnusableURLs(t *testing.T) {
	t.Parallel()
	for name, u := range map[string]*url.URL{
		"nil": nil, "no host": {Scheme: "http", Path: "/"}, "scheme": {Scheme: "gopher", Host: "example.com"},
		"host": {Scheme: "http", Host: "a b"}, "dot": {Scheme: "http", Host: "."}, "idna": {Scheme: "http", Host: "\u2028.example"},
	} {
		j := newRejects(jar.Config{})
		j.SetCookies(u, nil)
		j.SetCookieHeaders(u, nil)
		j.want(t)
		j.SetCookies(u, []*http.Cookie{{Name: "a", Value: "1"}})
		reason := "a: url without a usable host"
		if name == "scheme" {
			reason = "a: not an http url"
		}
		j.want(t, reason)
		j.Update([]*http.Cookie{{Name: "shared", Value: "1"}}, nil)
		if got := j.Cookies(u); got != nil {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
