package h1

import "bufio"

// heldRequest is a request that goes out with the first Read of its response.
type heldRequest struct {
	bytes  []byte        // nil: there is none
	writer *bufio.Writer // whose buffer they are; put back once they are written
}

// keepWriter keeps bw, whose buffer the held bytes are, until they are written.
func (h *heldRequest) keepWriter(bw *bufio.Writer) {
	if h.bytes != nil {
		h.writer = bw
	}
}

// discard puts the writer back, once the bytes are written or not wanted any more.
func (h *heldRequest) discard() {
	if h.writer != nil {
		putWriter(h.writer)
	}
	*h = heldRequest{}
}

// heldWrite is what has become of the write of a heldRequest.
type heldWrite struct {
	begun   bool // the poller had no error to return instead
	written int
	err     error
}

// writeThenRead sends a small request and does the first Read of its response in one visit
// to the poller:
//
//	peek ──► the peer has spoken, or gone: ErrDied, nothing was sent
//	  │
//	  └─► write ──► wait ──► read
//	        │
//	        └─► not all of it, or an error: the conn goes on with plain writes and reads
//
// That is three calls into the kernel. The plain way has a fourth, a read before there can
// be an answer. The peek is part of the visit because the poller forgets at its begin what
// it was told before: if the peer closed between a peek and that, nothing would wake the
// wait.
func (s *socket) writeThenRead(request *heldRequest, into []byte) (n int, sent heldWrite, err error) {
	k := newSocketCall(into)
	defer k.free()
	k.request = request
	err = s.raw.Read(k.writeRead)
	sent = k.sent
	n, err = s.readResult(k, err)
	return n, sent, err
}

// CanCheckLate reports whether the check that the conn is alive can be left to the write of
// the next request: see [Settings]. A new conn needs none. Only the holder of the conn calls it.
func (c *Conn) CanCheckLate() bool { return c.socket != nil && !c.secure && c.used }

// checkOrHold is for the first write to a conn that has not been checked. A whole request is
// held for the next Read, which checks; before a part of one it checks here.
func (c *Conn) checkOrHold(p []byte) (held bool, err error) {
	c.unchecked = false
	if c.last {
		c.held.bytes = p
		return true, nil
	}
	if c.dead = c.CheckIdle() != nil; c.dead {
		return false, ErrDied
	}
	return false, nil
}

// sendHeldAndRead is the Read that sends the held request. If the poller fails before the
// first step, it is like any other Read.
func (c *Conn) sendHeldAndRead(p []byte) (n int, err error) {
	whole := len(c.held.bytes)
	rest := c.held.bytes
	n, sent, err := c.socket.writeThenRead(&c.held, p)
	if !sent.begun || err == ErrDied {
		return n, err
	}
	c.noteWrite(int64(sent.written), sent.err)
	if sent.written == whole {
		return n, err
	}
	werr := sent.err
	if werr == nil {
		_, werr = c.Write(rest[sent.written:])
	}
	c.held.discard()
	if werr != nil {
		c.mu.Lock()
		sockRead := c.sockRead
		c.mu.Unlock()
		c.awaitLateAnswer(sockRead)
	}
	return c.readNet(p)
}
