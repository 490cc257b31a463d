package session_test

import (
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/middleware/cassette"
	"github.com/aiolos-http/aiolos/session"
)

// TestCachedCookies: a response of the cache sets no cookie, one that was only
// validated sets those of the 304, and a refresh in the background those of its own.
func TestCachedCookies(t *testing.T) {
	t.Parallel()
	const u = "http://h.example/"
	synctest.Test(t, func(t *testing.T) {
		responses := cache.New(cache.Config{})
		defer responses.Close()
		kept := newCountingJar()
		s := newSession(t, session.Config{
			Jar: kept, Middleware: []middleware.Middleware{responses.Wrap},
			Transport: numbered("Cache-Control", "max-age=10, stale-while-revalidate=60", "Etag", `"1"`),
		})
		get(t, s, u)
		kept.want(t, u+" n=1")
		kept.Clear(nil)
		get(t, s, u)
		kept.want(t)
		if kept.Len() != 0 {
			t.Error("the cache set a cookie")
		}
		get(t, s, u, session.Header("Cache-Control", "no-cache"))
		kept.want(t, u+" n=2")
		time.Sleep(11 * time.Second)
		get(t, s, u)
		synctest.Wait()
		kept.want(t, u+" n=3")
	})
}

// TestVaryByCookie: an answer to cookies that came while a request was repeated is not
// found under those from before.
func TestVaryByCookie(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]func(*http.Request) *http.Request{
		"with its request": func(req *http.Request) *http.Request { return req }, "without": func(*http.Request) *http.Request { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testVaryByCookie(t, of)
		})
	}
}

// testVaryByCookie has a double that gives of(request) as the request of its response.
func testVaryByCookie(t *testing.T, of func(*http.Request) *http.Request) {
	t.Helper()
	responses, wire := cache.New(cache.Config{}), new(spy)
	defer responses.Close()
	through := stubGate(wire)
	s := newSession(t, session.Config{
		Middleware: []middleware.Middleware{responses.Wrap, quickRetry()},
		Transport: middleware.Func(func(req *http.Request) (*http.Response, error) {
			resp, err := through.RoundTrip(req)
			if resp != nil {
				resp.Header["Cache-Control"], resp.Header["Vary"] = []string{"max-age=60"}, []string{"Cookie"}
				resp.Request = of(req)
			}
			return resp, err
		}),
	})
	const u = "http://h.example/gate"
	get(t, s, u)
	wire.want(t, "first", "", "gate=open")
	get(t, s, u)
	wire.want(t, "with the cookie", "gate=open")
	get(t, s, u)
	wire.want(t, "with the cookie, again")
	s.Jar().(*jar.Jar).Clear(nil)
	get(t, s, u)
	wire.want(t, "without", "", "gate=open")
}

// TestSharedCookies: of requests that share one answer, it is stored once.
func TestSharedCookies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kept := newCountingJar()
		slow := numbered("Content-Length", "0")
		s := newSession(t, session.Config{
			Jar: kept, Middleware: []middleware.Middleware{middleware.Dedupe(middleware.DedupeConfig{})},
			Transport: middleware.Func(func(req *http.Request) (*http.Response, error) {
				time.Sleep(time.Second)
				return slow(req)
			}),
		})
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { get(t, s, "http://h.example/") })
		}
		wg.Wait()
		kept.want(t, "http://h.example/ n=1")
	})
}

// TestMemoCookies: a middleware that gives again what it has does not set anything
// again.
func TestMemoCookies(t *testing.T) {
	t.Parallel()
	kept := newCountingJar()
	memo := func(next http.RoundTripper) http.RoundTripper {
		var has *http.Response
		return middleware.Func(func(req *http.Request) (resp *http.Response, err error) {
			if has == nil {
				has, err = next.RoundTrip(req)
			}
			again := *has
			return &again, err
		})
	}
	s := newSession(t, session.Config{Jar: kept, Transport: numbered(), Middleware: []middleware.Middleware{memo}})
	get(t, s, "http://h.example/")
	get(t, s, "http://h.example/")
	kept.want(t, "http://h.example/ n=1")
}

// TestStandInCookies: a middleware that makes up its answers stands for the wire, and
// one that is a cache does not.
func TestStandInCookies(t *testing.T) {
	t.Parallel()
	const u = "http://h.example/"
	for name, test := range map[string]struct {
		header []string
		want   []string
	}{
		"mock":      {nil, []string{u + " n=1"}},
		"cache":     {[]string{"Age", "5"}, nil},
		"httpcache": {[]string{"X-From-Cache", "1"}, nil},
	} {
		kept := newCountingJar()
		s := newSession(t, session.Config{Jar: kept, Middleware: []middleware.Middleware{
			func(http.RoundTripper) http.RoundTripper { return numbered(test.header...) },
		}})
		get(t, s, u)
		t.Log(name)
		kept.want(t, test.want...)
	}
}

// TestReplayedCookies: a cassette that replays stands for the wire: what it plays is
// stored, once, wherever the cassette is.
func TestReplayedCookies(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tape")
	open := func(mode cassette.Mode) *cassette.Cassette {
		tape, err := cassette.Open(path, cassette.Config{Mode: mode})
		if err != nil {
			t.Fatal(err)
		}
		return tape
	}
	const u = "http://h.example/"
	play := func(name string, tape *cassette.Cassette, cfg session.Config, want string) {
		kept := newCountingJar()
		cfg.Jar = kept
		s := newSession(t, cfg)
		get(t, s, u)
		t.Log(name)
		kept.want(t, u+" "+want)
		if err := tape.Close(); err != nil {
			t.Fatal(err)
		}
	}
	tape := open(cassette.Record)
	play("recorded", tape, session.Config{Transport: numbered(), Middleware: []middleware.Middleware{tape.Wrap}}, "n=1")
	tape = open(cassette.Replay)
	play("replayed", tape, session.Config{Middleware: []middleware.Middleware{quickRetry(), tape.Wrap}}, "n=***")
	tape = open(cassette.Replay)
	play("as a Transport", tape, session.Config{Transport: tape.Wrap(nil)}, "n=***")
	tape = open(cassette.Replay)
	play("as a Transport below others", tape, session.Config{Transport: tape.Wrap(nil), Middleware: []middleware.Middleware{quickRetry()}}, "n=***")
}
