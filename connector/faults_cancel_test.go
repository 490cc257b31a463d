package connector_test

import (
	"context"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/memnet"
)

// point is one at which an exchange can be when its end comes.
type point struct {
	name   string
	script func(*peer) // nil: there is no server
	set    func(*testing.T, *connector.Config, *memnet.Network, wire)
	body   func() *pipeBody // nil: none
	large  bool             // the body is one in memory that the server does not read
	head   bool             // the response has come
	queue  bool             // another request has the slot
	secure bool             // there is no such point without TLS
	h1, h2 bool             // nor with another version of HTTP
	header http.Header      // of the request
	after  time.Duration    // when the end comes; 0 is 3 seconds
}

var points = []point{
	{name: "queue", queue: true, script: func(p *peer) { p.head(); p.answer(200, 10); p.silent() }},
	{name: "look-up", set: func(_ *testing.T, cfg *connector.Config, _ *memnet.Network, _ wire) {
		cfg.DialContext, cfg.Resolver = nil, &names{wait: make(chan struct{})}
	}},
	{name: "dial", set: func(_ *testing.T, _ *connector.Config, n *memnet.Network, w wire) { n.Blackhole(w.addr()) }},
	{name: "handshake", secure: true, set: silentHost},
	{name: "tunnel", secure: true, set: func(t *testing.T, cfg *connector.Config, n *memnet.Network, _ wire) {
		t.Helper()
		cfg.Proxy = "http://proxy:3128"
		listenSilently(t, n, "proxy:3128")
	}},
	// With HTTP/2 it would stop a bubble's clock: see hang.
	{name: "sending the head", h1: true, header: http.Header{"X-Large": {strings.Repeat("x", 4<<20)}}, script: func(p *peer) { p.c.Hang() }},
	{name: "asking", body: newPipeBody, header: http.Header{"Expect": {"100-continue"}}, script: func(p *peer) { p.head(); p.silent() }},
	{name: "after a refusal", h2: true, after: 300 * time.Millisecond, script: func(p *peer) {
		for p.head() {
			p.f.WriteRSTStream(p.stream, http2.ErrCodeRefusedStream)
		}
	}},
	{name: "sending in memory", large: true, script: func(p *peer) { p.head(); p.hang() }},
	{name: "sending a pipe", body: newPipeBody, script: func(p *peer) { p.head(); p.silent() }},
	{name: "before the head", script: func(p *peer) { p.head(); p.silent() }},
	{name: "in the head", script: func(p *peer) { p.head(); p.halfHead(); p.silent() }},
	{name: "in the body", head: true, script: func(p *peer) { p.head(); p.answer(200, 10); p.data("abc", false); p.silent() }},
	{name: "in the body, sending a pipe", head: true, body: newPipeBody, script: func(p *peer) { p.head(); p.answer(200, 10); p.data("abc", false); p.silent() }},
}

func silentHost(t *testing.T, _ *connector.Config, n *memnet.Network, w wire) {
	t.Helper()
	listenSilently(t, n, w.addr())
}

// listenSilently accepts connections on which nothing is ever said.
func listenSilently(t *testing.T, n *memnet.Network, addr string) {
	t.Helper()
	ln, err := n.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { io.Copy(io.Discard, nc); nc.Close() }()
		}
	}()
	t.Cleanup(func() { ln.Close() })
}

// end is what ends an exchange from outside.
type end struct {
	name  string
	total bool // it is a timeout, and nobody acts
	act   func(*ending)
	class error
	read  bool // it is for responses only
}

// ending is what an end can act on.
type ending struct {
	c        *connector.Connector
	cancel   context.CancelFunc
	canceled chan struct{} // Request.Cancel
	resp     atomic.Pointer[http.Response]
}

var ends = []end{
	{name: "context", act: func(e *ending) { e.cancel() }, class: context.Canceled},
	{name: "Request.Cancel", act: func(e *ending) { close(e.canceled) }, class: context.Canceled},
	{name: "total", total: true, class: errors.ErrTotalTimeout},
	{name: "Connector.Close", act: func(e *ending) { e.c.Close() }, class: errors.ErrConnectorClosed},
	{name: "Body.Close", act: func(e *ending) { e.resp.Load().Body.Close() }, class: errors.ErrConnectionClosed, read: true},
}

