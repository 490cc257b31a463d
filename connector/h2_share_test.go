package connector_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// gate is a handler that answers nobody until it is opened.
type gate struct {
	open        chan struct{}
	inside, max atomic.Int32
}

func newGate() *gate { return &gate{open: make(chan struct{})} }

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := g.inside.Add(1)
	defer g.inside.Add(-1)
	for m := g.max.Load(); n > m && !g.max.CompareAndSwap(m, n); m = g.max.Load() {
	}
	select {
	case <-g.open:
	case <-r.Context().Done():
	}
	io.WriteString(w, "ok")
}

// allOK fails the test for each result that is not ok.
func allOK(t *testing.T, results []result) {
	t.Helper()
	for _, r := range results {
		if r.err != nil || r.text != "ok" {
			t.Errorf("got %q, %v", r.text, r.err)
		}
	}
}

// A burst to a host takes as few connections as its streams allow, and no limit
// but that of connections holds it back.
func TestH2Burst(t *testing.T) {
	t.Parallel()
	cases := []struct{ streams, requests, conns int }{
		{1, 12, 12}, {10, 64, 7}, {100, 250, 3}, {0, 1000, 4}, // net/http's default is 250
	}
	for _, tt := range cases {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			t.Parallel()
			g := newGate()
			srv := newH2Server(t, h2Options{streams: tt.streams}, g.ServeHTTP)
			cfg := srv.config()
			cfg.Limit = -1
			c := newConnector(t, cfg)
			done := make(chan []result)
			go func() { done <- fetchAll(t.Context(), c, tt.requests, srv.url) }()
			waitFor(t, "all requests at once", func() bool { return int(g.inside.Load()) == tt.requests })
			if s := c.Stats(); s.InUse != tt.requests || s.Waiting != 0 || int(s.Opened) != tt.conns {
				t.Errorf("%+v, want %d requests under way on %d connections", s, tt.requests, tt.conns)
			}
			close(g.open)
			allOK(t, <-done)
			if n := int(srv.conns.Load()); n != tt.conns {
				t.Errorf("%d connections, want %d", n, tt.conns)
			}
			if s := c.Stats(); s.InUse != 0 || s.Idle != tt.conns {
				t.Errorf("%+v in the end", s)
			}
		})
	}
}

// The limits count requests under way: a stream takes a slot as a connection of HTTP/1
// does. What is beyond them waits, and is served in its turn.
func TestH2Limits(t *testing.T) {
	t.Parallel()
	for _, limit := range []connector.Config{{Limit: 2}, {LimitPerHost: 2}} {
		for _, streams := range []int{1, 10} {
			t.Run(fmt.Sprint(limit.Limit, limit.LimitPerHost, streams), func(t *testing.T) {
				t.Parallel()
				g := newGate()
				close(g.open)
				srv := newH2Server(t, h2Options{streams: streams}, g.ServeHTTP)
				cfg := srv.config()
				cfg.Limit, cfg.LimitPerHost = limit.Limit, limit.LimitPerHost
				c := newConnector(t, cfg)
				allOK(t, fetchAll(t.Context(), c, 300, srv.url))
				if n := srv.conns.Load(); n > 2 {
					t.Errorf("%d connections", n)
				}
				if n := g.max.Load(); n > 2 {
					t.Errorf("%d streams at once", n)
				}
			})
		}
	}
}

// Each stream holds a slot of its own: 300 requests to one server are no more than six at a
// time there, on one connection.
func TestH2StreamsTakeSlots(t *testing.T) {
	t.Parallel()
	for _, limit := range []connector.Config{{LimitPerHost: 6}, {Limit: 6}} {
		g := newGate()
		srv := newH2Server(t, h2Options{}, g.ServeHTTP)
		cfg := srv.config()
		cfg.Limit, cfg.LimitPerHost = limit.Limit, limit.LimitPerHost
		c := newConnector(t, cfg)
		done := make(chan []result)
		go func() { done <- fetchAll(t.Context(), c, 300, srv.url) }()
		waitFor(t, "six streams", func() bool { return g.inside.Load() == 6 && c.Stats().Waiting == 294 })
		if s := c.Stats(); s.InUse != 6 || s.Opened != 1 {
			t.Errorf("%+v", s)
		}
		close(g.open)
		allOK(t, <-done)
		if n := g.max.Load(); n != 6 {
			t.Errorf("%d at a time", n)
		}
	}
}

// An SDK with hundreds of long streams turns the limit off.
func TestH2ManyLongStreams(t *testing.T) {
	t.Parallel()
	g := newGate()
	srv := newH2Server(t, h2Options{}, g.ServeHTTP)
	cfg := srv.config()
	cfg.Limit = -1
	c := newConnector(t, cfg)
	done := make(chan []result)
	go func() { done <- fetchAll(t.Context(), c, 300, srv.url) }()
	waitFor(t, "300 streams", func() bool { return g.inside.Load() == 300 })
	close(g.open)
	allOK(t, <-done)
}

