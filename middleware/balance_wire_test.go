package middleware_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"slices"
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

// balanceWires are the ways of a request to a backend.
var balanceWires = []struct {
	name, url string
	protocols []string // of TLS; nil: no TLS
}{
	{"http", "http://api.test", nil},
	{"https", "https://api.test", []string{"http/1.1"}},
	{"h2", "https://api.test", []string{"h2"}},
}

// balanceNet is a network with backends on it, within a bubble.
type balanceNet struct {
	t         *testing.T
	network   *memnet.Network
	authority *certs.Authority
	protocols []string
	connector *connector.Connector
	session   *session.Session

	mu   sync.Mutex
	seen []string
}

// onBalanceWires runs f over each wire, with two backends, a and b on port 81, that show a
// certificate for api.test.
func onBalanceWires(t *testing.T, f func(t *testing.T, n *balanceNet, url string)) {
	t.Helper()
	for _, wire := range balanceWires {
		t.Run(wire.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				authority, err := certs.NewAuthority()
				if err != nil {
					t.Fatal(err)
				}
				n := &balanceNet{t: t, network: memnet.New(), authority: authority, protocols: wire.protocols}
				n.serve("a", "api.test")
				n.serve("b", "api.test")
				f(t, n, wire.url)
				synctest.Wait()
				if n.connector != nil {
					if st := n.connector.Stats(); st.InUse != 0 || st.Waiting != 0 {
						t.Errorf("slots leaked: %+v", st)
					}
				}
			})
		})
	}
}

// serve begins a backend at name:81 with a certificate for a host.
func (n *balanceNet) serve(name, certFor string) {
	n.t.Helper()
	leaf, err := n.authority.Issue(certs.Options{Names: []string{certFor}, Now: time.Now()})
	if err != nil {
		n.t.Fatal(err)
	}
	ln, err := n.network.Listen(name + ":81")
	if err != nil {
		n.t.Fatal(err)
	}
	srv := &http.Server{TLSConfig: leaf.Server(), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { n.answer(w, r, name) }), ErrorLog: log.New(io.Discard, "", 0)}
	if n.protocols == nil {
		go srv.Serve(ln)
	} else {
		srv.TLSConfig.NextProtos = n.protocols
		if n.protocols[0] != "h2" {
			srv.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
		}
		go srv.ServeTLS(ln, "", "")
	}
	n.t.Cleanup(func() { srv.Close() })
}

// answer is what a backend does: it says who it is, and notes what it was asked for.
func (n *balanceNet) answer(w http.ResponseWriter, r *http.Request, name string) {
	note := name + " " + r.Host + r.URL.Path
	if r.TLS != nil {
		note += " sni=" + r.TLS.ServerName
	}
	if cookie, err := r.Cookie("k"); err == nil {
		note += " k=" + cookie.Value
	}
	if auth := r.Header.Get("Authorization"); auth != "" {
		note += " " + auth
	}
	n.mu.Lock()
	n.seen = append(n.seen, note)
	n.mu.Unlock()
	switch r.URL.Path {
	case "/login":
		http.SetCookie(w, &http.Cookie{Name: "k", Value: name, Path: "/"})
		w.Header().Set("Location", "home")
		w.WriteHeader(http.StatusFound)
	case "/broken-at-" + name:
		w.WriteHeader(http.StatusServiceUnavailable)
	case "/hangs-at-" + name:
		<-r.Context().Done()
	default:
		fmt.Fprint(w, name)
	}
}

// took returns what was asked for since the last call.
func (n *balanceNet) took() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	text := strings.Join(n.seen, ", ")
	n.seen = nil
	return text
}

// open makes the session, over a connector that trusts the authority.
func (n *balanceNet) open(cfg connector.Config, mw ...middleware.Middleware) *session.Session {
	n.t.Helper()
	cfg.DialContext = n.network.DialContext
	if cfg.TLS == nil {
		cfg.TLS = &tls.Config{RootCAs: n.authority.Pool}
	}
	var err error
	if n.connector, err = connector.New(cfg); err != nil {
		n.t.Fatal(err)
	}
	if n.session, err = session.New(session.Config{Connector: n.connector, OwnConnector: true, Middleware: mw}); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { n.session.Close() })
	return n.session
}

