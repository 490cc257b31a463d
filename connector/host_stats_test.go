package connector_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// wireServer starts a server in memory of each kind of wire, and a connector for it.
func wireServer(t *testing.T, wire string, cfg connector.Config, h http.HandlerFunc) (c *connector.Connector, url string) {
	t.Helper()
	n := memnet.New()
	ln, err := n.Listen("host:443")
	if err != nil {
		t.Fatal(err)
	}
	cfg.DialContext = n.DialContext
	if wire == "http" {
		srv := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
		var wg sync.WaitGroup
		wg.Go(func() { _ = srv.Serve(ln) }) // ends with the test
		t.Cleanup(func() { srv.Close(); wg.Wait() })
		return newConnector(t, cfg), "http://host:443"
	}
	cfg.TLS = newH2Server(t, h2Options{on: ln, h1: wire == "https, HTTP/1.1"}, h).client
	return newConnector(t, cfg), "https://host"
}

var statsWires = []string{"http", "https, HTTP/1.1", "https, HTTP/2"}

// TestHostStats follows two requests that are served and three that wait, until the host
// is forgotten.
func TestHostStats(t *testing.T) {
	t.Parallel()
	for _, wire := range statsWires {
		for _, tt := range []struct {
			name   string
			cfg    connector.Config
			reason connector.WaitReason
		}{
			{"per host", connector.Config{LimitPerHost: 2}, connector.WaitLimitPerHost},
			{"in all", connector.Config{Limit: 2}, connector.WaitLimit},
		} {
			t.Run(wire+", "+tt.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { hostStats(t, wire, tt.cfg, tt.reason) })
			})
		}
	}
}

func hostStats(t *testing.T, wire string, cfg connector.Config, reason connector.WaitReason) {
	goOn := make(chan struct{})
	c, url := wireServer(t, wire, cfg, func(http.ResponseWriter, *http.Request) { <-goOn })
	one := func() connector.HostStats {
		t.Helper()
		hosts, total := c.HostStats()
		if len(hosts) != 1 || total != c.Stats() || total.Hosts != 1 || total.InUse != hosts[0].InUse || total.Waiting != hosts[0].Waiting || total.Idle != hosts[0].Idle {
			t.Fatalf("got %+v of %+v", hosts, total)
		}
		return hosts[0]
	}
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() { get(t, c, url) })
		synctest.Wait()
	}
	time.Sleep(7 * time.Second)
	want := connector.HostStats{
		Scheme: url[:len(url)-len("://host")], Host: net.JoinHostPort("host", "443"),
		InUse: 2, Waiting: 3, OldestWait: 7 * time.Second, WaitsFor: reason,
	}
	if wire == "http" {
		want.Scheme = "http"
	}
	if wire == "https, HTTP/2" {
		want.HTTP2, want.Opened, want.Reused = connector.ProtocolStats{Open: 1, InUse: 2}, 1, 1
	} else {
		want.HTTP1, want.Opened = connector.ProtocolStats{Open: 2, InUse: 2}, 2
	}
	if got := one(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	close(goOn)
	wg.Wait()
	synctest.Wait()
	got := one()
	if got.InUse != 0 || got.Waiting != 0 || got.OldestWait != 0 || got.WaitsFor != "" || got.Opened+got.Reused != 5 ||
		got.Idle != got.HTTP1.Open+got.HTTP2.Open || got.Idle != int(got.Opened-got.Closed) {
		t.Errorf("afterwards: %+v", got)
	}
	c.CloseIdleConnections()
	if hosts, total := c.HostStats(); len(hosts) != 0 || total.Hosts != 0 || total.Opened != total.Closed {
		t.Errorf("a host without anything: %+v, %+v", hosts, total)
	}
}

// TestHostStatsDialing: a request that makes its connection holds a slot, and no
// connection.
func TestHostStatsDialing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		ln, err := n.Listen("h:80")
		if err != nil {
			t.Fatal(err)
		}
		wiretest.NewOn(t, ln, fine)
		dial := make(chan struct{})
		c := newConnector(t, connector.Config{DialContext: hold(n.DialContext, dial)})
		var wg sync.WaitGroup
		wg.Go(func() { get(t, c, "http://h") })
		synctest.Wait()
		hosts, _ := c.HostStats()
		want := connector.HostStats{Scheme: "http", Host: "h:80", InUse: 1, Dialing: 1}
		if len(hosts) != 1 || hosts[0] != want {
			t.Errorf("got %+v, want %+v", hosts, want)
		}
		close(dial)
		wg.Wait()
	})
}

// TestHostStatsRetried: a request that is sent again because its connection was dead is
// counted for its host.
func TestHostStatsRetried(t *testing.T) {
	t.Parallel()
	n := serveMemory(t, func(c *wiretest.Conn) {
		if _, ok := c.ReadHead(); ok && c.Write(okResponse) {
			c.ReadHead()
		}
	})
	c := newConnector(t, connector.Config{DialContext: n.DialContext})
	for range 3 {
		get(t, c, "http://h")
	}
	hosts, total := c.HostStats()
	if len(hosts) != 1 || hosts[0].Retried != total.Retried || total.Retried == 0 || hosts[0].Opened != total.Opened {
		t.Errorf("got %+v of %+v", hosts, total)
	}
}

// TestHostStatsProxy: a host behind a proxy has a row of its own, which names the proxy
// without its credentials.
func TestHostStatsProxy(t *testing.T) {
	t.Parallel()
	n := serveMemory(t, fine)
	proxy, err := n.Listen("proxy:3128")
	if err != nil {
		t.Fatal(err)
	}
	wiretest.NewOn(t, proxy, fine)
	c := newConnector(t, connector.Config{DialContext: n.DialContext, Proxy: "http://me:secret@proxy:3128"})
	get(t, c, "http://h")
	hosts, _ := c.HostStats()
	if len(hosts) != 1 || hosts[0].Host != "h:80" || hosts[0].Proxy != "http://proxy:3128" {
		t.Errorf("got %+v", hosts)
	}
}

// hold has dials wait until goOn is closed.
func hold(dial dialFunc, goOn <-chan struct{}) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		<-goOn
		return dial(ctx, network, addr)
	}
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)
