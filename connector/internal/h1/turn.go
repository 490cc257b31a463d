package h1

import "bufio"

// A turn is a small request and the first Read of its response, in one visit
// to the poller:
//
//	look ──► the peer has spoken, or gone: ErrDied, nothing was sent
//	  │
//	  └─► write ──► wait ──► read
//	        │
//	        └─► not all of it, or an error: the conn goes on as it does without a turn
//
// That is three calls into the kernel. Without a turn there is a fourth, which reads before
// there can be an answer. The look is a part of it because the poller forgets, when a turn
// begins, what it was told before: an end of the peer's between a look and that would not
// wake the wait.
type turn struct {
	step    func(fd uintptr) bool // made once: a closure for each turn would be an allocation
	request *heldRequest
	into    []byte
	begun   bool // the poller has let it begin
	waiting bool // the request is out
	written int
	err     error // of writing
}

// heldRequest is a request that goes out with the first Read of its response.
type heldRequest struct {
	bytes  []byte        // nil: there is none
	writer *bufio.Writer // whose bytes they are; given back once they are out
}

// lend notes whose bytes they are, if there are any.
func (h *heldRequest) lend(bw *bufio.Writer) {
	if h.bytes != nil {
		h.writer = bw
	}
}

func (h *heldRequest) release() {
	if h.writer != nil {
		putWriter(h.writer)
	}
	*h = heldRequest{}
}

// takeTurn makes a turn.
func (s *socket) takeTurn(request *heldRequest, into []byte) (n int, err error) {
	s.turn = turn{step: s.turn.step, request: request, into: into}
	s.n, s.err = 0, nil
	err = s.raw.Read(s.turn.step)
	s.turn.request, s.turn.into = nil, nil
	if err == nil {
		err = s.err
	}
	return s.n, err
}

// LooksLate reports whether an exchange can look whether the conn is alive when its request
// goes out: see [Settings]. A new conn is not looked at. It is for who has the conn.
func (c *Conn) LooksLate() bool { return c.socket != nil && !c.secure && c.uses > 0 }

// lookOrHold is for the first write to a conn that has not been looked at: what is all of
// the request waits for a Read, and before anything else there is a look.
func (c *Conn) lookOrHold(p []byte) (held bool, err error) {
	c.unlooked = false
	if c.last {
		c.held.bytes = p
		return true, nil
	}
	if c.dead = c.CheckIdle() != nil; c.dead {
		return false, ErrDied
	}
	return false, nil
}

// readInTurn is the Read that sends what was held. Until the poller has let it begin it is
// like any other.
func (c *Conn) readInTurn(p []byte) (n int, err error) {
	whole := len(c.held.bytes)
	rest := c.held.bytes
	n, err = c.socket.takeTurn(&c.held, p)
	t := &c.socket.turn
	if !t.begun || err == ErrDied {
		return n, err
	}
	c.noteWrite(int64(t.written), t.err)
	if t.written == whole {
		return n, err
	}
	werr := t.err
	if werr == nil {
		_, werr = c.Write(rest[t.written:])
	}
	c.held.release()
	if werr != nil {
		c.mu.Lock()
		sockRead := c.sockRead
		c.mu.Unlock()
		c.awaitLateAnswer(sockRead)
	}
	return c.nc.Read(p)
}
