package connector_test

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// sockets notes the sockets that are made, and lets a test spoil some. It is a
// Config.Control.
type sockets struct {
	mu      sync.Mutex
	hosts   []string
	refused string        // connecting to it fails at once
	hole    string        // connecting to it takes until filled is closed
	filled  chan struct{} // or for ever, that is until the test ends
	slow    string        // connecting to it takes this long
	delay   time.Duration
}

func (s *sockets) control(network, address string, rc syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil || rc == nil || network != "tcp4" && network != "tcp6" {
		return errors.New("control: bad arguments")
	}
	s.mu.Lock()
	s.hosts = append(s.hosts, host)
	s.mu.Unlock()
	switch host {
	case s.refused:
		return syscall.ECONNREFUSED
	case s.hole:
		<-s.filled
		return syscall.ETIMEDOUT
	case s.slow:
		time.Sleep(s.delay)
	}
	return nil
}

func (s *sockets) tried() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.hosts)
}

// TestControl is asked for every socket and can refuse it.
func TestControl(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, fine)
	s := &sockets{}
	c := newConnector(t, connector.Config{Control: s.control, ForceClose: true})
	get(t, c, srv.URL())
	get(t, c, srv.URL())
	if got := s.tried(); !slices.Equal(got, []string{"127.0.0.1", "127.0.0.1"}) {
		t.Errorf("sockets: %v", got)
	}
	s.refused = "127.0.0.1"
	err := fails(t, c, srv.URL())
	ce, ok := errors.AsType[*errors.ClientConnectorError](err)
	if !ok || ce.Op != "dial" || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v", err)
	}
}

// TestLocalAddr is where connections come from.
func TestLocalAddr(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, fine)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	local := free.Addr().(*net.TCPAddr).AddrPort()
	free.Close()
	for _, from := range []netip.AddrPort{local, netip.AddrPortFrom(netip.MustParseAddr("::ffff:127.0.0.1"), 0)} {
		c := newConnector(t, connector.Config{LocalAddr: from})
		var record connector.Recorder
		ctx := connector.WithSettings(t.Context(), connector.Settings{Recorder: &record})
		resp, err := c.RoundTrip(newRequest(t, ctx, "GET", srv.URL(), nil))
		if err != nil {
			t.Fatal(err)
		}
		read(t, resp)
		got, err := netip.ParseAddrPort(record.Conn().Local.String())
		if err != nil || got.Addr() != local.Addr() || from.Port() != 0 && got != from {
			t.Errorf("from %v, want %v", got, from)
		}
	}
	c := newConnector(t, connector.Config{LocalAddr: netip.MustParseAddrPort("[::1]:0")})
	if err := fails(t, c, srv.URL()); !errors.Is(err, errors.ErrClientConnector) || !strings.Contains(err.Error(), "family") {
		t.Errorf("of the other family: got %v", err)
	}
	c = newConnector(t, connector.Config{LocalAddr: netip.MustParseAddrPort("192.0.2.1:0")})
	if err := fails(t, c, srv.URL()); !errors.Is(err, errors.ErrClientConnector) || !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("not ours: got %v", err)
	}
}

