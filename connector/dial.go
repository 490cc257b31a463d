package connector

import (
	"context"
	"crypto/tls"
	stderrors "errors"
	"math"
	"net"
	"net/http"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/dnscache"
)

// dial is the making of one connection. It goes down to the dial functions in
// the context, and what they learn comes back in it.
type dial struct {
	cancel      context.CancelCauseFunc
	key         key
	sockConnect time.Duration
	at          errors.Endpoint // what is being connected to
	timing      Timing
	trace       *Trace
	conn        *conn
}

type dialKey struct{}

// errNoHTTP2: the Config has HTTP/1 off for servers of https.
var errNoHTTP2 = stderrors.New("the server does not speak HTTP/2")

var errClosedWhileDialing = stderrors.New("connection closed while it was being made")

// dialer makes connections. http.Transport does the protocol on them.
type dialer struct {
	pool    *pool
	config  *Config
	h2      *http.Transport
	dns     *dnscache.Cache
	tls     *tls.Config // for servers, without their names
	local   string      // the path of the Unix socket or pipe
	plainH2 bool        // http servers are spoken to in HTTP/2
	muxTLS  bool        // https servers may be
	only2   bool        // and must be
}

func newDialer(p *pool, cfg *Config) *dialer {
	d := &dialer{pool: p, config: cfg, dns: newDNS(cfg)}
	d.tls = tlsConfig(cfg.TLS, &TLSPolicy{Insecure: cfg.Insecure, Pin: cfg.Pin})
	protocols := cfg.Protocols
	if protocols == nil {
		protocols = new(http.Protocols)
		protocols.SetHTTP1(true)
		protocols.SetHTTP2(true)
	}
	d.plainH2 = protocols.UnencryptedHTTP2()
	d.muxTLS = protocols.HTTP2()
	d.only2 = d.muxTLS && !protocols.HTTP1()
	// net/http speaks HTTP/2 on a connection that is none of its own TLS as if
	// there were no TLS at all, and only where HTTP/1 is off.
	h2 := new(http.Protocols)
	h2.SetUnencryptedHTTP2(true)
	d.h2 = d.transport(h2)
	if !cfg.ForceClose { // then nobody shares
		p.muxed = d.multiplexed
	}
	return d
}

// transport is a factory of connections. MaxConnsPerHost must stay 0: with it,
// closing a ClientConn panics.
func (d *dialer) transport(protocols *http.Protocols) *http.Transport {
	h2 := d.config.HTTP2
	if h2 == nil {
		h2 = &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second}
	}
	return &http.Transport{
		DialContext:            dialed,
		DialTLSContext:         dialed,
		Protocols:              protocols,
		HTTP2:                  h2,
		DisableCompression:     true,
		ExpectContinueTimeout:  expectTimeout(d.config),
		MaxResponseHeaderBytes: maxHead,
	}
}

// expectTimeout is Config.ExpectContinueTimeout as net/http has it, where zero is none.
func expectTimeout(cfg *Config) time.Duration {
	if cfg.ExpectContinueTimeout < 0 {
		return math.MaxInt64
	}
	return cfg.ExpectContinueTimeout
}

// dialed hands a connection to net/http.
func dialed(ctx context.Context, _, _ string) (net.Conn, error) {
	c := ctx.Value(dialKey{}).(*dial).conn //nolint:errcheck // open has put it there
	return &muxConn{Conn: c.nc, conn: c}, nil
}

// forwarded reports whether an HTTP proxy passes requests of the key on itself.
func (k key) forwarded() bool {
	return k.route != nil && k.route.proxy != nil && !k.https && !k.h1 && !k.route.proxy.isSOCKS()
}

// multiplexed reports whether connections of the key may turn out to be of
// HTTP/2.
func (d *dialer) multiplexed(k key) bool {
	if k.h1 || k.forwarded() {
		return false
	}
	return k.https && d.muxTLS || !k.https && d.plainH2
}

// open makes a connection for h. It owns no slot: the caller does.
func (d *dialer) open(ctx context.Context, h *host, sockConnect time.Duration, trace *Trace) (*conn, *dial, error) {
	dl := &dial{key: h.key, sockConnect: sockConnect, trace: trace, at: h.key.endpoint(errors.PhaseDial)}
	ctx, dl.cancel = context.WithCancelCause(ctx)
	defer dl.cancel(nil)
	if err := d.pool.starts(dl); err != nil {
		return nil, dl, err
	}
	defer d.pool.ends(dl)
	err := d.speak(ctx, dl, h)
	c := dl.conn
	if err != nil {
		if c != nil {
			c.Close() // it is of no use to anybody
		}
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, dl, err
	}
	if c.mux {
		c.nc.SetWriteDeadline(time.Time{}) //nolint:errcheck // a closed conn is noticed by its first use
	}
	if err := d.pool.adopt(c); err != nil {
		c.shut()
		return nil, dl, err
	}
	if c.mux {
		// The server may be slow to say how many streams it takes.
		time.AfterFunc(settleTime, func() { d.pool.unsettle(c) })
	}
	return c, dl, nil
}

// speak connects, and starts HTTP.
func (d *dialer) speak(ctx context.Context, dl *dial, h *host) (err error) {
	if err := d.dialConn(ctx, dl, h); err != nil || !dl.conn.mux {
		return err
	}
	ctx = context.WithValue(ctx, dialKey{}, dl)
	// net/http writes the preface without looking at a context.
	if deadline, ok := ctx.Deadline(); ok {
		dl.conn.nc.SetWriteDeadline(deadline) //nolint:errcheck // a closed conn is noticed by its first use
	}
	dl.conn.cc, err = d.h2.NewClientConn(ctx, "http", dl.key.addr())
	return err
}

// dialConn makes what HTTP is spoken on, which lies above TLS.
func (d *dialer) dialConn(ctx context.Context, dl *dial, h *host) error {
	nc, err := d.connect(ctx, dl)
	if err != nil {
		return err
	}
	c := &conn{nc: nc, pool: d.pool, host: h, created: time.Now()}
	c.info = &ConnInfo{Local: nc.LocalAddr(), Remote: nc.RemoteAddr(), Created: c.created}
	if a := c.info.Remote; a != nil {
		c.remote = a.String()
	}
	dl.conn = c
	tc, ok := nc.(*tls.Conn)
	if ok && dl.key.https { // and not the proxy's
		state := tc.ConnectionState()
		c.info.TLS = &state
	}
	if d.multiplexed(dl.key) {
		c.mux = !dl.key.https || ok && tc.ConnectionState().NegotiatedProtocol == "h2"
	}
	if c.mux {
		return nil
	}
	c.h1 = h1.NewConn(nc, func() { c.pool.gone(c) })
	if d.only2 && d.multiplexed(dl.key) {
		return errNoHTTP2
	}
	return nil
}
