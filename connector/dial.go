package connector

import (
	"context"
	stderrors "errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/errors"
)

// key tells which connections may serve a request: those with an equal key.
type key = dial.Target

// connAttempt is the making of one connection. It goes down to the dial functions
// in the context, and what they learn comes back in it.
type connAttempt struct {
	dial.Attempt
	cancel context.CancelCauseFunc
	key    key
	conn   *conn
	wire   net.Conn // what HTTP is spoken on
}

type dialKey struct{}

// errNoHTTP2: the Config has HTTP/1 off for servers of https.
var errNoHTTP2 = stderrors.New("the server does not speak HTTP/2")

// dialer makes connections. http.Transport does the protocol on them.
type dialer struct {
	pool    *pool
	config  *Config
	h1, h2  *http.Transport
	net     *dial.Dialer
	local   string // the path of the Unix socket or pipe
	plainH2 bool   // http servers are spoken to in HTTP/2
	muxTLS  bool   // https servers may be
	only2   bool   // and must be
}

func newDialer(p *pool, cfg *Config, local string) *dialer {
	d := &dialer{pool: p, config: cfg, local: local}
	protocols := cfg.protocols()
	d.plainH2 = protocols.UnencryptedHTTP2()
	d.muxTLS = protocols.HTTP2()
	d.only2 = d.muxTLS && !protocols.HTTP1()
	d.net = dial.New(cfg.dialing(local, protocols))
	// net/http speaks HTTP/2 on a connection that is none of its own TLS as if
	// there were no TLS at all, and only where HTTP/1 is off.
	h1, h2 := new(http.Protocols), new(http.Protocols)
	h1.SetHTTP1(true)
	h2.SetUnencryptedHTTP2(true)
	d.h1, d.h2 = d.transport(h1), d.transport(h2)
	if !cfg.ForceClose { // then nobody shares
		p.muxed = d.multiplexed
	}
	return d
}

// transport is a factory of connections. MaxConnsPerHost must stay 0: with it,
// closing a ClientConn panics.
func (d *dialer) transport(protocols *http.Protocols) *http.Transport {
	return &http.Transport{
		Proxy:                  absoluteForm,
		DialContext:            dialed,
		DialTLSContext:         dialed,
		Protocols:              protocols,
		HTTP2:                  d.config.http2(),
		DisableCompression:     true,
		ExpectContinueTimeout:  time.Hour, // sock_read and total are the limits
		MaxResponseHeaderBytes: maxHead,
	}
}

// dialed hands a connection to net/http.
func dialed(ctx context.Context, _, _ string) (net.Conn, error) {
	return ctx.Value(dialKey{}).(*connAttempt).wire, nil //nolint:errcheck // open has put it there
}

// absoluteForm tells net/http of an HTTP proxy that gets whole requests in the
// absolute form (RFC 9112 3.2.2). Of tunnels it knows nothing.
func absoluteForm(req *http.Request) (*url.URL, error) {
	dl := req.Context().Value(dialKey{}).(*connAttempt) //nolint:errcheck // open has put it there
	if !dl.key.Forwarded() {
		return nil, nil //nolint:nilnil // net/http's way to say no proxy
	}
	p := dl.key.Route.Proxy
	return &url.URL{Scheme: p.Scheme, Host: p.URL.Host}, nil // the credentials are in the request
}

// multiplexed reports whether connections of the key may turn out to be of
// HTTP/2.
func (d *dialer) multiplexed(k key) bool {
	if k.H1 || k.Forwarded() {
		return false
	}
	return k.HTTPS && d.muxTLS || !k.HTTPS && d.plainH2
}

// open makes a connection for h. It owns no slot: the caller does.
func (d *dialer) open(ctx context.Context, h *host, sockConnect time.Duration, trace *Trace) (*conn, *connAttempt, error) {
	dl := &connAttempt{key: h.key}
	dl.SockConnect, dl.Lookup, dl.At = sockConnect, trace.lookup(), h.key.Endpoint(errors.PhaseDial)
	ctx, dl.cancel = context.WithCancelCause(ctx)
	defer dl.cancel(nil)
	if err := d.pool.starts(dl); err != nil {
		return nil, dl, err
	}
	defer d.pool.ends(dl)
	cc, err := d.speak(ctx, dl)
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
	c.cc, c.host = cc, h
	if c.mux {
		c.Conn.SetWriteDeadline(time.Time{}) //nolint:errcheck // a closed conn is noticed by its first use
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
func (d *dialer) speak(ctx context.Context, dl *connAttempt) (*http.ClientConn, error) {
	if err := d.dialConn(ctx, dl); err != nil {
		return nil, err
	}
	ctx = context.WithValue(ctx, dialKey{}, dl)
	if !dl.conn.mux {
		return d.h1.NewClientConn(ctx, dl.key.Scheme(), dl.key.Addr())
	}
	// net/http writes the preface without looking at a context.
	if deadline, ok := ctx.Deadline(); ok {
		dl.conn.Conn.SetWriteDeadline(deadline) //nolint:errcheck // a closed conn is noticed by its first use
	}
	return d.h2.NewClientConn(ctx, "http", dl.key.Addr())
}

// dialConn makes what HTTP is spoken on, which lies above TLS.
func (d *dialer) dialConn(ctx context.Context, dl *connAttempt) error {
	nc, err := d.net.Dial(ctx, dl.key, &dl.Attempt)
	if err != nil {
		return err
	}
	c := &conn{Conn: nc, pool: d.pool, created: time.Now()}
	c.info = &ConnInfo{Local: nc.LocalAddr(), Remote: nc.RemoteAddr(), Created: c.created}
	if a := c.info.Remote; a != nil {
		c.remote = a.String()
	}
	dl.conn, dl.wire = c, c
	c.info.TLS = dl.State
	if !d.multiplexed(dl.key) {
		return nil
	}
	c.mux = !dl.key.HTTPS || dl.State != nil && dl.State.NegotiatedProtocol == "h2"
	if c.mux {
		dl.wire = &muxConn{Conn: nc, conn: c}
	} else if d.only2 {
		return errNoHTTP2
	}
	return nil
}
