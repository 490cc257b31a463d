package connector_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// names is a resolver that a test controls.
type names struct {
	mu    sync.Mutex
	addrs []string
	err   error
	asked []string // "network host"
	wait  chan struct{}
}

func (n *names) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	n.asked = append(n.asked, network+" "+host)
	texts, err, wait := n.addrs, n.err, n.wait
	n.mu.Unlock()
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	addrs := make([]netip.Addr, 0, len(texts))
	for _, a := range texts {
		addrs = append(addrs, netip.MustParseAddr(a))
	}
	return addrs, err
}

func (n *names) set(err error, addrs ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.err, n.addrs = err, addrs
}

func (n *names) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.asked)
}

func portOf(t *testing.T, addr string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// timed sends a GET, reads its answer and tells its timing.
func timed(t *testing.T, c *connector.Connector, url string) connector.Timing {
	t.Helper()
	var record connector.Recorder
	ctx := connector.WithSettings(t.Context(), connector.Settings{Recorder: &record})
	resp, err := c.RoundTrip(newRequest(t, ctx, "GET", url, nil))
	if err != nil {
		t.Fatal(err)
	}
	read(t, resp)
	return record.Timing()
}

// fails sends a GET that must not be answered.
func fails(t *testing.T, c *connector.Connector, url string) error {
	t.Helper()
	resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", url, nil))
	if err == nil {
		t.Errorf("%s: answered: %q", url, read(t, resp))
	}
	return err
}

// TestDNSCache: a miss, hits until the time is over, a miss again; and what the
// connector tells of it.
func TestDNSCache(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, fine)
	port := portOf(t, srv.Addr())
	synctest.Test(t, func(t *testing.T) {
		dns := &names{addrs: []string{"127.0.0.1"}}
		c := newConnector(t, connector.Config{Resolver: dns, ForceClose: true})
		url := "http://Example.test:" + port
		for i, want := range []struct {
			cached bool
			asked  int
		}{{false, 1}, {true, 1}, {true, 1}} {
			timing := timed(t, c, url)
			if timing.CachedDNS != want.cached || dns.count() != want.asked {
				t.Errorf("request %d: cached %v, asked %d times, want %+v", i, timing.CachedDNS, dns.count(), want)
			}
			if timing.Reused {
				t.Error("no connection was made")
			}
		}
		hosts := c.CachedHosts()
		if len(hosts) != 1 || hosts[0].Host != "example.test" || hosts[0].Port != port || len(hosts[0].Addrs) != 1 ||
			!hosts[0].Expires.Equal(time.Now().Add(10*time.Second)) {
			t.Errorf("cached: %+v", hosts)
		}
		time.Sleep(10 * time.Second)
		if timing := timed(t, c, url); timing.CachedDNS || dns.count() != 2 {
			t.Errorf("after ten seconds: cached %v, asked %d times", timing.CachedDNS, dns.count())
		}
		if want := "ip example.test"; dns.asked[0] != want {
			t.Errorf("asked for %q, want %q", dns.asked[0], want)
		}
		c.Close()
	})
}

// TestDNSCacheConfig: its time, its size, and none at all.
func TestDNSCacheConfig(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, fine)
	port := portOf(t, srv.Addr())
	for name, test := range map[string]struct {
		cfg   connector.Config
		hosts []string
		pause time.Duration
		asked int
	}{
		"a minute":       {connector.Config{DNSCacheTTL: time.Minute}, []string{"a", "a", "a"}, 20 * time.Second, 1},
		"a second":       {connector.Config{DNSCacheTTL: time.Second}, []string{"a", "a"}, 2 * time.Second, 2},
		"off":            {connector.Config{DisableDNSCache: true}, []string{"a", "a", "a"}, 0, 3},
		"negative":       {connector.Config{DNSCacheTTL: -1}, []string{"a", "a"}, 0, 2},
		"size":           {connector.Config{DNSCacheSize: 2}, []string{"a", "b", "a", "c", "a", "b"}, 0, 4},
		"any size":       {connector.Config{DNSCacheSize: -1}, []string{"a", "b", "c", "d", "a", "b"}, 0, 4},
		"IP literals":    {connector.Config{}, []string{"127.0.0.1", "127.0.0.1"}, 0, 0},
		"trailing dots":  {connector.Config{}, []string{"a.", "A.", "a.."}, 0, 1},
		"rooted, or not": {connector.Config{}, []string{"a.", "a"}, 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dns := &names{addrs: []string{"127.0.0.1"}}
				test.cfg.Resolver, test.cfg.ForceClose = dns, true
				c := newConnector(t, test.cfg)
				for _, host := range test.hosts {
					get(t, c, "http://"+host+":"+port)
					time.Sleep(test.pause)
				}
				if n := dns.count(); n != test.asked {
					t.Errorf("asked %d times, want %d: %q", n, test.asked, dns.asked)
				}
				c.Close()
			})
		})
	}
}

