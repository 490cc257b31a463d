package connector_test

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// hostsServers are three servers that say who they are.
func hostsServers(t *testing.T) (addr map[string]string) {
	t.Helper()
	addr = map[string]string{}
	for _, name := range []string{"A", "B", "C"} {
		addr[name] = wiretest.New(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"+name)).Addr()
	}
	return addr
}

// TestHosts: which entry counts, and to which port it leads.
func TestHosts(t *testing.T) {
	t.Parallel()
	at := hostsServers(t)
	port := func(name string) string { return portOf(t, at[name]) }
	dns := &names{}
	dns.set(nil, "127.0.0.1")
	for _, tt := range []struct {
		name      string
		hosts     map[string]string
		url, want string // "": no connection
	}{
		{"nil", nil, "http://h.test:" + port("A"), "A"},
		{"host and port", map[string]string{"h.test:80": at["A"]}, "http://h.test/", "A"},
		{"another port", map[string]string{"h.test:81": at["A"]}, "http://h.test:" + port("B"), "B"},
		{"another host", map[string]string{"g.test:80": at["A"]}, "http://h.test:" + port("B"), "B"},
		{"host", map[string]string{"h.test": at["A"]}, "http://h.test:9", "A"},
		{"host, to the same port", map[string]string{"h.test": "127.0.0.1"}, "http://h.test:" + port("C"), "C"},
		{"any host", map[string]string{"*:80": at["A"]}, "http://h.test", "A"},
		{"any host on another port", map[string]string{"*:81": at["A"]}, "http://h.test:" + port("B"), "B"},
		{"anything", map[string]string{"*": at["A"]}, "http://h.test:9", "A"},
		{"the closest one", map[string]string{"*": at["C"], "*:80": at["C"], "h.test": at["B"], "h.test:80": at["A"]}, "http://h.test", "A"},
		{"the host before the port", map[string]string{"*": at["C"], "*:80": at["C"], "h.test": at["B"]}, "http://h.test", "B"},
		{"the port before all", map[string]string{"*": at["C"], "*:80": at["B"]}, "http://h.test", "B"},
		{"case, and dots at the end", map[string]string{"H.Test.:80": at["A"]}, "http://h.TEST./", "A"},
		{"unicode", map[string]string{"b\u00fccher.test": at["A"]}, "http://xn--bcher-kva.test/", "A"},
		{"an address", map[string]string{"192.0.2.1:80": at["A"]}, "http://192.0.2.1/", "A"},
		{"an address of IPv6", map[string]string{"[2001:db8::1]:80": at["A"]}, "http://[2001:0db8::1]/", "A"},
		{"the same without a port", map[string]string{"2001:db8::1": at["A"]}, "http://[2001:db8::1]:9/", "A"},
		{"the same in brackets", map[string]string{"[2001:db8::1]": at["A"]}, "http://[2001:db8::1]:9/", "A"},
		{"a name", map[string]string{"h.test": "other.test:" + port("B")}, "http://h.test/", "B"},
		{"not twice", map[string]string{"h.test": "other.test", "other.test": at["A"]}, "http://h.test:" + port("B"), "B"},
		{"https is on 443", map[string]string{"h.test:443": at["A"]}, "http://h.test:" + port("B"), "B"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			given := len(tt.hosts)
			c := newConnector(t, connector.Config{Hosts: tt.hosts, Resolver: dns})
			for key := range tt.hosts { // the map is copied
				tt.hosts[key] = "256.256.256.256"
			}
			if got := get(t, c, tt.url); got != tt.want || len(tt.hosts) != given {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestHostsInvalid: what cannot be is an error of New and of NewTransport.
func TestHostsInvalid(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ from, to string }{
		{"", "127.0.0.1"},
		{"h.test:", "127.0.0.1"},
		{"h.test:0", "127.0.0.1"},
		{"h.test:65536", "127.0.0.1"},
		{"h.test:http", "127.0.0.1"},
		{":80", "127.0.0.1"},
		{"http://h.test", "127.0.0.1"},
		{"h.test/", "127.0.0.1"},
		{"*.test", "127.0.0.1"},
		{"*.test:80", "127.0.0.1"},
		{"[2001:db8::1", "127.0.0.1"},
		{"[h.test]", "127.0.0.1"},
		{"[h.test]:80:80", "127.0.0.1"},
		{"2001:db8::g", "127.0.0.1"},
		{"h test", "127.0.0.1"},
		{"h.test", ""},
		{"h.test", ":80"},
		{"h.test", "*"},
		{"h.test", "*:80"},
		{"h.test", "127.1"},
		{"h.test", "0x7f000001:80"},
		{"h.test", "127.0.0.1:x"},
		{"h.test", "a\nb"},
		{"010.0.0.1", "127.0.0.1"},
	} {
		cfg := connector.Config{Hosts: map[string]string{tt.from: tt.to}}
		_, err := connector.New(cfg)
		_, err2 := connector.NewTransport(cfg)
		for _, err := range []error{err, err2} {
			invalid, ok := errors.AsType[*errors.InvalidRequestError](err)
			if !ok || invalid.Field != "Hosts" || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: %q: got %v", tt.from, tt.to, err)
			}
		}
	}
	_, err := connector.New(connector.Config{Hosts: map[string]string{"h.test": "127.0.0.1", "H.test.": "127.0.0.2"}})
	if err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("twice: got %v", err)
	}
	_, err = connector.New(connector.Config{Hosts: map[string]string{"h.test": "127.0.0.1"}, DialContext: new(net.Dialer).DialContext})
	if !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("with DialContext: got %v", err)
	}
	if _, err = connector.NewUnix("/no/such", connector.Config{Hosts: map[string]string{"h.test": "127.0.0.1"}}); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("with a Unix socket: got %v", err)
	}
}

