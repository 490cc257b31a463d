//go:build interop && linux

package interop_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// dnsmasq is a running name server for the domain test.
type dnsmasq struct {
	*server
	t    *testing.T
	addr netip.AddrPort
}

// startDNSmasq runs one that has the names of a hosts file. It knows nothing else
// below test, but asks the name server failing for what is below fails.test.
func startDNSmasq(t *testing.T, hosts, failing string) *dnsmasq {
	t.Helper()
	dir := workDir(t)
	addr := freeAddr(t)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	upstream := ""
	if failing != "" {
		fh, fp, err := net.SplitHostPort(failing)
		if err != nil {
			t.Fatal(err)
		}
		upstream = "server=/fails.test/" + fh + "#" + fp
	}
	config := expand(`
port=$(port)
listen-address=$(host)
bind-interfaces
no-resolv
no-hosts
no-dhcp-interface=*
cache-size=0
local-ttl=1
user=root
pid-file=$(dir)/dnsmasq.pid
log-queries
log-facility=-
local=/test/
addn-hosts=$(dir)/hosts
$(upstream)
`, map[string]string{"dir": dir, "host": host, "port": port, "upstream": upstream})
	file(t, dir, "hosts", hosts)
	s := start(t, dir, []string{addr}, "dnsmasq", "--keep-in-foreground", "--conf-file="+file(t, dir, "dnsmasq.conf", config))
	return &dnsmasq{s, t, netip.MustParseAddrPort(addr)}
}

// resolver is a client's.
func (d *dnsmasq) resolver() connector.Resolver { return connector.Nameservers(d.addr) }

// change gives it other names, and waits until a name has the wanted address, or
// none if that is empty.
func (d *dnsmasq) change(hosts, name, want string) {
	d.t.Helper()
	file(d.t, d.dir, "hosts", hosts)
	d.signal(d.t, syscall.SIGHUP)
	eventually(d.t, "dnsmasq has read its names", func() bool {
		addrs, err := d.resolver().LookupNetIP(within(d.t), "ip4", name)
		if want == "" {
			return err != nil
		}
		return err == nil && slices.Contains(addrs, netip.MustParseAddr(want))
	})
}

// siteAt is a server at an address that answers with its own text, and ends each
// connection, so that every request has to find its way.
func siteAt(t *testing.T, addr, text string) string {
	t.Helper()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		w.Write([]byte(text))
	}))
	srv.Listener.Close()
	srv.Listener = ln
	srv.Start()
	t.Cleanup(srv.Close)
	return ln.Addr().String()
}

// twoSites are two servers with one port.
func twoSites(t *testing.T) (first, second, port string) {
	t.Helper()
	first, second = loopback(), loopback()
	_, port, err := net.SplitHostPort(siteAt(t, first+":0", "first"))
	if err != nil {
		t.Fatal(err)
	}
	siteAt(t, second+":"+port, "second")
	return first, second, port
}

// A name that moves is followed when the cached address is past its time, and at
// once when the cache is cleared.
func TestInteropDNSmasqTTL(t *testing.T) {
	t.Parallel()
	first, second, port := twoSites(t)
	d := startDNSmasq(t, first+" moving.test\n", "")
	url := "http://moving.test:" + port + "/"
	long := newSession(t, connector.Config{Resolver: d.resolver(), DNSCacheTTL: time.Hour, Family: "ip4"})
	short := newSession(t, connector.Config{Resolver: d.resolver(), DNSCacheTTL: 100 * time.Millisecond})
	for name, s := range map[string]*session.Session{"long": long, "short": short} {
		if resp, text := get(t, s, url); text != "first" || resp.Timing().CachedDNS {
			t.Errorf("%s: got %q, cached %v", name, text, resp.Timing().CachedDNS)
		}
	}
	d.change(second+" moving.test\n", "moving.test", second)
	if resp, text := get(t, long, url); text != "first" || !resp.Timing().CachedDNS {
		t.Errorf("within its time: got %q, cached %v", text, resp.Timing().CachedDNS)
	}
	hosts := long.Connector().CachedHosts()
	if len(hosts) != 1 || hosts[0].Host != "moving.test" || hosts[0].Port != port || len(hosts[0].Addrs) != 1 || hosts[0].Addrs[0].String() != first {
		t.Errorf("got cached hosts %+v", hosts)
	}
	eventually(t, "the new address is used", func() bool {
		_, text := get(t, short, url)
		return text == "second"
	})
	if err := long.Connector().ClearDNSCache("moving.test", port); err != nil {
		t.Error(err)
	}
	if _, text := get(t, long, url); text != "second" {
		t.Errorf("cleared: got %q", text)
	}
}

