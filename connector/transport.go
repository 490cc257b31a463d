package connector

import (
	"math"
	"net/http"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// NewTransport returns an [http.Transport] that makes its connections as a
// [Connector] with the same Config would: through the DNS cache, in a race to the
// addresses (RFC 8305), asking AllowAddr and Control, with the TLS, pins, protocols
// and proxies of cfg. It is for libraries that want this very type, and for whoever
// prefers net/http's own pool and engine. The caller owns it and may set fields that
// NewTransport leaves zero before the first request; there is nothing to close but
// its idle connections.
//
// LimitPerHost is its MaxConnsPerHost, which counts idle connections too, and
// KeepAlive its IdleConnTimeout. Timeout.SockConnect bounds each attempt to connect,
// and each TLS handshake. Pins hold for resumed sessions and for HTTP/2; their
// [errors.ServerFingerprintMismatch] has the name that was asked for, but no port.
// Failures to connect are of the tree of errors, all others are net/http's own.
//
// What a Transport cannot do is an [errors.InvalidRequestError] that names the
// field: Limit, MaxConnAge, MaxLineSize, MaxFieldSize, MaxHeaders, OnLeak, OnClose, the Total,
// Connect and SockRead of Timeout, if they are greater than zero or set;
// DisableStaleRetry; a Proxy-Authorization in ProxyHeader (ProxyAuth is what there
// is); Protocols with HTTP/2 on http beside HTTP/1 or a proxy. So is, when a request
// meets one, a proxy of the environment that is of socks5, because the names would
// not be resolved here, and one of https together with a pin or a server's name.
//
// What is lost without a word, because a Connector has it unasked: the limit of
// [DefaultLimit], the limits and strictness of heads, which may have 1 MiB as they
// please, the order of those who wait, the sharing of HTTP/2, [Settings] and with them
// [Trace], [Recorder] and each request's own policy, the netrc file for servers, and
// the schemes ws and wss. A proxy has a minute for CONNECT.
func NewTransport(cfg Config) (*http.Transport, error) {
	if err := cfg.checkTransport(); err != nil {
		return nil, err
	}
	if err := cfg.applyDefaults(); err != nil {
		return nil, err
	}
	through, err := parseProxy(&cfg)
	if err != nil {
		return nil, err
	}
	protocols := cfg.protocolsOrDefault()
	if protocols.UnencryptedHTTP2() && (cfg.TrustEnv || through != nil && !through.IsSOCKS()) {
		return nil, notInTransport("Protocols", "has no HTTP/1 for requests that a proxy passes on")
	}
	dialing := cfg.dialConfig("", protocols)
	d := &transportDialer{net: dial.New(dialing), sockConnect: max(cfg.Timeout.SockConnect, 0)}
	t := &http.Transport{
		DialContext:            d.dial,
		TLSHandshakeTimeout:    d.sockConnect,
		Protocols:              protocols,
		HTTP2:                  cfg.http2OrDefault(),
		MaxConnsPerHost:        max(cfg.LimitPerHost, 0),
		MaxIdleConns:           max(cfg.MaxIdle, 0),
		MaxIdleConnsPerHost:    math.MaxInt, // as a Connector, which keeps what it has
		IdleConnTimeout:        max(cfg.KeepAlive, 0),
		DisableKeepAlives:      cfg.ForceClose,
		DisableCompression:     true,
		ExpectContinueTimeout:  cfg.expectContinueTimeout(),
		MaxResponseHeaderBytes: maxHead,
	}
	t.TLSClientConfig = cfg.transportTLS(&dialing)
	d.useProxy(t, &cfg, through)
	return t, nil
}

// checkTransport refuses the fields that a Transport has nothing for. It looks at
// what the caller has set, before the defaults are put in.
func (cfg *Config) checkTransport() error {
	authorized := httprule.HasField(cfg.ProxyHeader, dial.ProxyAuthorization)
	p := cfg.Protocols
	for _, c := range []struct {
		field, reason string
		set           bool
	}{
		{"Limit", "has no limit for all hosts together", cfg.Limit > 0},
		{"MaxConnAge", "has no age of connections", cfg.MaxConnAge > 0},
		{"MaxLineSize", "has no such limit", cfg.MaxLineSize > 0},
		{"MaxFieldSize", "has no such limit", cfg.MaxFieldSize > 0},
		{"MaxHeaders", "has no such limit", cfg.MaxHeaders > 0},
		{"Timeout.Total", "has no such timeout; http.Client and contexts have", cfg.Timeout.Total > 0},
		{"Timeout.Connect", "has no such timeout", cfg.Timeout.Connect > 0},
		{"Timeout.SockRead", "has no such timeout", cfg.Timeout.SockRead > 0},
		{"OnLeak", "does not look for leaks", cfg.OnLeak != nil},
		{"OnClose", "does not tell when a connection ends", cfg.OnClose != nil},
		{"DisableStaleRetry", "always retries on stale connections", cfg.DisableStaleRetry},
		{"ProxyHeader", "takes credentials for proxies only from ProxyAuth", authorized},
		{"Protocols", "speaks HTTP/1 to http servers unless it is off", p != nil && p.UnencryptedHTTP2() && p.HTTP1()},
	} {
		if c.set {
			return notInTransport(c.field, c.reason)
		}
	}
	return nil
}

func notInTransport(field, reason string) error {
	return &errors.InvalidRequestError{Field: field, Reason: "an http.Transport " + reason}
}
