package connector

import (
	"context"
	"crypto/tls"
	"math"
	"net"
	"net/http"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// Defaults of [Config].
const (
	DefaultLimit     = 100
	DefaultKeepAlive = 15 * time.Second
)

// Config configures a [Connector]. The zero value is ready for use. In every
// field zero means the default and a negative number turns the limit off.
type Config struct {
	// Limit is the number of connections that may be in use at the same time,
	// all hosts together; idle ones do not count. Requests beyond it wait in
	// the order of their arrival. Zero means [DefaultLimit].
	// (aiohttp: TCPConnector(limit=100))
	Limit int
	// LimitPerHost is the same for one host: scheme, name and port. Zero means
	// no limit but the total one. (aiohttp: limit_per_host)
	LimitPerHost int
	// KeepAlive is how long an idle connection is kept for the next request.
	// Zero means [DefaultKeepAlive], negative for ever.
	// (aiohttp: keepalive_timeout)
	KeepAlive time.Duration
	// MaxConnAge is the age at which a connection is not used again, so that a
	// change in DNS or behind a load balancer is noticed. Zero and negative
	// mean any age.
	MaxConnAge time.Duration
	// ForceClose closes each connection after its response and announces it
	// with "Connection: close". It excludes KeepAlive. (aiohttp: force_close)
	ForceClose bool
	// TLS is the configuration of https connections. It is copied; nil means
	// crypto/tls's defaults: verified, TLS 1.2 or newer. Sessions are resumed.
	TLS *tls.Config
	// Timeout is used by requests that bring no timeouts of their own. Its zero
	// value bounds only SockConnect, to [DefaultSockConnect].
	Timeout ClientTimeout
	// DialContext makes the transport connections instead of DNS and TCP. TLS
	// comes on top of what it returns. It gets the network "tcp" and the
	// address as "host:port", and must honour the context.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
	// DisableStaleRetry hands the error to the caller when a kept connection
	// turns out to be dead, instead of sending a replayable idempotent request
	// once more on a fresh one.
	DisableStaleRetry bool
}

// Connector makes connections, keeps them and lends them to requests, within
// its limits (aiohttp: TCPConnector). It is an [http.RoundTripper] that can
// stand wherever an *http.Transport can.
//
// A Connector is safe for concurrent use. Whoever makes it closes it.
type Connector struct {
	pool       *pool
	dialer     *dialer
	timeout    ClientTimeout
	retry      bool
	forceClose bool
	config     Config
}

var _ http.RoundTripper = (*Connector)(nil)

// New returns a Connector. The Config is copied. The error is an
// [errors.InvalidRequestError] that names the field.
func New(cfg Config) (*Connector, error) {
	if cfg.ForceClose && cfg.KeepAlive != 0 {
		return nil, &errors.InvalidRequestError{Field: "KeepAlive", Reason: "cannot be set together with ForceClose"}
	}
	if cfg.Limit == 0 {
		cfg.Limit = DefaultLimit
	}
	if cfg.KeepAlive == 0 {
		cfg.KeepAlive = DefaultKeepAlive
	}
	cfg.Timeout = cfg.Timeout.Inherit(ClientTimeout{SockConnect: DefaultSockConnect})
	c := &Connector{
		pool: newPool(
			bound(cfg.Limit), bound(cfg.LimitPerHost),
			max(cfg.KeepAlive, 0), max(cfg.MaxConnAge, 0),
		),
		timeout:    cfg.Timeout,
		retry:      !cfg.DisableStaleRetry,
		forceClose: cfg.ForceClose,
		config:     cfg,
	}
	c.dialer = newDialer(c.pool, &cfg)
	return c, nil
}

// bound is a limit as the pool wants it.
func bound(n int) int {
	if n <= 0 {
		return math.MaxInt
	}
	return n
}

// RoundTrip sends one request and returns its response. It follows no
// redirects and keeps no cookies.
//
// The request is never changed, and its body is always closed, though possibly
// after the return. The response's body must be closed or read to its end, for
// only then is its connection free for others. The request's context, and the
// [Settings] in it, count until the body has been read: once it is cancelled
// the connection is closed and its slot is free, whether or not the body is
// closed. The response of an upgrade (101) has a body that is an
// [io.ReadWriteCloser] and holds its slot until it is closed.
//
// Errors are of the tree in package errors, or the context's.
func (c *Connector) RoundTrip(req *http.Request) (*http.Response, error) {
	x := &exchange{c: c, orig: req, upload: newRequestBody(req.Body)}
	if err := x.prepare(); err != nil {
		x.upload.close()
		return nil, err
	}
	return x.roundTrip()
}

// prepare checks the request and settles its times.
func (x *exchange) prepare() error {
	req := x.orig
	k, err := keyOf(req.URL)
	if err == nil {
		err = validate(req)
	}
	if err != nil {
		return err
	}
	ctx := req.Context()
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	x.key = k
	x.start = time.Now()
	x.began = x.start
	x.timeout = x.c.timeout
	x.retry = x.c.retry
	if s := SettingsFrom(ctx); s != nil {
		x.timeout = s.Timeout.Inherit(x.timeout)
		x.total = s.Deadline
		if !s.Started.IsZero() {
			x.began = s.Started
		}
		x.retry = x.retry && !s.DisableStaleRetry
		x.timing = s.Timing
	}
	if x.total.IsZero() && x.timeout.Total > 0 {
		x.total = x.start.Add(x.timeout.Total)
	}
	if !x.total.IsZero() && !x.start.Before(x.total) {
		return x.totalTimeout(errors.PhasePool)
	}
	if x.timing != nil {
		*x.timing = Timing{Start: x.start}
	}
	return nil
}

// Close closes all connections, those in use too, and fails all requests that
// wait or are under way with [errors.ErrConnectorClosed]. It is idempotent; the
// error is always nil and there for [io.Closer].
func (c *Connector) Close() error {
	c.pool.shutdown()
	return nil
}

// Closed reports whether Close has been called.
func (c *Connector) Closed() bool { return c.pool.isClosed() }

// CloseIdleConnections closes the connections that are not in use.
// [http.Client.CloseIdleConnections] calls it.
func (c *Connector) CloseIdleConnections() { c.pool.drop() }

// Limit returns the total limit; negative means none.
func (c *Connector) Limit() int { return c.config.Limit }

// LimitPerHost returns the limit of one host; zero and negative mean none.
func (c *Connector) LimitPerHost() int { return c.config.LimitPerHost }

// KeepAlive returns how long idle connections are kept; negative is for ever.
func (c *Connector) KeepAlive() time.Duration { return c.config.KeepAlive }

// ForceClose reports whether each connection serves a single request.
func (c *Connector) ForceClose() bool { return c.config.ForceClose }

// Timeout returns the timeouts of requests that bring none.
func (c *Connector) Timeout() ClientTimeout { return c.timeout }