// Waiting is in the order of arrival, whatever the protocol: many workers on a host with few
// streams do not keep those of another host waiting for longer than their turn takes.
func TestH2FairToOtherHosts(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{1, 2, 10} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			t.Parallel()
			busy := newH2Server(t, h2Options{streams: 3}, okHandler)
			other := newH2Server(t, h2Options{h1: true}, okHandler)
			cfg := busy.config()
			cfg.Limit = limit
			cfg.TLS = &tls.Config{InsecureSkipVerify: true}
			c := newConnector(t, cfg)
			var served atomic.Int64 // of the busy host
			var worst atomic.Int64  // of it, while a request of the other waited
			ctx, stop := context.WithCancel(t.Context())
			var workers, others sync.WaitGroup
			for range 60 {
				workers.Go(func() {
					for ctx.Err() == nil {
						if r := fetch(t.Context(), c, "GET", busy.url); r.err != nil {
							t.Error(r.err)
						}
						served.Add(1)
					}
				})
			}
			waitFor(t, "the queue", func() bool { return served.Load() > 100 })
			for range 2 {
				others.Go(func() {
					for range 20 {
						before := served.Load()
						if r := fetch(t.Context(), c, "GET", other.url); r.err != nil {
							t.Error(r.err)
						}
						if n := served.Load() - before; n > worst.Load() {
							worst.Store(n)
						}
					}
				})
			}
			others.Wait()
			stop()
			workers.Wait()
			// In the order of arrival 60 others come first at the most, and those under
			// way; a first request also waits for its connection.
			if n := worst.Load(); n > 600 {
				t.Errorf("%d requests of the busy host were served while one waited", n)
			}
		})
	}
}

// A burst to a server that has no HTTP/2 finds that out with one connection, and
// then makes as many as it needs.
func TestH2BurstToHTTP1(t *testing.T) {
	t.Parallel()
	g := newGate()
	srv := newH2Server(t, h2Options{h1: true}, g.ServeHTTP)
	cfg := srv.config()
	cfg.LimitPerHost = 16
	c := newConnector(t, cfg)
	done := make(chan []result)
	go func() { done <- fetchAll(t.Context(), c, 40, srv.url) }()
	waitFor(t, "16 connections", func() bool { return g.inside.Load() == 16 })
	close(g.open)
	allOK(t, <-done)
}

// The first dial of a burst goes wrong, in the ways in which it can. Nobody else
// is hurt, and nobody waits for what does not come.
func TestH2FirstDial(t *testing.T) {
	t.Parallel()
	t.Run("fails", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			_, c, n := h2Memory(t, connector.Config{}, proto)
			n.Delay("host:443", time.Second)
			n.Fail("host:443", io.ErrClosedPipe)
			for _, r := range fetchAll(t.Context(), c, 20, "https://host") {
				if !errors.Is(r.err, errors.ErrClientConnector) {
					t.Errorf("got %v", r.err)
				}
			}
			n.Restore("host:443")
			if r := fetch(t.Context(), c, "GET", "https://host"); r.err != nil {
				t.Error(r.err)
			}
		})
	})
	t.Run("is cancelled", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			_, c, n := h2Memory(t, connector.Config{}, okHandler)
			n.Delay("host:443", 10*time.Second)
			ctx, cancel := context.WithCancel(t.Context())
			first := make(chan result)
			go func() { first <- fetch(ctx, c, "GET", "https://host") }()
			synctest.Wait()
			done := make(chan []result)
			go func() { done <- fetchAll(t.Context(), c, 20, "https://host") }()
			synctest.Wait()
			if s := c.Stats(); s.InUse != 1 || s.Waiting != 20 {
				t.Errorf("%+v", s)
			}
			cancel()
			if r := <-first; !errors.Is(r.err, context.Canceled) {
				t.Errorf("got %v", r.err)
			}
			allOK(t, <-done)
			if d := n.Dials("host:443"); d != 2 {
				t.Errorf("%d dials, want one more than the first", d)
			}
		})
	})
	t.Run("hangs, and those who wait give up", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			_, c, n := h2Memory(t, connector.Config{Timeout: connector.ClientTimeout{SockConnect: -1}}, okHandler)
			n.Blackhole("host:443")
			first, cancelFirst := context.WithCancel(t.Context())
			held := make(chan result)
			go func() { held <- fetch(first, c, "GET", "https://host") }()
			synctest.Wait()
			var wg sync.WaitGroup
			for i := range 20 {
				wg.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i+1)*time.Second)
					defer cancel()
					if r := fetch(ctx, c, "GET", "https://host"); !errors.Is(r.err, context.DeadlineExceeded) {
						t.Errorf("got %v", r.err)
					}
				})
			}
			wg.Wait()
			cancelFirst()
			<-held
			n.Restore("host:443")
			allOK(t, fetchAll(t.Context(), c, 20, "https://host"))
			if d := n.Dials("host:443"); d != 2 {
				t.Errorf("%d dials", d)
			}
		})
	})
	t.Run("hangs", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			_, c, n := h2Memory(t, connector.Config{Timeout: connector.ClientTimeout{SockConnect: 10 * time.Second}}, okHandler)
			n.Blackhole("host:443")
			start := time.Now()
			for _, r := range fetchAll(t.Context(), c, 20, "https://host") {
				if !errors.Is(r.err, errors.ErrConnectionTimeout) {
					t.Errorf("got %v", r.err)
				}
			}
			// The first one shows that there is nothing to wait for.
			if d := time.Since(start); d != 20*time.Second {
				t.Errorf("it took %v", d)
			}
		})
	})
}