// TestAllowAddr is asked before any packet is sent, for names and literals.
func TestAllowAddr(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, fine)
	port := portOf(t, srv.Addr())
	errNo := errors.New("not that one")
	s := &sockets{}
	var asked []string
	refuse := "::1"
	c := newConnector(t, connector.Config{
		Resolver: &names{addrs: []string{"::1", "127.0.0.1", "127.0.0.9"}}, Control: s.control, ForceClose: true,
		DNSCacheTTL: -1, HappyEyeballsDelay: -1,
		AllowAddr: func(a netip.AddrPort) error {
			asked = append(asked, a.String())
			if strings.Contains(refuse, a.Addr().String()) {
				return errNo
			}
			return nil
		},
	})
	get(t, c, "http://a:"+port)
	if want := []string{"[::1]:" + port, "127.0.0.1:" + port, "127.0.0.9:" + port}; !slices.Equal(asked, want) {
		t.Errorf("asked about %v, want %v", asked, want)
	}
	if got := s.tried(); !slices.Equal(got, []string{"127.0.0.1"}) {
		t.Errorf("connected to %v", got)
	}
	refuse = "::1 127.0.0.1 127.0.0.9"
	for _, url := range []string{"http://a:" + port, srv.URL(), "http://[::ffff:127.0.0.1]:" + port} {
		err := fails(t, c, url)
		if ce, ok := errors.AsType[*errors.ClientConnectorError](err); !ok || !errors.Is(err, errNo) || ce.Op != "dial" {
			t.Errorf("%s: got %v", url, err)
		}
	}
	if got := s.tried(); len(got) != 1 {
		t.Errorf("connected to %v", got)
	}
}

// TestRefusePrivate keeps requests, and proxies, off what is not public.
func TestRefusePrivate(t *testing.T) {
	t.Parallel()
	for _, target := range []string{
		"127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
		"::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "fe80::1", "fd00::1", "64:ff9b::7f00:1", "::",
	} {
		literal := target
		if strings.Contains(target, ":") {
			literal = "[" + target + "]"
		}
		s := &sockets{refused: target}
		cfg := connector.Config{Resolver: &names{addrs: []string{target}}, AllowAddr: connector.RefusePrivate, Control: s.control}
		direct := newConnector(t, cfg)
		cfg.Proxy = "http://proxy.test:3128"
		named := newConnector(t, cfg)
		cfg.Proxy = "http://" + literal + ":3128"
		proxied := newConnector(t, cfg)
		for _, test := range []struct {
			c     *connector.Connector
			url   string
			class error
		}{
			{direct, "http://a.test/", errors.ErrClientConnector},
			{direct, "http://" + literal + "/", errors.ErrClientConnector},
			{named, "http://8.8.8.8/", errors.ErrClientProxyConnection},
			{proxied, "https://8.8.8.8/", errors.ErrClientProxyConnection},
		} {
			err := fails(t, test.c, test.url)
			if _, ok := errors.AsType[*errors.ClientConnectorError](err); !ok || !errors.Is(err, test.class) || !strings.Contains(err.Error(), "refused") {
				t.Errorf("%s to %s: got %v", test.url, target, err)
			}
		}
		if got := s.tried(); len(got) != 0 {
			t.Errorf("connected to %v", got)
		}
	}
}

// TestHostForms: how the host of a URL is understood.
func TestHostForms(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, fine)
	port := portOf(t, srv.Addr())
	dns := &names{addrs: []string{"127.0.0.1"}}
	c := newConnector(t, connector.Config{Resolver: dns, Family: "ip4", DNSCacheTTL: -1, ForceClose: true})
	for host, want := range map[string]string{
		"upper.TEST":          "upper.test",
		"bücher.test":         "xn--bcher-kva.test",
		"xn--bcher-kva.test":  "xn--bcher-kva.test",
		"BÜCHER.test":         "xn--bcher-kva.test",
		"faß.test":            "xn--fa-hia.test",
		"under_score.test":    "under_score.test",
		"dots.test..":         "dots.test.",
		"127.0.0.1":           "",
		"[::ffff:127.0.0.1]":  "",
		"1.2.3.4.example":     "1.2.3.4.example",
		"0x7f.not-a-number.x": "0x7f.not-a-number.x",
	} {
		before := dns.count()
		get(t, c, "http://"+host+":"+port)
		asked := strings.Join(dns.asked[before:], ", ")
		if want != "" {
			want = "ip4 " + want
		}
		if asked != want {
			t.Errorf("%s: asked for %q, want %q", host, asked, want)
		}
	}
	asked := dns.count()
	for _, host := range []string{
		"2130706433", "017700000001", "127.1", "0x7f000001", "0x7f.1", "127.0.0.01", "1.2.3.4.5", "256.1.1.1", "127.0.0.1.",
		"a..b", "-", "a b", "bad\u200dhost.test",
	} {
		req := newRequest(t, t.Context(), "GET", srv.URL(), nil)
		req.URL.Host = host + ":" + port
		_, err := c.RoundTrip(req)
		if host == "a..b" || host == "-" { // the resolver's to judge
			continue
		}
		if !errors.Is(err, errors.ErrInvalidURL) {
			t.Errorf("%s: got %v", host, err)
		}
		if host[0] < 'a' && !strings.Contains(err.Error(), "not a canonical IPv4 address") {
			t.Errorf("%s: got %v", host, err)
		}
	}
	if n := dns.count() - asked; n > 2 {
		t.Errorf("%d of the bad hosts were looked up: %q", n, dns.asked[asked:])
	}
}

