package session_test

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// inspectedServer is a server in memory at h:443, with TLS if leaf is not nil, and a
// session for it that is inspected.
func inspectedServer(t *testing.T, cfg connector.Config, leaf *certs.Leaf, h http.HandlerFunc, mw ...middleware.Middleware) (*session.Session, *session.Inspector) {
	t.Helper()
	n := memnet.New()
	ln, err := n.Listen("h:443")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	var wg sync.WaitGroup
	if leaf == nil {
		wg.Go(func() { _ = srv.Serve(ln) }) // it ends with the test
	} else {
		srv.TLSConfig, cfg.TLS = leaf.Server(), leaf.Client()
		cfg.TLS.ServerName = "localhost"
		wg.Go(func() { _ = srv.ServeTLS(ln, "", "") })
	}
	t.Cleanup(func() { srv.Close(); wg.Wait() })
	if cfg.DialContext == nil {
		cfg.DialContext = n.DialContext
	} else {
		first := cfg.DialContext
		cfg.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if c, err := first(ctx, network, addr); c != nil || err != nil {
				return c, err
			}
			return n.DialContext(ctx, network, "h:443")
		}
	}
	c, err := connector.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s, err := session.New(session.Config{Connector: c, OwnConnector: true, Middleware: mw})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, s.Inspect()
}

// onlyCall is the one that is under way.
func onlyCall(t *testing.T, i *session.Inspector) session.CallInfo {
	t.Helper()
	calls := i.Calls()
	if len(calls) != 1 {
		t.Fatalf("got %d calls, want 1: %+v", len(calls), calls)
	}
	return calls[0]
}

// TestInspectPhases: a call tells what it does, for how long, and is gone when it is over.
func TestInspectPhases(t *testing.T) {
	t.Parallel()
	type gate = chan struct{}
	for _, tt := range []struct {
		name string
		tls  bool
		want session.CallPhase
		cfg  func(gate) connector.Config
		mw   func(gate) middleware.Middleware
	}{
		{name: "wait", want: session.PhaseWait},
		{name: "wait, https", tls: true, want: session.PhaseWait},
		{name: "connect", want: session.PhaseConnect, cfg: func(g gate) connector.Config {
			return connector.Config{DialContext: func(context.Context, string, string) (net.Conn, error) {
				<-g
				return nil, nil //nolint:nilnil // the server's own follows
			}}
		}},
		{name: "middleware", want: session.PhaseMiddleware, mw: func(g gate) middleware.Middleware {
			return func(next http.RoundTripper) http.RoundTripper {
				return middleware.Func(func(req *http.Request) (*http.Response, error) { <-g; return next.RoundTrip(req) })
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := make(gate)
				var cfg connector.Config
				if tt.cfg != nil {
					cfg = tt.cfg(g)
				}
				var mw []middleware.Middleware
				if tt.mw != nil {
					mw = append(mw, tt.mw(g))
				}
				var leaf *certs.Leaf
				url := "http://h:443/p?q=1"
				if tt.tls {
					leaf, url = certs.For(t, certs.Options{}), "https://h/p?q=1"
				}
				s, inspector := inspectedServer(t, cfg, leaf, func(w http.ResponseWriter, _ *http.Request) {
					<-g
					_, _ = w.Write([]byte("body"))
				}, mw...)
				var wg sync.WaitGroup
				var resp *session.Response
				wg.Go(func() {
					var err error
					if resp, err = s.Get(t.Context(), url); err != nil {
						t.Error(err)
					}
				})
				synctest.Wait()
				time.Sleep(3 * time.Second)
				got := onlyCall(t, inspector)
				if got.Phase != tt.want || time.Since(got.Since) != 3*time.Second || got.Method != "GET" || got.Hop != 1 ||
					got.URL != strings.Replace(url, "q=1", "q=***", 1) || got.Status != 0 {
					t.Errorf("got %+v, want phase %s", got, tt.want)
				}
				close(g)
				wg.Wait()
				got = onlyCall(t, inspector)
				if got.Phase != session.PhaseResponse || got.Status != 200 || got.Attempt != 1 || got.Read != 0 {
					t.Errorf("got %+v, want an unread response", got)
				}
				if _, err := resp.Bytes(); err != nil {
					t.Error(err)
				}
				if calls := inspector.Calls(); len(calls) != 0 || inspector.Begun() != 1 || len(inspector.Failures()) != 0 {
					t.Errorf("afterwards: %+v, %d begun, %+v", calls, inspector.Begun(), inspector.Failures())
				}
			})
		})
	}
}

// gatedResolver knows one address for all names, once it may tell.
type gatedResolver struct{ gate <-chan struct{} }