// TestHostsTLS: the name in TLS and in Host is the URL's, over HTTP/1.1 and HTTP/2, through
// a Connector and a Transport.
func TestHostsTLS(t *testing.T) {
	t.Parallel()
	right := certs.For(t, certs.Options{Names: []string{"api.test"}})
	for _, protos := range [][]string{{"http/1.1"}, {"h2", "http/1.1"}} {
		srv := namingServer(t, right, protos)
		cfg := connector.Config{TLS: right.Client(), Hosts: map[string]string{"api.test:443": srv, "wrong.test": srv}}
		c := newConnector(t, cfg)
		tr, err := connector.NewTransport(cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(tr.CloseIdleConnections)
		want := "api.test api.test " + map[bool]string{true: "HTTP/2.0", false: "HTTP/1.1"}[len(protos) > 1]
		if got := get(t, c, "https://api.test/"); got != want {
			t.Errorf("connector: got %q, want %q", got, want)
		}
		if got := get(t, tr, "https://api.test/"); got != want {
			t.Errorf("transport: got %q, want %q", got, want)
		}
		err = fails(t, c, "https://wrong.test/")
		if !errors.Is(err, errors.ErrClientConnectorCertificate) || !strings.Contains(err.Error(), "wrong.test") {
			t.Errorf("got %v, want a certificate that is not the name's", err)
		}
	}
}

// TestHostsEvents: an address is told as a hit of the DNS cache, a name as any other, and
// AllowAddr is asked for what is connected to.
func TestHostsEvents(t *testing.T) {
	t.Parallel()
	at := hostsServers(t)
	port := portOf(t, at["A"])
	dns := &names{}
	dns.set(nil, "127.0.0.1")
	for _, tt := range []struct {
		name, url, to string
		events, trace []string
		cached        bool
	}{
		{"an address", "http://h.test/", at["A"], []string{"hit h.test"}, []string{"start h.test", "done 127.0.0.1"}, true},
		{
			"a name", "http://h.test/", "other.test:" + port,
			[]string{"miss other.test", "start other.test", "end other.test"},
			[]string{"start other.test", "done 127.0.0.1"},
			false,
		},
		{"of an address", "http://192.0.2.1/", at["A"], nil, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var events, heard []string
			var asked []netip.AddrPort
			note := func(list *[]string, format string, args ...any) {
				mu.Lock()
				defer mu.Unlock()
				*list = append(*list, fmt.Sprintf(format, args...))
			}
			allow := func(a netip.AddrPort) error { asked = append(asked, a); return nil }
			c := newConnector(t, connector.Config{
				Hosts: map[string]string{"h.test:80": tt.to, "192.0.2.1:80": tt.to}, Resolver: dns, AllowAddr: allow,
			})
			var record connector.Recorder
			ctx := connector.WithSettings(t.Context(), connector.Settings{Recorder: &record, Trace: &connector.Trace{
				DNSCacheHit:  func(host string) { note(&events, "hit %s", host) },
				DNSCacheMiss: func(host string) { note(&events, "miss %s", host) },
				ResolveStart: func(host string) { note(&events, "start %s", host) },
				ResolveEnd:   func(host string) { note(&events, "end %s", host) },
			}})
			ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
				DNSStart: func(i httptrace.DNSStartInfo) { note(&heard, "start %s", i.Host) },
				DNSDone:  func(i httptrace.DNSDoneInfo) { note(&heard, "done %s", i.Addrs[0].String()) },
			})
			resp, err := c.RoundTrip(newRequest(t, ctx, "GET", tt.url, nil))
			if err != nil {
				t.Fatal(err)
			}
			read(t, resp)
			if !slices.Equal(events, tt.events) || !slices.Equal(heard, tt.trace) {
				t.Errorf("got %q and %q, want %q and %q", events, heard, tt.events, tt.trace)
			}
			if want := []netip.AddrPort{netip.MustParseAddrPort(at["A"])}; !slices.Equal(asked, want) {
				t.Errorf("AllowAddr was asked for %v, want %v", asked, want)
			}
			if got := record.Timing().CachedDNS; got != tt.cached {
				t.Errorf("CachedDNS: got %v", got)
			}
		})
	}
	refused := newConnector(t, connector.Config{Hosts: map[string]string{"h.test": at["A"]}, AllowAddr: connector.RefusePrivate})
	if err := fails(t, refused, "http://h.test/"); !errors.Is(err, errors.ErrClientConnector) {
		t.Errorf("got %v", err)
	}
}