// Both addresses are used in turn, and one that is dead is passed over.
func TestInteropDNSmasqAddresses(t *testing.T) {
	t.Parallel()
	first, second, port := twoSites(t)
	dead, silent := loopback(), silentAddr(t, port)
	d := startDNSmasq(t, first+" both.test\n"+second+" both.test\n"+
		first+" half.test\n"+dead+" half.test\n"+
		first+" slow.test\n"+silent+" slow.test\n"+dead+" dead.test\n"+loopback()+" dead.test\n", "")
	s := newSession(t, connector.Config{Resolver: d.resolver(), HappyEyeballsDelay: 50 * time.Millisecond})
	got := map[string]int{}
	for range 6 {
		_, text := get(t, s, "http://both.test:"+port+"/")
		got[text]++
	}
	if got["first"] != 3 || got["second"] != 3 {
		t.Errorf("in turn: got %v", got)
	}
	for _, name := range []string{"half.test", "slow.test"} {
		for range 4 {
			resp, text := get(t, s, "http://"+name+":"+port+"/")
			if text != "first" || resp.Timing().Connect > 5*time.Second {
				t.Errorf("%s: got %q after %v", name, text, resp.Timing().Connect)
			}
		}
	}
	err := fails(t, s, "http://dead.test:"+port+"/")
	if !errors.Is(err, errors.ErrClientConnector) || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("all dead: got %v", err)
	}
	err = fails(t, newSession(t, connector.Config{Resolver: d.resolver(), AllowAddr: connector.RefusePrivate}), "http://both.test:"+port+"/")
	if !errors.Is(err, errors.ErrClientConnector) {
		t.Errorf("loopback refused: got %v", err)
	}
}

// silentAddr is a loopback address where connections to the port are neither made
// nor refused: the queue of its listener is full.
func silentAddr(t *testing.T, port string) string {
	t.Helper()
	host := loopback()
	addr, err := net.ResolveTCPAddr("tcp4", net.JoinHostPort(host, port))
	if err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	sa := &syscall.SockaddrInet4{Port: addr.Port, Addr: [4]byte(addr.IP.To4())}
	if err := syscall.Bind(fd, sa); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		nc, err := net.DialTimeout("tcp", addr.String(), 200*time.Millisecond)
		if err != nil {
			return host
		}
		t.Cleanup(func() { nc.Close() })
	}
	t.Skip("a listener that accepts nobody takes many connections here")
	return ""
}

func TestInteropDNSmasqNXDOMAIN(t *testing.T) {
	t.Parallel()
	d := startDNSmasq(t, "", "")
	for _, ttl := range []time.Duration{0, time.Hour} {
		s := newSession(t, connector.Config{Resolver: d.resolver(), StaleDNS: ttl})
		err := fails(t, s, "http://nobody.test/")
		e, ok := errors.AsType[*errors.ClientConnectorDNSError](err)
		if !ok || e.Host != "nobody.test" || e.Port != 80 {
			t.Errorf("got %v", err)
		}
		if cause, ok := errors.AsType[*net.DNSError](err); !ok || !cause.IsNotFound || cause.IsTimeout {
			t.Errorf("got the cause %+v", cause)
		}
		if hosts := s.Connector().CachedHosts(); len(hosts) != 0 {
			t.Errorf("a failure is cached: %+v", hosts)
		}
	}
}

// A name server that fails for a while is covered for by the old answer, if that
// was asked for; one that says that there is no such name is believed.
func TestInteropDNSmasqStale(t *testing.T) {
	t.Parallel()
	first, _, port := twoSites(t)
	names := first + " here.fails.test\n" + first + " gone.test\n"
	d := startDNSmasq(t, names, servFail(t))
	const ttl = 100 * time.Millisecond
	stale := newSession(t, connector.Config{Resolver: d.resolver(), DNSCacheTTL: ttl, StaleDNS: time.Hour})
	strict := newSession(t, connector.Config{Resolver: d.resolver(), DNSCacheTTL: ttl})
	urls := map[string]string{"fails": "http://here.fails.test:" + port + "/", "gone": "http://gone.test:" + port + "/"}
	for _, s := range []*session.Session{stale, strict} {
		for _, url := range urls {
			if _, text := get(t, s, url); text != "first" {
				t.Errorf("%s: got %q", url, text)
			}
		}
	}
	d.change("", "gone.test", "")
	// The time of all answers is over as soon as the strict one fails.
	var err error
	eventually(t, "the answers are past their time", func() bool {
		var resp *session.Response
		if resp, err = strict.Get(t.Context(), urls["fails"]); err == nil {
			resp.Close()
		}
		return err != nil
	})
	if cause, ok := errors.AsType[*net.DNSError](err); !ok || cause.IsNotFound || !errors.Is(err, errors.ErrClientConnectorDNS) {
		t.Errorf("SERVFAIL: got %v", err)
	}
	for range 3 {
		resp, text := get(t, stale, urls["fails"])
		if text != "first" || !resp.Timing().CachedDNS {
			t.Errorf("SERVFAIL with an old answer: got %q, cached %v", text, resp.Timing().CachedDNS)
		}
	}
	err = fails(t, stale, urls["gone"])
	if cause, ok := errors.AsType[*net.DNSError](err); !ok || !cause.IsNotFound {
		t.Errorf("NXDOMAIN with an old answer: got %v", err)
	}
}

// servFail is a name server that answers every question with SERVFAIL
// (RFC 1035 4.1.1: RCODE 2).
func servFail(t *testing.T) string {
	t.Helper()
	pc, err := net.ListenPacket("udp", loopback()+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			if n < 12 {
				continue
			}
			buf[2] |= 0x80 // a response
			buf[3] = buf[3]&0xf0 | 2
			pc.WriteTo(buf[:n], from)
		}
	}()
	return pc.LocalAddr().String()
}
