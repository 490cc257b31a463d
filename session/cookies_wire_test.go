package session_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// gate lets nobody pass who has not got the cookie that it sets with its refusal: a
// 503 at /gate, a challenge at /digest, and a redirect before /gate at /moved.
func gate(w http.ResponseWriter, r *http.Request) {
	_, err := r.Cookie("gate")
	switch {
	case r.URL.Path == "/moved":
		w.Header()["Set-Cookie"] = []string{"moved=1; Path=/"}
		http.Redirect(w, r, "/gate", http.StatusFound)
	case err == nil && (r.URL.Path == "/gate" || r.Header.Get("Authorization") != ""):
		io.WriteString(w, r.Header.Get("Cookie"))
	case r.URL.Path == "/digest":
		w.Header()["Set-Cookie"] = []string{"gate=open; Path=/"}
		w.Header().Set("WWW-Authenticate", `Digest realm="r", nonce="n", qop="auth"`)
		w.WriteHeader(http.StatusUnauthorized)
	default:
		w.Header()["Set-Cookie"] = []string{"gate=open; Path=/"}
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// gates is a server of each protocol, and the connector for it.
func gates(t *testing.T, h http.HandlerFunc) map[string]func() (*connector.Connector, string) {
	t.Helper()
	leaf := certs.For(t, certs.Options{})
	start := func(secure, http2 bool) func() (*connector.Connector, string) {
		return func() (*connector.Connector, string) {
			srv := httptest.NewUnstartedServer(h)
			if secure {
				srv.TLS, srv.EnableHTTP2 = leaf.Server(), http2
				srv.StartTLS()
			} else {
				srv.Start()
			}
			t.Cleanup(srv.Close)
			c, err := connector.New(connector.Config{TLS: leaf.Client()})
			if err != nil {
				t.Fatal(err)
			}
			return c, srv.URL
		}
	}
	return map[string]func() (*connector.Connector, string){
		"http": start(false, false), "https with HTTP/1.1": start(true, false), "https with HTTP/2": start(true, true),
	}
}

// spy notes the Cookie header that passes it.
type spy struct {
	mu   sync.Mutex
	seen []string
}

func (s *spy) wrap(next http.RoundTripper) http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		s.mu.Lock()
		s.seen = append(s.seen, strings.Join(req.Header["Cookie"], " & "))
		s.mu.Unlock()
		return next.RoundTrip(req)
	})
}

func (s *spy) want(t *testing.T, what string, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.seen, want) {
		t.Errorf("%s: got %q, want %q", what, s.seen, want)
	}
	s.seen = nil
}

func quickRetry() middleware.Middleware {
	return middleware.Retry(middleware.RetryPolicy{MinWait: -1, MaxWait: -1})
}

// TestCookiesOfEveryAttempt: what a response that a middleware answers sets is kept, and
// sent with the next attempt, whatever the protocol and the door.
func TestCookiesOfEveryAttempt(t *testing.T) {
	t.Parallel()
	digest := func() middleware.Middleware {
		return middleware.Digest(middleware.DigestConfig{Login: "l", Password: "p"})
	}
	for protocol, start := range gates(t, gate) {
		for name, test := range map[string]struct {
			path string
			mw   middleware.Middleware
			add  []session.Option
			want string
		}{
			"Retry":                   {"/gate", quickRetry(), nil, "gate=open"},
			"Digest":                  {"/digest", digest(), nil, "gate=open"},
			"Retry behind a redirect": {"/moved", quickRetry(), nil, "moved=1; gate=open"},
			"AddMiddleware":           {"/gate", nil, opt(session.AddMiddleware(quickRetry())), "gate=open"},
			"AddMiddleware, below":    {"/gate", new(spy).wrap, opt(session.AddMiddleware(quickRetry())), "gate=open"},
			"Middlewares":             {"/gate", new(spy).wrap, opt(session.Middlewares(quickRetry())), "gate=open"},
			"a header of the caller's": {
				"/gate", quickRetry(), opt(session.Header("Cookie", "mine=1; gate=shut?")), "mine=1; gate=shut?",
			},
			"the caller's other cookies": {
				"/gate", quickRetry(), opt(session.Header("Cookie", "mine=1"), session.Cookie("own", "2")), "mine=1; gate=open; own=2",
			},
		} {
			t.Run(protocol+" "+name, func(t *testing.T) {
				t.Parallel()
				c, base := start()
				cfg := session.Config{Connector: c, OwnConnector: true}
				if test.mw != nil {
					cfg.Middleware = []middleware.Middleware{test.mw}
				}
				s := newSession(t, cfg)
				resp, err := s.Get(t.Context(), base+test.path, test.add...)
				if got := readBody(t, resp, err); got != test.want || resp.StatusCode != http.StatusOK {
					t.Errorf("got %d %q, want %q", resp.StatusCode, got, test.want)
				}
				resp, err = s.Get(t.Context(), base+"/gate", session.Middlewares())
				if got := readBody(t, resp, err); !strings.HasSuffix(name, "caller's") && !strings.Contains(got, "gate=open") {
					t.Errorf("later: got %q", got)
				}
			})
		}
	}
}

