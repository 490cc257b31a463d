package connector

import (
	"context"
	"crypto/tls"
	stderrors "errors"
	"net"
	"net/http"
	"net/url"
	"time"

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
	conn        *conn
}

type dialKey struct{}

// errNoHTTP2: the Config has HTTP/1 off for servers of https.
var errNoHTTP2 = stderrors.New("the server does not speak HTTP/2")

// dialer makes connections: http.Transport does the protocol, and calls back
// for the sockets.
type dialer struct {
	pool    *pool
	config  *Config
	factory *http.Transport // HTTP/2 where it is negotiated
	h1      *http.Transport // never
	dns     *dnscache.Cache
	tls     *tls.Config // for servers, without their names
	local   string      // the path of the Unix socket or pipe
	plainH2 bool        // http servers are spoken to in HTTP/2
	muxTLS  bool        // https servers may be
	only2   bool        // and must be
}

func newDialer(p *pool, cfg *Config) *dialer {
	d := &dialer{pool: p, config: cfg, dns: newDNS(cfg)}
	base := cfg.TLS
	if base == nil {
		base = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	d.tls = tlsConfig(base, &TLSPolicy{Insecure: cfg.Insecure, Pin: cfg.Pin})
	protocols := cfg.Protocols
	if protocols == nil {
		protocols = new(http.Protocols)
		protocols.SetHTTP1(true)
		protocols.SetHTTP2(true)
	}
	d.plainH2 = protocols.UnencryptedHTTP2()
	d.muxTLS = protocols.HTTP2()
	d.only2 = d.muxTLS && !protocols.HTTP1()
	only := new(http.Protocols)
	only.SetHTTP1(true)
	// net/http speaks h2c only where HTTP/1 is off.
	plain := new(http.Protocols)
	plain.SetHTTP2(true)
	plain.SetUnencryptedHTTP2(true)
	d.h1 = d.transport(only)
	d.factory = d.transport(protocols)
	if d.plainH2 {
		d.factory = d.transport(plain)
	}
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
		Proxy:                  absoluteForm,
		DialContext:            d.dialConn,
		DialTLSContext:         d.dialConn,
		Protocols:              protocols,
		HTTP2:                  h2,
		DisableCompression:     true,
		ExpectContinueTimeout:  time.Hour, // sock_read and total are the limits
		MaxResponseHeaderBytes: maxHead,
	}
}

// absoluteForm tells net/http of an HTTP proxy that gets whole requests in the
// absolute form (RFC 9112 3.2.2). Of tunnels it knows nothing.
func absoluteForm(req *http.Request) (*url.URL, error) {
	dl := req.Context().Value(dialKey{}).(*dial) //nolint:errcheck // open has put it there
	if !dl.key.forwarded() {
		return nil, nil //nolint:nilnil // net/http's way to say no proxy
	}
	return dl.key.route.proxy.url, nil
}

// forwarded reports whether an HTTP proxy passes requests of the key on itself.
func (k key) forwarded() bool {
	return k.route != nil && k.route.proxy != nil && !k.https && !k.h1 && !k.route.proxy.isSOCKS()
}

// tunneled reports whether requests of the key go to the server by way of a proxy
// that does not see them.
func (k key) tunneled() bool { return k.route != nil && k.route.proxy != nil && !k.forwarded() }

// multiplexed reports whether connections of the key may turn out to be of
// HTTP/2.
func (d *dialer) multiplexed(k key) bool {
	if k.h1 || k.forwarded() {
		return false
	}
	return k.https && d.muxTLS || !k.https && d.plainH2
}

// open makes a connection for h. It owns no slot: the caller does.
func (d *dialer) open(ctx context.Context, h *host, sockConnect time.Duration) (*conn, *dial, error) {
	dl := &dial{key: h.key, sockConnect: sockConnect, at: h.key.endpoint(errors.PhaseDial)}
	ctx, dl.cancel = context.WithCancelCause(ctx)
	defer dl.cancel(nil)
	if err := d.pool.starts(dl); err != nil {
		return nil, dl, err
	}
	defer d.pool.ends(dl)
	factory := d.h1
	if d.multiplexed(h.key) {
		factory = d.factory
	}
	cc, err := factory.NewClientConn(context.WithValue(ctx, dialKey{}, dl), h.key.scheme(), h.key.addr())
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
		c.watchStreams()
	}
	return c, dl, nil
}

// dialConn is net/http's way to a connection. It returns what HTTP is spoken on:
// a conn, which lies above TLS, or for HTTP/2 the *tls.Conn that net/http insists
// on, or the socket, and below that what tells the conn of its end.
func (d *dialer) dialConn(ctx context.Context, _, _ string) (net.Conn, error) {
	dl := ctx.Value(dialKey{}).(*dial) //nolint:errcheck // open has put it there
	nc, err := d.connect(ctx, dl)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: nc, pool: d.pool, created: time.Now()}
	if a := nc.RemoteAddr(); a != nil {
		c.remote = a.String()
	}
	dl.conn = c
	tc, ok := nc.(*tls.Conn)
	if ok && !dl.key.forwarded() {
		state := tc.ConnectionState()
		c.tls = &state
	}
	c.mux = d.multiplexed(dl.key) && (c.tls != nil && c.tls.NegotiatedProtocol == "h2" || !dl.key.https)
	if !c.mux && d.only2 && d.multiplexed(dl.key) {
		nc.Close() // the error that counts is known
		return nil, errNoHTTP2
	}
	if !c.mux {
		return c, nil
	}
	// net/http writes the preface without looking at a context.
	if deadline, ok := ctx.Deadline(); ok {
		nc.SetWriteDeadline(deadline) //nolint:errcheck // as above
	}
	if c.tls == nil {
		below := &belowTLS{Conn: nc}
		below.conn.Store(c)
		return below, nil
	}
	if below, ok := tc.NetConn().(*belowTLS); ok {
		below.conn.Store(c)
	}
	return tc, nil
}
