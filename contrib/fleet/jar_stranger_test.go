package fleet_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/alicebob/miniredis/v2/server"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

// TestJarBytes: what the library's jar keeps as it is comes to the others as it is.
func TestJarBytes(t *testing.T) {
	for _, line := range []string{"sid=\xff\xfe\xc3", "s\xff=1", "a\tb=1", "a=<&>\u2028", "a=x\ty", `a="\303\xff"`} {
		one, two, _ := twoJars(t, fleet.JarConfig{MaxAge: -1})
		u := parseURL(t, "https://a.example/")
		own := jar.New(jar.Config{})
		for _, j := range []interface{ SetCookieHeaders(*url.URL, []string) }{one, own} {
			j.SetCookieHeaders(u, []string{line})
		}
		want := sent(t, own, u.String())
		if want == "" {
			t.Fatalf("%q: the library's jar does not keep it", line)
		}
		for who, j := range map[string]*fleet.Jar{"itself": one, "another": two} {
			if got := sent(t, j, u.String()); got != want {
				t.Errorf("%q, %s: got %q, want %q", line, who, got, want)
			}
		}
	}
}

// TestJarAddressForms: an address is one site however it is written.
func TestJarAddressForms(t *testing.T) {
	one, two, _ := twoJars(t, fleet.JarConfig{MaxAge: -1, Rules: jar.Config{Unsafe: true}})
	one.SetCookieHeaders(parseURL(t, "http://[::1]/"), []string{"sid=1"})
	if got := sent(t, two, "http://[0:0:0::1]/"); got != "sid=1" {
		t.Errorf("got %q, want sid=1", got)
	}
	if got := one.Cookies(nil); got != nil {
		t.Errorf("got %v for no URL, want none", got)
	}
}

// TestJarSessionEnd: session cookies end KeepSession after the site has last set one of them,
// although others of the site live on.
func TestJarSessionEnd(t *testing.T) {
	var mu sync.Mutex
	now := time.Now()
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	one, two, server := twoJars(t, fleet.JarConfig{MaxAge: -1, KeepSession: time.Hour, Rules: jar.Config{Now: clock}})
	u := parseURL(t, "https://a.example/")
	one.SetCookieHeaders(u, []string{"sid=1", "long=1; Max-Age=864000"})
	for _, step := range []struct {
		after time.Duration
		line  string
		want  string
	}{
		{50 * time.Minute, "other=1", "long=1; other=1; sid=1"},
		{50 * time.Minute, "long=2; Max-Age=864000", "long=2; other=1; sid=1"},
		{50 * time.Minute, "long=3; Max-Age=864000", "long=3"},
	} {
		mu.Lock()
		now = now.Add(step.after)
		mu.Unlock()
		server.SetTime(clock())
		one.SetCookieHeaders(u, []string{step.line})
		got := strings.Split(sent(t, two, u.String()), "; ")
		slices.Sort(got)
		if strings.Join(got, "; ") != step.want {
			t.Errorf("%s: got %q, want %q", step.line, got, step.want)
		}
	}
}

// TestJarWrongClock: a process whose clock is ahead takes nothing from the others.
func TestJarWrongClock(t *testing.T) {
	f, server := newFleet(t, fleet.Config{})
	g, _ := newFleet(t, fleet.Config{Redis: redisOf(t, server)})
	ahead := func() time.Time { return time.Now().Add(time.Hour) }
	right, wrong := f.Jar(fleet.JarConfig{MaxAge: -1}), g.Jar(fleet.JarConfig{MaxAge: -1, Rules: jar.Config{Now: ahead}})
	u := parseURL(t, "https://a.example/")
	right.SetCookieHeaders(u, []string{"sid=1; Max-Age=600"})
	if got := sent(t, wrong, u.String()); got != "" {
		t.Errorf("got %q, want none by that clock", got)
	}
	wrong.SetCookieHeaders(u, []string{"other=1; Max-Age=86400"})
	if got := sent(t, right, u.String()); got != "sid=1; other=1" {
		t.Errorf("got %q, want both", got)
	}
}