// TestHappyEyeballs: a first address that does not answer, or not well, costs
// little.
func TestHappyEyeballs(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{IPs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Names: []string{"a.test"}})
	plain, secure := wiretest.New(t, fine), wiretest.NewTLS(t, leaf.Server(), fine)
	for name, test := range map[string]struct {
		cfg   connector.Config
		s     *sockets
		addrs []string
		tried []string
		tls   bool
	}{
		"first refused": {
			s: &sockets{refused: "::1"}, addrs: []string{"::1", "127.0.0.1"}, tried: []string{"::1", "127.0.0.1"},
		},
		"first is a hole": {
			cfg: connector.Config{HappyEyeballsDelay: 20 * time.Millisecond}, s: &sockets{hole: "::1"},
			addrs: []string{"::1", "127.0.0.1"}, tried: []string{"::1", "127.0.0.1"},
		},
		"first is slow, in turn": {
			cfg: connector.Config{HappyEyeballsDelay: -1, Timeout: connector.ClientTimeout{SockConnect: 500 * time.Millisecond}}, // the second is to connect within it
			s:   &sockets{slow: "::1", delay: 510 * time.Millisecond}, addrs: []string{"::1", "127.0.0.1"},
			tried: []string{"::1", "127.0.0.1"},
		},
		"interleaved": {
			cfg: connector.Config{HappyEyeballsDelay: time.Minute}, s: &sockets{refused: "::1"},
			addrs: []string{"::1", "::2", "127.0.0.1"}, tried: []string{"::1", "127.0.0.1"},
		},
		"TLS": {
			cfg: connector.Config{TLS: leaf.Client()}, s: &sockets{refused: "::1"},
			addrs: []string{"::1", "127.0.0.1"}, tried: []string{"::1", "127.0.0.1"}, tls: true,
		},
		"the good one first": {
			cfg: connector.Config{HappyEyeballsDelay: time.Minute}, s: &sockets{},
			addrs: []string{"127.0.0.1", "::1"}, tried: []string{"127.0.0.1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.s.filled = make(chan struct{})
			t.Cleanup(func() { close(test.s.filled) })
			test.cfg.Resolver, test.cfg.Control = &names{addrs: test.addrs}, test.s.control
			c := newConnector(t, test.cfg)
			url := "http://a.test:" + portOf(t, plain.Addr())
			if test.tls {
				url = "https://a.test:" + portOf(t, secure.Addr())
			}
			get(t, c, url)
			if got := test.s.tried(); !slices.Equal(got, test.tried) {
				t.Errorf("tried %v, want %v", got, test.tried)
			}
			if st := c.Stats(); st.Opened != 1 || st.Idle != 1 {
				t.Errorf("got %+v, want one connection", st)
			}
		})
	}
}

