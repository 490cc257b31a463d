package connector_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/racetest"
)

// rawServer answers every request with okResponse and holds little memory; it
// counts its connections.
func rawServer(tb testing.TB) (port string, conns *atomic.Int32) {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	conns = new(atomic.Int32)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	tb.Cleanup(func() {
		ln.Close()
		mu.Lock()
		for _, nc := range open {
			nc.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			conns.Add(1)
			mu.Lock()
			open = append(open, nc)
			mu.Unlock()
			wg.Go(func() { answerAll(nc) })
		}
	})
	return strconv.Itoa(ln.Addr().(*net.TCPAddr).Port), conns
}

func answerAll(nc net.Conn) {
	defer nc.Close()
	buf := make([]byte, 1024)
	answer := []byte(okResponse)
	for n := 0; ; {
		m, err := nc.Read(buf[n:])
		if err != nil {
			return
		}
		if n += m; bytes.HasSuffix(buf[:n], []byte("\r\n\r\n")) {
			n = 0
			if _, err := nc.Write(answer); err != nil {
				return
			}
		}
	}
}

// useHosts sends a request to each of many hosts, a hundred at a time.
func useHosts(tb testing.TB, rt http.RoundTripper, port string, hosts int) {
	tb.Helper()
	var wg sync.WaitGroup
	next := make(chan int)
	for range 100 {
		wg.Go(func() {
			for host := range next {
				req, err := http.NewRequestWithContext(context.Background(), "GET", fmt.Sprintf("http://h%d.test:%s/", host, port), nil)
				if err != nil {
					tb.Error(err)
					continue
				}
				ask(tb, rt, req)
			}
		})
	}
	for host := range hosts {
		next <- host
	}
	close(next)
	wg.Wait()
}

// memory is what the program holds, stacks of goroutines included.
func memory() uint64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// TestManyHostsInFull: 500 hosts, 20 requests each, a limit of 100. There is one dial for
// each host, and an idle connection takes no more memory than one of net/http's.
//
// net/http gives a connection up if its goroutines had to wait for the processor
// for 50 ms at the wrong moment, so a few dials more are none of ours, if each has
// taken the place of a connection that was closed.
func TestManyHostsInFull(t *testing.T) {
	const hosts, extra = 500, 10
	requests := racetest.Count(20, 5)
	if testing.Short() {
		t.Skip("10,000 requests, twice")
	}
	measure := func(rt http.RoundTripper, port string) uint64 {
		before := memory()
		for range requests { // each host once at a time, so that none needs a second connection
			useHosts(t, rt, port, hosts)
		}
		return (memory() - before) / hosts
	}
	port, conns := rawServer(t)
	bare := &http.Transport{
		MaxIdleConns: 2 * hosts, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+port)
		},
	}
	theirs := measure(bare, port)
	if n := conns.Load(); n < hosts || n > hosts+extra {
		t.Errorf("net/http made %d connections", n)
	}
	bare.CloseIdleConnections()

	port, conns = rawServer(t)
	c := newConnector(t, connector.Config{Limit: 100, MaxIdle: -1, KeepAlive: -1, Resolver: &names{addrs: []string{"127.0.0.1"}}})
	ours := measure(c, port)
	st := c.Stats()
	t.Logf("bytes for each idle connection: %d, net/http's %d", ours, theirs)
	open := int(st.Opened - st.Closed) // one that was closed in the last round has no successor
	if n := conns.Load(); uint64(n) != st.Opened || open > hosts || open < hosts-extra || st.Opened > hosts+extra {
		t.Errorf("%d dials, %+v", n, st)
	}
	if st.Idle != open || st.InUse != 0 || st.Hosts != open || st.Opened+st.Reused != uint64(hosts*requests) {
		t.Errorf("at the end: %+v", st)
	}
	if slack := theirs / 10; ours > theirs+slack {
		t.Errorf("%d bytes for each idle connection, net/http has %d", ours, theirs)
	}
}

// BenchmarkHosts is the cost of a request when so many hosts have an idle
// connection; it should not grow with their number. Ten of the hosts are asked, so
// that what differs is not the processor's cache.
func BenchmarkHosts(b *testing.B) {
	for _, hosts := range hostCounts {
		b.Run(strconv.Itoa(hosts), func(b *testing.B) {
			c, reqs := manyHosts(b, hosts)
			runtime.GC()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				ask(b, c, reqs[i%len(reqs)])
			}
		})
	}
}

var hostCounts = []int{10, 100, 1000, 10000}

// BenchmarkHostsRatio compares them in rounds that take turns, in one program, so
// that garbage collection, which goes by the program's memory, and what else the
// machine does, hurts all alike. It reports the median of the time over that of
// ten hosts.
func BenchmarkHostsRatio(b *testing.B) {
	const requests = 2000
	var conns []*connector.Connector
	var reqs [][]*http.Request
	for _, hosts := range hostCounts {
		c, r := manyHosts(b, hosts)
		conns, reqs = append(conns, c), append(reqs, r)
	}
	ratios := make([][]float64, len(conns))
	took := make([]time.Duration, len(conns))
	for round := 0; b.Loop(); round++ {
		for i := range conns {
			i = (i + round) % len(conns)
			start := time.Now()
			for n := range requests {
				ask(b, conns[i], reqs[i][n%len(reqs[i])])
			}
			took[i] = time.Since(start)
		}
		for i := range conns {
			ratios[i] = append(ratios[i], float64(took[i])/float64(took[0]))
		}
	}
	for i, hosts := range hostCounts[1:] {
		slices.Sort(ratios[i+1])
		b.ReportMetric(ratios[i+1][len(ratios[i+1])/2], strconv.Itoa(hosts)+"-of-10")
	}
}

// manyHosts returns a connector that has an idle connection to each of so many
// hosts, and requests to ten of them.
func manyHosts(b *testing.B, hosts int) (*connector.Connector, []*http.Request) {
	b.Helper()
	n := memnet.New()
	n.SetBuffer(512)
	ln, err := n.Listen("all:80")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { ln.Close() })
	go func() {
		for nc, err := ln.Accept(); err == nil; nc, err = ln.Accept() {
			go answerAll(nc)
		}
	}()
	c, err := connector.New(connector.Config{KeepAlive: -1, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return n.DialContext(ctx, network, "all:80")
	}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	useHosts(b, c, "80", hosts)
	var reqs []*http.Request
	for i := range 10 {
		req, err := http.NewRequestWithContext(b.Context(), "GET", fmt.Sprintf("http://h%d.test:80/", i*hosts/10), nil)
		if err != nil {
			b.Fatal(err)
		}
		reqs = append(reqs, req)
	}
	return c, reqs
}

func ask(tb testing.TB, rt http.RoundTripper, req *http.Request) {
	resp, err := rt.RoundTrip(req)
	if err != nil {
		tb.Error(err)
		return
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
}
