package dial

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

var http1Only = []string{"http/1.1"}

// Policy says how a server has to prove who it is. Policies are compared with ==.
// The zero value is a verified connection.
type Policy struct {
	Config     *tls.Config // nil: the Dialer's
	Insecure   bool        // every certificate will do
	Pin        Pin         // the zero Pin: none
	ServerName string      // in the form of [CanonicalHost]; empty: the target's host
}

// ServerTLS is what connections are made with under a policy: a clone of base, or
// of the policy's own configuration, but without the name and the check of the pin,
// which are added for each connection. The sessions of each policy are its own, so
// that none is resumed under another; a cache of the caller's is used where nothing
// is added to the configuration that it is in.
func ServerTLS(base *tls.Config, p *Policy) *tls.Config {
	if p.Config != nil {
		base = p.Config
	}
	cfg := base.Clone()
	if cfg == nil {
		cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if cfg.ClientSessionCache == nil || *p != (Policy{Config: p.Config}) {
		cfg.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	if p.ServerName != "" {
		cfg.ServerName = serverName(p.ServerName)
	}
	if p.Insecure || !p.Pin.IsZero() && !p.Pin.verify {
		cfg.InsecureSkipVerify = true
	}
	return cfg
}

// startServerTLS does TLS with the server under the route's policy.
func (d *Dialer) startServerTLS(ctx context.Context, a *Attempt, nc net.Conn) (net.Conn, error) {
	a.At.Phase = errors.PhaseTLS
	a.At.Unix = "" // the socket has been reached
	cfg := d.shareTLSConfig(a.target, func() *tls.Config { return d.serverTLSConfig(&a.target) })
	above, state, err := d.handshakeTLS(ctx, a, nc, cfg)
	a.State = state
	return above, err
}

// maxTLSConfigs bounds what shareTLSConfig remembers. A forgotten one is made anew.
const maxTLSConfigs = 256

// shareTLSConfig returns what made returns, or has returned for the same target: a connection
// keeps its configuration, which is not small, and crypto/tls does not change it. The target
// of a proxy's own is its Route alone.
func (d *Dialer) shareTLSConfig(t Target, made func() *tls.Config) *tls.Config {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known := d.tlsConfigs[t]; known != nil {
		return known
	}
	for old := range d.tlsConfigs {
		if len(d.tlsConfigs) < maxTLSConfigs {
			break
		}
		delete(d.tlsConfigs, old)
	}
	cfg := made()
	d.tlsConfigs[t] = cfg
	return cfg
}

// serverTLSConfig is the TLS of the target's server under the route's policy.
func (d *Dialer) serverTLSConfig(t *Target) *tls.Config {
	base, pin := d.tls, d.config.Pin
	if r := t.Route; r != nil {
		base = r.config
		if r.spec.own {
			pin = r.spec.policy.Pin
		}
	}
	cfg := base.Clone()
	if cfg.ServerName == "" {
		cfg.ServerName = serverName(t.Host)
	}
	cfg.NextProtos = d.config.NextProtos
	if t.H1 {
		cfg.NextProtos = http1Only
	}
	if !pin.IsZero() {
		pin.Require(cfg, t.Host, portNumber(t.Port))
	}
	return cfg
}

// proxyTLSConfig is the TLS of an https proxy: verified as the route's policy says, but
// without the pin and the name, which are the server's.
func (d *Dialer) proxyTLSConfig(a *Attempt) *tls.Config {
	base, insecure := d.config.TLS, d.config.Insecure
	if spec := a.target.Route.spec; spec.own {
		insecure = spec.policy.Insecure
		if spec.policy.Config != nil {
			base = spec.policy.Config
		}
	}
	if base == nil {
		base = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	cfg := base.Clone()
	cfg.ServerName = serverName(a.At.Host)
	cfg.InsecureSkipVerify = cfg.InsecureSkipVerify || insecure
	cfg.NextProtos = http1Only
	return cfg
}

// handshakeTLS does TLS over nc. The state is nil if that fails.
func (d *Dialer) handshakeTLS(ctx context.Context, a *Attempt, nc net.Conn, cfg *tls.Config) (net.Conn, *tls.ConnectionState, error) {
	start := time.Now()
	defer func() { a.TLS += time.Since(start) }()
	trace := httptrace.ContextClientTrace(ctx)
	if trace != nil && trace.TLSHandshakeStart != nil {
		trace.TLSHandshakeStart()
	}
	if cfg.Renegotiation == tls.RenegotiateNever { // else a look at the idle connection might break one off
		nc = d.config.BelowTLS(nc)
	}
	tc := tls.Client(nc, cfg)
	_, err := a.runStep(ctx, errors.PhaseTLS, func(ctx context.Context) (net.Conn, error) {
		return tc, tc.HandshakeContext(ctx)
	})
	state := tls.ConnectionState{}
	if err == nil {
		state = tc.ConnectionState()
	}
	if trace != nil && trace.TLSHandshakeDone != nil {
		trace.TLSHandshakeDone(state, err)
	}
	if err != nil {
		return nil, nil, err
	}
	return tc, &state, nil
}

// serverName is a host as TLS knows it: without the zone of an IPv6 address.
func serverName(host string) string {
	name, _, _ := strings.Cut(host, "%")
	return name
}
