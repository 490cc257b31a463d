package session_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
)

// counted is a middleware that counts the requests that go through it.
func counted(n *atomic.Int32) middleware.Middleware {
	return func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			n.Add(1)
			return next.RoundTrip(req)
		})
	}
}

// TestQueueAndTotal: a total timeout that is too short for a place in the queue is named.
func TestQueueAndTotal(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		timeout  session.ClientTimeout
		caller   time.Duration // 0: none
		requests int
		fail     int
		text     string
		total    time.Duration
	}{
		{"the default", session.ClientTimeout{}, 0, 400, 100, "the total timeout of 5m, the default, is too short for the place in the queue, which comes in 5m0s", 5 * time.Minute},
		{"a longer one", session.ClientTimeout{Total: time.Hour}, 0, 400, 0, "", 0},
		{"none", session.ClientTimeout{Total: -1}, 0, 400, 0, "", 0},
		{"a shorter one", session.ClientTimeout{Total: 90 * time.Second}, 0, 100, 10, "the total timeout of 1m30s is too short for the place in the queue, which comes in 1m30s", 90 * time.Second},
		{"the caller's deadline", session.ClientTimeout{}, time.Minute, 100, 40, "the deadline of the context is too soon for the place in the queue, which comes in 1m0s", 0},
		{"the total before the caller's", session.ClientTimeout{}, time.Hour, 310, 10, "the total timeout of 5m, the default, is too short", 5 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, err := session.New(session.Config{
					Transport: middleware.Answer(200, nil, ""), Timeout: tt.timeout,
					Middleware: []middleware.Middleware{middleware.RateLimit(middleware.RateLimitConfig{PerHost: 1})},
				})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				ctx, cancel := t.Context(), context.CancelFunc(func() {})
				if tt.caller > 0 {
					ctx, cancel = context.WithTimeout(ctx, tt.caller)
				}
				defer cancel()
				var wg sync.WaitGroup
				var failed atomic.Int32
				start := time.Now()
				for range tt.requests {
					wg.Go(func() {
						resp, err := s.Get(ctx, "http://h/")
						if err == nil {
							resp.Close()
							return
						}
						failed.Add(1)
						limit, ok := errors.AsType[*middleware.LimitError](err)
						if !ok || !strings.Contains(err.Error(), tt.text) || limit.Total != tt.total || time.Since(start) != 0 {
							t.Errorf("got %v after %v, want %q", err, time.Since(start), tt.text)
						}
					})
				}
				wg.Wait()
				if int(failed.Load()) != tt.fail {
					t.Errorf("%d failed, want %d", failed.Load(), tt.fail)
				}
			})
		})
	}
}

// TestSchemesCredentials: that a session has made a header of the credentials in a URL
// does not hide them.
func TestSchemesCredentials(t *testing.T) {
	t.Parallel()
	rules := middleware.Schemes(middleware.SchemeRules{NoCredentials: true})
	hops := map[string]string{"/away": "302 http://user:pw@other.example/", "/plain": "302 http://other.example/"}
	s, seen := hopping(t, session.Config{Middleware: []middleware.Middleware{rules}}, hops)
	based, basedSeen := hopping(t, session.Config{BaseURL: "http://user:pw@h.example/", Middleware: []middleware.Middleware{rules}}, nil)
	native := func(raw string, h http.Header) func() error {
		return func() error {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, raw, nil)
			if err != nil {
				return err
			}
			req.Header = h
			resp, err := s.Do(req)
			if err == nil {
				resp.Body.Close()
			}
			return err
		}
	}
	get := func(s *session.Session, raw string, opts ...session.Option) func() error {
		return func() error {
			resp, err := s.Get(t.Context(), raw, opts...)
			if err == nil {
				resp.Close()
			}
			return err
		}
	}
	for _, tt := range []struct {
		name string
		send func() error
		want error
		sent int
	}{
		{"user and password", get(s, "http://user:pw@h.example/"), errors.ErrInvalidURLClient, 0},
		{"user", get(s, "http://user@h.example/"), errors.ErrInvalidURLClient, 0},
		{"neither, but an @", get(s, "http://@h.example/"), errors.ErrInvalidURLClient, 0},
		{"of the base", get(based, "x"), errors.ErrInvalidURLClient, 0},
		{"of net/http's request", native("http://user:pw@h.example/", nil), errors.ErrInvalidURLClient, 0},
		{"beside a header", native("http://user:pw@h.example/", http.Header{"Authorization": {"Bearer x"}}), errors.ErrInvalidURLClient, 0},
		{"of a redirect", get(s, "http://h.example/away"), errors.ErrInvalidURLRedirectClient, 1},
		{"of none", get(s, "http://h.example/plain"), nil, 2},
		{"an option", get(s, "http://h.example/", session.BasicAuth("user", "pw")), nil, 1},
		{"a header", native("http://h.example/", http.Header{"Authorization": {"Bearer x"}}), nil, 1},
	} {
		before := len(*seen) + len(*basedSeen)
		if err := tt.send(); !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) || tt.want != nil && strings.Contains(err.Error(), "pw") {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
		if got := len(*seen) + len(*basedSeen) - before; got != tt.sent {
			t.Errorf("%s: %d requests were sent, want %d", tt.name, got, tt.sent)
		}
	}
}