// stubGate is gate without a network.
func stubGate(seen *spy) http.RoundTripper {
	return seen.wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
		if req.Body != nil {
			req.Body.Close()
		}
		rec := httptest.NewRecorder()
		gate(rec, req)
		resp := rec.Result()
		resp.Request = req
		return resp, nil
	}))
}

// TestWhoSeesWhichCookies: all middlewares see the header of the first attempt, and the
// wire what the jar says.
func TestWhoSeesWhichCookies(t *testing.T) {
	t.Parallel()
	var outer, inner, added, wire spy
	s := newSession(t, session.Config{
		Transport: stubGate(&wire), Middleware: []middleware.Middleware{outer.wrap, quickRetry(), inner.wrap},
	})
	s.Jar().(*jar.Jar).Update([]*http.Cookie{{Name: "a", Value: "1"}}, nil)
	resp, err := s.Get(t.Context(), "http://h.example/gate", session.AddMiddleware(added.wrap))
	if got := readBody(t, resp, err); got != "a=1; gate=open" {
		t.Errorf("got %q", got)
	}
	outer.want(t, "outside", "a=1")
	inner.want(t, "inside", "a=1", "a=1")
	added.want(t, "added", "a=1", "a=1")
	wire.want(t, "wire", "a=1", "a=1; gate=open")

	if resp, err := s.Get(t.Context(), "http://h.example/gate"); readBody(t, resp, err) == "" {
		t.Error("nothing is left for the next call")
	}
	outer.want(t, "outside, later", "a=1; gate=open")
	wire.want(t, "wire, later", "a=1; gate=open")
}

// TestSemicolonsInQuotes: a value in quotes that has a semicolon stays as it is when the
// header is put together, and again for a further attempt.
func TestSemicolonsInQuotes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ set, header, first, again string }{
		"the jar's":     {`q="x;y"`, "", `q="x;y"`, `q="x;y"; gate=open`},
		"the caller's":  {"", `q="x;y"; r="a; b=1" ; s="`, `q="x;y"; r="a; b=1" ; s="`, `q="x;y"; r="a; b=1"; s="; gate=open`},
		"of both":       {`q="x;y"`, `q="1;2"; r="3;4"`, `r="3;4"; q="x;y"`, `r="3;4"; q="x;y"; gate=open`},
		"without quote": {"", `q="x;y`, `q="x;y`, `q="x; y; gate=open`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var wire spy
			s := newSession(t, session.Config{Transport: stubGate(&wire), Middleware: []middleware.Middleware{quickRetry()}})
			const address = "http://h.example/gate"
			var opts []session.Option
			if test.header != "" {
				opts = opt(session.Header("Cookie", test.header))
			}
			if test.set != "" {
				u, err := url.Parse(address)
				if err != nil {
					t.Fatal(err)
				}
				s.Jar().(*jar.Jar).SetCookieHeaders(u, []string{test.set})
			}
			get(t, s, address, opts...)
			wire.want(t, "wire", test.first, test.again)
		})
	}
}

