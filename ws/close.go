package ws

import (
	"net"
	"time"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/errors"
)

// Close ends the WebSocket: it sends a Close frame, waits for the peer's, and
// closes the connection, all within Options.CloseTimeout (aiohttp: close). A code
// of 0 is [CloseNormal]. It may be called by any goroutine, and more than once:
// later calls wait for the first and return the same. When it returns nothing of
// the Conn is left.
//
// A code that must not be sent, or a reason of more than 123 bytes or that is not
// UTF-8, is an errors.ErrInvalidRequest, and the Conn stays open. A peer that
// does not answer in time is an errors.ErrServerTimeout, one that is lost
// meanwhile a *[CloseError] with code 1006; the connection is closed in any case.
// A Conn that has ended before returns nil.
func (c *Conn) Close(code CloseCode, reason string) error {
	if code == 0 {
		code = CloseNormal
	}
	switch {
	case !code.isSendable():
		return invalidRequest("websocket close code", "must not be sent")
	case len(reason) > maxReason:
		return invalidRequest("websocket close reason", "has more than 123 bytes")
	case !utf8.ValidString(reason):
		return invalidRequest("websocket close reason", "is not UTF-8")
	}
	if c.beginClose(code) {
		c.wire.out.injectControl(Close, closePayload(code, reason))
		c.wire.out.startFlush()
		close(c.closed)
		c.wake.fire()
		c.ensureReader()
		c.awaitPeer()
	}
	<-c.done
	return c.closeResult()
}

// CloseNow ends the WebSocket at once: the connection is closed without a Close frame,
// and nobody is waited for. What was not sent yet is lost. It is for a defer beside
// [Conn.Close], and for a peer that is not worth the farewell. When it returns nothing of
// the Conn is left. It may be called by any goroutine and more than once; a Close that
// waits for its peer is broken off, and fails.
//
// Calls that are under way, and later ones, fail with a [*CloseError] with code 1006 that
// is a net.ErrClosed, unless the Conn has ended before. A later Close returns nil.
func (c *Conn) CloseNow() {
	if c.beginClose(CloseAbnormal) {
		close(c.closed)
		c.wake.fire()
	}
	c.abort(net.ErrClosed)
	<-c.done
}

// beginClose reports whether the caller is the one to close. A code of CloseAbnormal is
// never sent: it is CloseNow's, and the end at once.
func (c *Conn) beginClose(code CloseCode) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != stateOpen && c.state != stateHalf {
		return false
	}
	c.state = stateClosing
	c.sentCode = code
	c.queue = queue{}
	stopTimer(c.pingTimer)
	if code == CloseAbnormal {
		c.recordEndLocked(&CloseError{Code: CloseAbnormal, Err: net.ErrClosed})
	}
	signal(c.arrived)
	return true
}

// awaitPeer waits for the end of the handshake, or makes an end.
func (c *Conn) awaitPeer() {
	limit := c.opts.CloseTimeout
	if limit < 0 {
		return
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-c.done:
	case <-timer.C:
		c.abort(&errors.TimeoutError{Kind: errors.ErrServerTimeout, Phase: phaseClose, Limit: limit})
	}
}

// closeResult is what a Close returns.
func (c *Conn) closeResult() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == stateClosing && c.sentCode != CloseAbnormal && c.end.Err != nil {
		return &opError{"close", nil, c.end}
	}
	return nil
}
