package ws

import "strconv"

// MessageType is the kind of a message or frame: the opcode on the wire, RFC
// 6455 11.8 (aiohttp: WSMsgType).
type MessageType int

// The types. Continuation never reaches a caller; aiohttp's CLOSING, CLOSED and
// ERROR are a [CloseError] here.
const (
	Continuation MessageType = 0x0 // WSMsgType.CONTINUATION
	Text         MessageType = 0x1 // WSMsgType.TEXT
	Binary       MessageType = 0x2 // WSMsgType.BINARY
	Close        MessageType = 0x8 // WSMsgType.CLOSE
	Ping         MessageType = 0x9 // WSMsgType.PING
	Pong         MessageType = 0xA // WSMsgType.PONG
)

// String is the name in lower case.
func (t MessageType) String() string {
	switch t {
	case Continuation:
		return "continuation"
	case Text:
		return "text"
	case Binary:
		return "binary"
	case Close:
		return "close"
	case Ping:
		return "ping"
	case Pong:
		return "pong"
	}
	return "opcode " + strconv.Itoa(int(t))
}

func (t MessageType) isControl() bool { return t >= Close }

func (t MessageType) isKnown() bool {
	return t >= Continuation && t <= Binary || t >= Close && t <= Pong
}

// Message is what [Conn.Receive] returns (aiohttp: WSMessage).
type Message struct {
	Type MessageType
	// Data is the payload, which is the caller's to keep and change. Of a Close
	// it is the reason.
	Data []byte
	// Extra is the code of a Close, and zero otherwise. (aiohttp has the code in
	// data and the reason in extra.)
	Extra CloseCode
}

// Text is the payload as a string.
func (m Message) Text() string { return string(m.Data) }

// CloseCode says why a WebSocket was closed, RFC 6455 7.4 (aiohttp:
// WSCloseCode).
type CloseCode int

// The codes, with aiohttp's names where it has one. Libraries have 3000-3999 for
// themselves, programs 4000-4999.
const (
	CloseNormal             CloseCode = 1000 // OK
	CloseGoingAway          CloseCode = 1001 // GOING_AWAY
	CloseProtocolError      CloseCode = 1002 // PROTOCOL_ERROR
	CloseUnsupportedData    CloseCode = 1003 // UNSUPPORTED_DATA
	CloseNoStatus           CloseCode = 1005 // never sent: a Close without a code
	CloseAbnormal           CloseCode = 1006 // ABNORMAL_CLOSURE; never sent: the connection was lost
	CloseInvalidText        CloseCode = 1007 // INVALID_TEXT
	ClosePolicyViolation    CloseCode = 1008 // POLICY_VIOLATION
	CloseMessageTooBig      CloseCode = 1009 // MESSAGE_TOO_BIG
	CloseMandatoryExtension CloseCode = 1010 // MANDATORY_EXTENSION
	CloseInternalError      CloseCode = 1011 // INTERNAL_ERROR
	CloseServiceRestart     CloseCode = 1012 // SERVICE_RESTART
	CloseTryAgainLater      CloseCode = 1013 // TRY_AGAIN_LATER
	CloseBadGateway         CloseCode = 1014 // BAD_GATEWAY
)

// String is the number and, for the codes above, what it means.
func (c CloseCode) String() string {
	text := strconv.Itoa(int(c))
	if meaning := c.meaning(); meaning != "" {
		text += " " + meaning
	}
	return text
}

func (c CloseCode) meaning() string {
	switch c {
	case CloseNormal:
		return "normal closure"
	case CloseGoingAway:
		return "going away"
	case CloseProtocolError:
		return "protocol error"
	case CloseUnsupportedData:
		return "unsupported data"
	case CloseNoStatus:
		return "no status"
	case CloseAbnormal:
		return "abnormal closure"
	case CloseInvalidText:
		return "invalid text"
	case ClosePolicyViolation:
		return "policy violation"
	case CloseMessageTooBig:
		return "message too big"
	case CloseMandatoryExtension:
		return "mandatory extension"
	case CloseInternalError:
		return "internal error"
	case CloseServiceRestart:
		return "service restart"
	case CloseTryAgainLater:
		return "try again later"
	case CloseBadGateway:
		return "bad gateway"
	}
	return ""
}

// isSendable reports whether a Close frame may carry the code, RFC 6455 7.4.1 and
// the registry of IANA.
func (c CloseCode) isSendable() bool {
	switch {
	case c >= 3000 && c <= 4999:
		return true
	case c < CloseNormal || c > CloseBadGateway:
		return false
	}
	return c != 1004 && c != CloseNoStatus && c != CloseAbnormal
}