// TestAddressRefused: what a guard refuses has a class, and nothing repeats it.
func TestAddressRefused(t *testing.T) {
	t.Parallel()
	own := errors.New("not of ours")
	resolver := fixedResolver{"10.0.0.1"}
	for _, tt := range []struct {
		name string
		conn connector.Config
		url  string
		also error
	}{
		{"a name", connector.Config{Resolver: resolver, AllowAddr: connector.RefusePrivate}, "http://h.example/", errors.ErrClientConnector},
		{"an address", connector.Config{AllowAddr: connector.RefusePrivate}, "https://127.0.0.1:1/", errors.ErrClientConnector},
		{"a guard of one's own", connector.Config{Resolver: resolver, AllowAddr: func(netip.AddrPort) error { return own }}, "https://h.example/", own},
		{"a proxy", connector.Config{Resolver: resolver, Proxy: "http://p.example:1/", AllowAddr: connector.RefusePrivate}, "http://h.example/", errors.ErrClientProxyConnection},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conn, err := connector.New(tt.conn)
			if err != nil {
				t.Fatal(err)
			}
			var attempts atomic.Int32
			s := newSession(t, session.Config{Connector: conn, OwnConnector: true, Middleware: []middleware.Middleware{
				middleware.CircuitBreaker(middleware.BreakerConfig{Failures: 1}),
				middleware.Retry(middleware.RetryPolicy{MinWait: -1}), middleware.Hedge(middleware.HedgePolicy{Delay: time.Minute}), counted(&attempts),
			}})
			for range 3 { // the breaker stays closed
				_, err := s.Get(t.Context(), tt.url)
				if !errors.Is(err, errors.ErrAddressRefused) || !errors.Is(err, errors.ErrClientConnector) || !errors.Is(err, tt.also) {
					t.Errorf("got %v", err)
				}
				if ws.Transient(err) {
					t.Error("a WebSocket would be tried again")
				}
			}
			if attempts.Load() != 3 {
				t.Errorf("got %d attempts, want 3 of 3 requests", attempts.Load())
			}
			for _, err := range s.Events(t.Context(), tt.url) {
				if !errors.Is(err, errors.ErrAddressRefused) {
					t.Errorf("events: got %v", err)
				}
			}
			if attempts.Load() != 4 {
				t.Errorf("events: got %d attempts, want one", attempts.Load()-3)
			}
		})
	}
}