// TestJarLimitTogether: processes that set cookies at the same time do not make a site grow
// above the limits for good.
func TestJarLimitTogether(t *testing.T) {
	one, two, server := twoJars(t, fleet.JarConfig{MaxAge: time.Hour, Rules: jar.Config{MaxPerDomain: 3}})
	u := parseURL(t, "https://a.example/")
	sent(t, one, u.String())
	sent(t, two, u.String())
	for i := range 20 { // neither reads what the other one has set, unless it is told
		one.SetCookieHeaders(u, []string{fmt.Sprintf("a%d=1", i)})
		two.SetCookieHeaders(u, []string{fmt.Sprintf("b%d=1", i)})
	}
	await(t, func() bool {
		one.SetCookieHeaders(u, []string{"last=1"})
		sent(t, one, u.String())
		fields, err := server.HKeys(hashKey(t, server))
		return err == nil && len(fields) <= 3
	})
}

// TestJarReadsWhenFull: what cannot be written keeps nobody from reading, and Refuse refuses
// only what cannot be read.
func TestJarReadsWhenFull(t *testing.T) {
	f, redis := newFleet(t, fleet.Config{Unavailable: fleet.Refuse})
	j := f.Jar(fleet.JarConfig{MaxAge: -1})
	u := parseURL(t, "https://a.example/")
	j.SetCookieHeaders(u, []string{"before=1"})
	redis.Server().SetPreHook(func(peer *server.Peer, cmd string, _ ...string) bool {
		full := strings.HasPrefix(cmd, "EVAL")
		if full {
			peer.WriteError("OOM command not allowed when used memory > 'maxmemory'.")
		}
		return full
	})
	j.SetCookieHeaders(u, []string{"meanwhile=1"})
	rt := j.Wrap(middleware.Answer(200, nil, ""))
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, u.String(), http.NoBody)
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatalf("got %v, want it to be sent", err)
	}
	resp.Body.Close()
	reads := j.Stats().Reads
	if got := sent(t, j, u.String()); got != "before=1; meanwhile=1" || j.Stats().Reads <= reads {
		t.Errorf("got %q and %+v, want both, and a read", got, j.Stats())
	}
}

// TestJarBlocked: with a Redis that stands still, requests of one site wait for a call or
// two together, not each for its own, and not when they are given up.
func TestJarBlocked(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close() // the system accepts, and nobody says anything
	client := redis.NewClient(&redis.Options{Addr: ln.Addr().String(), ContextTimeoutEnabled: true, MaxRetries: -1})
	defer client.Close()
	f, _ := newFleet(t, fleet.Config{Redis: client, Timeout: 300 * time.Millisecond, RetryAfter: -1, Unavailable: fleet.Refuse})
	j := f.Jar(fleet.JarConfig{MaxAge: -1})
	u := parseURL(t, "https://a.example/")
	rt := j.Wrap(middleware.Answer(200, nil, ""))
	var group sync.WaitGroup
	began := time.Now()
	for i := range 30 {
		group.Go(func() {
			switch i % 3 {
			case 0:
				j.Cookies(u)
			case 1:
				j.SetCookieHeaders(u, []string{fmt.Sprintf("a%d=1", i)})
			default:
				req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, u.String(), http.NoBody)
				if _, err := rt.RoundTrip(req); !errors.Is(err, errors.ErrClient) {
					t.Errorf("got %v, want an UnavailableError", err)
				}
			}
		})
	}
	group.Wait()
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %v, want a few calls", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	go j.Cookies(u)
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	began = time.Now()
	_, err = rt.RoundTrip(req)
	if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took > 250*time.Millisecond {
		t.Errorf("got %v after %v, want the end of the context", err, took)
	}
}