// TestInterleave orders the attempts.
func TestInterleave(t *testing.T) {
	t.Parallel()
	six := []string{"::1", "::2", "::3"}
	four := []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"}
	for _, test := range []struct {
		delay      time.Duration
		interleave int
		want       []string
	}{
		{0, 0, []string{six[0], four[0], six[1], four[1], six[2], four[2]}},
		{0, 2, []string{six[0], six[1], four[0], six[2], four[1], four[2]}},
		{0, -1, slices.Concat(six, four)},
		{-1, 0, slices.Concat(six, four)},
		{-1, 1, []string{six[0], four[0], six[1], four[1], six[2], four[2]}},
	} {
		var mu sync.Mutex
		var got []string
		c := newConnector(t, connector.Config{
			Resolver: &names{addrs: slices.Concat(six, four)}, HappyEyeballsDelay: test.delay, Interleave: test.interleave,
			Control: func(_, address string, _ syscall.RawConn) error {
				host, _, _ := net.SplitHostPort(address)
				mu.Lock()
				got = append(got, host)
				mu.Unlock()
				return syscall.EHOSTUNREACH
			},
		})
		err := fails(t, c, "http://a.test:9")
		if !slices.Equal(got, test.want) {
			t.Errorf("%v, %d: tried %v, want %v", test.delay, test.interleave, got, test.want)
		}
		ce, ok := errors.AsType[*errors.ClientConnectorError](err)
		if !ok || ce.Host != "a.test" || ce.Port != 9 || !errors.Is(err, syscall.EHOSTUNREACH) {
			t.Errorf("got %#v", err)
		}
		if text := err.Error(); !strings.HasPrefix(text, "connect to a.test:9: dial: all 6 addresses failed: ") || strings.Contains(text, "\n") {
			t.Errorf("got %s", text)
		}
	}
}

// TestProxyAddressesFail: of several addresses, too, it is the proxy's failure.
func TestProxyAddressesFail(t *testing.T) {
	t.Parallel()
	s := &sockets{refused: "127.0.0.1"}
	c := newConnector(t, connector.Config{
		Resolver: &names{addrs: []string{"127.0.0.1", "127.0.0.1", "::1"}}, Proxy: "http://proxy.test:1", Control: func(n, a string, rc syscall.RawConn) error {
			s.control(n, a, rc)
			return syscall.ECONNREFUSED
		},
	})
	err := fails(t, c, "http://a.test")
	pe, ok := errors.AsType[*errors.ClientProxyConnectionError](err)
	if !ok || pe.Host != "proxy.test" || pe.Port != 1 || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %#v", err)
	}
	if n := len(s.tried()); n != 2 {
		t.Errorf("%d attempts, want one for each address", n)
	}
}

// TestSockConnect bounds one attempt: TCP, and TLS again.
func TestSockConnect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		n.Blackhole("hole:80")
		n.Delay("silent:443", 3*time.Second)
		ln, err := n.Listen("silent:443")
		if err != nil {
			t.Fatal(err)
		}
		wiretest.NewOn(t, ln, func(c *wiretest.Conn) { c.Stall() })
		timeout := connector.ClientTimeout{SockConnect: 4 * time.Second}
		c := newConnector(t, connector.Config{DialContext: n.DialContext, Timeout: timeout})
		for _, test := range []struct {
			url   string
			phase errors.Phase
			after time.Duration
		}{
			{"http://hole/", errors.PhaseDial, 4 * time.Second},
			{"https://silent/", errors.PhaseTLS, 7 * time.Second},
		} {
			start := time.Now()
			err := fails(t, c, test.url)
			te, ok := errors.AsType[*errors.TimeoutError](err)
			if !ok || te.Phase != test.phase || te.Limit != timeout.SockConnect || time.Since(start) != test.after ||
				!errors.Is(err, errors.ErrConnectionTimeout) || !errors.Is(err, errors.ErrTimeout) {
				t.Errorf("%s: after %v: %v", test.url, time.Since(start), err)
			}
		}
		c.Close()
	})
}