// get asks for a URL, and returns the body.
func (n *balanceNet) get(url string, opts ...session.Option) (string, *session.Response, error) {
	resp, err := n.session.Get(n.t.Context(), url, opts...)
	if err != nil {
		return "", nil, err
	}
	text, err := resp.Text()
	return text, resp, err
}

// onlyTLS is a text where there is TLS.
func (n *balanceNet) onlyTLS(text string) string {
	if n.protocols == nil {
		return ""
	}
	return text
}

func balanced(change func(*middleware.BalanceConfig)) *middleware.Balancer {
	cfg := middleware.BalanceConfig{Host: "api.test", Backends: backends("a:81", "b:81")}
	if change != nil {
		change(&cfg)
	}
	return middleware.NewBalancerFrom(cfg, 0)
}

// TestBalanceOverTheWire: the session sees the logical host alone, in the URL, redirects,
// cookies and names, and each backend keeps its one connection.
func TestBalanceOverTheWire(t *testing.T) {
	t.Parallel()
	onBalanceWires(t, func(t *testing.T, n *balanceNet, url string) {
		n.open(connector.Config{}, balanced(nil).Wrap)
		text, resp, err := n.get(url + "/login")
		if err != nil {
			t.Fatal(err)
		}
		sni := n.onlyTLS(" sni=api.test")
		if got, want := n.took(), "a api.test/login"+sni+", b api.test/home"+sni+" k=a"; got != want {
			t.Errorf("took %q, want %q", got, want)
		}
		if text != "b" || resp.URL().String() != url+"/home" || len(resp.History()) != 1 || resp.History()[0].URL().String() != url+"/login" {
			t.Errorf("got %q of %v after %v", text, resp.URL(), resp.History())
		}
		for range 6 {
			if _, _, err := n.get(url + "/x"); err != nil {
				t.Fatal(err)
			}
		}
		if a, b := n.network.Dials("a:81"), n.network.Dials("b:81"); a != 1 || b != 1 {
			t.Errorf("dialled %d and %d times, want once each", a, b)
		}
		if got := strings.Count(n.took(), "a api.test/x"); got != 3 {
			t.Errorf("a was asked %d times, want 3", got)
		}
	})
}

// TestBalanceNamesOverTheWire: Host and the name in TLS are what was configured.
func TestBalanceNamesOverTheWire(t *testing.T) {
	t.Parallel()
	onBalanceWires(t, func(t *testing.T, n *balanceNet, url string) {
		n.serve("own", "own")
		n.serve("named", "node7.test")
		n.open(connector.Config{})
		for _, tt := range []struct {
			name    string
			backend middleware.Backend
			own     bool
			opts    []session.Option
			want    string
			bad     bool // with TLS it is refused
		}{
			{"its own name", middleware.Backend{Addr: "own:81"}, true, nil, "own own:81/ sni=own", false},
			{"not the logical one", middleware.Backend{Addr: "own:81"}, false, nil, "own api.test/", true},
			{"the logical one alone", middleware.Backend{Addr: "a:81"}, true, nil, "a a:81/", true},
			{"a name in TLS", middleware.Backend{Addr: "named:81", ServerName: "Node7.test"}, false, nil, "named api.test/ sni=node7.test", false},
			{"both", middleware.Backend{Addr: "named:81", Host: "named:81", ServerName: "node7.test"}, false, nil, "named named:81/ sni=node7.test", false},
			{"the request's is stronger", middleware.Backend{Addr: "named:81"}, false, []session.Option{session.ServerName("node7.test")}, "named api.test/ sni=node7.test", false},
			{"insecure", middleware.Backend{Addr: "own:81"}, false, []session.Option{session.Insecure()}, "own api.test/ sni=api.test", false},
		} {
			mw := balanced(func(cfg *middleware.BalanceConfig) {
				cfg.Backends, cfg.BackendNames = []middleware.Backend{tt.backend}, tt.own
			}).Wrap
			_, _, err := n.get(url+"/", append(tt.opts, session.Middlewares(mw))...)
			want, got := tt.want, n.took()
			if n.protocols == nil {
				want, _, _ = strings.Cut(want, " sni=")
			}
			if tt.bad && n.protocols != nil {
				if _, ok := errors.AsType[*errors.ClientConnectorCertificateError](err); !ok || got != "" {
					t.Errorf("%s: got %v, took %q, want a certificate that does not verify", tt.name, err, got)
				}
				continue
			}
			if err != nil || got != want {
				t.Errorf("%s: took %q, %v, want %q", tt.name, got, err, want)
			}
		}
	})
}