// TestDNSRoundRobin: each connection begins with the next address.
func TestDNSRoundRobin(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, fine)
	first := make(chan string, 10)
	c := newConnector(t, connector.Config{
		Resolver: &names{addrs: []string{"127.0.0.1", "::1", "127.0.0.2"}}, ForceClose: true, HappyEyeballsDelay: -1,
		Control: func(_, address string, _ syscall.RawConn) error {
			host, _, _ := net.SplitHostPort(address)
			first <- host
			if host != "127.0.0.1" {
				return syscall.ECONNREFUSED
			}
			return nil
		},
	})
	var got []string
	for range 4 {
		get(t, c, "http://a:"+portOf(t, srv.Addr()))
		got = append(got, <-first)
		for len(first) > 0 {
			<-first
		}
	}
	if want := []string{"127.0.0.1", "::1", "127.0.0.2", "127.0.0.1"}; !slices.Equal(got, want) {
		t.Errorf("first tried: %v, want %v", got, want)
	}
}

// TestDNSStale: old addresses serve when asking fails for a while, and not when
// the host is gone, nor for ever.
func TestDNSStale(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, fine)
	url := "http://a:" + portOf(t, srv.Addr())
	temporary := &net.DNSError{Err: "server misbehaving", Name: "a", IsTemporary: true}
	synctest.Test(t, func(t *testing.T) {
		dns := &names{addrs: []string{"127.0.0.1"}}
		c := newConnector(t, connector.Config{Resolver: dns, ForceClose: true, StaleDNS: time.Minute})
		get(t, c, url)
		dns.set(temporary)
		time.Sleep(11 * time.Second)
		if timing := timed(t, c, url); !timing.CachedDNS || dns.count() != 2 {
			t.Errorf("stale: cached %v, asked %d times", timing.CachedDNS, dns.count())
		}
		time.Sleep(time.Minute)
		if err := fails(t, c, url); !errors.Is(err, errors.ErrClientConnectorDNS) {
			t.Errorf("too stale: got %v", err)
		}
		dns.set(nil, "127.0.0.1")
		get(t, c, url)
		dns.set(&net.DNSError{Err: "no such host", Name: "a", IsNotFound: true})
		time.Sleep(11 * time.Second)
		if err := fails(t, c, url); !errors.Is(err, errors.ErrClientConnectorDNS) {
			t.Errorf("gone: got %v", err)
		}
		c.Close()
	})
}

// TestDNSCoalesced: simultaneous look-ups are one, whose answer is not lost when
// the one who began it goes.
func TestDNSCoalesced(t *testing.T) {
	t.Parallel()
	for name, disable := range map[string]bool{"cache": false, "no cache": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.New(t, fine)
			dns := &names{addrs: []string{"127.0.0.1"}, wait: make(chan struct{})}
			c := newConnector(t, connector.Config{Resolver: dns, DisableDNSCache: disable})
			url := "http://a:" + portOf(t, srv.Addr())
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() {
				_, err := c.RoundTrip(newRequest(t, ctx, "GET", url, nil))
				if !errors.Is(err, context.Canceled) {
					t.Errorf("the first: got %v", err)
				}
			})
			for dns.count() == 0 {
				time.Sleep(time.Millisecond)
			}
			var answered atomic.Int32
			for range 8 {
				wg.Go(func() {
					get(t, c, url)
					answered.Add(1)
				})
			}
			for c.Stats().InUse < 9 {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(10 * time.Millisecond) // they hold slots, and now they ask
			cancel()
			close(dns.wait)
			wg.Wait()
			if dns.count() != 1 || answered.Load() != 8 {
				t.Errorf("asked %d times, %d answered", dns.count(), answered.Load())
			}
		})
	}
}

