package connector

import (
	"context"
	"crypto/tls"
	stderrors "errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/dnscache"
	"github.com/aiolos-http/aiolos/internal/happyeyeballs"
	"github.com/aiolos-http/aiolos/internal/netguard"
	"github.com/aiolos-http/aiolos/internal/tunnel"
)

// connect makes the connection that HTTP is spoken on: to the server, or to a
// proxy and through it, with what TLS there is to be.
func (d *dialer) connect(ctx context.Context, dl *dial) (net.Conn, error) {
	host, port := dl.key.host, dl.key.port
	if r := dl.key.route; r != nil && r.proxy != nil {
		host, port = r.proxy.host, r.proxy.port
		dl.at = errors.Endpoint{Host: host, Port: portNumber(port), Phase: errors.PhaseDial, Proxy: true}
	}
	dl.at.Unix = d.local
	if d.config.DialContext != nil {
		nc, err := d.attempt(ctx, dl, func(ctx context.Context) (net.Conn, error) {
			return d.config.DialContext(ctx, "tcp", net.JoinHostPort(host, port))
		})
		if err != nil {
			return nil, err
		}
		return d.layers(ctx, dl, nc)
	}
	if dl.key.root && !dl.at.Proxy {
		host += "."
	}
	addrs, err := d.resolve(ctx, dl, host, port)
	if err != nil {
		return nil, err
	}
	return d.overAddrs(ctx, dl, addrs)
}

// overAddrs races to the addresses and puts the layers over the connection that
// is there first. If those fail, that address is out and the others race again.
func (d *dialer) overAddrs(ctx context.Context, dl *dial, addrs []netip.AddrPort) (net.Conn, error) {
	race := happyeyeballs.Dialer{
		Delay: d.config.HappyEyeballsDelay, Interleave: d.config.Interleave,
		Attempt: func(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
			return d.socket(ctx, dl, addr)
		},
	}
	at := dl.at
	for {
		dl.at = at
		start := time.Now()
		nc, used, err := race.Dial(ctx, addrs)
		dl.timing.Connect += time.Since(start)
		if err != nil {
			return nil, err
		}
		above, err := d.layers(ctx, dl, nc)
		if err == nil {
			return above, nil
		}
		addrs = slices.DeleteFunc(addrs, func(a netip.AddrPort) bool { return a == used })
		if ctx.Err() != nil || len(addrs) == 0 || !worthAnotherAddress(err) {
			return nil, err
		}
	}
}

// worthAnotherAddress: a proxy that refuses, and a server behind a proxy that
// cannot be found, are the same behind each of the proxy's addresses; anything
// else may be better elsewhere.
func worthAnotherAddress(err error) bool {
	_, refused := stderrors.AsType[*tunnel.SOCKSError](err)
	_, unknown := stderrors.AsType[*net.DNSError](err)
	return !refused && !unknown && !stderrors.Is(err, errors.ErrClientHTTPProxy)
}

// socket connects to one address.
func (d *dialer) socket(ctx context.Context, dl *dial, addr netip.AddrPort) (net.Conn, error) {
	nd := net.Dialer{Control: d.config.Control}
	if local := d.config.LocalAddr; local.IsValid() {
		nd.LocalAddr = net.TCPAddrFromAddrPort(local)
	}
	return d.timed(ctx, dl, errors.PhaseDial, func(ctx context.Context) (net.Conn, error) {
		return nd.DialContext(ctx, "tcp", addr.String())
	})
}

// attempt is socket for a dial function of the user's.
func (d *dialer) attempt(ctx context.Context, dl *dial, connect func(context.Context) (net.Conn, error)) (net.Conn, error) {
	start := time.Now()
	defer func() { dl.timing.Connect += time.Since(start) }()
	return d.timed(ctx, dl, errors.PhaseDial, connect)
}

// timed runs one step of an attempt within sock_connect.
func (d *dialer) timed(ctx context.Context, dl *dial, phase errors.Phase, step func(context.Context) (net.Conn, error)) (net.Conn, error) {
	attempt := ctx
	if dl.sockConnect > 0 {
		var cancel context.CancelFunc
		attempt, cancel = context.WithTimeout(ctx, dl.sockConnect)
		defer cancel()
	}
	start := time.Now()
	nc, err := step(attempt)
	if err != nil {
		catchUp(attempt)
	}
	if err != nil && attempt.Err() != nil && ctx.Err() == nil {
		err = &errors.TimeoutError{
			Kind: errors.ErrConnectionTimeout, Phase: phase, Limit: dl.sockConnect,
			Elapsed: time.Since(start), Host: dl.key.addr(),
		}
	}
	return nc, err
}

