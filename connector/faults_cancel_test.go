package connector_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

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
	{name: "sending in memory", large: true, script: func(p *peer) { p.head(); p.c.Hang() }},
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
	total time.Duration
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
	{name: "total", total: 3 * time.Second, class: errors.ErrTotalTimeout},
	{name: "Connector.Close", act: func(e *ending) { e.c.Close() }, class: errors.ErrConnectorClosed},
	{name: "Body.Close", act: func(e *ending) { e.resp.Load().Body.Close() }, class: errors.ErrConnectionClosed, read: true},
}

// TestEndEverywhere ends an exchange in every way at every point. It returns at once, with
// the right class, and nothing is left: the bubble would not end with a goroutine in it.
func TestEndEverywhere(t *testing.T) {
	t.Parallel()
	for _, at := range points {
		for _, by := range ends {
			if by.read && !at.head {
				continue
			}
			t.Run(at.name+", "+by.name, func(t *testing.T) {
				t.Parallel()
				overWires(t, func(t *testing.T, w wire) {
					t.Helper()
					if at.secure && !w.secure {
						t.Skip("there is no such point without TLS")
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
	ctx = connector.WithSettings(ctx, connector.Settings{Timeout: connector.ClientTimeout{Total: by.total, SockConnect: -1}})
	req := newRequest(t, ctx, "POST", w.url(), data)
	req.Cancel = e.canceled //nolint:staticcheck // it is what is tested
	start := time.Now()
	if by.act != nil {
		time.AfterFunc(3*time.Second, func() { by.act(e) })
	}
	resp, err := c.RoundTrip(req)
	if err == nil {
		e.resp.Store(resp)
		_, err = io.ReadAll(resp.Body)
	}
	if took := time.Since(start); !errors.Is(err, by.class) || took != 3*time.Second || (resp != nil) != at.head {
		t.Errorf("got %v after %v, want %v after 3s", err, took, by.class)
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
	cfg := connector.Config{Limit: 1}
	n := memnet.New()
	if at.script != nil {
		_, c := w.on(t, n, cfg, at.script)
		return c
	}
	cfg.DialContext = n.DialContext
	at.set(t, &cfg, n, w)
	return newConnector(t, cfg)
}