// TestDoorsOfASession: a client of net/http's over a session, a middleware around one,
// and jars of other kinds.
func TestDoorsOfASession(t *testing.T) {
	t.Parallel()
	std, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		jar    http.CookieJar
		client func(*session.Session) *http.Client
		mw     []middleware.Middleware
		want   string
	}{
		"Client":              {nil, (*session.Session).Client, []middleware.Middleware{quickRetry()}, "gate=open"},
		"RoundTripper":        {nil, func(s *session.Session) *http.Client { return &http.Client{Transport: s.RoundTripper()} }, []middleware.Middleware{quickRetry()}, "gate=open"},
		"around RoundTripper": {nil, func(s *session.Session) *http.Client { return &http.Client{Transport: quickRetry()(s.RoundTripper())} }, nil, "gate=open"},
		"net/http's jar":      {std, (*session.Session).Client, []middleware.Middleware{quickRetry()}, "gate=open"},
		"no jar":              {jar.Discard{}, (*session.Session).Client, []middleware.Middleware{quickRetry()}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var wire spy
			s := newSession(t, session.Config{Transport: stubGate(&wire), Jar: test.jar, Middleware: test.mw})
			resp, err := test.client(s).Get("http://h.example/gate")
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if string(body) != test.want || err != nil {
				t.Errorf("got %q, %v, want %q", body, err, test.want)
			}
		})
	}
}

// countingJar counts what is stored.
type countingJar struct {
	*jar.Jar
	mu    sync.Mutex
	lines []string
}

func (c *countingJar) SetCookieHeaders(u *url.URL, lines []string) {
	c.mu.Lock()
	c.lines = append(c.lines, u.String()+" "+strings.Join(lines, ", "))
	c.mu.Unlock()
	c.Jar.SetCookieHeaders(u, lines)
}

func (c *countingJar) want(t *testing.T, want ...string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Equal(c.lines, want) {
		t.Errorf("stored %q, want %q", c.lines, want)
	}
	c.lines = nil
}

func newCountingJar() *countingJar { return &countingJar{Jar: jar.New(jar.Config{})} }

// numbered answers with a cookie that has the number of the answer, and with header.
func numbered(header ...string) middleware.Func {
	var mu sync.Mutex
	n := 0
	return func(req *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		n++
		h := http.Header{"Set-Cookie": {fmt.Sprintf("n=%d", n)}, "Date": {time.Now().UTC().Format(http.TimeFormat)}}
		for i := 0; i < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		status := http.StatusOK
		if req.Header.Get("If-None-Match") != "" {
			status = http.StatusNotModified
		}
		return &http.Response{StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: h, Body: http.NoBody}, nil
	}
}

func get(t *testing.T, s *session.Session, url string, opts ...session.Option) {
	t.Helper()
	resp, err := s.Get(t.Context(), url, opts...)
	readBody(t, resp, err)
}

// TestOwnRequestsOfAMiddleware: what a middleware sends to another host gets no cookies
// of the call's, and keeps its own.
func TestOwnRequestsOfAMiddleware(t *testing.T) {
	t.Parallel()
	kept, wire := newCountingJar(), new(spy)
	kept.SetCookies(&url.URL{Scheme: "https", Host: "api.example"}, []*http.Cookie{{Name: "sid", Value: "1"}})
	fetch := func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			for _, u := range []string{"https://login.example/token", "https://login.example/again"} {
				own, err := http.NewRequestWithContext(req.Context(), http.MethodGet, u, nil)
				if err != nil {
					return nil, err
				}
				if _, err := next.RoundTrip(own); err != nil {
					return nil, err
				}
			}
			return next.RoundTrip(req)
		})
	}
	s := newSession(t, session.Config{Jar: kept, Transport: wire.wrap(numbered()), Middleware: []middleware.Middleware{fetch}})
	get(t, s, "https://api.example/v1", session.Cookie("own", "2"))
	wire.want(t, "wire", "", "", "sid=1; own=2")
	kept.want(t, "https://login.example/token n=1", "https://login.example/again n=2", "https://api.example/v1 n=3")
}

