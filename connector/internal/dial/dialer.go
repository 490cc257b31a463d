package dial

import (
	"context"
	stderrors "errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/classify"
	"github.com/aiolos-http/aiolos/internal/happyeyeballs"
	"github.com/aiolos-http/aiolos/internal/tunnel"
)

// Dial makes the connection that HTTP is spoken on: to the server, or to a proxy
// and through it, with TLS if the target has it. The caller closes it. It is a
// [*tls.Conn] if TLS is its uppermost layer.
//
// The context bounds Dial, and may end afterwards. An error is as it came:
// [Failure] gives it its class, after the caller has seen whether it was its own
// context that ended.
func (d *Dialer) Dial(ctx context.Context, t Target, a *Attempt) (net.Conn, error) {
	a.target, a.At = t, t.Endpoint(errors.PhaseDial)
	host, port := t.Host, t.Port
	if p := t.proxy(); p != nil {
		host, port = p.Host, p.Port
		a.At = classify.Endpoint{Host: host, Port: portNumber(port), Phase: errors.PhaseDial, Proxy: true}
	}
	a.At.Unix = d.config.Local
	if d.config.DialContext != nil {
		nc, err := d.dialCustom(ctx, a, net.JoinHostPort(host, port))
		if err != nil {
			return nil, err
		}
		return d.addLayers(ctx, a, nc)
	}
	if t.Root && !a.At.Proxy {
		host += "."
	}
	addrs, err := d.resolveHost(ctx, a, host, port, a.At.Proxy)
	if err != nil {
		return nil, err
	}
	return d.dialAddrs(ctx, a, addrs)
}

// dialAddrs races to the addresses and puts the layers over the connection that
// is there first. If those fail, that address is out and the others race again.
func (d *Dialer) dialAddrs(ctx context.Context, a *Attempt, addrs []netip.AddrPort) (net.Conn, error) {
	race := happyeyeballs.Dialer{
		Delay: d.config.HappyEyeballsDelay, Interleave: d.config.Interleave,
		Attempt: func(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
			return d.dialAddr(ctx, a, addr)
		},
	}
	at := a.At
	for {
		a.At = at
		start := time.Now()
		nc, used, err := race.Dial(ctx, addrs)
		a.Connect += time.Since(start)
		if err != nil {
			return nil, err
		}
		above, err := d.addLayers(ctx, a, nc)
		if err == nil {
			return above, nil
		}
		addrs = slices.DeleteFunc(addrs, func(ap netip.AddrPort) bool { return ap == used })
		if ctx.Err() != nil || len(addrs) == 0 || !mayTryAnotherAddr(err) {
			return nil, err
		}
	}
}

// mayTryAnotherAddr reports whether another address of the same host may succeed where
// this one has failed. A proxy's refusal, and the unknown name of a server behind it, are
// the same at each of the proxy's addresses.
func mayTryAnotherAddr(err error) bool {
	_, refused := stderrors.AsType[*tunnel.SOCKSError](err)
	_, unknown := stderrors.AsType[*net.DNSError](err)
	return !refused && !unknown && !stderrors.Is(err, errors.ErrClientHTTPProxy)
}

// dialAddr connects to one address. It runs in several goroutines at a time: it only
// reads what is in a.
func (d *Dialer) dialAddr(ctx context.Context, a *Attempt, addr netip.AddrPort) (net.Conn, error) {
	nd := net.Dialer{Control: d.config.Control}
	if local := d.config.LocalAddr; local.IsValid() {
		nd.LocalAddr = net.TCPAddrFromAddrPort(local)
	}
	return a.runConnect(ctx, func(ctx context.Context) (net.Conn, error) {
		return d.retryForDescriptors(ctx, func(ctx context.Context) (net.Conn, error) {
			return nd.DialContext(ctx, "tcp", addr.String())
		})
	})
}

// dialCustom is dialAddr with the DialContext of the Config.
func (d *Dialer) dialCustom(ctx context.Context, a *Attempt, addr string) (net.Conn, error) {
	start := time.Now()
	defer func() { a.Connect += time.Since(start) }()
	return a.runStep(ctx, errors.PhaseDial, func(ctx context.Context) (net.Conn, error) {
		return d.retryForDescriptors(ctx, func(ctx context.Context) (net.Conn, error) {
			return d.config.DialContext(ctx, "tcp", addr)
		})
	})
}

// addLayers puts over a socket what the target asks for: TLS to the proxy, the
// tunnel, TLS to the server. The socket is closed if that fails, or if a hook panics.
func (d *Dialer) addLayers(ctx context.Context, a *Attempt, nc net.Conn) (net.Conn, error) {
	done := false
	defer func() {
		if !done {
			nc.Close() // the error that counts is known
		}
	}()
	above, err := d.throughProxy(ctx, a, nc)
	if err == nil && a.target.HTTPS {
		above, err = d.startServerTLS(ctx, a, above)
	}
	if err != nil {
		return nil, err
	}
	done = true
	return above, nil
}
