package connector

import (
	"cmp"
	"context"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/internal/rawhead"
)

// ClientTimeout holds the four timeouts of a request (aiohttp: ClientTimeout).
//
// In every field zero means "inherit": a request inherits from its session, a
// session from the library's defaults. A negative value turns the timeout off.
type ClientTimeout struct {
	// Total bounds the whole call: waiting for a connection, all redirects and
	// retries, sending, and reading the body to its end.
	Total time.Duration
	// Connect bounds getting a connection: waiting for a slot, DNS, TCP, TLS
	// and a proxy's CONNECT. It does not run when an idle connection is free.
	Connect time.Duration
	// SockConnect bounds the attempt to connect to one address, TCP and TLS.
	SockConnect time.Duration
	// SockRead bounds the silence of the peer: the time without a single byte
	// while waiting for the response's head or while reading its body. It does
	// not run while the request is being sent or while the caller is not
	// reading.
	SockRead time.Duration
}

// DefaultSockConnect is the SockConnect of requests that nothing else gives one.
const DefaultSockConnect = 30 * time.Second

// Inherit returns t with each zero field replaced by that of parent.
func (t ClientTimeout) Inherit(parent ClientTimeout) ClientTimeout {
	return ClientTimeout{
		cmp.Or(t.Total, parent.Total), cmp.Or(t.Connect, parent.Connect),
		cmp.Or(t.SockConnect, parent.SockConnect), cmp.Or(t.SockRead, parent.SockRead),
	}
}

// Settings are the wishes of one request that only a connector can honour.
// They travel in the request's context, so that they pass through any chain
// of RoundTrippers between the caller and the connector.
type Settings struct {
	// Timeout overrides the connector's timeouts field by field. Its Total
	// starts with each RoundTrip; Deadline is the alternative for a caller
	// that makes several.
	Timeout ClientTimeout
	// Deadline is the instant at which the total timeout of a whole chain of
	// requests strikes; the zero time means that there is none, and that
	// Timeout.Total counts.
	Deadline time.Time
	// Started is when the chain that Deadline ends began. It is only used to
	// say in an error how long the call took.
	Started time.Time
	// Recorder takes note of how the request fares; nil means nobody asks.
	Recorder *Recorder
	// Observer is a second Recorder, for who stands below the one that reads the first and
	// sends each attempt by itself. It takes note of a request that fails, too: see
	// [Recorder.Timing]. Who replaces one passes on what is noted: see [Recorder.CopyFrom].
	// Nil means nobody asks.
	Observer *Recorder
	// Trace is told how the request gets its connection; nil means nobody is.
	Trace *Trace
	// TLS takes the place of the connector's TLS policy.
	TLS *TLSPolicy
	// Proxy takes the place of the connector's proxy; one without a URL means
	// no proxy.
	Proxy *Proxy
	// Head overrides what is held against the head of the response.
	Head *HeadLimits
	// TrustEnv is Config.TrustEnv for this request.
	TrustEnv bool
	// HTTP1 keeps the request off HTTP/2.
	HTTP1 bool
	// HTTP10 sends the request as HTTP/1.0, with which it cannot have a body of
	// unknown length. It implies HTTP1.
	HTTP10 bool
	// NotUntilEOF takes a response that says neither a length nor chunks for
	// one without a body, instead of reading until the server closes.
	// (aiohttp: read_until_eof=False)
	NotUntilEOF bool
	// HTTPChunks notes in the Recorder, without which it does nothing, where the
	// chunks of a response of HTTP/1.1 end: see [Recorder.ChunkEnd].
	HTTPChunks bool
	// DisableStaleRetry turns the silent retry on a stale connection off.
	DisableStaleRetry bool
}

// HeadLimits are the limits of [Config] for one request, and whether the raw
// head is kept. Zero fields inherit.
type HeadLimits struct {
	MaxLineSize, MaxFieldSize, MaxHeaders int
	// Keep keeps the head's fields as they came, for [ConnInfo].RawHeaders.
	Keep bool
}

func (h *HeadLimits) applyTo(l rawhead.Limits) rawhead.Limits {
	for _, o := range []struct {
		own int
		to  *int
	}{{h.MaxLineSize, &l.MaxLine}, {h.MaxFieldSize, &l.MaxField}, {h.MaxHeaders, &l.MaxHeaders}} {
		if o.own != 0 {
			*o.to = max(o.own, 0)
		}
	}
	l.Keep = h.Keep
	return l
}

// settingsContext is a context that carries Settings.
type settingsContext struct {
	context.Context //nolint:containedctx // it is a context itself: the wrapped one is its parent
	settings        Settings
}

// Value returns the Settings, what they say of sharing for middlewares, and the
// parent's value for every other key.
func (c *settingsContext) Value(key any) any {
	switch key {
	case httprule.SettingsKey{}:
		return &c.settings
	case httprule.PartitionKey{}:
		return (*partition)(&c.settings)
	}
	return c.Context.Value(key)
}

// WithSettings returns a child of ctx that carries s. Settings are not merged:
// the innermost ones count.
func WithSettings(ctx context.Context, s Settings) context.Context {
	return &settingsContext{Context: ctx, settings: s}
}

// SettingsFrom returns the settings that ctx carries, or nil.
func SettingsFrom(ctx context.Context) *Settings {
	s, _ := ctx.Value(httprule.SettingsKey{}).(*Settings)
	return s
}