// TestClearDNSCache: of one host, of all, and nothing in between.
func TestClearDNSCache(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, fine)
	port := portOf(t, srv.Addr())
	c := newConnector(t, connector.Config{Resolver: &names{addrs: []string{"127.0.0.1"}}})
	cached := func() (hosts []string) {
		for _, h := range c.CachedHosts() {
			hosts = append(hosts, h.Host)
		}
		return hosts
	}
	for _, host := range []string{"a", "b", "c"} {
		get(t, c, "http://"+host+":"+port)
	}
	for _, half := range [][2]string{{"a", ""}, {"", port}} {
		err := c.ClearDNSCache(half[0], half[1])
		if _, ok := errors.AsType[*errors.InvalidRequestError](err); !ok {
			t.Errorf("%q: got %v", half, err)
		}
	}
	if got := cached(); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("cached: %v", got)
	}
	if err := c.ClearDNSCache("b", port); err != nil {
		t.Error(err)
	}
	if got := cached(); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("without b: %v", got)
	}
	if err := c.ClearDNSCache("", ""); err != nil {
		t.Error(err)
	}
	if got := cached(); len(got) != 0 {
		t.Errorf("cleared: %v", got)
	}
}

// TestDNSFailure: the class, the attributes and the text.
func TestDNSFailure(t *testing.T) {
	t.Parallel()
	notFound := &net.DNSError{Err: "no such host", Name: "gone.test", IsNotFound: true}
	for name, test := range map[string]struct {
		dns  *names
		cfg  connector.Config
		text string
	}{
		"not found": {dns: &names{err: notFound}, text: "connect to gone.test:81: dns: lookup gone.test: no such host"},
		"other error": {
			dns:  &names{err: errors.New("resolver is ill")},
			text: "connect to gone.test:81: dns: lookup gone.test: resolver is ill",
		},
		"no addresses": {dns: &names{}, text: "connect to gone.test:81: dns: lookup gone.test: no suitable address"},
		"wrong family": {
			dns: &names{addrs: []string{"127.0.0.1"}}, cfg: connector.Config{Family: "ip6"},
			text: "connect to gone.test:81: dns: lookup gone.test: no suitable address",
		},
	} {
		test.cfg.Resolver = test.dns
		c := newConnector(t, test.cfg)
		err := fails(t, c, "http://gone.test:81/")
		de, ok := errors.AsType[*errors.ClientConnectorDNSError](err)
		if !ok || de.Host != "gone.test" || de.Port != 81 || !errors.Is(err, errors.ErrClientConnector) {
			t.Errorf("%s: got %#v", name, err)
			continue
		}
		if err.Error() != test.text {
			t.Errorf("%s: got  %s\nwant %s", name, err, test.text)
		}
		if _, ok := errors.AsType[*net.DNSError](err); !ok {
			t.Errorf("%s: the cause is lost", name)
		}
		fails(t, c, "http://gone.test:81/")
		if n := test.dns.count(); n != 2 {
			t.Errorf("%s: asked %d times: a failure was cached", name, n)
		}
	}
}

// TestDNSFamily: what the resolver is asked for.
func TestDNSFamily(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, fine)
	for family, want := range map[string]string{"": "ip a", "ip": "ip a", "ip4": "ip4 a"} {
		dns := &names{addrs: []string{"::1", "127.0.0.1"}}
		c := newConnector(t, connector.Config{Resolver: dns, Family: family, HappyEyeballsDelay: -1})
		timing := timed(t, c, "http://a:"+portOf(t, srv.Addr()))
		if dns.asked[0] != want || timing.Remote != srv.Addr() {
			t.Errorf("%q: asked for %q, connected to %s", family, dns.asked[0], timing.Remote)
		}
	}
	_, err := connector.New(connector.Config{Family: "tcp4"})
	if bad, ok := errors.AsType[*errors.InvalidRequestError](err); !ok || bad.Field != "Family" {
		t.Errorf("a family that is none: got %v", err)
	}
}

// TestDNSTimeout: the connect timeout strikes while a name is looked up.
func TestDNSTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dns := &names{wait: make(chan struct{})}
		c := newConnector(t, connector.Config{
			Resolver: dns, Timeout: connector.ClientTimeout{Connect: 3 * time.Second, SockConnect: time.Second},
		})
		start := time.Now()
		err := fails(t, c, "http://slow.test/")
		te, ok := errors.AsType[*errors.TimeoutError](err)
		if !ok || !errors.Is(err, errors.ErrConnectionTimeout) || te.Phase != errors.PhaseDNS || time.Since(start) != 3*time.Second {
			t.Errorf("after %v: %v (%s)", time.Since(start), err, strconv.Quote(string(te.Phase)))
		}
		c.Close()
	})
}
