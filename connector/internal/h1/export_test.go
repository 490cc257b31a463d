package h1

import (
	"net"
	"time"
)

// ErrNotStopped is of a conn whose waiter may have read something.
var ErrNotStopped = errNotStopped

// IsSocket reports whether a Conn peeks at nc itself.
func IsSocket(nc net.Conn) bool { return newSocket(nc) != nil }

// AwaitUpload waits until the request has gone out. [Exchange.End] waits, too, but not for
// longer than a slow machine may take to run a goroutine.
func (x *Exchange) AwaitUpload() {
	if x.upload != nil {
		<-x.upload.done
	}
}

// WriteDeadline is when a write fails; zero: never.
func (c *Conn) WriteDeadline() time.Time { return c.writeEnds }

// PassWriteDeadline has the write deadline be over.
func (c *Conn) PassWriteDeadline() { c.setWriteDeadline(time.Unix(1, 0)) }