// TestJarForgotten: a site that makes room keeps what waits to be written, within a bound.
func TestJarForgotten(t *testing.T) {
	f, server := newFleet(t, fleet.Config{RetryAfter: 50 * time.Millisecond})
	j := f.Jar(fleet.JarConfig{MaxSites: 50})
	server.SetError("LOADING it is")
	set := func(from, to int) {
		for i := from; i < to; i++ {
			j.SetCookieHeaders(parseURL(t, fmt.Sprintf("https://s%d.example/", i)), []string{"a=1"})
		}
	}
	set(0, 100)
	if s := j.Stats(); s.Pending != 100 {
		t.Errorf("got %+v, want all 100 that wait", s)
	}
	set(100, 1000)
	if s := j.Stats(); s.Sites > 100 || s.Pending > 100 {
		t.Errorf("got %+v, want a bound", s)
	}
	server.SetError("")
	await(t, func() bool { return j.Stats().Pending == 0 })
	set(1000, 1200)
	if s := j.Stats(); s.Sites != 50 {
		t.Errorf("got %+v, want 50 sites again", s)
	}
}

// TestJarOneBadSite: a key of another type is the failure of its site alone.
func TestJarOneBadSite(t *testing.T) {
	var mu sync.Mutex
	failed := 0
	f, server := newFleet(t, fleet.Config{RetryAfter: 50 * time.Millisecond, OnEvent: func(_ context.Context, e middleware.Event) {
		mu.Lock()
		defer mu.Unlock()
		if e.Kind == fleet.EventUnavailable {
			t.Errorf("got %v, want Redis to be asked on", e)
		}
		if e.Kind == middleware.EventFailed {
			failed++
		}
	}})
	j := f.Jar(fleet.JarConfig{MaxAge: -1})
	bad, good := parseURL(t, "https://bad.example/"), parseURL(t, "https://good.example/")
	j.SetCookieHeaders(bad, []string{"a=1"})
	key := hashKey(t, server)
	server.Del(key)
	if _, err := server.Lpush(key, "foreign"); err != nil {
		t.Fatal(err)
	}
	j.SetCookieHeaders(bad, []string{"b=1"})
	j.SetCookieHeaders(good, []string{"a=1"})
	if got := sent(t, j, good.String()); got != "a=1" || j.Stats().Pending != 1 {
		t.Errorf("got %q and %+v, want the good site to work", got, j.Stats())
	}
	mu.Lock()
	if failed == 0 {
		t.Error("got no event of the bad one, want some")
	}
	mu.Unlock()
	server.Del(key)
	await(t, func() bool { return j.Stats().Pending == 0 })
	if got := sent(t, j, bad.String()); got != "b=1" {
		t.Errorf("got %q, want what was set last", got)
	}
}

// TestJarAfterClose: a jar of a closed fleet works, and leaves no timer.
func TestJarAfterClose(t *testing.T) {
	f, server := newFleet(t, fleet.Config{RetryAfter: 20 * time.Millisecond})
	j := f.Jar(fleet.JarConfig{MaxAge: -1})
	u := parseURL(t, "https://a.example/")
	server.SetError("LOADING it is")
	j.SetCookieHeaders(u, []string{"a=1"})
	f.Close()
	j.SetCookieHeaders(u, []string{"b=1"})
	if fleet.JarWaits(j) {
		t.Error("got a timer, want none")
	}
	server.SetError("")
	await(t, func() bool {
		j.SetCookieHeaders(u, []string{"c=1"})
		return j.Stats().Pending == 0
	})
	if got := sent(t, j, u.String()); got != "a=1; b=1; c=1" {
		t.Errorf("got %q, want all three", got)
	}
	f.Jar(fleet.JarConfig{}).SetCookieHeaders(u, []string{"d=1"})
	if got := sent(t, j, u.String()); !strings.Contains(got, "d=1") {
		t.Errorf("got %q, want what a jar made after that has set", got)
	}
}
