package dial

import (
	"context"
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
		var err error
		if nc, _, err = d.handshake(ctx, a, nc, d.proxyTLS(a)); err != nil {
			return nil, err
		}
	}
	if a.target.Forwarded() {
		return nc, nil
	}
	a.At.Phase = errors.PhaseProxy
	tunneled, err := a.timed(ctx, errors.PhaseProxy, func(ctx context.Context) (net.Conn, error) {
		return d.tunnel(ctx, a, nc, p)
	})
	if err != nil {
		return nil, err
	}
	a.At = a.target.Endpoint(errors.PhaseTLS)
	return tunneled, nil
}

// tunnel asks the proxy for a way to the server.
func (d *Dialer) tunnel(ctx context.Context, a *Attempt, nc net.Conn, p *Proxy) (net.Conn, error) {
	target := a.target.Addr()
	if !p.IsSOCKS() {
		tunneled, err := tunnel.Connect(ctx, nc, target, p.Header)
		if no, ok := stderrors.AsType[*tunnel.Refused](err); ok {
			return nil, refusal(no, p)
		}
		return tunneled, notTunneled(err, a.At)
	}
	if p.Scheme == "socks5" {
		at := a.At
		addrs, err := d.resolve(ctx, a, a.target.Host, a.target.Port)
		if err != nil {
			a.At = a.target.Endpoint(errors.PhaseDNS)
			return nil, err
		}
		a.At = at
		target = addrs[0].String()
	}
	tunneled, err := tunnel.SOCKS5(ctx, nc, target, p.URL.User)
	return tunneled, notTunneled(err, a.At)
}

// notTunneled is a tunnel's failure with the proxy's address.
func notTunneled(err error, at classify.Endpoint) error {
	if err == nil || !stderrors.Is(err, errors.ErrClientProxyConnection) {
		return err
	}
	return &errors.ClientProxyConnectionError{ClientConnectorError: errors.ClientConnectorError{
		Host: at.Host, Port: at.Port, TLS: at.TLS, Op: string(errors.PhaseProxy), Err: err,
	}}
}

// refusal is the proxy's answer as an error of the tree.
func refusal(no *tunnel.Refused, p *Proxy) error {
	return &errors.ClientHTTPProxyError{ClientResponseError: errors.ClientResponseError{
		RequestInfo: errors.RequestInfo{Method: "CONNECT", URL: p.URL},
		Status:      no.Status, Message: no.Reason, Header: no.Header, Body: no.Body,
	}}
}