// resolve finds the addresses that may be connected to.
func (d *dialer) resolve(ctx context.Context, dl *dial, host, port string) ([]netip.AddrPort, error) {
	if numeric, canonical := netguard.CanonicalIPv4(host); numeric && !canonical {
		return nil, errors.NewInvalidURL(host, "not a canonical IPv4 address", nil)
	}
	dl.at.Phase = errors.PhaseDNS
	start := time.Now()
	found, how, err := d.dns.Lookup(ctx, host, port, dl.lookUp(host))
	if how == dnscache.Miss && err == nil && !dl.at.Proxy {
		callWith(dl.trace.ResolveEnd, host)
	}
	if how != dnscache.Literal {
		dl.timing.DNS = time.Since(start)
	}
	dl.timing.CachedDNS = how == dnscache.Hit || how == dnscache.Stale
	if err != nil {
		return nil, err
	}
	dl.at.Phase = errors.PhaseDial
	return d.allowed(found, uint16(portNumber(port))) //nolint:gosec // checked to be 16 bits
}

// lookUp tells the trace how a look-up begins.
func (dl *dial) lookUp(host string) func(dnscache.Outcome) {
	if dl.trace == &noTrace || dl.at.Proxy {
		return nil
	}
	return func(how dnscache.Outcome) {
		switch how {
		case dnscache.Hit, dnscache.Shared:
			callWith(dl.trace.DNSCacheHit, host)
		case dnscache.Miss:
			callWith(dl.trace.DNSCacheMiss, host)
			callWith(dl.trace.ResolveStart, host)
		case dnscache.Stale, dnscache.Literal: // neither is how one begins
		}
	}
}

// allowed drops the addresses that AllowAddr refuses, and those that LocalAddr
// cannot reach.
func (d *dialer) allowed(found []netip.Addr, port uint16) ([]netip.AddrPort, error) {
	var refused error
	local := d.config.LocalAddr.Addr().Unmap()
	addrs := make([]netip.AddrPort, 0, len(found))
	for _, a := range found {
		ap := netip.AddrPortFrom(a, port)
		if local.IsValid() && local.Is4() != a.Is4() {
			refused = &net.AddrError{Err: "not of the local address's family", Addr: a.String()}
			continue
		}
		if d.config.AllowAddr != nil {
			if err := d.config.AllowAddr(ap); err != nil {
				refused = err
				continue
			}
		}
		addrs = append(addrs, ap)
	}
	if len(addrs) == 0 {
		if refused == nil {
			refused = &net.AddrError{Err: "no addresses"}
		}
		return nil, refused
	}
	return addrs, nil
}

// layers puts over a socket what the key asks for: TLS to the proxy, the tunnel,
// TLS to the server. The socket is closed if that fails.
func (d *dialer) layers(ctx context.Context, dl *dial, nc net.Conn) (net.Conn, error) {
	above, err := d.throughProxy(ctx, dl, nc)
	if err == nil && dl.key.https {
		above, err = d.secure(ctx, dl, above)
	}
	if err != nil {
		nc.Close() // the error that counts is known
		return nil, err
	}
	return above, nil
}

func (d *dialer) throughProxy(ctx context.Context, dl *dial, nc net.Conn) (net.Conn, error) {
	if dl.key.route == nil || dl.key.route.proxy == nil {
		return nc, nil
	}
	p := dl.key.route.proxy
	if p.scheme == "https" {
		dl.at.Phase, dl.at.TLS = errors.PhaseTLS, true
		cfg := d.proxyTLS(dl)
		var err error
		if nc, err = d.handshake(ctx, dl, nc, cfg); err != nil {
			return nil, err
		}
	}
	if dl.key.forwarded() {
		return nc, nil
	}
	dl.at.Phase = errors.PhaseProxy
	tunneled, err := d.timed(ctx, dl, errors.PhaseProxy, func(ctx context.Context) (net.Conn, error) {
		return d.tunnel(ctx, dl, nc, p)
	})
	if err != nil {
		return nil, err
	}
	dl.at = dl.key.endpoint(errors.PhaseTLS)
	return tunneled, nil
}