// TestBalancePolicyOverTheWire: the connector's own policy counts with another name too.
func TestBalancePolicyOverTheWire(t *testing.T) {
	t.Parallel()
	onBalanceWires(t, func(t *testing.T, n *balanceNet, url string) {
		if n.protocols == nil {
			t.Skip("there is no TLS")
		}
		wrong, err := connector.NewPin(make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			name string
			cfg  connector.Config
			want error
			took string
		}{
			{"insecure", connector.Config{Insecure: true, TLS: &tls.Config{}}, nil, "a api.test/ sni=api.test"},
			{"a pin", connector.Config{Pin: wrong}, errors.ErrServerFingerprintMismatch, ""},
			{"no trust", connector.Config{TLS: &tls.Config{}}, errors.ErrClientConnectorCertificate, ""},
			{"a name of the configuration's", connector.Config{TLS: &tls.Config{RootCAs: n.authority.Pool, ServerName: "x.test"}}, errors.ErrClientConnectorCertificate, ""},
		} {
			n.open(tt.cfg, balanced(nil).Wrap)
			_, _, err := n.get(url + "/")
			if got := n.took(); !errors.Is(err, tt.want) || got != tt.took {
				t.Errorf("%s: took %q, %v, want %q, %v", tt.name, got, err, tt.took, tt.want)
			}
			n.session.Close()
		}
	})
}

// TestBalanceFaultsOverTheWire: what fails at one backend goes on at another, and names both
// the host and the backend if it does not.
func TestBalanceFaultsOverTheWire(t *testing.T) {
	t.Parallel()
	retry := func() middleware.Middleware { return middleware.Retry(middleware.RetryPolicy{}) }
	for _, tt := range []struct {
		name, path string
		mw         []middleware.Middleware
		refuse     bool
		want       string // who answers
	}{
		{"refused", "/", []middleware.Middleware{retry()}, true, "b"},
		{"status", "/broken-at-a", []middleware.Middleware{retry()}, false, "b"},
		{"hedge", "/hangs-at-a", []middleware.Middleware{middleware.Hedge(middleware.HedgePolicy{Delay: time.Second})}, false, "b"},
		{"no second attempt", "/", nil, true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			onBalanceWires(t, func(t *testing.T, n *balanceNet, url string) {
				if tt.refuse {
					n.network.Refuse("a:81")
				}
				balancer := balanced(nil)
				n.open(connector.Config{}, append(slices.Clone(tt.mw), balancer.Wrap)...)
				text, resp, err := n.get(url + tt.path)
				if tt.want != "" {
					if err != nil || text != tt.want || resp.URL().Hostname() != "api.test" {
						t.Errorf("got %q, %v, want %q", text, err, tt.want)
					}
				} else {
					failed, ok := errors.AsType[*middleware.BackendError](err)
					if !ok || failed.Backend != "a:81" || !strings.HasPrefix(failed.Host, url+":") || !errors.Is(err, errors.ErrClientConnector) || !strings.Contains(err.Error(), url) {
						t.Errorf("got %v", err)
					}
				}
				synctest.Wait()
				for _, one := range balancer.Stats().Backends {
					if one.UnderWay != 0 {
						t.Errorf("got %+v, want none under way", one)
					}
				}
			})
		})
	}
}

