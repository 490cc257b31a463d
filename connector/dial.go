package connector

import (
	"context"
	"crypto/tls"
	stderrors "errors"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// dial is the making of one connection. It goes down to the dial functions in
// the context, and what they learn comes back in it.
type dial struct {
	cancel      context.CancelCauseFunc
	key         key
	sockConnect time.Duration
	phase       errors.Phase
	dns         time.Duration
	tcp         time.Duration
	tls         time.Duration
	conn        *conn
}

type dialKey struct{}

// dialer makes connections: http.Transport does the protocol, and calls back
// for the sockets.
type dialer struct {
	pool    *pool
	factory *http.Transport
	connect func(ctx context.Context, network, addr string) (net.Conn, error) // nil: DNS and TCP
	tls     *tls.Config
}

func newDialer(p *pool, cfg *Config) *dialer {
	d := &dialer{pool: p, connect: cfg.DialContext, tls: &tls.Config{}}
	if cfg.TLS != nil {
		d.tls = cfg.TLS.Clone()
	}
	d.tls.NextProtos = []string{"http/1.1"}
	if d.tls.ClientSessionCache == nil {
		d.tls.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	// MaxConnsPerHost must stay 0: with it, closing a ClientConn panics.
	d.factory = &http.Transport{
		DialContext:            d.dialPlain,
		DialTLSContext:         d.dialTLS,
		Protocols:              protocols,
		DisableCompression:     true,
		ExpectContinueTimeout:  time.Hour, // sock_read and total are the limits
		MaxResponseHeaderBytes: maxHead,
	}
	return d
}

// maxHead bounds the bytes of a response's head, interim responses included.
const maxHead = 1 << 20

// open makes a connection for k. It owns no slot: the caller does.
func (d *dialer) open(ctx context.Context, h *host, sockConnect time.Duration) (*conn, *dial, error) {
	dl := &dial{key: h.key, sockConnect: sockConnect, phase: errors.PhaseDial}
	ctx, dl.cancel = context.WithCancelCause(ctx)
	defer dl.cancel(nil)
	if err := d.pool.starts(dl); err != nil {
		return nil, dl, err
	}
	defer d.pool.ends(dl)
	cc, err := d.factory.NewClientConn(context.WithValue(ctx, dialKey{}, dl), h.key.scheme(), h.key.addr())
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
	if err := d.pool.adopt(c); err != nil {
		c.shut()
		return nil, dl, err
	}
	return c, dl, nil
}

func (d *dialer) dialPlain(ctx context.Context, _, _ string) (net.Conn, error) {
	dl := ctx.Value(dialKey{}).(*dial) //nolint:errcheck // open has put it there
	nc, err := d.dialAddrs(ctx, dl, nil)
	if err != nil {
		return nil, err
	}
	dl.conn = d.wrap(nc)
	return dl.conn, nil
}

// dialTLS returns a conn that lies above TLS, where the bytes of HTTP are.
func (d *dialer) dialTLS(ctx context.Context, _, _ string) (net.Conn, error) {
	dl := ctx.Value(dialKey{}).(*dial) //nolint:errcheck // open has put it there
	nc, err := d.dialAddrs(ctx, dl, d.handshake)
	if err != nil {
		return nil, err
	}
	dl.conn = d.wrap(nc)
	if tc, ok := nc.(*tls.Conn); ok {
		state := tc.ConnectionState()
		dl.conn.tls = &state
	}
	return dl.conn, nil
}

func (d *dialer) wrap(nc net.Conn) *conn {
	c := &conn{Conn: nc, pool: d.pool, created: time.Now()}
	if a := nc.RemoteAddr(); a != nil {
		c.remote = a.String()
	}
	return c
}

func (d *dialer) handshake(ctx context.Context, dl *dial, nc net.Conn) (net.Conn, error) {
	dl.phase = errors.PhaseTLS
	start := time.Now()
	cfg := d.tls
	if cfg.ServerName == "" {
		cfg = cfg.Clone()
		cfg.ServerName = dl.key.host
	}
	tc := tls.Client(nc, cfg)
	err := tc.HandshakeContext(ctx)
	dl.tls += time.Since(start)
	if err != nil {
		return nil, err
	}
	return tc, nil
}

type layer func(ctx context.Context, dl *dial, nc net.Conn) (net.Conn, error)

// dialAddrs connects to the first address that answers, in the resolver's
// order, and puts the layer over the connection.
func (d *dialer) dialAddrs(ctx context.Context, dl *dial, over layer) (net.Conn, error) {
	if d.connect != nil {
		return d.attempt(ctx, dl, over, func(ctx context.Context) (net.Conn, error) {
			return d.connect(ctx, "tcp", dl.key.addr())
		})
	}
	addrs, err := d.resolve(ctx, dl)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(dl.key.port, 10, 16)
	if err != nil {
		return nil, err
	}
	var nd net.Dialer
	for _, a := range addrs {
		var nc net.Conn
		nc, err = d.attempt(ctx, dl, over, func(ctx context.Context) (net.Conn, error) {
			addr := netip.AddrPortFrom(a, uint16(port)) //nolint:gosec // it was parsed as 16 bits
			return nd.DialContext(ctx, "tcp", addr.String())
		})
		if err == nil {
			return nc, nil
		}
		if ctx.Err() != nil || !worthAnotherAddress(err) {
			break
		}
	}
	return nil, err
}

// worthAnotherAddress: a server that answers, but not as it should, is the
// same behind each of its addresses.
func worthAnotherAddress(err error) bool {
	if op := (*net.OpError)(nil); stderrors.As(err, &op) && op.Op == "dial" {
		return true
	}
	return stderrors.Is(err, errors.ErrConnectionTimeout)
}

func (d *dialer) resolve(ctx context.Context, dl *dial) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(dl.key.host); err == nil {
		return []netip.Addr{a}, nil
	}
	dl.phase = errors.PhaseDNS
	start := time.Now()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", dl.key.host)
	dl.dns = time.Since(start)
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	return addrs, err
}

// attempt connects to one address within sockConnect.
func (d *dialer) attempt(
	ctx context.Context, dl *dial, over layer, connect func(context.Context) (net.Conn, error),
) (net.Conn, error) {
	dl.phase = errors.PhaseDial
	start := time.Now()
	attempt := ctx
	if dl.sockConnect > 0 {
		var cancel context.CancelFunc
		attempt, cancel = context.WithTimeout(ctx, dl.sockConnect)
		defer cancel()
	}
	nc, err := connect(attempt)
	dl.tcp += time.Since(start)
	if err == nil && over != nil {
		var above net.Conn
		if above, err = over(attempt, dl, nc); err != nil {
			nc.Close() // the error that counts is the layer's
		}
		nc = above
	}
	if err != nil {
		if attempt.Err() != nil && ctx.Err() == nil {
			err = &errors.TimeoutError{
				Kind: errors.ErrConnectionTimeout, Phase: dl.phase, Limit: dl.sockConnect,
				Elapsed: time.Since(start), Host: dl.key.addr(),
			}
		}
		return nil, err
	}
	return nc, nil
}
