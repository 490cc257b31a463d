package connector_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
)

// An idle connection is kept for KeepAlive from its last stream on, and one that
// is too old gets no more streams.
func TestH2KeepAliveAndAge(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		cfg   connector.Config
		every time.Duration
		conns uint64 // opened for 10 requests
	}{
		{"kept", connector.Config{KeepAlive: 10 * time.Second}, 9 * time.Second, 1},
		{"idle too long", connector.Config{KeepAlive: 10 * time.Second}, 11 * time.Second, 10},
		{"too old", connector.Config{KeepAlive: -1, MaxConnAge: 15 * time.Second}, 4 * time.Second, 3},
		{"closed each time", connector.Config{ForceClose: true}, time.Second, 10},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, c, _ := h2Memory(t, tt.cfg, okHandler)
				for range 10 {
					allOK(t, []result{fetch(t.Context(), c, "GET", "https://host")})
					time.Sleep(tt.every)
				}
				if s := c.Stats(); s.Opened != tt.conns || s.InUse != 0 {
					t.Errorf("%+v, want %d connections", s, tt.conns)
				}
				time.Sleep(time.Minute)
				if left := srv.open.Load(); left != int32(c.Stats().Idle) {
					t.Errorf("%d connections are open", left)
				}
			})
		})
	}
}

// A connection that is too old finishes its streams and gets no more.
func TestH2AgeUnderLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c, _ := h2Memory(t, connector.Config{MaxConnAge: 10 * time.Second}, slow)
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				if r := fetch(t.Context(), c, "GET", "https://host/drip?for=30s"); r.err != nil || len(r.text) != 32 {
					t.Errorf("request %d: %d bytes, %v", i, len(r.text), r.err)
				}
			})
			time.Sleep(6 * time.Second)
		}
		wg.Wait()
		time.Sleep(time.Second)
		if s := c.Stats(); s.Opened != 2 || s.InUse != 0 || srv.open.Load() != int32(s.Idle) {
			t.Errorf("%+v", s)
		}
	})
}

// Concurrent requests have a connection each with ForceClose.
func TestH2ForceCloseSharesNothing(t *testing.T) {
	t.Parallel()
	g := newGate()
	srv := newH2Server(t, h2Options{}, g.ServeHTTP)
	cfg := srv.config()
	cfg.ForceClose = true
	c := newConnector(t, cfg)
	done := make(chan []result)
	go func() { done <- fetchAll(t.Context(), c, 8, srv.url) }()
	waitFor(t, "8 connections", func() bool { return srv.conns.Load() == 8 && g.inside.Load() == 8 })
	close(g.open)
	allOK(t, <-done)
	if s := c.Stats(); s.Idle != 0 || s.Closed != 8 {
		t.Errorf("%+v", s)
	}
}

// A request with Connection: close has the connection closed after its siblings.
func TestH2RequestCloses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c, _ := h2Memory(t, connector.Config{}, slow)
		sibling := make(chan result)
		go func() { sibling <- fetch(t.Context(), c, "GET", "https://host/drip?for=10s") }()
		time.Sleep(time.Second)
		req := newRequest(t, t.Context(), "GET", "https://host/drip?for=5s", nil)
		req.Close = true
		resp, err := c.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		last := resp
		if n := srv.conns.Load(); n != 1 {
			t.Errorf("%d connections", n)
		}
		// The next one, which cannot be sent twice, is not put on it, and does not
		// wait for it.
		start := time.Now()
		resp, err = c.RoundTrip(newRequest(t, t.Context(), "POST", "https://host/upload", &trickle{1, time.Second}))
		if err != nil {
			t.Fatal(err)
		}
		read(t, resp)
		if d := time.Since(start); d != time.Second { // which its body takes
			t.Errorf("it took %v", d)
		}
		if n := srv.conns.Load(); n != 2 {
			t.Errorf("%d connections", n)
		}
		read(t, last)
		if r := <-sibling; r.err != nil {
			t.Error(r.err)
		}
		synctest.Wait()
		if s := c.Stats(); s.InUse != 0 || s.Idle != 1 || srv.open.Load() != 1 {
			t.Errorf("%+v, %d open", s, srv.open.Load())
		}
	})
}

