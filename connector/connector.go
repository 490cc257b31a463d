package connector

import (
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/connector/internal/reqbody"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/internal/rawhead"
)

// Connector makes connections, keeps them and lends them to requests, within
// its limits (aiohttp: TCPConnector). It is an [http.RoundTripper] that can
// stand wherever an *http.Transport can.
//
// A Connector is safe for concurrent use. Whoever makes it closes it.
type Connector struct {
	pool        *connPool
	dialer      *dialer
	timeout     ClientTimeout
	retry       bool
	forceClose  bool
	config      Config
	limits      rawhead.Limits
	proxy       *dial.Proxy // nil: none
	environment dial.Environment
	unread      atomic.Int64 // responses that are neither read to their end nor closed
}

var _ http.RoundTripper = (*Connector)(nil)

// New returns a Connector. The Config is copied. The error is an
// [errors.InvalidRequestError] that names the field, or, for Proxy, an
// [errors.InvalidURLError]; either is errors.ErrInvalidRequest.
func New(cfg Config) (*Connector, error) { return newConnector(cfg, "") }

// newConnector is New for connections to the local socket or pipe at a path, if
// there is one.
func newConnector(cfg Config, local string) (*Connector, error) {
	if err := cfg.applyDefaults(); err != nil {
		return nil, err
	}
	through, err := parseProxy(&cfg)
	if err != nil {
		return nil, err
	}
	c := &Connector{
		limits:     cfg.headLimits(),
		proxy:      through,
		timeout:    cfg.Timeout,
		retry:      !cfg.DisableStaleRetry,
		forceClose: cfg.ForceClose,
		config:     cfg,
	}
	c.environment.OnWarning, c.environment.NoNetrc = cfg.OnWarning, cfg.NoNetrc
	c.dialer = newDialer(&c.config, local)
	c.pool = c.dialer.pool
	return c, nil
}

// RoundTrip sends one request and returns its response. It follows no
// redirects and keeps no cookies.
//
// The request is never changed, and its body is always closed, though possibly
// after the return. The response's body must be closed or read to its end, for
// only then is its connection free for others. The request's context, and the
// [Settings] in it, count until the body has been read: once it is cancelled
// the connection is closed and its slot is free, whether or not the body is
// closed. With HTTP/2 it is the stream that ends. The response of an upgrade (101)
// has a body that is an [io.ReadWriteCloser] and holds its slot until it is closed.
//
// Errors are of the tree in package errors, or the context's.
func (c *Connector) RoundTrip(req *http.Request) (*http.Response, error) {
	x := &exchange{c: c, request: req, upload: reqbody.New(req)}
	if err := x.prepareRequest(); err != nil {
		x.upload.Close()
		x.stopCancelWatch()
		return nil, err
	}
	return x.roundTrip()
}