func (r gatedResolver) LookupNetIP(ctx context.Context, _, _ string) ([]netip.Addr, error) {
	select {
	case <-r.gate:
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// TestInspectDNS: a call whose name is being resolved says so.
func TestInspectDNS(t *testing.T) {
	t.Parallel()
	srv := newFileServer(t)
	gate := make(chan struct{})
	c, err := connector.New(connector.Config{Resolver: gatedResolver{gate}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := session.New(session.Config{Connector: c, OwnConnector: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	inspector := s.Inspect()
	var wg sync.WaitGroup
	wg.Go(func() {
		resp, err := s.Get(t.Context(), strings.Replace(srv.URL, "127.0.0.1", "h.test", 1)+"/f")
		if err != nil {
			t.Error(err)
			return
		}
		resp.Close()
	})
	for i := 0; ; i++ {
		if calls := inspector.Calls(); len(calls) == 1 && calls[0].Phase == session.PhaseDNS {
			break
		} else if i == 1000 {
			t.Fatalf("it never came: %+v", calls)
		}
		<-time.After(5 * time.Millisecond)
	}
	close(gate)
	wg.Wait()
}

// TestInspectTLS: a call that shakes hands says so, and that it was cancelled.
func TestInspectTLS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, server := memnet.Pipe(1<<16, 1<<16)
		defer server.Close()
		s, inspector := inspectedServer(t, connector.Config{DialContext: func(context.Context, string, string) (net.Conn, error) {
			return client, nil
		}}, nil, nil)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := s.Get(ctx, "https://h/"); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		if got := onlyCall(t, inspector); got.Phase != session.PhaseTLS {
			t.Errorf("got %+v", got)
		}
		cancel()
		wg.Wait()
		if f := inspector.Failures(); len(f) != 1 || f[0].Class != "Canceled" || len(inspector.Calls()) != 0 {
			t.Errorf("got %+v", f)
		}
	})
}

// TestInspectHops: redirects are hops, and what a middleware sends again are attempts.
func TestInspectHops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked int
		s, inspector := inspectedServer(t, connector.Config{}, nil, func(w http.ResponseWriter, r *http.Request) {
			switch asked++; {
			case r.URL.Path == "/first":
				http.Redirect(w, r, "/second?token=secret", http.StatusFound)
			case asked < 4:
				w.WriteHeader(http.StatusServiceUnavailable)
			default:
				_, _ = w.Write([]byte("body"))
			}
		}, middleware.Retry(middleware.RetryPolicy{}))
		resp, err := s.Get(t.Context(), "http://h:443/first")
		if err != nil {
			t.Fatal(err)
		}
		got := onlyCall(t, inspector)
		if got.Hop != 2 || got.Attempt != 3 || got.URL != "http://h:443/second?token=***" || got.Origin != "http://h:443" || got.Status != 200 {
			t.Errorf("got %+v", got)
		}
		resp.Close()
		if calls := inspector.Calls(); len(calls) != 0 {
			t.Errorf("closed: %+v", calls)
		}
	})
}

// TestInspectFailures: failures are counted by class, those of bodies and of bad
// requests too, and none has a secret.
func TestInspectFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, inspector := inspectedServer(t, connector.Config{}, nil, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/cut" {
				w.Header().Set("Content-Length", "10")
				_, _ = w.Write([]byte("body"))
				return
			}
			<-r.Context().Done()
		})
		for range 2 {
			if _, err := s.Get(t.Context(), "http://u:canary@h:443/?canary", session.Timeout(time.Second)); err == nil {
				t.Error("no error")
			}
		}
		resp, err := s.Get(t.Context(), "http://h:443/cut")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := resp.Bytes(); err == nil {
			t.Error("a body that was cut: no error")
		}
		if _, err := s.Get(t.Context(), "ftp://h/"); err == nil {
			t.Error("ftp: no error")
		}
		if _, err := s.Do(&http.Request{}); err == nil {
			t.Error("no URL: no error")
		}
		got := map[string]uint64{}
		for _, f := range inspector.Failures() {
			got[f.Class] = f.Count
			if strings.Contains(f.Text+f.URL, "canary") {
				t.Errorf("a secret in %+v", f)
			}
		}
		for class, n := range map[string]uint64{"TotalTimeout": 2, "ContentLength": 1, "NonHTTPURLClient": 1, "InvalidURLClient": 1} {
			if got[class] != n {
				t.Errorf("%s: got %d, want %d, of %v", class, got[class], n, got)
			}
		}
		if calls := inspector.Calls(); len(calls) != 0 {
			t.Errorf("under way: %+v", calls)
		}
	})
}

