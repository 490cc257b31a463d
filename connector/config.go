package connector

import (
	"cmp"
	"context"
	"crypto/tls"
	"maps"
	"math"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/rawhead"
)

// Defaults of [Config].
const (
	DefaultLimit     = 100
	DefaultKeepAlive = 15 * time.Second
	DefaultMaxIdle   = 256
	// DefaultExpectContinueTimeout is net/http's, too.
	DefaultExpectContinueTimeout = time.Second
)

// Config configures a [Connector]. The zero value is ready for use. In every
// field zero means the default and a negative number turns the limit off.
type Config struct {
	// Limit is the number of requests that may be under way at the same time, all
	// hosts together and whatever the protocol: until the response was read to its
	// end or closed. Requests beyond it wait in the order of their arrival. Zero
	// means [DefaultLimit]; who keeps hundreds of long streams sets -1.
	// (aiohttp: TCPConnector(limit=100))
	Limit int
	// LimitPerHost is the same for one host: scheme, name and port, under one policy.
	// Requests with another TLS policy or proxy, and those that must be HTTP/1.1, have
	// a limit of their own, as they have connections of their own. Zero means no limit
	// but the total one. (aiohttp: limit_per_host)
	LimitPerHost int
	// KeepAlive is how long an idle connection is kept for the next request.
	// Zero means [DefaultKeepAlive], negative for ever.
	// (aiohttp: keepalive_timeout)
	KeepAlive time.Duration
	// MaxIdle is how many idle connections are kept, over all hosts: the one that was
	// idle for longest goes first. Zero means 256, or Limit if that is more; negative
	// means no bound.
	MaxIdle int
	// MaxConnAge is the age at which a connection is not used again, so that a
	// change in DNS or behind a load balancer is noticed. Zero and negative
	// mean any age.
	MaxConnAge time.Duration
	// ForceClose closes each connection after its response and announces it
	// with "Connection: close". It excludes KeepAlive. (aiohttp: force_close)
	ForceClose bool
	// TLS is the configuration of https connections. It is copied; nil means
	// crypto/tls's defaults: verified, TLS 1.2 or newer. Sessions are resumed.
	// Its NextProtos do not count: see Protocols. (aiohttp: ssl)
	TLS *tls.Config
	// Insecure accepts every certificate. It excludes Fingerprint and Pin.
	// (aiohttp: ssl=False, verify_ssl=False)
	Insecure bool
	// Fingerprint is the SHA-256 digest of the one certificate (DER) that is
	// accepted, in the place of a verified one. Pin is the same with more
	// choices; only one of the two can be set. (aiohttp: Fingerprint)
	Fingerprint []byte
	Pin         Pin

	// Protocols are the versions of HTTP that are offered to https servers, and
	// whether http servers are spoken to in HTTP/2 (h2c, with prior knowledge,
	// which excludes HTTP/1 there). Nil means HTTP/1.1 and HTTP/2 over TLS.
	Protocols *http.Protocols
	// HTTP2 tunes HTTP/2. Nil means net/http's values, and a ping when a
	// connection was silent for 15 seconds.
	HTTP2 *http.HTTP2Config

	// Proxy is the URL of the proxy for all requests: http, https, socks5 (names
	// are resolved here) or socks5h (by the proxy). Empty means none, unless
	// TrustEnv finds one. Credentials may be in the URL or in ProxyAuth.
	// (aiohttp: proxy, ProxyConnector)
	Proxy     string `print:"url"`
	ProxyAuth *url.Userinfo
	// ProxyHeader is sent to the proxy with CONNECT, and to nobody else.
	// (aiohttp: proxy_headers)
	ProxyHeader http.Header
	// TrustEnv takes proxies from the environment (HTTP_PROXY, HTTPS_PROXY,
	// WS_PROXY, WSS_PROXY, ALL_PROXY, NO_PROXY), and credentials for servers and
	// proxies from the user's netrc file. They are looked up for every request, so
	// each hop of a redirect finds its own, and a change counts: one of the file
	// within 10 ms. Localhost and addresses of loopback take no proxy of the
	// environment. (aiohttp: trust_env)
	//
	// Of netrc the first entry of a host counts, or, where the URL or the Authorization
	// has a login without a password, that login's password; words of other programs are
	// passed over. A file in the home directory that others can read or write is not used.
	TrustEnv bool
	// NoNetrc has TrustEnv take proxies, and no credentials of the netrc file, neither for
	// servers nor for proxies: curl without -n.
	NoNetrc bool
	// OnWarning is told of what is wrong with the environment and keeps no request from
	// being sent: a netrc file that makes no sense, cannot be read, or can be read or
	// written by others although it has passwords. Each is told once, and again after a
	// change; the error has the file's path and nothing of its content. It is called
	// by the goroutine of a request, perhaps by several at a time, and must not block.
	// Nil makes it the error of the requests that the file concerns: those for hosts
	// that it has something for, or, if it makes no sense, all that bring no credentials
	// of their own. (aiohttp: a warning in its log)
	OnWarning func(error)

	// DNSCacheTTL is how long addresses are kept. Zero means ten seconds.
	// (aiohttp: ttl_dns_cache)
	DNSCacheTTL time.Duration
	// DNSCacheSize is the number of hosts that are kept. Zero means 1000.
	// (aiohttp: dns_cache_max_size)
	DNSCacheSize int
	// DisableDNSCache looks names up for every connection. (aiohttp:
	// use_dns_cache=False)
	DisableDNSCache bool
	// StaleDNS is how long after their time addresses are still used if asking
	// again fails for a while. Zero and negative mean never.
	StaleDNS time.Duration
	// Resolver looks names up. Nil means the system's; it is not closed.
	// (aiohttp: resolver)
	Resolver Resolver
	// Hosts says where connections really go, by host and port: curl's --connect-to and
	// --resolve, for a server that DNS does not know yet, one node of many, or a test.
	// Only the address changes. The URL's host stays in the Host header, in TLS (SNI, the
	// certificate, pins), in cookies, in errors and in the limits of hosts; HTTP/2 is
	// negotiated as ever.
	//
	//	Hosts: map[string]string{
	//		"api.example:443": "192.0.2.7:8443", // this host on this port
	//		"old.example":     "new.example",    // on each port, to the same port
	//		"*:80":            "127.0.0.1:8080", // every host
	//	}
	//
	// A key is "host:port", "host", "*:port" or "*", and they count in this order. A
	// value is an address or a name, with or without a port; a name is looked up, and is
	// not looked for here again. Names are compared without case, in ASCII; an address of
	// IPv6 with a port is in brackets. Nil and empty map nothing.
	//
	// Traces hear of an address here as of a hit of the DNS cache, and AllowAddr is
	// asked for it as for each other. The host of a proxy is looked for, too, but not
	// under "*"; what a proxy resolves, it is asked for by the name in the URL.
	// The map is copied. (aiohttp: a resolver of one's own)
	Hosts map[string]string
	// Family restricts the addresses: "ip4", "ip6", or empty for both.
	// (aiohttp: family)
	Family string
	// LocalAddr is the address that connections are made from. The zero value
	// leaves it to the system. (aiohttp: local_addr)
	LocalAddr netip.AddrPort
	// HappyEyeballsDelay is when the next address is tried beside one that has
	// not answered (RFC 8305). Zero means 250 ms, negative one after the other.
	// (aiohttp: happy_eyeballs_delay)
	HappyEyeballsDelay time.Duration
	// Interleave is how many addresses of the first family come before one of
	// the other. Zero means 1. (aiohttp: interleave)
	Interleave int
	// Control is called for every socket before it connects, to set its options
	// (see [net.Dialer]). (aiohttp: socket_factory)
	Control func(network, address string, c syscall.RawConn) error
	// AllowAddr is asked for every address before it is connected to: of each
	// hop, of proxies, of names and of literal addresses, but not of what a
	// proxy or DialContext resolves. An address for which it returns an error is
	// passed over; if none is left the request fails with the last error as its
	// cause. [RefusePrivate] is one.
	AllowAddr func(netip.AddrPort) error

	// MaxLineSize bounds the status line of a response, MaxFieldSize each header
	// field and trailer (name and value), MaxHeaders their number. Zero means
	// 8190, 8190 and 128, negative no bound but the one of 1 MiB for a head, and
	// of 4 KiB for a trailer. Interim responses (1xx) are held to the same, each
	// for itself; there may be 100 of them.
	// (aiohttp: max_line_size, max_field_size, max_headers)
	MaxLineSize, MaxFieldSize, MaxHeaders int
	// Lenient takes malformed heads that net/http would take. Without it they
	// are refused: white space before a colon, control characters,
	// Content-Length beside Transfer-Encoding, several that differ.
	Lenient bool

	// OnLeak is called with the stack of the call for each response that was
	// dropped without being closed or read to its end, once the garbage collector
	// has found it; its connection is closed and its slot free by then. It runs in
	// a goroutine of the runtime's and must not block. It costs a stack for each
	// request, so it is for tests and debugging. Nil means that nobody looks.
	// (aiohttp: the warning "Unclosed response")
	OnLeak func(stack string)
	// OnClose is told of each connection that was in use and is closed, or about to be. It is
	// called by whichever goroutine ends it, perhaps by several at a time and under locks of
	// the engine: it must not block, and must not call the Connector. Nil is nobody.
	OnClose func(ClosedConn)
	// Timeout is used by requests that bring no timeouts of their own. Its zero
	// value bounds only SockConnect, to [DefaultSockConnect].
	Timeout ClientTimeout
	// DialContext makes the transport connections instead of DNS and TCP, of
	// proxies too. TLS comes on top of what it returns. It gets the network
	// "tcp" and the address as "host:port", and must honour the context, which has
	// the values and the deadline of the request's until it returns. It excludes
	// the fields from Resolver to AllowAddr.
	//
	// A connection that is no *net.TCPConn or *net.UnixConn costs a goroutine while it
	// is idle. What a server sends unasked is never taken for an answer if it has come
	// before the request and the connection has a SyscallConn (one that it embeds will
	// do); of others that is true but for the last microseconds before the request.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
	// ExpectContinueTimeout is how long the body of a request with "Expect:
	// 100-continue" waits for the server to ask for it; then it is sent all the same
	// (RFC 9110 10.1.1). Zero means one second, negative for ever: then sock_read and
	// total are the bounds.
	ExpectContinueTimeout time.Duration
	// DisableStaleRetry hands the error to the caller when a kept connection
	// turns out to be dead, instead of sending a replayable idempotent request
	// once more on a fresh one.
	DisableStaleRetry bool
}

