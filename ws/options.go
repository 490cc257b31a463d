package ws

import (
	"net/http"
	"net/textproto"
	"slices"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Options are the settings of one WebSocket. A nil *Options and the zero value
// are the defaults. They are not changed, and may be shared.
type Options struct {
	// Protocols are the subprotocols on offer, the preferred one first (aiohttp:
	// protocols). Each is a token.
	Protocols []string
	// Header is added to the handshake (aiohttp: headers). Connection, Upgrade,
	// Sec-WebSocket-Version and Host may be overridden; the other Sec-WebSocket
	// headers are refused, they have options of their own.
	Header http.Header
	// Origin is the Origin header, if not empty (aiohttp: origin).
	Origin string
	// Method is the handshake's method; empty is GET (aiohttp: method).
	Method string

	// Heartbeat is how long the peer may be silent before it gets a ping; half of
	// it later, if it is still silent, it counts as lost. Every byte is a sign of
	// life. 0 or negative is none. While nothing is read because the queue of
	// received messages is full, the clock stands still. (aiohttp: heartbeat)
	Heartbeat time.Duration
	// ReceiveTimeout bounds the wait for a message in each receive. The
	// connection survives it. 0 or negative is none. (aiohttp: receive_timeout,
	// ClientWSTimeout.ws_receive)
	ReceiveTimeout time.Duration
	// CloseTimeout bounds all of a close: sending the Close frame and waiting for
	// the peer's. 0 is 10 s, negative waits without end. (aiohttp:
	// ClientWSTimeout.ws_close)
	CloseTimeout time.Duration

	// NoAutoClose leaves the peer's Close frame unanswered until [Conn.Close] is
	// called; until then sending goes on (aiohttp: autoclose=False).
	NoAutoClose bool
	// NoAutoPing leaves pings unanswered and makes receives return them, and
	// pongs too (aiohttp: autoping=False).
	NoAutoPing bool
	// VerbatimText delivers text messages without a look at whether they are
	// UTF-8 (aiohttp: decode_text=False).
	VerbatimText bool
	// MaxMessageSize bounds a received message in bytes, after decompression. A
	// larger one ends the connection with code 1009. 0 is 4 MiB, negative is no
	// bound. (aiohttp: max_msg_size)
	MaxMessageSize int64
	// Compress asks for compression; nil does not (aiohttp: compress).
	Compress *Compression

	// OnMessage is told of each text and binary message that has come, before it is
	// received, or that was sent, with its size without compression. It is called by
	// whoever reads or sends, perhaps by two at a time, and must not block. Nil is nobody.
	OnMessage func(m MessageEvent)
}

const (
	defaultCloseTimeout   = 10 * time.Second
	defaultMaxMessageSize = 4 << 20
)

// applyDefaults returns a copy with the defaults filled in, or what is wrong.
func (o *Options) applyDefaults() (*Options, error) {
	var s Options
	if o != nil {
		s = *o
	}
	s.Protocols = slices.Clone(s.Protocols)
	s.Header = httprule.Canonical(s.Header).Clone()
	if s.Header == nil {
		s.Header = http.Header{}
	}
	if s.Method == "" {
		s.Method = http.MethodGet
	}
	if s.CloseTimeout == 0 {
		s.CloseTimeout = defaultCloseTimeout
	}
	if s.MaxMessageSize == 0 {
		s.MaxMessageSize = defaultMaxMessageSize
	}
	s.MaxMessageSize = max(s.MaxMessageSize, -1)
	if err := s.validate(); err != nil {
		return nil, err
	}
	if s.Origin != "" {
		s.Header.Set("Origin", s.Origin)
	}
	return &s, nil
}

func (o *Options) validate() error {
	if !httprule.IsToken(o.Method) {
		return invalidRequest("method", "is not a token")
	}
	for i, p := range o.Protocols {
		if !httprule.IsToken(p) {
			return invalidRequest("websocket protocol", "is not a token")
		}
		if slices.Contains(o.Protocols[:i], p) {
			return invalidRequest("websocket protocol", "is given twice") // RFC 6455 4.1
		}
	}
	if !httprule.IsValue(o.Origin) {
		return invalidRequest("websocket origin", "has a control character")
	}
	for name, values := range o.Header {
		if err := checkHeader(name, values); err != nil {
			return err
		}
	}
	return o.Compress.validate()
}

func checkHeader(name string, values []string) error {
	if !httprule.IsToken(name) {
		return invalidRequest("header name", "is not a token")
	}
	switch canonical := textproto.CanonicalMIMEHeaderKey(name); canonical {
	case "Sec-Websocket-Key", "Sec-Websocket-Accept":
		return invalidRequest("header "+canonical, "is made for each handshake")
	case "Sec-Websocket-Protocol":
		return invalidRequest("header "+canonical, "is set by Options.Protocols")
	case "Sec-Websocket-Extensions":
		return invalidRequest("header "+canonical, "is set by Options.Compress")
	}
	if !slices.ContainsFunc(values, func(v string) bool { return !httprule.IsValue(v) }) {
		return nil
	}
	return invalidRequest("header "+name, "has a control character in its value")
}

func invalidRequest(field, reason string) error {
	return &errors.InvalidRequestError{Field: field, Reason: reason}
}