// TestBalanceInHTTPClient: an http.Client over a connector, and over net/http's Transport,
// which has to be told the name itself.
func TestBalanceInHTTPClient(t *testing.T) {
	t.Parallel()
	onBalanceWires(t, func(t *testing.T, n *balanceNet, url string) {
		n.open(connector.Config{})
		foreign := &http.Transport{DialContext: n.network.DialContext, TLSClientConfig: &tls.Config{RootCAs: n.authority.Pool, ServerName: "api.test"}, ForceAttemptHTTP2: true}
		defer foreign.CloseIdleConnections()
		for name, transport := range map[string]http.RoundTripper{"connector": n.connector, "net/http": foreign} {
			client := &http.Client{Transport: middleware.Chain(transport, balanced(nil).Wrap)}
			resp, err := client.Do(newRequest(t, "GET", url+"/login", nil))
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || string(text) != "b" || resp.Request.URL.String() != url+"/home" || middleware.BackendOf(resp) != "b:81" {
				t.Errorf("%s: got %q of %v from %q, %v", name, text, resp.Request.URL, middleware.BackendOf(resp), err)
			}
			sni := n.onlyTLS(" sni=api.test")
			if got, want := n.took(), "a api.test/login"+sni+", b api.test/home"+sni; got != want {
				t.Errorf("%s: took %q, want %q", name, got, want)
			}
		}
	})
}

// TestBalanceCredentials: those of the logical host, of netrc and of a middleware, go to
// its backends, and those of a backend's name do not.
func TestBalanceCredentials(t *testing.T) {
	file := filepath.Join(t.TempDir(), "netrc")
	if err := os.WriteFile(file, []byte("machine a login wrong password no\nmachine api.test login gopher password yes\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("NETRC", file)
	synctest.Test(t, func(t *testing.T) {
		n := &balanceNet{t: t, network: memnet.New()}
		authority, err := certs.NewAuthority()
		if err != nil {
			t.Fatal(err)
		}
		n.authority = authority
		n.serve("a", "api.test")
		n.serve("b", "api.test")
		n.open(connector.Config{TrustEnv: true}, balanced(nil).Wrap)
		if _, _, err := n.get("http://api.test/"); err != nil {
			t.Fatal(err)
		}
		bearer := middleware.Bearer("t", "http://api.test")
		if _, _, err := n.get("http://api.test/", session.Middlewares(bearer, balanced(nil).Wrap)); err != nil {
			t.Fatal(err)
		}
		if got, want := n.took(), "a api.test/ Basic Z29waGVyOnllcw==, a api.test/ Bearer t"; got != want {
			t.Errorf("took %q, want %q", got, want)
		}
	})
}

// TestBalanceCookies: cookies are the logical host's, also where the backends hear names of
// their own and a middleware sends several times.
func TestBalanceCookies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		authority, err := certs.NewAuthority()
		if err != nil {
			t.Fatal(err)
		}
		n := &balanceNet{t: t, network: memnet.New(), authority: authority}
		n.serve("a", "a")
		n.serve("b", "b")
		n.open(connector.Config{}, middleware.Retry(middleware.RetryPolicy{}), balanced(func(cfg *middleware.BalanceConfig) { cfg.BackendNames = true }).Wrap)
		if _, _, err := n.get("http://api.test/login"); err != nil {
			t.Fatal(err)
		}
		if _, _, err := n.get("http://api.test/broken-at-a"); err != nil {
			t.Fatal(err)
		}
		want := "a a:81/login, b b:81/home k=a, a a:81/broken-at-a k=a, b b:81/broken-at-a k=a"
		if got := n.took(); got != want {
			t.Errorf("took %q, want %q", got, want)
		}
	})
}
