package h1

import (
	"bytes"
	stderrors "errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/aiolos-http/aiolos/internal/copybuf"
)

// armWrite bounds the writing of an exchange by its total timeout. The deadline is an alarm
// clock as that of reading is, but not over TLS, where a write that has timed out once
// spoils the connection.
func (c *Conn) armWrite(now, total time.Time) {
	late := c.writeEnds.IsZero() || c.writeEnds.After(total) || !c.writeEnds.After(now)
	switch {
	case total.IsZero() && (c.writeEnds.IsZero() || !c.secure):
		return // an early alarm is looked at when it rings
	case c.secure && !c.writeEnds.Equal(total), !c.secure && late:
		c.setWriteDeadline(total)
	}
}

func (c *Conn) setWriteDeadline(t time.Time) {
	c.writeEnds = t
	c.nc.SetWriteDeadline(t) //nolint:errcheck // where there is none, closing ends the write
}

// What has become of writing a request. One whose first write has not returned may have come
// to the peer nevertheless.
const (
	writeNone   = iota // nothing was begun
	writeBegun         // something was sent, or may have been
	writeFailed        // nothing was
)

// Write writes and counts.
func (c *Conn) Write(p []byte) (int, error) {
	if c.http10.Load() {
		var done bool
		if p, done = asHTTP10(p); done {
			c.http10.Store(false)
		}
	}
	if c.unchecked {
		if held, err := c.checkOrHold(p); err != nil {
			return 0, err
		} else if held {
			return len(p), nil
		}
	}
	c.writing.Store(writeBegun)
	written := 0
	for {
		n, err := c.writeNet(p[written:])
		written += n
		if err == nil || !c.isEarlyAlarm(err) {
			c.noteWrite(int64(written), err)
			return written, err
		}
	}
}

// isEarlyAlarm reports whether a write was interrupted by the deadline of an exchange that is
// over, and sets that of the present one.
func (c *Conn) isEarlyAlarm(err error) bool {
	if c.secure || !stderrors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	c.mu.Lock()
	total, over := c.total, c.state != connActive
	c.mu.Unlock()
	if over || !total.IsZero() && !time.Now().Before(total) {
		return false
	}
	c.setWriteDeadline(total)
	return true
}

func (c *Conn) noteWrite(n int64, err error) {
	c.mu.Lock()
	if c.tx += n; c.tx == 0 {
		c.writing.Store(writeFailed)
	}
	if err != nil && c.writeErr == nil {
		c.writeErr = err
	}
	c.mu.Unlock()
}

// noteFileWrite is noteWrite for an error that may be the file's.
func (c *Conn) noteFileWrite(n int64, err error) {
	if isSocketError(err) {
		c.noteWrite(n, err)
		return
	}
	c.noteWrite(n, nil)
	c.mu.Lock()
	c.fileErr = err
	c.mu.Unlock()
}

func isSocketError(err error) bool {
	return stderrors.Is(err, syscall.EPIPE) || stderrors.Is(err, syscall.ECONNRESET) ||
		stderrors.Is(err, syscall.ECONNABORTED) || stderrors.Is(err, syscall.ENOTCONN) ||
		stderrors.Is(err, net.ErrClosed) || stderrors.Is(err, os.ErrDeadlineExceeded)
}

// sendSlice is how much ReadFrom hands to the kernel between two counts.
const sendSlice = 4 << 20

// ReadFrom sends a file without copying it through user space: a TCP connection recognises
// *os.File behind an *io.LimitedReader. All else is written as it is read: over TLS a
// bufio.Writer would hold it back.
func (c *Conn) ReadFrom(r io.Reader) (total int64, err error) {
	c.writing.Store(writeBegun)
	limited, ok := r.(*io.LimitedReader)
	if ok {
		_, ok = limited.R.(*os.File)
	}
	sender, direct := c.nc.(io.ReaderFrom)
	if !ok || !direct {
		buf := copybuf.Get()
		defer copybuf.Put(buf)
		return copybuf.Copy(c, r, *buf)
	}
	for limited.N > 0 {
		part := io.LimitedReader{R: limited.R, N: min(limited.N, sendSlice)}
		n, err := sender.ReadFrom(&part)
		limited.N -= n
		total += n
		if err != nil && !c.isEarlyAlarm(err) {
			c.noteFileWrite(n, err)
			return total, err
		}
		c.noteWrite(n, nil)
		if err == nil && part.N > 0 {
			return total, nil
		}
	}
	return total, nil
}

// asHTTP10 turns the version in the request line, which ends it, into that of HTTP/1.0,
// which net/http cannot write. A long line comes in several writes; done says that this one
// had the digit.
func asHTTP10(p []byte) (_ []byte, done bool) {
	at := bytes.IndexByte(p, '\n') - len("1\r")
	if at < 0 {
		at = len(bytes.TrimSuffix(p, []byte("\r"))) - 1
		if !bytes.HasSuffix(p[:at+1], []byte(" HTTP/1.1")) {
			return p, false
		}
	}
	p = bytes.Clone(p)
	p[at] = '0'
	return p, true
}