// CloseIdleConnections leaves streams alone, Close ends them.
func TestH2Close(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c, _ := h2Memory(t, connector.Config{Limit: 1}, slow)
		resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", "https://host/body?for=1h", nil))
		if err != nil {
			t.Fatal(err)
		}
		c.CloseIdleConnections()
		synctest.Wait()
		if srv.open.Load() != 1 {
			t.Fatal("the connection in use was closed")
		}
		ends := make(chan result, 2)
		go func() { ends <- fetch(t.Context(), c, "GET", "https://host/head?for=1h") }()
		go func() { ends <- fetch(t.Context(), c, "GET", "https://other") }() // waits for a slot
		synctest.Wait()
		start := time.Now()
		c.Close()
		for range 2 {
			if r := <-ends; !errors.Is(r.err, errors.ErrConnectorClosed) {
				t.Errorf("got %v", r.err)
			}
		}
		if _, err := io.ReadAll(resp.Body); !errors.Is(err, errors.ErrConnectorClosed) {
			t.Errorf("the body gave %v", err)
		}
		resp.Body.Close()
		if d := time.Since(start); d != 0 {
			t.Errorf("it took %v", d)
		}
		if r := fetch(t.Context(), c, "GET", "https://host"); !errors.Is(r.err, errors.ErrConnectorClosed) {
			t.Errorf("got %v", r.err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		srv, c, _ := h2Memory(t, connector.Config{}, okHandler)
		allOK(t, []result{fetch(t.Context(), c, "GET", "https://host")})
		c.CloseIdleConnections()
		synctest.Wait()
		if n := srv.open.Load(); n != 0 {
			t.Errorf("%d connections are open", n)
		}
	})
}

// Whatever is cancelled whenever, the accounts are right in the end.
func TestH2Chaos(t *testing.T) {
	t.Parallel()
	const goroutines, requests = 64, 20
	var servers []*h2Server
	cfg := connector.Config{Limit: 5, LimitPerHost: 2, Insecure: true}
	for _, o := range []h2Options{{streams: 4}, {}, {h1: true}} {
		servers = append(servers, newH2Server(t, o, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "POST" {
				io.Copy(io.Discard, r.Body)
			}
			if r.URL.Path == "/long" {
				wait(r, time.Duration(rand.N(3000))*time.Microsecond)
			}
			io.WriteString(w, "ok")
		}))
	}
	c := newConnector(t, cfg)
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range requests {
				ctx, cancel := context.WithCancel(t.Context())
				path := "/"
				if rand.N(2) == 0 {
					path = "/long"
				}
				doomed := rand.N(3) == 0
				if doomed {
					time.AfterFunc(time.Duration(rand.N(4000))*time.Microsecond, cancel)
				}
				method := []string{"GET", "POST", "HEAD"}[rand.N(3)]
				chaosRequest(t, ctx, c, method, servers[rand.N(len(servers))].url+path, doomed)
				cancel()
			}
		})
	}
	wg.Wait()
	waitFor(t, "the last slot", func() bool { s := c.Stats(); return s.InUse == 0 && s.Waiting == 0 })
	for _, srv := range servers {
		allOK(t, fetchAll(t.Context(), c, 20, srv.url))
	}
}

func chaosRequest(t *testing.T, ctx context.Context, c *connector.Connector, method, url string, doomed bool) { //nolint:revive // the test comes first
	var body io.Reader
	if method == "POST" {
		body = &trickle{rand.N(3), time.Millisecond}
	}
	resp, err := c.RoundTrip(newRequest(t, ctx, method, url, body))
	if err != nil {
		if !doomed {
			t.Error(method, err)
		}
		return
	}
	switch rand.N(4) {
	case 0: // not read
	default:
		if _, err := io.ReadAll(resp.Body); err != nil && !doomed {
			t.Error(method, err)
		}
	}
	if !doomed || rand.N(2) == 0 { // else its context frees it
		resp.Body.Close()
	}
}