// TestTokenEndpoint: how often the endpoint is asked for one request of a session with
// Retry.
func TestTokenEndpoint(t *testing.T) {
	t.Parallel()
	type tokens = func(ctx context.Context, s *session.Session) (middleware.Token, error)
	decode := func(ctx context.Context, s *session.Session) (middleware.Token, error) {
		v, err := session.Decode[struct {
			Token string `json:"access_token"`
		}](s.Post(ctx, "http://auth.example/token", session.CheckStatus()))
		return middleware.Token{Value: v.Token}, err
	}
	standard := func(ctx context.Context, s *session.Session) (middleware.Token, error) {
		resp, err := s.Post(ctx, "http://auth.example/token")
		if err != nil {
			return middleware.Token{}, err
		}
		defer resp.Close()
		var v struct {
			Token string `json:"access_token"`
		}
		err = json.NewDecoder(resp.Body).Decode(&v)
		return middleware.Token{Value: v.Token}, err
	}
	jsonType, html := http.Header{"Content-Type": {"application/json"}}, http.Header{"Content-Type": {"text/html"}}
	fails := func(err error) http.RoundTripper {
		return middleware.Func(func(*http.Request) (*http.Response, error) { return nil, err })
	}
	for _, tt := range []struct {
		name     string
		endpoint http.RoundTripper
		fetch    tokens
		want     int32
	}{
		{"400", middleware.Answer(400, jsonType, `{"error":"invalid_grant"}`), decode, 1},
		{"401", middleware.Answer(401, jsonType, `{}`), decode, 1},
		{"HTML", middleware.Answer(200, html, "<p>Log in"), decode, 1},
		{"HTML that says it is JSON", middleware.Answer(200, jsonType, "<p>Log in"), decode, 1},
		{"HTML, by encoding/json", middleware.Answer(200, html, "<p>Log in"), standard, 1},
		{"an empty token", middleware.Answer(200, jsonType, "{}"), decode, 1},
		{"501", middleware.Answer(501, jsonType, ""), decode, 1},
		{"an error of no class", fails(errors.New("cannot")), decode, 3}, // it is what sends that failed
		{"no name", fails(&net.DNSError{Err: "no such host", Name: "auth.example", IsNotFound: true}), decode, 3},
		{"429", middleware.Answer(429, jsonType, ""), decode, 3},
		{"408", middleware.Answer(408, jsonType, ""), decode, 3},
		{"503", middleware.Answer(503, html, "busy"), decode, 3},
		{"disconnected", fails(io.EOF), decode, 3},
		{"cut", middleware.Fault(middleware.FaultRule{CutBody: 3})(middleware.Answer(200, jsonType, `{"access_token":"x"}`)), decode, 3},
		{"cut, by encoding/json", middleware.Fault(middleware.FaultRule{CutBody: 3})(middleware.Answer(200, jsonType, `{"access_token":"x"}`)), standard, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var asked, sent atomic.Int32
				endpoint, err := session.New(session.Config{Transport: counted(&asked)(tt.endpoint)})
				if err != nil {
					t.Fatal(err)
				}
				defer endpoint.Close()
				s, err := session.New(session.Config{Transport: counted(&sent)(middleware.Answer(200, nil, "")), Middleware: []middleware.Middleware{
					middleware.CircuitBreaker(middleware.BreakerConfig{Failures: 1}),
					middleware.Retry(middleware.RetryPolicy{}),
					middleware.TokenSource(middleware.TokenConfig{Fetch: func(ctx context.Context) (middleware.Token, error) { return tt.fetch(ctx, endpoint) }}),
				}})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				for range 2 { // the breaker of the host, which was not asked, stays closed
					_, err = s.Get(t.Context(), "http://h.example/")
					token, ok := errors.AsType[*middleware.TokenError](err)
					if !ok || token.Permanent() != (tt.want == 1) {
						t.Errorf("got %v", err)
					}
				}
				if asked.Load() != 2*tt.want || sent.Load() != 0 {
					t.Errorf("the endpoint was asked %d times, the server %d, want %d and 0", asked.Load(), sent.Load(), 2*tt.want)
				}
			})
		})
	}
}