// TestLessSafeRequestOfAMiddleware: what a middleware asks the host by plain http gets
// nothing that came by https.
func TestLessSafeRequestOfAMiddleware(t *testing.T) {
	t.Parallel()
	kept, wire := newCountingJar(), new(spy)
	probe := func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			if err != nil {
				return nil, err
			}
			plain, err := http.NewRequestWithContext(req.Context(), http.MethodGet, "http://h.example/plain", nil)
			if err != nil {
				return nil, err
			}
			if _, err := next.RoundTrip(plain); err != nil {
				return nil, err
			}
			return resp, nil
		})
	}
	s := newSession(t, session.Config{Jar: kept, Transport: wire.wrap(numbered()), Middleware: []middleware.Middleware{probe}})
	get(t, s, "https://h.example/safe")
	wire.want(t, "wire", "", "")
	kept.want(t, "https://h.example/safe n=1", "http://h.example/plain n=2")
}

// TestElsewhere: a middleware that sends the request to another machine, in the name of
// its host, changes nothing about the cookies.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	kept, wire := newCountingJar(), new(spy)
	divert := func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			req = req.Clone(req.Context())
			req.URL.Scheme, req.URL.Host = "http", "127.0.0.1:8080"
			return next.RoundTrip(req)
		})
	}
	s := newSession(t, session.Config{Jar: kept, Transport: stubGate(wire), Middleware: []middleware.Middleware{quickRetry(), divert}})
	get(t, s, "https://h.example/gate")
	wire.want(t, "wire", "", "gate=open")
	kept.want(t, "https://h.example/gate gate=open; Path=/")
}

// TestCookiesThatAMiddlewareChanges stay changed in all attempts.
func TestCookiesThatAMiddlewareChanges(t *testing.T) {
	t.Parallel()
	change := func(f func(h http.Header)) middleware.Middleware {
		return func(next http.RoundTripper) http.RoundTripper {
			return middleware.Func(func(req *http.Request) (*http.Response, error) {
				req = req.Clone(req.Context())
				f(req.Header)
				return next.RoundTrip(req)
			})
		}
	}
	for name, test := range map[string]struct {
		change        func(h http.Header)
		first, second string
	}{
		"nothing":      {func(http.Header) {}, "a=1; b=2", "a=1; b=2; gate=open"},
		"adds":         {func(h http.Header) { h.Set("Cookie", h.Get("Cookie")+"; c=3") }, "a=1; b=2; c=3", "a=1; b=2; gate=open; c=3"},
		"adds a line":  {func(h http.Header) { h.Add("Cookie", "c=3") }, "a=1; b=2 & c=3", "a=1; b=2; gate=open; c=3"},
		"replaces one": {func(h http.Header) { h.Set("Cookie", "a=9; b=2") }, "a=9; b=2", "b=2; gate=open; a=9"},
		"takes one":    {func(h http.Header) { h.Set("Cookie", "b=2") }, "b=2", "b=2; gate=open"},
		"takes all":    {func(h http.Header) { h.Del("Cookie") }, "", "gate=open"},
		"odd name":     {func(h http.Header) { h["cookie"] = h["Cookie"]; h.Del("Cookie") }, "", "a=1; b=2; gate=open"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var wire spy
			s := newSession(t, session.Config{
				Transport: stubGate(&wire), Middleware: []middleware.Middleware{quickRetry(), change(test.change)},
				Cookies: []*http.Cookie{{Name: "a", Value: "1"}, {Name: "b", Value: "2"}},
			})
			get(t, s, "http://h.example/gate")
			for i, line := range wire.seen {
				wire.seen[i] = sortPairs(line)
			}
			wire.want(t, "wire", sortPairs(test.first), sortPairs(test.second))
		})
	}
}

// sortPairs sorts what stands in a Cookie header.
func sortPairs(line string) string {
	pairs := strings.Split(line, "; ")
	slices.Sort(pairs)
	return strings.Join(pairs, "; ")
}