// applyDefaults checks a configuration and puts the defaults in.
func (cfg *Config) applyDefaults() error {
	cfg.Limit = cmp.Or(cfg.Limit, DefaultLimit)
	if err := cfg.checkExclusive(); err != nil {
		return err
	}
	cfg.KeepAlive = cmp.Or(cfg.KeepAlive, DefaultKeepAlive)
	cfg.MaxIdle = cmp.Or(cfg.MaxIdle, max(DefaultMaxIdle, cfg.Limit))
	cfg.ExpectContinueTimeout = cmp.Or(cfg.ExpectContinueTimeout, DefaultExpectContinueTimeout)
	cfg.Timeout = cfg.Timeout.Inherit(ClientTimeout{SockConnect: DefaultSockConnect})
	if len(cfg.Fingerprint) > 0 {
		pin, err := NewPin(cfg.Fingerprint)
		if err != nil {
			return err
		}
		cfg.Pin = pin
	}
	if _, err := dial.NewHosts(cfg.Hosts); err != nil {
		return err
	}
	cfg.Hosts = maps.Clone(cfg.Hosts)
	switch cfg.Family {
	case "":
		cfg.Family = "ip"
	case "ip", "ip4", "ip6":
	default:
		return &errors.InvalidRequestError{Field: "Family", Reason: "neither ip4 nor ip6 nor empty"}
	}
	return (&TLSPolicy{Insecure: cfg.Insecure, Pin: cfg.Pin}).check()
}