// TestHostsProxy: the proxy's host is looked for, but not under "*"; the proxy is asked for
// the name in the URL, unless it is one of socks5, for which names are resolved here.
func TestHostsProxy(t *testing.T) {
	t.Parallel()
	at := hostsServers(t)
	for _, tt := range []struct {
		scheme, url string
		tunnel      string // what the proxy is asked for
	}{
		{"http", "http://h.test/", ""},
		{"socks5h", "http://h.test/", "h.test:80"},
		{"socks5", "http://h.test/", at["A"]},
	} {
		t.Run(tt.scheme, func(t *testing.T) {
			t.Parallel()
			p := &testProxy{targets: map[string]string{"h.test:80": at["A"], at["A"]: at["A"], "http://h.test/": at["A"]}}
			p.start(t, strings.TrimSuffix(tt.scheme, "h"), nil)
			c := newConnector(t, connector.Config{
				Proxy: tt.scheme + "://proxy.test:3128",
				Hosts: map[string]string{"proxy.test:3128": p.srv.Addr(), "*": at["A"]},
			})
			get(t, c, tt.url)
			if got := p.tunnels(); tt.tunnel != "" && !slices.Equal(got, []string{tt.tunnel}) {
				t.Errorf("the proxy was asked for %q, want %q", got, tt.tunnel)
			}
			if tt.tunnel == "" && !strings.HasPrefix(p.srv.Requests()[0], "GET http://h.test/ ") {
				t.Errorf("the proxy was sent %q", p.srv.Requests()[0])
			}
		})
	}
	dns := &proxyDNS{names: map[string]string{}}
	c := newConnector(t, connector.Config{Proxy: "http://proxy.test:3128", Hosts: map[string]string{"*": at["A"]}, Resolver: dns})
	if err := fails(t, c, "http://h.test/"); !errors.Is(err, errors.ErrClientConnectorDNS) {
		t.Errorf("a wildcard for a proxy: got %v", err)
	}
}

// FuzzHosts: no text makes trouble; one that is taken leads where it says, and what is
// refused is told with its field.
func FuzzHosts(f *testing.F) {
	for _, s := range []string{"h.test:80", "h.test", "*:80", "*", "[2001:db8::1]:443", "::1", "127.0.0.1", "[", "]:", ":", "a:b:c"} {
		f.Add(s, "127.0.0.1:1")
		f.Add("h.test", s)
	}
	f.Fuzz(func(t *testing.T, from, to string) {
		c, err := connector.New(connector.Config{Hosts: map[string]string{from: to}})
		if err != nil {
			if invalid, ok := errors.AsType[*errors.InvalidRequestError](err); !ok || invalid.Field != "Hosts" || strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("%q: %q: got %v", from, to, err)
			}
			return
		}
		defer c.Close()
		if _, err := url.Parse("http://" + strings.Replace(from, "*", "any", 1)); err != nil && !strings.Contains(from, ":") {
			t.Errorf("%q was taken: %v", from, err)
		}
	})
}

// namingServer tells the name in TLS, the Host header and the version.
func namingServer(t *testing.T, leaf *certs.Leaf, protos []string) (addr string) {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s", r.TLS.ServerName, r.Host, r.Proto)
	}))
	srv.TLS = leaf.Server()
	srv.TLS.NextProtos = protos
	srv.EnableHTTP2 = protos[0] == "h2"
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that have to fail
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}