// TestSlowerHedge: the answer of the slower request counts too, as far as it comes, and
// does not mix with the next hop of the call.
func TestSlowerHedge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kept := newCountingJar()
		var mu sync.Mutex
		n := 0
		answer := func(req *http.Request, number int) *http.Response {
			h := http.Header{"Set-Cookie": {fmt.Sprintf("%s%d=1", strings.Trim(req.URL.Path, "/"), number)}}
			status := http.StatusOK
			if req.URL.Path == "/from" {
				status = http.StatusFound
				h.Set("Location", "https://other.example/to")
			}
			return &http.Response{StatusCode: status, Header: h, Body: http.NoBody, Request: req}
		}
		s := newSession(t, session.Config{
			Jar:        kept,
			Middleware: []middleware.Middleware{middleware.Hedge(middleware.HedgePolicy{Delay: time.Second, Budget: &middleware.RetryBudget{Ratio: -1}})},
			Transport: middleware.Func(func(req *http.Request) (*http.Response, error) {
				mu.Lock()
				n++
				number := n
				mu.Unlock()
				if number == 1 {
					time.Sleep(3 * time.Second) // and comes nevertheless
				}
				return answer(req, number), nil
			}),
		})
		get(t, s, "https://h.example/from")
		kept.want(t, "https://h.example/from from2=1", "https://other.example/to to3=1")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		kept.want(t, "https://h.example/from from1=1")
	})
}

// TestKeptBelowAllocs: middlewares with a jar cost a hop one allocation, and none
// without one.
func TestKeptBelowAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	count := func(j http.CookieJar) float64 {
		s, err := session.New(session.Config{Transport: newStub(), Jar: j, Middleware: []middleware.Middleware{
			func(next http.RoundTripper) http.RoundTripper { return middleware.Func(next.RoundTrip) },
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		return testing.AllocsPerRun(200, func() {
			resp, err := s.Get(t.Context(), stubURL)
			if err != nil {
				t.Fatal(err)
			}
			resp.Close()
		})
	}
	without, with := count(jar.Discard{}), count(nil)
	if t.Logf("without a jar %v, with one %v", without, with); with > without+1 {
		t.Errorf("got %v allocations with a jar, and %v without", with, without)
	}
}

// TestConfigCookies: a session begins with them, and they stay.
func TestConfigCookies(t *testing.T) {
	t.Parallel()
	var wire spy
	s := newSession(t, session.Config{Transport: stubGate(&wire), Cookies: []*http.Cookie{
		{Name: "shared", Value: "x;y"}, {Name: "wide", Value: "1", Domain: "a.example"}, {Name: "deep", Value: "1", Path: "/deep"},
	}})
	for _, u := range []string{"http://a.example/gate", "http://b.example/gate", "http://www.a.example/deep/er", "http://127.0.0.1/gate"} {
		get(t, s, u)
	}
	wire.want(t, "wire", `shared="x\073y"; wide=1`, `shared="x\073y"`, `deep=1; shared="x\073y"; wide=1`, `shared="x\073y"`)
	std, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	one := []*http.Cookie{{Name: "a", Value: "canary"}}
	for name, cfg := range map[string]session.Config{
		"another jar": {Jar: std, Cookies: one},
		"no jar":      {Jar: jar.Discard{}, Cookies: one},
		"nil":         {Cookies: []*http.Cookie{one[0], nil}},
		"bad name":    {Cookies: []*http.Cookie{{Name: "a=b", Value: "canary"}}},
		"bad value":   {Cookies: []*http.Cookie{{Name: "a", Value: "canary\n"}}},
		"bad domain":  {Cookies: []*http.Cookie{{Name: "a", Value: "canary", Domain: "a b"}}},
	} {
		_, err := session.New(cfg)
		if bad, ok := errors.AsType[*errors.InvalidRequestError](err); !ok || bad.Field != "Cookies" || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if text := fmt.Sprintf("%+v", session.Config{Cookies: one}); strings.Contains(text, "canary") || !strings.Contains(text, "Cookies") {
		t.Errorf("printed: %s", text)
	}
}
