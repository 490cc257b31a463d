package fleet_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/alicebob/miniredis/v2"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

func parseURL(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// sent is the Cookie header for a request to the URL.
func sent(t *testing.T, j http.CookieJar, to string) string {
	t.Helper()
	var pairs []string
	for _, c := range j.Cookies(parseURL(t, to)) {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}

// twoJars are those of two processes, each of which reads for every request.
func twoJars(t *testing.T, cfg fleet.JarConfig) (one, two *fleet.Jar, server *miniredis.Miniredis) {
	f, server := newFleet(t, fleet.Config{})
	g, _ := newFleet(t, fleet.Config{Redis: redisOf(t, server)})
	return f.Jar(cfg), g.Jar(cfg), server
}

// TestJarShares: what one process is set, another one sends, by the rules of the jar.
func TestJarShares(t *testing.T) {
	for _, c := range []struct {
		name, from, line, to, want string
	}{
		{"plain", "https://a.example/", "sid=1", "https://a.example/x", "sid=1"},
		{"host only", "https://a.example/", "sid=1", "https://b.a.example/", ""},
		{"domain", "https://b.a.example/", "sid=1; Domain=a.example", "https://c.a.example/", "sid=1"},
		{"foreign domain", "https://a.example/", "sid=1; Domain=other.example", "https://other.example/", ""},
		{"public suffix", "https://a.co.uk/", "sid=1; Domain=co.uk", "https://b.co.uk/", ""},
		{"path", "https://a.example/p/q", "sid=1", "https://a.example/p/z", "sid=1"},
		{"other path", "https://a.example/p/q", "sid=1", "https://a.example/z", ""},
		{"secure", "https://a.example/", "sid=1; Secure", "http://a.example/", ""},
		{"quoted", "https://a.example/", `sid="a b;c"`, "https://a.example/", `sid=a b;c`},
		{"prefix", "https://a.example/", "__Host-sid=1; Secure; Path=/", "https://a.example/", "__Host-sid=1"},
		{"prefix broken", "https://a.example/", "__Host-sid=1; Path=/", "https://a.example/", ""},
		{"address", "http://127.0.0.1:80/", "sid=1", "http://127.0.0.1:81/", ""},
		{"capitals", "https://A.Example/", "sid=1", "https://a.example./", "sid=1"},
		{"unicode", "https://bücher.example/", "sid=1", "https://xn--bcher-kva.example/", "sid=1"},
		{"expired", "https://a.example/", "sid=1; Max-Age=0", "https://a.example/", ""},
		{"later", "https://a.example/", "sid=1; Max-Age=100", "https://a.example/", "sid=1"},
		{"control", "https://a.example/", "sid=\x01", "https://a.example/", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			one, two, _ := twoJars(t, fleet.JarConfig{MaxAge: -1})
			one.SetCookieHeaders(parseURL(t, c.from), []string{c.line})
			for who, j := range map[string]*fleet.Jar{"itself": one, "another": two} {
				if got := sent(t, j, c.to); got != c.want {
					t.Errorf("%s: got %q, want %q", who, got, c.want)
				}
			}
			own := jar.New(jar.Config{})
			own.SetCookieHeaders(parseURL(t, c.from), []string{c.line})
			if got := sent(t, own, c.to); got != c.want && c.name != "capitals" {
				t.Errorf("the library's jar: got %q, want %q", got, c.want)
			}
		})
	}
}

func TestJarAddresses(t *testing.T) {
	one, two, _ := twoJars(t, fleet.JarConfig{MaxAge: -1, Rules: jar.Config{Unsafe: true}})
	for _, host := range []string{"http://127.0.0.1:80/", "http://[::1]:80/"} {
		one.SetCookieHeaders(parseURL(t, host), []string{"sid=1"})
		if got := sent(t, two, host); got != "sid=1" {
			t.Errorf("%s: got %q, want sid=1", host, got)
		}
	}
}

// TestJarReplaces: the later value counts, an expired one deletes for all, also where it
// was never read, and order stays that of the first setting.
func TestJarReplaces(t *testing.T) {
	one, two, _ := twoJars(t, fleet.JarConfig{MaxAge: -1})
	u := parseURL(t, "https://a.example/")
	one.SetCookieHeaders(u, []string{"a=1", "b=1"})
	two.SetCookieHeaders(u, []string{"a=2"})
	if got := sent(t, one, u.String()); got != "a=2; b=1" {
		t.Errorf("got %q, want a=2; b=1", got)
	}
	two.SetCookieHeaders(u, []string{"b=; Max-Age=0"})
	if got := sent(t, one, u.String()); got != "a=2" {
		t.Errorf("got %q, want a=2", got)
	}
}

// TestJarSecure: plain http does not replace a Secure cookie that another process has.
func TestJarSecure(t *testing.T) {
	rejected := map[jar.Reason]int{}
	rules := jar.Config{OnReject: func(_ *http.Cookie, r jar.Reason) { rejected[r]++ }}
	one, two, _ := twoJars(t, fleet.JarConfig{MaxAge: -1, Rules: rules})
	one.SetCookieHeaders(parseURL(t, "https://a.example/"), []string{"sid=good; Secure"})
	two.SetCookieHeaders(parseURL(t, "http://a.example/"), []string{"sid=evil", "sid=; Max-Age=0", "\x00"})
	if got := sent(t, one, "https://a.example/"); got != "sid=good" {
		t.Errorf("got %q, want sid=good", got)
	}
	if rejected[jar.ReasonSecure] != 2 || rejected[jar.ReasonValue] != 1 {
		t.Errorf("got %v, want two for Secure and one that is no cookie", rejected)
	}
}

// TestJarMessages: without an age, a change is read when it is told.
func TestJarMessages(t *testing.T) {
	one, two, _ := twoJars(t, fleet.JarConfig{MaxAge: time.Hour})
	u := parseURL(t, "https://a.example/")
	if got := sent(t, two, u.String()); got != "" {
		t.Fatalf("got %q, want none", got)
	}
	n := 0
	await(t, func() bool { // the subscription may not be there yet
		n++
		one.SetCookieHeaders(u, []string{fmt.Sprintf("n=%d", n)})
		return sent(t, two, u.String()) != ""
	})
}

// TestJarReads: within the age nothing is read again.
func TestJarReads(t *testing.T) {
	f, _ := newFleet(t, fleet.Config{})
	j := f.Jar(fleet.JarConfig{MaxAge: time.Hour})
	u := parseURL(t, "https://a.example/")
	j.SetCookieHeaders(u, []string{"a=1"})
	for range 100 {
		sent(t, j, u.String())
	}
	if s := j.Stats(); s.Reads > 2 || s.Writes != 1 || s.Sites != 1 || s.Pending != 0 {
		t.Errorf("got %+v, want a read, another one when messages begin to come, and a write", s)
	}
}

// TestJarExpiry: fields that have ended are not sent and go, and Redis forgets the site.
func TestJarExpiry(t *testing.T) {
	var mu sync.Mutex
	now := time.Now()
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	one, two, server := twoJars(t, fleet.JarConfig{MaxAge: -1, KeepSession: time.Hour, Rules: jar.Config{Now: clock}})
	u := parseURL(t, "https://a.example/")
	one.SetCookieHeaders(u, []string{"short=1; Max-Age=60", "long=1; Max-Age=7200", "session=1"})
	mu.Lock()
	now = now.Add(time.Minute)
	mu.Unlock()
	server.SetTime(clock()) // whose clock says what goes
	if got := sent(t, two, u.String()); strings.Contains(got, "short") || !strings.Contains(got, "long") {
		t.Errorf("got %q, want no short", got)
	}
	two.SetCookieHeaders(u, []string{"other=1"})
	key := hashKey(t, server)
	fields, err := server.HKeys(key)
	if err != nil || len(fields) != 3 {
		t.Errorf("got %q and %v, want three fields", fields, err)
	}
	if ttl := server.TTL(key); ttl < time.Hour || ttl > 2*time.Hour {
		t.Errorf("got %v, want that of the longest cookie", ttl)
	}
}

// hashKey is the one hash that there is.
func hashKey(t *testing.T, server *miniredis.Miniredis) string {
	t.Helper()
	keys := slices.DeleteFunc(server.Keys(), func(key string) bool { return server.Type(key) != "hash" })
	if len(keys) != 1 {
		t.Fatalf("got %q, want one hash", keys)
	}
	return keys[0]
}

// TestJarLimit: what makes room for another one goes for all.
func TestJarLimit(t *testing.T) {
	one, two, server := twoJars(t, fleet.JarConfig{MaxAge: -1, Rules: jar.Config{MaxPerDomain: 3}})
	u := parseURL(t, "https://a.example/")
	for i := range 10 {
		one.SetCookieHeaders(u, []string{fmt.Sprintf("n%d=1", i)})
	}
	if got := len(two.Cookies(u)); got != 3 {
		t.Errorf("got %d cookies, want 3", got)
	}
	if fields, _ := server.HKeys(hashKey(t, server)); len(fields) > 4 {
		t.Errorf("got %q, want no more than three and one that is to go", fields)
	}
}

// TestJarDamage: what is no cookie in Redis is passed over, and goes.
func TestJarDamage(t *testing.T) {
	one, two, server := twoJars(t, fleet.JarConfig{MaxAge: -1})
	u := parseURL(t, "https://a.example/")
	one.SetCookieHeaders(u, []string{"a=1"})
	key := hashKey(t, server)
	for field, value := range map[string]string{
		"x": "{}", "a.example\t/\tbad": "{", "a.example\t/\tempty": "", "b.example\t/\tforeign": `{"value":"1"}`, "a.example\t/\tline\n": `{"value":"1\n"}`,
	} {
		server.HSet(key, field, value)
	}
	if got := sent(t, two, u.String()); got != "a=1" {
		t.Errorf("got %q, want a=1", got)
	}
}

// TestJarUnavailable: what is set while Redis is gone is sent here, and there when it is back.
func TestJarUnavailable(t *testing.T) {
	var mu sync.Mutex
	var kinds []middleware.EventKind
	f, server := newFleet(t, fleet.Config{RetryAfter: -1, OnEvent: func(_ context.Context, e middleware.Event) {
		if e.Policy == "fleet jar" {
			mu.Lock()
			defer mu.Unlock()
			kinds = append(kinds, e.Kind)
		}
	}})
	g, _ := newFleet(t, fleet.Config{Redis: redisOf(t, server)})
	one, two := f.Jar(fleet.JarConfig{MaxAge: -1}), g.Jar(fleet.JarConfig{MaxAge: -1})
	u := parseURL(t, "https://a.example/")
	one.SetCookieHeaders(u, []string{"before=1"})
	server.SetError("LOADING it is")
	one.SetCookieHeaders(u, []string{"meanwhile=1"})
	if got := sent(t, one, u.String()); got != "before=1; meanwhile=1" {
		t.Errorf("got %q, want both", got)
	}
	if got := one.Stats().Pending; got != 1 {
		t.Errorf("got %d that wait, want 1", got)
	}
	if err := one.Clear(context.Background(), u); !errors.Is(err, errors.ErrClient) {
		t.Errorf("got %v, want an UnavailableError", err)
	}
	server.SetError("")
	await(t, func() bool { return one.Stats().Pending == 0 })
	for _, j := range []*fleet.Jar{one, two} {
		if got := sent(t, j, u.String()); got != "before=1; meanwhile=1" {
			t.Errorf("got %q, want both", got)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(kinds, []middleware.EventKind{fleet.EventUnavailable, fleet.EventAvailable}) {
		t.Errorf("got %q, want one of each", kinds)
	}
}

// TestJarRefuse: requests of a site whose cookies are not known are refused.
func TestJarRefuse(t *testing.T) {
	for _, mode := range []fleet.Unavailable{fleet.Local, fleet.Refuse} {
		f, server := newFleet(t, fleet.Config{Unavailable: mode, RetryAfter: -1})
		j := f.Jar(fleet.JarConfig{MaxAge: -1})
		client := &http.Client{Jar: j, Transport: j.Wrap(middleware.Answer(200, nil, ""))}
		get := func() error {
			resp, err := client.Post("https://a.example/", "text/plain", strings.NewReader("x"))
			if err == nil {
				resp.Body.Close()
			}
			return err
		}
		if err := get(); err != nil {
			t.Error(err)
		}
		server.SetError("READONLY You can't")
		var unavailable *fleet.UnavailableError
		if err := get(); errors.As(err, &unavailable) != (mode == fleet.Refuse) {
			t.Errorf("%v: got %v", mode, err)
		}
		server.SetError("")
		if err := get(); err != nil {
			t.Error(err)
		}
	}
}

// TestJarClear: all forget.
func TestJarClear(t *testing.T) {
	one, two, server := twoJars(t, fleet.JarConfig{MaxAge: -1})
	u := parseURL(t, "https://a.example/")
	one.SetCookieHeaders(u, []string{"a=1", "b=1; Path=/deep"})
	if err := two.Clear(context.Background(), u); err != nil {
		t.Fatal(err)
	}
	if got := sent(t, one, "https://a.example/deep"); got != "" {
		t.Errorf("got %q, want none", got)
	}
	for _, key := range server.Keys() {
		if server.Type(key) == "hash" {
			t.Errorf("got %s, want no hash left", key)
		}
	}
}

// TestJarSites: of many sites those are forgotten here that were not used longest.
func TestJarSites(t *testing.T) {
	f, _ := newFleet(t, fleet.Config{})
	j := f.Jar(fleet.JarConfig{MaxSites: 10})
	for i := range 50 {
		j.SetCookieHeaders(parseURL(t, fmt.Sprintf("https://s%d.example/", i)), []string{"a=1"})
	}
	if got := j.Stats().Sites; got != 10 {
		t.Errorf("got %d sites, want 10", got)
	}
	if got := sent(t, j, "https://s0.example/"); got != "a=1" {
		t.Errorf("got %q, want it to be read again", got)
	}
}

// TestJarConcurrent: many goroutines and two processes lose nothing.
func TestJarConcurrent(t *testing.T) {
	one, two, _ := twoJars(t, fleet.JarConfig{Rules: jar.Config{MaxPerDomain: -1}, MaxAge: time.Hour})
	u := parseURL(t, "https://a.example/")
	var done sync.WaitGroup
	for i := range 40 {
		done.Go(func() {
			j := []*fleet.Jar{one, two}[i%2]
			for n := range 10 {
				j.SetCookieHeaders(u, []string{fmt.Sprintf("c%d-%d=1", i, n)})
				j.Cookies(u)
			}
		})
	}
	done.Wait()
	await(t, func() bool { return len(one.Cookies(u)) == 400 && len(two.Cookies(u)) == 400 })
}

// TestJarSession works in a client of net/http, over a redirect.
func TestJarSession(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: "1"})
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		fmt.Fprint(w, r.Header.Get("Cookie"))
	}))
	defer server.Close()
	one, two, _ := twoJars(t, fleet.JarConfig{MaxAge: -1, Rules: jar.Config{Unsafe: true}})
	client := &http.Client{Jar: one}
	resp, err := client.Get(server.URL + "/login")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := sent(t, two, server.URL); got != "sid=1" {
		t.Errorf("got %q, want sid=1", got)
	}
}
