package middleware_test

import (
	"context"
	"fmt"
	"math"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// TestBalanceRoundRobin: the order is exact, whatever the weights.
func TestBalanceRoundRobin(t *testing.T) {
	t.Parallel()
	weighted := func(text string) (list []middleware.Backend) {
		for one := range strings.FieldsSeq(text) {
			b := middleware.Backend{}
			if _, err := fmt.Sscanf(one, "%1s:%d:%d", &b.Addr, &b.Weight, &b.Priority); err != nil {
				t.Fatal(err)
			}
			list = append(list, b)
		}
		return list
	}
	for _, tt := range []struct {
		name     string
		backends []middleware.Backend
		from     int64
		want     string
	}{
		{"one", backends("a"), 0, "a a a"},
		{"three", backends("a", "b", "c"), 0, "a b c a b c a b c"},
		{"three, from the second", backends("a", "b", "c"), 1, "b c a b c a"},
		{"weights", weighted("a:5:0 b:1:0 c:1:0"), 0, "a a b a c a a a a b a c a a"},
		{"no weight and a negative one", weighted("a:0:0 b:-3:0"), 0, "a b a b"},
		{"enormous weights", weighted("a:9223372036854775807:0 b:9223372036854775807:0"), 0, "a b a b"},
		{"the lowest priority alone", weighted("c:1:7 a:1:-1 b:1:-1"), 0, "a b a b"},
		{"twice the same", backends("a", "A", "b", "a."), 0, "a b a b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			servers := &fleet{}
			b := middleware.NewBalancerFrom(middleware.BalanceConfig{Host: "h", Backends: tt.backends}, tt.from)
			if err := ask(t, b.Wrap(servers), len(strings.Fields(tt.want))); err != nil {
				t.Fatal(err)
			}
			if got := servers.took(); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// TestBalanceBegins: programs that send one request each do not all ask the same backend.
func TestBalanceBegins(t *testing.T) {
	t.Parallel()
	servers := &fleet{}
	for seed := range uint64(300) {
		b := middleware.NewBalancerSeeded(middleware.BalanceConfig{Host: "h", Backends: backends("a", "b", "c")}, seed)
		if err := ask(t, b.Wrap(servers), 1); err != nil {
			t.Fatal(err)
		}
	}
	servers.wantShares(t, map[string]int{"a": 100, "b": 100, "c": 100})
}

// TestBalanceLeastOfTwo: what is slow gets less, and weights count.
func TestBalanceLeastOfTwo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		backends []middleware.Backend
		hang     bool           // the first one never answers
		want     map[string]int // of 1000
	}{
		{"all idle", backends("a", "b", "c"), false, map[string]int{"a": 333, "b": 333, "c": 333}},
		{"one alone", backends("a"), false, map[string]int{"a": 1000}},
		{"one hangs", backends("a", "b", "c"), true, map[string]int{"a": 1, "b": 500, "c": 500}},
		{"weights", []middleware.Backend{{Addr: "a", Weight: 3}, {Addr: "b"}}, false, map[string]int{"a": 750, "b": 250}},
		{"weights, one hangs", []middleware.Backend{{Addr: "a", Weight: 100}, {Addr: "b"}, {Addr: "c"}}, true, map[string]int{"a": 1, "b": 500, "c": 500}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				servers := &fleet{}
				ctx, cancel := context.WithCancel(t.Context())
				if tt.hang {
					servers.set("a", stubHang)
				}
				b := middleware.NewBalancerSeeded(middleware.BalanceConfig{Host: "h", Backends: tt.backends, By: middleware.LeastOfTwo}, 1)
				rt := b.Wrap(servers)
				for range 1000 {
					req := newRequest(t, "GET", "http://h/", nil).WithContext(ctx)
					go func() {
						if resp, err := rt.RoundTrip(req); err == nil {
							resp.Body.Close()
						}
					}()
					synctest.Wait()
				}
				servers.wantShares(t, tt.want)
				cancel()
				synctest.Wait()
				for _, one := range b.Stats().Backends {
					if one.UnderWay != 0 || one.Failed != 0 {
						t.Errorf("got %+v, want none under way and none failed", one)
					}
				}
			})
		})
	}
}

// TestBalanceUnderWay: a request is under way until its body has been read or closed.
func TestBalanceUnderWay(t *testing.T) {
	t.Parallel()
	b := middleware.NewBalancer(middleware.BalanceConfig{Host: "h", Backends: backends("a")})
	resp, err := b.Wrap(&fleet{}).RoundTrip(newRequest(t, "GET", "http://h/", nil))
	if err != nil {
		t.Fatal(err)
	}
	if got := b.Stats().Backends[0].UnderWay; got != 1 {
		t.Errorf("before the end of the body: got %d, want 1", got)
	}
	resp.Body.Close()
	resp.Body.Close()
	if got := b.Stats().Backends[0].UnderWay; got != 0 {
		t.Errorf("after it: got %d, want 0", got)
	}
}