// checkExclusive refuses what cannot be set together.
func (cfg *Config) checkExclusive() error {
	foreign := cfg.DialContext != nil
	for _, c := range []struct {
		field, other string
		both         bool
	}{
		{"KeepAlive", "ForceClose", cfg.KeepAlive != 0 && cfg.ForceClose},
		{"Fingerprint", "Pin", len(cfg.Fingerprint) > 0 && !cfg.Pin.IsZero()},
		{"Resolver", "DialContext", foreign && cfg.Resolver != nil},
		{"Hosts", "DialContext", foreign && len(cfg.Hosts) > 0},
		{"Family", "DialContext", foreign && cfg.Family != ""},
		{"LocalAddr", "DialContext", foreign && cfg.LocalAddr.IsValid()},
		{"Control", "DialContext", foreign && cfg.Control != nil},
		{"AllowAddr", "DialContext", foreign && cfg.AllowAddr != nil},
	} {
		if c.both {
			return &errors.InvalidRequestError{Field: c.field, Reason: "cannot be set together with " + c.other}
		}
	}
	switch {
	case cfg.Proxy != "":
	case cfg.ProxyAuth != nil:
		return &errors.InvalidRequestError{Field: "ProxyAuth", Reason: "needs a Proxy"}
	case len(cfg.ProxyHeader) > 0:
		return &errors.InvalidRequestError{Field: "ProxyHeader", Reason: "needs a Proxy"}
	}
	return nil
}

