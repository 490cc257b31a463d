package connector

import (
	"context"
	stderrors "errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/connector/internal/h1"
	"github.com/aiolos-http/aiolos/connector/internal/h2"
	"github.com/aiolos-http/aiolos/connector/internal/pool"
	"github.com/aiolos-http/aiolos/errors"
)

// key tells which connections may serve a request: those with an equal key.
type key = dial.Target

// connAttempt is the making of one connection, and what was learned on the way.
type connAttempt struct {
	dial.Attempt
	pooled pool.Dial
	key    key
	conn   *conn
}

// errNoHTTP2: the Config has HTTP/1 off for servers of https.
var errNoHTTP2 = stderrors.New("the server does not speak HTTP/2")

// dialer makes connections of the pool's.
type dialer struct {
	pool    *connPool
	config  *Config
	h2      *h2.Transport // speaks HTTP/2 on them
	net     *dial.Dialer
	local   string // the path of the Unix socket or pipe
	plainH2 bool   // http servers are spoken to in HTTP/2
	muxTLS  bool   // https servers may be
	only2   bool   // and must be

	freeing sync.Mutex    // held while connections are closed for their descriptors
	freed   atomic.Uint64 // how often that was
}

func newDialer(cfg *Config, local string) *dialer {
	d := &dialer{config: cfg, local: local}
	protocols := cfg.protocolsOrDefault()
	d.plainH2 = protocols.UnencryptedHTTP2()
	d.muxTLS = protocols.HTTP2()
	d.only2 = d.muxTLS && !protocols.HTTP1()
	dialing := cfg.dialConfig(local, protocols)
	dialing.FreeDescriptors = d.freeDescriptors
	dialing.BelowTLS = h1.WrapBelowTLS
	d.net = dial.New(dialing)
	d.h2 = h2.NewTransport(cfg.http2OrDefault(), cfg.expectContinueTimeout(), maxHead)
	d.pool = pool.New(pool.Config[key]{
		Limit: cfg.Limit, PerHost: cfg.LimitPerHost, MaxIdle: cfg.MaxIdle,
		KeepAlive: cfg.KeepAlive, MaxAge: cfg.MaxConnAge, OnGone: cfg.tellClosed(),
		MayMultiplex: func(k key) bool { return !cfg.ForceClose && d.mayMultiplex(k) }, // else nobody shares
	})
	return d
}

// closedForDescriptors is how many idle connections make room for one dial: a few more, for
// the next dials. If there is none, one that is in use may be free in a moment.
const (
	closedForDescriptors = 16
	descriptorWait       = 10 * time.Millisecond
)

// freeDescriptors reports whether it may be worth to try once more. One call follows the other:
// while one closes, there may be no idle connection left for the others, but what it closes is
// for them as well, and so is what became free while one waited.
func (d *dialer) freeDescriptors() bool {
	before := d.freed.Load()
	d.freeing.Lock()
	defer d.freeing.Unlock()
	if d.freed.Load() != before {
		return true // by somebody else, since the dial has failed
	}
	if d.pool.CloseOldestIdle(closedForDescriptors) == 0 {
		if st := d.pool.Stats(); st.Opened == st.Closed {
			return false // it is not our connections that hold them
		}
		<-time.After(descriptorWait)
	}
	d.freed.Add(1)
	return true
}

// mayMultiplex reports whether connections of the key may turn out to be of
// HTTP/2.
func (d *dialer) mayMultiplex(k key) bool {
	if k.H1 || k.Forwarded() {
		return false
	}
	return k.HTTPS && d.muxTLS || !k.HTTPS && d.plainH2
}

// openConn makes a connection to k for the host h. It owns no slot: the caller does.
func (d *dialer) openConn(ctx context.Context, k key, h *pool.Host, sockConnect time.Duration, trace *Trace) (*conn, *connAttempt, error) {
	a := &connAttempt{key: k}
	a.SockConnect, a.Lookup, a.At = sockConnect, trace.lookupHooks(), k.Endpoint(errors.PhaseDial)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := d.pool.StartDial(&a.pooled, cancel); err != nil {
		return nil, a, err
	}
	defer d.pool.EndDial(&a.pooled)
	err := d.connectAndStart(ctx, a)
	c := a.conn
	if err != nil {
		if c != nil {
			c.Close() // it is of no use to anybody
		}
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, a, err
	}
	if err := d.pool.Adopt(h, c, c.h2 != nil); err != nil {
		c.Close()
		return nil, a, err
	}
	return c, a, nil
}

// connectAndStart connects, and starts HTTP.
func (d *dialer) connectAndStart(ctx context.Context, a *connAttempt) error {
	nc, err := d.net.Dial(ctx, a.key, &a.Attempt)
	if err != nil {
		return err
	}
	may := d.mayMultiplex(a.key)
	if may && (!a.key.HTTPS || a.State != nil && a.State.NegotiatedProtocol == "h2") {
		c := new(conn)
		c.describe(nc, d.pool, a.State)
		a.conn, c.h2 = c, h2.NewConn(h1.WrapSocket(nc), (*h2Owner)(c))
		return c.h2.Start(ctx, d.h2, a.key.Addr())
	}
	both := new(http1Conn)
	c := &both.conn
	c.describe(nc, d.pool, a.State)
	a.conn, c.h1 = c, &both.http1
	c.h1.Init(nc, (*h1Owner)(c))
	if may && d.only2 {
		return errNoHTTP2
	}
	return nil
}