// TestBalanceSticky: a key stays, its share is that of the weights, and if a backend goes
// or comes only keys of that one move.
func TestBalanceSticky(t *testing.T) {
	t.Parallel()
	const keys = 4000
	owners := func(list []middleware.Backend) (of [keys]string) {
		servers := &fleet{}
		rt := middleware.Balance(middleware.BalanceConfig{
			Host: "h", Backends: list, Sticky: func(req *http.Request) string { return req.Header.Get("X-User") },
		})(servers)
		for key := range keys {
			if err := ask(t, rt, 1, "X-User", fmt.Sprint("user", key)); err != nil {
				t.Fatal(err)
			}
			of[key] = servers.took()
		}
		return of
	}
	all := owners(backends("a", "b", "c", "d"))
	if again := owners(backends("d", "c", "b", "a")); again != all {
		t.Error("another process, with the list in another order, chooses otherwise")
	}
	less := owners(backends("a", "b", "c"))
	heavy := owners([]middleware.Backend{{Addr: "a", Weight: 2}, {Addr: "b"}, {Addr: "c"}, {Addr: "d"}})
	share := map[string]float64{}
	for key := range keys {
		share[all[key]]++
		share["heavy "+heavy[key]]++
		if all[key] != "d" && less[key] != all[key] {
			t.Fatalf("user%d moved from %s to %s, because d has gone", key, all[key], less[key])
		}
		if heavy[key] != all[key] && heavy[key] != "a" {
			t.Fatalf("user%d moved from %s to %s, because a weighs more", key, all[key], heavy[key])
		}
	}
	for name, want := range map[string]float64{"a": 0.25, "b": 0.25, "c": 0.25, "d": 0.25, "heavy a": 0.4, "heavy b": 0.2} {
		if got := share[name] / keys; math.Abs(got-want) > 0.03 {
			t.Errorf("share of %s: got %.3f, want %.2f", name, got, want)
		}
	}
}

// TestBalanceStickyNone: requests without a key are balanced.
func TestBalanceStickyNone(t *testing.T) {
	t.Parallel()
	servers := &fleet{}
	b := middleware.NewBalancerFrom(middleware.BalanceConfig{
		Host: "h", Backends: backends("a", "b"), Sticky: func(*http.Request) string { return "" },
	}, 0)
	if err := ask(t, b.Wrap(servers), 4); err != nil {
		t.Fatal(err)
	}
	if got, want := servers.took(), "a b a b"; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestBalanceHost: which requests are balanced, where they go, and what they say.
func TestBalanceHost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, host, addr, url string
		host2                 string // a Host header of the request's own
		cfg                   middleware.BalanceConfig
		want                  string // URL, Host header
	}{
		{name: "host", host: "api.test", addr: "a", url: "http://api.test/p?q", want: "http://a/p?q Host: api.test"},
		{name: "the port of the URL", host: "api.test", addr: "a", url: "http://api.test:81/", want: "http://a:81/ Host: api.test:81"},
		{name: "a port", host: "api.test", addr: "a:8080", url: "https://API.test/", want: "https://a:8080/ Host: API.test"},
		{name: "IPv6", host: "api.test", addr: "2001:DB8::0:1", url: "http://api.test/", want: "http://[2001:db8::1]/ Host: api.test"},
		{name: "IPv6 with a port", host: "api.test", addr: "[::1]:8", url: "http://api.test/", want: "http://[::1]:8/ Host: api.test"},
		{name: "host and port", host: "api.test:81", addr: "a", url: "http://api.test:81/", want: "http://a:81/ Host: api.test:81"},
		{name: "another port", host: "api.test:81", addr: "a", url: "http://api.test/", want: "http://api.test/ Host: api.test"},
		{name: "origin", host: "https://api.test", addr: "a", url: "https://api.test:443/", want: "https://a:443/ Host: api.test:443"},
		{name: "another scheme", host: "https://api.test/", addr: "a", url: "http://api.test/", want: "http://api.test/ Host: api.test"},
		{name: "another host", host: "api.test", addr: "a", url: "http://www.api.test/", want: "http://www.api.test/ Host: www.api.test"},
		{name: "a Host of one's own", host: "api.test", addr: "a", url: "http://api.test/", host2: "v.test", want: "http://a/ Host: v.test"},
		{name: "names of backends", host: "api.test", addr: "a:80", url: "http://api.test/", cfg: middleware.BalanceConfig{BackendNames: true}, want: "http://a:80/ Host: a"},
		{name: "user and fragment", host: "api.test", addr: "a", url: "http://u:p@api.test/x#f", want: "http://u:p@a/x#f Host: api.test"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			servers := &fleet{}
			tt.cfg.Host, tt.cfg.Backends = tt.host, backends(tt.addr)
			req := newRequest(t, "GET", tt.url, nil)
			if tt.host2 != "" {
				req.Host = tt.host2
			}
			resp, err := middleware.Balance(tt.cfg)(servers).RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			sent := servers.reqs[0]
			if got := sent.URL.String() + " Host: " + sent.Host; got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if resp.Request.URL != req.URL || resp.Request.Host != req.Host {
				t.Errorf("the response is that of %v, want %v", resp.Request.URL, req.URL)
			}
			if got := middleware.BackendOf(resp); (got == sent.URL.Host) != (sent.URL.Host != req.URL.Host) {
				t.Errorf("the backend of the response: got %q", got)
			}
		})
	}
	own := &fleet{}
	rt := middleware.Balance(middleware.BalanceConfig{Host: "h", Backends: []middleware.Backend{{Addr: "a", Host: "one.test"}}})(own)
	if err := ask(t, rt, 1); err != nil || own.reqs[0].Host != "one.test" {
		t.Errorf("got %v, %v, want the Host of the backend", own.reqs, err)
	}
}