// TestMockClasses: what a mock or a fault says of the network has the class that the wire
// gives, seen from the call and from a middleware.
func TestMockClasses(t *testing.T) {
	t.Parallel()
	own := errors.New("own")
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	io.WriteString(w, strings.Repeat("text ", 1000))
	w.Close()
	fails := func(err error) http.RoundTripper {
		return middleware.Func(func(*http.Request) (*http.Response, error) { return nil, err })
	}
	cuts := func(err error) http.RoundTripper {
		return middleware.Func(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(io.MultiReader(strings.NewReader("four"), failingReader{err})), ContentLength: -1}, nil
		})
	}
	for _, tt := range []struct {
		name string
		rt   http.RoundTripper
		want []error // the class, and the cause
	}{
		{"EOF", fails(io.EOF), []error{errors.ErrServerDisconnected, io.EOF}},
		{"unexpected EOF", fails(io.ErrUnexpectedEOF), []error{errors.ErrServerDisconnected, io.ErrUnexpectedEOF}},
		{"reset", fails(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), []error{errors.ErrServerDisconnected, syscall.ECONNRESET}},
		{"refused", fails(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), []error{errors.ErrClientConnector, syscall.ECONNREFUSED}},
		{"no name", fails(&net.DNSError{Err: "no such host"}), []error{errors.ErrClientConnectorDNS}},
		{"in a url.Error", fails(&url.Error{Op: "Get", URL: "http://h/", Err: io.EOF}), []error{errors.ErrServerDisconnected}},
		{"one of its own", fails(own), []error{own}},
		{"one with a class", fails(&errors.TimeoutError{Kind: errors.ErrSocketTimeout}), []error{errors.ErrSocketTimeout}},
		{"a body cut", cuts(io.ErrUnexpectedEOF), []error{errors.ErrClientPayload, errors.ErrTransferEncoding, io.ErrUnexpectedEOF}},
		{"a body reset", cuts(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), []error{errors.ErrClientPayload, syscall.ECONNRESET}},
		{"a body with an error of its own", cuts(own), []error{errors.ErrClientPayload, own}},
		{"a body that is closed", cuts(http.ErrBodyReadAfterClose), []error{errors.ErrConnectionClosed}},
		{"a fault", middleware.Fault(middleware.FaultRule{Err: io.EOF})(nil), []error{errors.ErrServerDisconnected, io.EOF}},
		{"a fault of one's own", middleware.Fault(middleware.FaultRule{Err: own})(nil), []error{own}},
		{"a fault that cuts", middleware.Fault(middleware.FaultRule{CutBody: 4})(middleware.Answer(200, nil, "more than four")), []error{errors.ErrClientPayload, errors.ErrContentLength, io.ErrUnexpectedEOF}},
		{"a fault that cuts with an error", middleware.Fault(middleware.FaultRule{CutBody: 4, CutErr: own})(middleware.Answer(200, nil, "more than four")), []error{errors.ErrClientPayload, own}},
		{"a fault that cuts what is coded", middleware.Fault(middleware.FaultRule{CutBody: 30})(middleware.Answer(200, http.Header{"Content-Encoding": {"gzip"}}, gz.String())), []error{errors.ErrClientPayload, errors.ErrContentLength, io.ErrUnexpectedEOF}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var seen error
			look := func(next http.RoundTripper) http.RoundTripper {
				return middleware.Func(func(req *http.Request) (*http.Response, error) {
					resp, err := next.RoundTrip(req)
					seen = err
					return resp, err
				})
			}
			below, err := session.New(session.Config{Transport: tt.rt, Middleware: []middleware.Middleware{look}})
			if err != nil {
				t.Fatal(err)
			}
			defer below.Close()
			above, err := session.New(session.Config{Transport: middleware.Answer(200, nil, ""), Middleware: []middleware.Middleware{
				func(http.RoundTripper) http.RoundTripper { return tt.rt },
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer above.Close()
			for _, s := range []*session.Session{below, above} {
				resp, err := s.Get(t.Context(), "http://h.example/")
				if err == nil {
					read := io.Reader(resp.Body)
					if errors.Is(tt.want[len(tt.want)-1], own) {
						read = struct{ io.Reader }{read} // in a copy it might be the writer's
					}
					_, err = io.Copy(io.Discard, read)
					resp.Close()
				} else if s == below && !errors.Is(seen, tt.want[0]) {
					t.Errorf("a middleware sees %v, want %v", seen, tt.want[0])
				}
				for _, want := range tt.want {
					if !errors.Is(err, want) {
						t.Errorf("got %v, want %v", err, want)
					}
				}
			}
		})
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// TestMockConfig: the Config of a program runs with a stand-in, and not with any other
// Transport.
func TestMockConfig(t *testing.T) {
	t.Parallel()
	conn, err := connector.New(connector.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		cfg  session.Config
		text string // of the refusal without Mock
	}{
		{"SockRead", session.Config{Timeout: session.ClientTimeout{SockRead: time.Second}}, "Timeout"},
		{"SockConnect, as an option", session.Config{Options: opt(session.Timeouts(session.ClientTimeout{SockConnect: time.Second}))}, "Timeout"},
		{"TrustEnv", session.Config{TrustEnv: true}, "TrustEnv"},
		{"Proxy", session.Config{Options: opt(session.Proxy("http://p.example:1/"))}, "Proxy"},
		{"no proxy", session.Config{Options: opt(session.Proxy(""))}, "Proxy"},
		{"Insecure", session.Config{Options: opt(session.Insecure())}, "TLS"},
		{"Version", session.Config{Options: opt(session.Version(1, 1))}, "Version"},
		{"RawHeaders", session.Config{Options: opt(session.RawHeaders())}, "RawHeaders"},
		{"MaxHeaders", session.Config{Options: opt(session.MaxHeaders(9))}, "MaxHeaders"},
		{"ReadUntilEOF", session.Config{Options: opt(session.ReadUntilEOF(false))}, "ReadUntilEOF"},
		{"HTTPChunks", session.Config{Options: opt(session.HTTPChunks())}, "HTTPChunks"},
		{"Connector", session.Config{Connector: conn, OwnConnector: true}, "Connector"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := tt.cfg
			cfg.Transport = middleware.Answer(200, nil, "mocked")
			if s, err := session.New(cfg); !errors.Is(err, errors.ErrInvalidRequest) || !strings.Contains(err.Error(), tt.text) {
				s.Close()
				t.Fatalf("without Mock: got %v, want a refusal of %s", err, tt.text)
			}
			cfg.Mock = true
			s, err := session.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			resp, err := s.Get(t.Context(), "http://h.example/")
			if got := readBody(t, resp, err); got != "mocked" || s.Connector() != nil {
				t.Errorf("got %q", got)
			}
			resp, err = s.With(tt.cfg.Options...).Get(t.Context(), "https://h.example/", tt.cfg.Options...)
			readBody(t, resp, err)
		})
	}
	if !conn.Closed() {
		t.Error("the connector that the session owns is open")
	}
	if _, err := session.New(session.Config{Mock: true}); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("without a Transport: got %v", err)
	}
	plain, err := session.New(session.Config{Transport: middleware.Answer(200, nil, "")})
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if _, err := plain.With(session.Insecure()).Get(t.Context(), "http://h.example/"); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("derived, without Mock: got %v", err)
	}
}

// TestHandlerInSession: a handler is a server for a session, too.
func TestHandlerInSession(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1"})
		http.Redirect(w, req, "/next", http.StatusFound)
	})
	mux.HandleFunc("/next", func(w http.ResponseWriter, req *http.Request) { fmt.Fprint(w, req.Header.Get("Cookie")) })
	mux.HandleFunc("/dead", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	s := newSession(t, session.Config{Transport: middleware.Handler(mux)})
	resp, err := s.Get(t.Context(), "https://h.example/")
	if got := readBody(t, resp, err); got != "seen=1" {
		t.Errorf("got %q", got)
	}
	if _, err := s.Get(t.Context(), "http://h.example/dead"); !errors.Is(err, errors.ErrServerDisconnected) {
		t.Errorf("a panic: got %v", err)
	}
}