// TestEndEverywhere ends an exchange in every way at every point. It returns at once, with
// the right class, and nothing is left: the bubble would not end with a goroutine in it.
func TestEndEverywhere(t *testing.T) {
	t.Parallel()
	for _, at := range points {
		for _, by := range ends {
			if by.read && !at.head || by.total && at.h2 {
				continue // a total that is too short for another try ends at once: see TestRefusedUntilItEnds
			}
			if at.after == 0 {
				at.after = 3 * time.Second
			}
			t.Run(at.name+", "+by.name, func(t *testing.T) {
				t.Parallel()
				overWires(t, func(t *testing.T, w wire) {
					t.Helper()
					if at.secure && !w.secure || at.h1 && w.h2 || at.h2 && !w.h2 {
						t.Skip("there is no such point")
					}
					synctest.Test(t, func(t *testing.T) { endAt(t, w, at, by) })
				})
			})
		}
	}
}

func endAt(t *testing.T, w wire, at point, by end) {
	t.Helper()
	c := at.start(t, w)
	if at.queue {
		resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", w.url(), nil))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
	}
	before := c.Stats()
	var data io.Reader
	var pipe *pipeBody
	switch {
	case at.large:
		data = strings.NewReader(strings.Repeat("x", 4<<20))
	case at.body != nil:
		pipe = at.body()
		data = pipe
	}
	e := &ending{c: c, canceled: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	e.cancel = cancel
	timeout := connector.ClientTimeout{SockConnect: -1}
	if by.total {
		timeout.Total = at.after
	}
	ctx = connector.WithSettings(ctx, connector.Settings{Timeout: timeout})
	req := newRequest(t, ctx, "POST", w.url(), data)
	maps.Copy(req.Header, at.header)
	req.Cancel = e.canceled //nolint:staticcheck // it is what is tested
	start := time.Now()
	if by.act != nil {
		time.AfterFunc(at.after, func() { by.act(e) })
	}
	resp, err := c.RoundTrip(req)
	if err == nil {
		e.resp.Store(resp)
		_, err = io.ReadAll(resp.Body)
	}
	if took := time.Since(start); !errors.Is(err, by.class) || took != at.after || (resp != nil) != at.head {
		t.Errorf("got %v after %v, want %v after %v", err, took, by.class, at.after)
	}
	synctest.Wait()
	if pipe != nil && pipe.closed.Load() != 1 {
		t.Errorf("the request's body was closed %d times, want once", pipe.closed.Load())
	}
	if st := c.Stats(); !c.Closed() && (st.InUse != before.InUse || st.Waiting != 0 || st.Unread != before.Unread) || c.Closed() && st.InUse != 0 {
		t.Errorf("got %+v, want %+v", st, before)
	}
	c.Close()
}

// start is a connector, and what it needs to get to the point.
func (at point) start(t *testing.T, w wire) *connector.Connector {
	t.Helper()
	cfg := connector.Config{Limit: 1, ExpectContinueTimeout: -1}
	n := w.network()
	if at.script != nil {
		_, c := w.on(t, n, cfg, at.script)
		return c
	}
	cfg.DialContext = n.DialContext
	at.set(t, &cfg, n, w)
	return newConnector(t, cfg)
}

// TestEndUpgraded: an upgraded connection is its taker's. The request's context and times do
// not count any more; both Closes do, and wake who reads.
func TestEndUpgraded(t *testing.T) {
	t.Parallel()
	for _, by := range ends {
		t.Run(by.name, func(t *testing.T) {
			t.Parallel()
			for _, w := range wires[:2] {
				t.Run(w.name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) { endUpgraded(t, w, by) })
				})
			}
		})
	}
}

func endUpgraded(t *testing.T, w wire, by end) {
	t.Helper()
	_, c := w.memory(t, connector.Config{Limit: 1}, func(p *peer) {
		p.head()
		p.c.Write(switching)
		p.c.Pause(10 * time.Second)
	})
	e := &ending{c: c, canceled: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	e.cancel = cancel
	settings := connector.Settings{}
	if by.total {
		settings.Timeout.Total = 3 * time.Second
	}
	req := newRequest(t, connector.WithSettings(ctx, settings), "GET", w.url(), nil)
	req.Header = http.Header{"connection": {"upgrade"}, "upgrade": {"x"}}
	req.Cancel = e.canceled //nolint:staticcheck // it is what is tested
	resp, err := c.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	e.resp.Store(resp)
	if by.act != nil {
		time.AfterFunc(3*time.Second, func() { by.act(e) })
	}
	start := time.Now()
	_, err = resp.Body.Read(make([]byte, 1))
	want := 10 * time.Second
	if by.read || by.class == errors.ErrConnectorClosed {
		want = 3 * time.Second
	}
	if took := time.Since(start); err == nil || took != want {
		t.Errorf("got %v after %v, want an error after %v", err, took, want)
	}
	resp.Body.Close()
	if st := c.Stats(); st.InUse+st.Idle+st.Unread != 0 {
		t.Errorf("got %+v, want nothing left", st)
	}
}