// tunnel asks the proxy for a way to the server.
func (d *dialer) tunnel(ctx context.Context, dl *dial, nc net.Conn, p *proxy) (net.Conn, error) {
	target := dl.key.addr()
	if !p.isSOCKS() {
		tunneled, err := tunnel.Connect(ctx, nc, target, p.header)
		if no, ok := stderrors.AsType[*tunnel.Refused](err); ok {
			return nil, refusal(no, p)
		}
		return tunneled, notTunneled(err, dl.at)
	}
	if p.scheme == "socks5" {
		at := dl.at
		addrs, err := d.resolve(ctx, dl, dl.key.host, dl.key.port)
		if err != nil {
			dl.at = dl.key.endpoint(errors.PhaseDNS)
			return nil, err
		}
		dl.at = at
		target = addrs[0].String()
	}
	tunneled, err := tunnel.SOCKS5(ctx, nc, target, p.url.User)
	return tunneled, notTunneled(err, dl.at)
}

// notTunneled is a tunnel's failure with the proxy's address.
func notTunneled(err error, at errors.Endpoint) error {
	if err == nil || !stderrors.Is(err, errors.ErrClientProxyConnection) {
		return err
	}
	return &errors.ClientProxyConnectionError{ClientConnectorError: errors.ClientConnectorError{
		Host: at.Host, Port: at.Port, TLS: at.TLS, Op: string(errors.PhaseProxy), Err: err,
	}}
}

// refusal is the proxy's answer as an error of the tree.
func refusal(no *tunnel.Refused, p *proxy) error {
	return &errors.ClientHTTPProxyError{ClientResponseError: errors.ClientResponseError{
		RequestInfo: errors.RequestInfo{Method: "CONNECT", URL: p.url},
		Status:      no.Status, Message: no.Reason, Header: no.Header, Body: no.Body,
	}}
}

// secure is TLS to the server under the route's policy.
func (d *dialer) secure(ctx context.Context, dl *dial, nc net.Conn) (net.Conn, error) {
	dl.at.Phase = errors.PhaseTLS
	dl.at.Unix = "" // the socket has been reached
	base, pin := d.tls, d.config.Pin
	if r := dl.key.route; r != nil {
		base = r.config
		if r.spec.own {
			pin = r.spec.pin
		}
	}
	cfg := base.Clone()
	if cfg.ServerName == "" {
		cfg.ServerName = serverName(dl.key.host)
	}
	cfg.NextProtos = []string{"http/1.1"}
	if d.multiplexed(dl.key) {
		cfg.NextProtos = []string{"h2", "http/1.1"}
		if d.only2 {
			cfg.NextProtos = cfg.NextProtos[:1]
		}
	}
	if !pin.IsZero() {
		pinned(cfg, pin, dl.key.host, dl.key.port)
	}
	return d.handshake(ctx, dl, nc, cfg)
}

// proxyTLS is for an https proxy: verified as the route's policy says, but
// without the pin and the name, which are the server's.
func (d *dialer) proxyTLS(dl *dial) *tls.Config {
	base, insecure := d.config.TLS, d.config.Insecure
	if spec := dl.key.route.spec; spec.own {
		insecure = spec.insecure
		if spec.config != nil {
			base = spec.config
		}
	}
	if base == nil {
		base = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	cfg := base.Clone()
	cfg.ServerName = serverName(dl.at.Host)
	cfg.InsecureSkipVerify = cfg.InsecureSkipVerify || insecure
	cfg.NextProtos = []string{"http/1.1"}
	return cfg
}

func (d *dialer) handshake(ctx context.Context, dl *dial, nc net.Conn, cfg *tls.Config) (net.Conn, error) {
	start := time.Now()
	defer func() { dl.timing.TLS += time.Since(start) }()
	return d.timed(ctx, dl, errors.PhaseTLS, func(ctx context.Context) (net.Conn, error) {
		tc := tls.Client(h1.WrapSocket(nc), cfg)
		if err := tc.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		return tc, nil
	})
}

func portNumber(port string) int {
	n, _ := strconv.Atoi(port) // checked when key or proxy was made
	return n
}