// A wait for a stream is one for a connection: the same timeouts end it.
func TestH2WaitForStream(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		timeout connector.ClientTimeout
		want    error
	}{
		{"connect", connector.ClientTimeout{Connect: 3 * time.Second}, errors.ErrConnectionTimeout},
		{"total", connector.ClientTimeout{Total: 3 * time.Second}, errors.ErrTotalTimeout},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := newGate()
				n := memnet.New()
				ln, err := n.Listen("host:443")
				if err != nil {
					t.Fatal(err)
				}
				srv := newH2Server(t, h2Options{streams: 1, on: ln}, g.ServeHTTP)
				cfg := srv.config()
				cfg.Limit, cfg.DialContext = 1, n.DialContext
				c := newConnector(t, cfg)
				first := make(chan result)
				go func() { first <- fetch(t.Context(), c, "GET", "https://host") }()
				time.Sleep(time.Second) // of the bubble: the settings have been there
				start := time.Now()
				ctx := connector.WithSettings(t.Context(), connector.Settings{Timeout: tt.timeout})
				r := fetch(ctx, c, "GET", "https://host")
				if !errors.Is(r.err, tt.want) || time.Since(start) != 3*time.Second {
					t.Errorf("got %v after %v", r.err, time.Since(start))
				}
				if te, ok := errors.AsType[*errors.TimeoutError](r.err); !ok || te.Phase != errors.PhasePool {
					t.Errorf("%+v", te)
				}
				close(g.open)
				allOK(t, []result{<-first})
			})
		})
	}
}

// A server takes fewer streams than it did. Requests wait here and not in
// net/http, and go on when there are streams again.
func TestH2SettingsLowered(t *testing.T) {
	t.Parallel()
	lowered := make(chan struct{})
	srv, cfg := h2Script(t, func(f *frames) {
		f.ok(f.request())
		if f.c.N > 0 {
			f.fine()
			return
		}
		var ids []uint32
		for len(ids) < 3 {
			ids = append(ids, f.request())
		}
		f.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 1})
		for { // to the acknowledgement
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			if s, ok := frame.(*http2.SettingsFrame); ok && s.IsAck() {
				break
			}
		}
		close(lowered)
		f.ok(ids[0])
		f.ok(ids[1])
		// None comes while this one is under way.
		f.WritePing(false, [8]byte{1})
		if frame, ok := f.next().(*http2.PingFrame); !ok {
			t.Errorf("got %v", frame)
		}
		f.ok(ids[2])
		f.fine()
	})
	c := newConnector(t, cfg)
	get(t, c, srv.URL())
	three := make(chan []result)
	go func() { three <- fetchAll(t.Context(), c, 3, srv.URL()) }()
	wiretest.Receive(t, lowered)
	allOK(t, fetchAll(t.Context(), c, 10, srv.URL()))
	allOK(t, <-three)
	if n := srv.Conns(); n > 2 {
		t.Errorf("%d connections", n)
	}
}

func okHandler(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }

// A connection that does not answer keeps the places of requests that were
// cancelled. The next ones do not wait for those, in net/http, for ever.
func TestH2DeadPlaces(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 2)
	srv, cfg := h2Script(t, func(f *frames) {
		if f.c.N > 0 {
			f.fine()
			return
		}
		for range 2 {
			f.request()
			asked <- struct{}{}
		}
		f.c.Stall()
	}, http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 2})
	c := newConnector(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	both := make(chan []result)
	go func() { both <- fetchAll(ctx, c, 2, srv.URL()) }()
	wiretest.Receive(t, asked)
	wiretest.Receive(t, asked)
	cancel()
	for _, r := range <-both {
		if !errors.Is(r.err, context.Canceled) {
			t.Errorf("got %v", r.err)
		}
	}
	allOK(t, fetchAll(t.Context(), c, 5, srv.URL()))
}
