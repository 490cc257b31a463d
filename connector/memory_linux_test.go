package connector_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/racetest"
)

// keepIdle makes so many idle connections from one goroutine: what others leave behind is not
// theirs.
func keepIdle(t *testing.T, c *connector.Connector, url string, count int) {
	t.Helper()
	open := make([]*http.Response, count)
	for i := range open {
		resp, err := c.RoundTrip(newRequest(t, context.Background(), "GET", url, nil))
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		open[i] = resp
	}
	buf := make([]byte, 16)
	for _, resp := range open {
		if n, err := io.ReadFull(resp.Body, buf); n != len("ok") || err != io.ErrUnexpectedEOF {
			t.Fatalf("got %d bytes, %v", n, err)
		}
		resp.Body.Close()
	}
	if st := c.Stats(); st.Idle != count || st.Opened != uint64(count) {
		t.Fatalf("got %+v, want %d idle", st, count)
	}
}

// idleCost is what each of so many idle connections of a connector takes, and how many
// goroutines all have.
func idleCost(t *testing.T, cfg connector.Config, url string, count int) (bytes, goroutines int) {
	t.Helper()
	cfg.Limit, cfg.MaxIdle, cfg.KeepAlive = -1, -1, -1
	c := newConnector(t, cfg)
	before, routines := memory(), runtime.NumGoroutine()
	keepIdle(t, c, url, count)
	bytes = int(memory()-before) / count
	goroutines = runtime.NumGoroutine() - routines
	runtime.KeepAlive(c)
	c.Close()
	return bytes, goroutines
}

const (
	// idleBudget is what an idle connection may take, or add to what crypto/tls keeps.
	idleBudget = 2 << 10
	// fewRoutines are those that come and go with others' work: the sweep.
	fewRoutines = 2
)

// An idle connection costs little memory, and no goroutine.
func TestIdleConnAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector takes memory")
	}
	url := "http://" + startServer(t, "plain")
	for _, count := range []int{1000, affordable(10_000)} {
		bytes, goroutines := idleCost(t, connector.Config{}, url, count)
		t.Logf("%d idle connections: %d bytes each, %d goroutines", count, bytes, goroutines)
		if bytes > idleBudget || goroutines > fewRoutines {
			t.Errorf("%d idle connections: %d bytes each, %d goroutines, want at most %d and %d",
				count, bytes, goroutines, idleBudget, fewRoutines)
		}
	}
}

// Over TLS it costs what crypto/tls keeps, and little more.
func TestIdleConnAllocsTLS(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector takes memory")
	}
	const count = 1000
	addr := startServer(t, "TLS")
	bare := bareCost(t, addr, count)
	bytes, goroutines := idleCost(t, connector.Config{Insecure: true}, "https://"+addr, count)
	t.Logf("%d idle connections: %d bytes each, %d goroutines; a tls.Conn alone %d", count, bytes, goroutines, bare)
	if bytes > bare+idleBudget || goroutines > fewRoutines {
		t.Errorf("%d bytes each, %d goroutines, want at most %d + %d and %d", bytes, goroutines, bare, idleBudget, fewRoutines)
	}
}

// affordable is count, or as many descriptors as there are, with some to spare.
func affordable(count int) int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1000
	}
	return min(count, max(int(limit.Cur)-200, 100))
}

// bareCost is what each of so many connections of crypto/tls takes that have made the same
// exchange.
func bareCost(t *testing.T, addr string, count int) int {
	t.Helper()
	cfg := &tls.Config{InsecureSkipVerify: true, ClientSessionCache: tls.NewLRUClientSessionCache(0)}
	conns := make([]*tls.Conn, count)
	defer func() {
		for _, nc := range conns {
			if nc != nil {
				nc.Close()
			}
		}
	}()
	before := memory()
	buf := make([]byte, 4096)
	for i := range conns {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		tc := tls.Client(nc, cfg)
		conns[i] = tc
		if _, err := io.WriteString(tc, "GET / HTTP/1.1\r\nHost: "+addr+"\r\nUser-Agent: Go-http-client/1.1\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if n, err := tc.Read(buf); err != nil || string(buf[:n]) != okResponse {
			t.Fatalf("got %q, %v", buf[:n], err)
		}
	}
	cost := int(memory()-before) / count
	runtime.KeepAlive(conns)
	return cost
}

// What RoundTrip, reading and closing allocate, all but the request (of a POST one is the
// test's own). The figures are exact; a change of them is one of the engine, or of net/http
// or crypto/tls.
func TestRoundTripAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	plain, secure := "http://"+startServer(t, "plain"), "https://"+startServer(t, "TLS")
	cancelable, cancel := context.WithCancel(context.Background())
	defer cancel()
	text := strings.Repeat("x", 1<<10)
	c := newConnector(t, connector.Config{Insecure: true})
	for _, tt := range []struct {
		name, method, url string
		ctx               context.Context
		most              float64
	}{
		{"GET", "GET", plain, context.Background(), 13},
		{"GET, cancelable", "GET", plain, cancelable, 15},
		{"POST of 1 KiB", "POST", plain, context.Background(), 17},
		{"GET over TLS", "GET", secure, context.Background(), 15},
		{"GET over TLS, cancelable", "GET", secure, cancelable, 17},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := strings.NewReader(text)
			req := newRequest(t, tt.ctx, tt.method, tt.url, nil)
			buf := make([]byte, 16)
			once := func() {
				if tt.method == "POST" {
					body.Reset(text)
					req.Body, req.ContentLength = io.NopCloser(body), int64(len(text))
				}
				resp, err := c.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				for err == nil {
					_, err = resp.Body.Read(buf)
				}
				resp.Body.Close()
			}
			once()
			got := testing.AllocsPerRun(500, once)
			t.Logf("%.0f allocations", got)
			if got > tt.most {
				t.Errorf("%.0f allocations, want at most %.0f", got, tt.most)
			}
		})
	}
}