// protocolsOrDefault are Protocols with its default.
func (cfg *Config) protocolsOrDefault() *http.Protocols {
	p := new(http.Protocols)
	if cfg.Protocols != nil {
		*p = *cfg.Protocols
		return p
	}
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	return p
}

// http2OrDefault is HTTP2 with its default.
func (cfg *Config) http2OrDefault() *http.HTTP2Config {
	if cfg.HTTP2 != nil {
		return cfg.HTTP2
	}
	return &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second}
}

// expectContinueTimeout is that field as net/http has it, where zero is no wait.
func (cfg *Config) expectContinueTimeout() time.Duration {
	if cfg.ExpectContinueTimeout < 0 {
		return math.MaxInt64
	}
	return cfg.ExpectContinueTimeout
}

// dialConfig is the dialer's part of cfg, whose defaults have been applied.
func (cfg *Config) dialConfig(local string, protocols *http.Protocols) dial.Config {
	d := dial.Config{
		DNSCacheTTL: cfg.DNSCacheTTL, DNSCacheSize: cfg.DNSCacheSize, StaleDNS: cfg.StaleDNS, Family: cfg.Family,
		HappyEyeballsDelay: cfg.HappyEyeballsDelay, Interleave: cfg.Interleave,
		LocalAddr: cfg.LocalAddr, Control: cfg.Control, AllowAddr: cfg.AllowAddr,
		DialContext: cfg.DialContext, Local: local,
		TLS: cfg.TLS, Insecure: cfg.Insecure, Pin: cfg.Pin.pin,
	}
	d.Hosts, _ = dial.NewHosts(cfg.Hosts) // applyDefaults has found no error in it
	if cfg.Resolver != nil {              // or a nil one would be one
		d.Resolver = cfg.Resolver
	}
	if cfg.DisableDNSCache {
		d.DNSCacheTTL = -1
	}
	switch {
	case !protocols.HTTP2():
		d.NextProtos = []string{"http/1.1"}
	case protocols.HTTP1():
		d.NextProtos = []string{"h2", "http/1.1"}
	default:
		d.NextProtos = []string{"h2"}
	}
	return d
}

// Bounds of a response's head.
const (
	defaultLine    = 8190
	defaultField   = 8190
	defaultHeaders = 128
	// maxHead bounds all of its bytes, interim responses included.
	maxHead = 1 << 20
)

func (cfg *Config) headLimits() rawhead.Limits {
	or := func(n, otherwise int) int { return max(cmp.Or(n, otherwise), 0) }
	return rawhead.Limits{
		MaxLine: or(cfg.MaxLineSize, defaultLine), MaxField: or(cfg.MaxFieldSize, defaultField),
		MaxHeaders: or(cfg.MaxHeaders, defaultHeaders), Lenient: cfg.Lenient,
	}
}