// prepareRequest checks the request, finds its route and computes its deadlines. It takes
// no slot and no connection.
func (x *exchange) prepareRequest() error {
	req := x.request
	k, err := dial.TargetOf(req.URL)
	if err == nil {
		x.fields, x.settings.FieldBytes, err = validateRequest(req)
	}
	if err != nil {
		return err
	}
	ctx := req.Context()
	if ctx.Err() != nil {
		return httprule.ContextError(ctx)
	}
	x.key, x.ctx = k, ctx
	x.clientTrace = httptrace.ContextClientTrace(ctx)
	if req.Cancel != nil { //nolint:staticcheck // http.Client sets it
		x.watchCancel()
	}
	s := SettingsFrom(ctx)
	x.trustEnv = x.c.config.TrustEnv || s != nil && s.TrustEnv
	if err := x.resolveRoute(s); err != nil {
		return err
	}
	if x.trustEnv {
		if err := x.lookUpCredentials(); err != nil {
			return err
		}
	}
	x.trace = &noTrace
	if s != nil && s.Trace != nil {
		x.trace = s.Trace
	}
	start := time.Now()
	x.times.start = start
	x.timeout = x.c.timeout
	x.retry = x.c.retry
	w := &x.settings
	if s != nil {
		x.timeout = s.Timeout.Inherit(x.timeout)
		w.Total = s.Deadline
		x.retry = x.retry && !s.DisableStaleRetry
		x.record = s.Recorder
		if s.Observer != nil {
			x.ensureRare().observer = s.Observer
		}
		w.HTTP10, x.notUntilEOF = s.HTTP10, s.NotUntilEOF
		w.Chunks = s.HTTPChunks && s.Recorder != nil
		if s.HTTP10 && x.upload.Present() && req.ContentLength <= 0 {
			return &errors.InvalidRequestError{Field: "Version", Reason: "HTTP/1.0 has no body of unknown length"}
		}
	}
	if w.Total.IsZero() && x.timeout.Total > 0 {
		w.Total = start.Add(x.timeout.Total)
	}
	if !w.Total.IsZero() && !start.Before(w.Total) {
		return x.totalTimeoutError(errors.PhasePool)
	}
	w.SockRead = x.timeout.SockRead
	w.ExpectContinue = x.c.config.ExpectContinueTimeout
	w.Connection = x.fields.connection
	// Nobody is told which connection it was, and the body can be had again.
	w.LateCheck = x.trace == &noTrace && x.clientTrace == nil &&
		(!x.upload.Present() || x.upload.InMemory() && req.GetBody != nil)
	if err := x.upload.CheckLength(req.ContentLength); err != nil {
		return &errors.InvalidRequestError{Field: "body", Reason: "not as long as its Content-Length", Err: err}
	}
	return nil
}

// resolveRoute completes x.key with what decides which connections may serve the request:
// TLS policy, proxy, and whether HTTP/2 is ruled out.
func (x *exchange) resolveRoute(s *Settings) error {
	req, c := x.request, x.c
	x.settings.Limits = c.limits
	h1 := x.fields.upgrade
	if s != nil {
		h1 = h1 || s.HTTP1 || s.HTTP10
		if s.Head != nil {
			x.settings.Limits = s.Head.applyTo(c.limits)
		}
	}
	var backend *httprule.Backend
	if x.key.HTTPS {
		backend = httprule.BackendOf(req)
	}
	if backend != nil || c.config.TrustEnv || c.proxy != nil || s != nil && (s.TLS != nil || s.Proxy != nil || s.TrustEnv) {
		r, err := c.routeOf(req.URL, s, backend)
		if err != nil {
			return err
		}
		x.key.Route = r
	}
	if x.key.Forwarded() {
		h1 = x.fields.upgrade // which needs a tunnel; all else is HTTP/1 anyway
	}
	x.closes = req.Close || x.fields.connection && httprule.HasToken(req.Header, "Connection", "close")
	x.key.H1 = h1 && (x.key.HTTPS || c.dialer.plainH2 || x.key.Route != nil)
	x.settings.Absolute = x.key.Forwarded()
	x.proxies = x.trustEnv || c.proxy != nil || x.key.Route != nil && x.key.Route.Proxy != nil || s != nil && s.Proxy != nil
	return nil
}

// Close closes all connections, those in use too, and fails all requests that
// wait or are under way with [errors.ErrConnectorClosed]. It is idempotent; the
// error is always nil and there for [io.Closer].
func (c *Connector) Close() error {
	c.pool.Close()
	c.dialer.net.Close()
	return nil
}

// Closed reports whether Close has been called, or a [Connector.Shutdown] has come to
// its end. While one waits it is false, although new requests are refused.
func (c *Connector) Closed() bool { return c.pool.Closed() }

// CloseIdleConnections closes the connections that are not in use.
// [http.Client.CloseIdleConnections] calls it.
func (c *Connector) CloseIdleConnections() { c.pool.CloseIdle() }

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