// TestBalanceConfig: what makes no sense is an error of each request, before anything is
// sent, and closes its body.
func TestBalanceConfig(t *testing.T) {
	t.Parallel()
	lookup := func(context.Context) ([]middleware.Backend, error) { return nil, nil }
	for _, tt := range []struct {
		name string
		cfg  middleware.BalanceConfig
	}{
		{"nothing", middleware.BalanceConfig{}},
		{"no host", middleware.BalanceConfig{Backends: backends("a")}},
		{"a path", middleware.BalanceConfig{Host: "http://h/path", Backends: backends("a")}},
		{"another scheme", middleware.BalanceConfig{Host: "ftp://h", Backends: backends("a")}},
		{"not a host", middleware.BalanceConfig{Host: "h h", Backends: backends("a")}},
		{"no backends", middleware.BalanceConfig{Host: "h"}},
		{"two sources", middleware.BalanceConfig{Host: "h", Backends: backends("a"), SRV: "_http._tcp.h"}},
		{"two others", middleware.BalanceConfig{Host: "h", Lookup: lookup, SRV: "_http._tcp.h"}},
		{"a URL for a backend", middleware.BalanceConfig{Host: "h", Backends: backends("http://a")}},
		{"port 0", middleware.BalanceConfig{Host: "h", Backends: backends("a", "b:0")}},
		{"an address of inet_aton's", middleware.BalanceConfig{Host: "h", Backends: backends("127.1")}},
		{"no name for TLS", middleware.BalanceConfig{Host: "h", Backends: []middleware.Backend{{Addr: "a", ServerName: "a b"}}}},
		{"another choice", middleware.BalanceConfig{Host: "h", Backends: backends("a"), By: "chance"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			servers := &fleet{}
			body := newStubBody("x")
			req := newRequest(t, "POST", "http://h/", body)
			_, _, err := roundTrip(t, middleware.Balance(tt.cfg)(servers), req)
			if !errors.Is(err, errors.ErrInvalidRequest) || servers.took() != "" || body.closed.Load() != 1 {
				t.Errorf("got %v, and %d times closed, want an InvalidRequestError, and once", err, body.closed.Load())
			}
		})
	}
}

// TestBalanceErrors: what fails names the host and the backend, and keeps its class.
func TestBalanceErrors(t *testing.T) {
	t.Parallel()
	servers := &fleet{}
	servers.set("a:8080", stubFail(&errors.ServerDisconnectedError{Host: "a:8080"}))
	rt := middleware.Balance(middleware.BalanceConfig{Host: "h", Backends: backends("a:8080")})(servers)
	err := ask(t, rt, 1)
	failed, ok := errors.AsType[*middleware.BackendError](err)
	if !ok || failed.Host != "http://h:80" || failed.Backend != "a:8080" {
		t.Fatalf("got %#v", err)
	}
	if !errors.Is(err, errors.ErrServerDisconnected) || !errors.Is(err, errors.ErrClient) || errors.Is(err, errors.ErrTimeout) {
		t.Errorf("got %v, want its cause's class", err)
	}
	if got, want := err.Error(), `backend "a:8080" of "http://h:80": server disconnected`; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	var timeout net.Error
	servers.set("a:8080", stubFail(context.DeadlineExceeded))
	if err := ask(t, rt, 1); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("got %v, want a timeout", err)
	}
}

// FuzzBackendPlace: what is read of an address is a host and a port that are read again.
func FuzzBackendPlace(f *testing.F) {
	for _, seed := range []string{"h", "h:80", "[::1]:80", "::1", "[::1]", "h:", ":80", "h:0", "h:65536", "[h]:80", "[h]", "127.1", "0x7f.1", "b\u00fccher.test:8", "h:80:90", "[::1", "fe80::1%eth0", "a..b", "h:+8"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		host, port, ok := middleware.BackendPlace(text)
		if !ok {
			return
		}
		again := host
		if port != "" {
			again = net.JoinHostPort(host, port)
		}
		host2, port2, ok := middleware.BackendPlace(again)
		if !ok || host2 != host || port2 != port {
			t.Errorf("%q: got %q %q, and of %q %q %q %v", text, host, port, again, host2, port2, ok)
		}
	})
}
