package ws

import (
	"fmt"
	"net"
	"strconv"

	"github.com/aiolos-http/aiolos/errors"
)

// ErrConcurrentReceive is a Receive while another one is under way (aiohttp:
// RuntimeError "Concurrent call to receive() is not allowed"). The connection
// stays as it is.
var ErrConcurrentReceive error = &errors.InvalidRequestError{
	Field: "websocket receive", Reason: "another receive is under way",
}

// CloseError is the end of a WebSocket: what every call returns from then on
// (aiohttp: the messages CLOSING, CLOSED and ERROR).
//
// It belongs to errors.ErrClientConnection, and to errors.ErrClientConnectionReset
// if the peer was lost. An end that this side asked for is a net.ErrClosed. A
// heartbeat that was missed is an errors.ErrServerTimeout.
type CloseError struct {
	// Code is the peer's code, if FromPeer is set; else the one that this side sent,
	// with Close or because the peer broke the protocol, or 1006 if the connection was
	// lost or closed without a farewell, which nobody ever sends.
	Code     CloseCode
	Reason   string // the peer's words, at most 123 bytes
	FromPeer bool   // Code and Reason are the peer's, of its Close frame
	Local    bool   // this side called Close or CloseNow; Code may be the peer's answer all the same
	Err      error  // the cause, or nil for an orderly end
}

// Error is the code, the peer's reason in quotes and the cause.
func (e *CloseError) Error() string {
	text := "websocket closed: "
	switch {
	case e.Local:
		text = "websocket closed by this side: "
	case e.FromPeer:
		text = "websocket closed by the peer: "
	}
	text += e.Code.String()
	if e.Reason != "" {
		text += fmt.Sprintf(" %q", e.Reason)
	}
	if e.Err != nil {
		text += ": " + errors.RedactError(e.Err)
	}
	return text
}

// Unwrap returns the cause.
func (e *CloseError) Unwrap() error { return e.Err }

// Is reports whether the class or an ancestor of it is target.
func (e *CloseError) Is(target error) bool {
	if e.Local && target == net.ErrClosed {
		return true
	}
	if e.Code == CloseAbnormal && e.Err != net.ErrClosed && !errors.Is(e.Err, errors.ErrTimeout) {
		return errors.Is(errors.ErrClientConnectionReset, target)
	}
	return errors.Is(errors.ErrClientConnection, target)
}

// opError says what was being done. A send on a closed connection has the class
// errors.ErrClientConnectionReset, as in aiohttp.
type opError struct {
	op    string
	class error // or nil
	err   error
}

func (e *opError) Error() string { return "websocket " + e.op + ": " + errors.RedactError(e.err) }
func (e *opError) Unwrap() error { return e.err }

func (e *opError) Is(target error) bool {
	if e.class != nil {
		return errors.Is(e.class, target)
	}
	return target == errors.ErrClient
}

func (e *opError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.err, &t) && t.Timeout()
}

func (e *opError) Temporary() bool { return e.Timeout() }

// violation is what a peer did that RFC 6455 or a limit forbids, and the code
// that tells it so.
type violation struct {
	code CloseCode
	text string
}

func (v *violation) Error() string { return v.text }

func protocolViolation(text string) error { return &violation{CloseProtocolError, text} }

func tooBig(limit int64) error {
	return &violation{CloseMessageTooBig, "message of more than " + strconv.FormatInt(limit, 10) + " bytes"}
}

// peerCloseError is a Close frame of the peer's.
type peerCloseError struct {
	code   CloseCode
	reason string
}

func (p *peerCloseError) Error() string { return "the peer sent close " + p.code.String() }