// TestInspectDropped: who looks at calls keeps no response from being found that was
// dropped, and sees the line of code that asked for it.
func TestInspectDropped(t *testing.T) {
	t.Parallel()
	leaks := make(chan string, 1)
	srv := newFileServer(t)
	c, err := connector.New(connector.Config{OnLeak: func(stack string) { leaks <- stack }})
	if err != nil {
		t.Fatal(err)
	}
	s, err := session.New(session.Config{Connector: c, OwnConnector: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	inspector := s.Inspect()
	func() {
		resp, err := s.Get(t.Context(), srv.URL+"/f")
		if err != nil {
			t.Fatal(err)
		}
		got := onlyCall(t, inspector)
		if !strings.HasPrefix(got.Caller, "inspect_test.go:") || !strings.Contains(got.Caller, "TestInspectDropped") {
			t.Errorf("got the line %q", got.Caller)
		}
		runtime.KeepAlive(resp)
	}()
	deadline := time.After(20 * time.Second)
	for found := false; !found; {
		runtime.GC()
		select {
		case <-leaks:
			found = true
		case <-deadline:
			t.Fatal("the leak was not found")
		case <-time.After(10 * time.Millisecond):
		}
	}
	for i := 0; len(inspector.Calls()) > 0; i++ {
		if i == 1000 {
			t.Fatalf("still there: %+v", inspector.Calls())
		}
		runtime.GC()
		<-time.After(5 * time.Millisecond)
	}
}

// TestInspectRace looks while calls begin, fail, are cancelled and end.
func TestInspectRace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, inspector := inspectedServer(t, connector.Config{LimitPerHost: 4}, nil, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/again" {
				http.Redirect(w, r, "/", http.StatusFound)
				return
			}
			time.Sleep(time.Millisecond)
			_, _ = w.Write([]byte("body"))
		}, middleware.Hedge(middleware.HedgePolicy{Delay: time.Millisecond}))
		ctx, cancel := context.WithCancel(t.Context())
		var wg, looking sync.WaitGroup
		looking.Go(func() {
			for ctx.Err() == nil {
				inspector.Calls()
				inspector.Failures()
				time.Sleep(100 * time.Microsecond)
			}
		})
		const calls = 200
		for i := range calls {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(ctx, time.Duration(i)*time.Millisecond)
				defer cancel()
				url := []string{"http://h:443/", "http://h:443/again"}[i%2]
				if resp, err := s.Get(ctx, url); err == nil {
					if i%3 == 0 {
						resp.Close()
					}
					_, _ = resp.Bytes()
				}
			})
		}
		wg.Wait()
		cancel()
		looking.Wait()
		var failed uint64
		for _, f := range inspector.Failures() {
			failed += f.Count
		}
		if left := inspector.Calls(); len(left) != 0 || inspector.Begun() > calls || failed == 0 {
			t.Errorf("got %d begun, %d failed, left: %+v", inspector.Begun(), failed, left)
		}
	})
}

// TestInspectSame: a session has one Inspector, which those that derive from it share.
func TestInspectSame(t *testing.T) {
	t.Parallel()
	s, err := session.New(session.Config{Transport: middleware.Answer(200, nil, "ok"), Mock: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	first := s.Inspect()
	if s.With().Inspect() != first {
		t.Error("another Inspector")
	}
	resp, err := s.With().Get(t.Context(), "http://h/")
	if err != nil {
		t.Fatal(err)
	}
	if got := onlyCall(t, first); got.Phase != session.PhaseResponse {
		t.Errorf("got %+v", got)
	}
	resp.Close()
	if _, err := s.Get(nil, "http://h/"); !errors.Is(err, errors.ErrInvalidRequest) { //nolint:staticcheck // that is what is tested
		t.Errorf("got %v", err)
	}
	if f := first.Failures(); len(f) != 1 || f[0].Class != "InvalidRequest" {
		t.Errorf("got %+v", f)
	}
}

// TestRedactURLs: no URL in a text keeps its secrets, and the text stays.
func TestRedactURLs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":      "",
		"plain": "plain",
		"cannot get http://u:canary@h/p?q=canary: refused": "cannot get http://***@h/p?q=***: refused",
		`Get "http://h/?canary=canary": EOF`:               `Get "http://h/?canary=***": EOF`,
		"(http://h/?q=canary), https://h/":                 "(http://h/?q=***), https://h/",
		"get http://h/?q=***: total timeout":               "get http://h/?q=***: total timeout",
		"a://b://canary@c ://":                             session.RedactURLs("a://b://canary@c ://"),
	} {
		if got := session.RedactURLs(text); got != want || strings.Contains(got, "=canary") || strings.Contains(got, ":canary") {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// FuzzRedactURLs: whatever a foreign error says, it ends, and doing it again changes nothing.
func FuzzRedactURLs(f *testing.F) {
	for _, s := range []string{"", "://", "http://u:p@h/?q=1: x", "\"a://b\"", "a://:", "(x://y)..."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := session.RedactURLs(text + " http://user:canary@host.example/?q=canary")
		if strings.Contains(got, "canary@") || strings.HasSuffix(got, "canary") {
			t.Errorf("%q: got %q", text, got)
		}
	})
}
