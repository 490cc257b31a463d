package dial

import (
	"context"
	"crypto/tls"
	stderrors "errors"
	"net"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/classify"
	"github.com/aiolos-http/aiolos/internal/tunnel"
)

// throughProxy makes of a connection to the proxy one to the server, or one for
// requests that the proxy passes on.
func (d *Dialer) throughProxy(ctx context.Context, a *Attempt, nc net.Conn) (net.Conn, error) {
	p := a.target.proxy()
	if p == nil {
		return nc, nil
	}
	if p.Scheme == "https" {
		a.At.Phase, a.At.TLS = errors.PhaseTLS, true
		cfg := d.shareTLSConfig(Target{Route: a.target.Route}, func() *tls.Config { return d.proxyTLSConfig(a) })
		var err error
		if nc, _, err = d.handshakeTLS(ctx, a, nc, cfg); err != nil {
			return nil, err
		}
	}
	if a.target.Forwarded() {
		return nc, nil
	}
	a.At.Phase = errors.PhaseProxy
	tunneled, err := a.runStep(ctx, errors.PhaseProxy, func(ctx context.Context) (net.Conn, error) {
		return d.openTunnel(ctx, a, nc, p)
	})
	if err != nil {
		return nil, err
	}
	a.At = a.target.Endpoint(errors.PhaseTLS)
	return tunneled, nil
}

// openTunnel asks the proxy for a tunnel to the server.
func (d *Dialer) openTunnel(ctx context.Context, a *Attempt, nc net.Conn, p *Proxy) (net.Conn, error) {
	target := a.target.Addr()
	if !p.IsSOCKS() {
		tunneled, err := tunnel.Connect(ctx, nc, target, p.Header)
		if no, ok := stderrors.AsType[*tunnel.Refused](err); ok {
			return nil, refusedError(no, p)
		}
		return tunneled, tunnelError(err, a.At)
	}
	if p.Scheme == "socks5" {
		at := a.At
		addrs, err := d.resolveHost(ctx, a, a.target.Host, a.target.Port, false)
		if err != nil {
			a.At = a.target.Endpoint(errors.PhaseDNS)
			return nil, err
		}
		a.At = at
		target = addrs[0].String()
	}
	tunneled, err := tunnel.SOCKS5(ctx, nc, target, p.URL.User)
	return tunneled, tunnelError(err, a.At)
}

// tunnelError puts the proxy's address into a failure of its tunnel; err may be nil.
func tunnelError(err error, at classify.Endpoint) error {
	if err == nil || !stderrors.Is(err, errors.ErrClientProxyConnection) {
		return err
	}
	return &errors.ClientProxyConnectionError{ClientConnectorError: errors.ClientConnectorError{
		Host: at.Host, Port: at.Port, TLS: at.TLS, Op: string(errors.PhaseProxy), Err: err,
	}}
}

// refusedError is the proxy's answer as an error of the tree.
func refusedError(no *tunnel.Refused, p *Proxy) error {
	return &errors.ClientHTTPProxyError{ClientResponseError: errors.ClientResponseError{
		RequestInfo: errors.RequestInfo{Method: "CONNECT", URL: p.URL},
		Status:      no.Status, Message: no.Reason, Header: no.Header, Body: no.Body,
	}}
}
