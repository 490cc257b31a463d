package ws

// This file is the half of outbound that makes one stream of frames out of the
// codec's frames and of our own control frames. Everything in it happens in
// memory, under the lock.

// Write takes the codec's bytes; it never blocks. Control frames of the codec's
// own are dropped: what is sent besides messages is decided here.
func (o *outbound) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	n := len(p)
	for len(p) > 0 {
		p = o.takeLocked(p)
	}
	return n, nil
}

func (o *outbound) takeLocked(p []byte) []byte {
	t := &o.track
	if t.left == 0 {
		rest, complete := t.takeHead(p)
		if !complete {
			return rest
		}
		op := MessageType(t.head[0] & bitsOpcode)
		o.drop = op.control()
		if o.compressed && (op == Text || op == Binary) {
			t.head[0] |= bitRSV1
		}
		if !o.drop {
			o.appendLocked(t.head[:t.n])
		}
		p = rest
	}
	own, rest := t.takePayload(p)
	if !o.drop {
		o.appendLocked(own)
	}
	if t.between() {
		o.boundaryLocked()
	}
	return rest
}

func (o *outbound) appendLocked(p []byte) {
	if o.buf == nil {
		o.buf = o.getBufferLocked()
	}
	o.buf = append(o.buf, p...)
	o.queued += uint64(len(p))
}

// boundaryLocked lets in the control frames that have waited for the end of a
// frame, RFC 6455 5.4.
func (o *outbound) boundaryLocked() {
	if len(o.held) == 0 {
		return
	}
	held := o.held
	o.held = nil
	o.appendLocked(held)
	o.tellLocked()
}

// begin is called before the codec makes the frame of a message of n bytes. It
// makes room, so that the frame is not copied while it grows. It returns false
// after a Close frame.
func (o *outbound) begin(n int, compressed bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sealed {
		return false
	}
	o.compressed = compressed
	n += maxHead
	if o.buf == nil {
		o.buf = o.getBufferLocked()
	}
	if cap(o.buf)-len(o.buf) < n {
		o.buf = append(make([]byte, 0, len(o.buf)+n), o.buf...)
	}
	return true
}

// position is how far flush has to go for all that is there.
func (o *outbound) position() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.queued
}

// failure is why the connection failed, rather than what the codec says of it.
func (o *outbound) failure(err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return o.err
	}
	return err
}

// atBoundary is a position for flush: wherever the frames that are held end up.
const atBoundary = 0

// inject puts a control frame between two frames, at once or at the next
// boundary. It returns the position for flush, and false after a Close frame,
// which is the last frame there is.
func (o *outbound) inject(op MessageType, payload []byte) (position uint64, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.injectLocked(op, payload)
}

func (o *outbound) injectLocked(op MessageType, payload []byte) (position uint64, ok bool) {
	if o.sealed || o.err != nil {
		return 0, false
	}
	o.sealed = op == Close
	if !o.track.between() {
		o.held = appendControl(o.held, op, payload)
		return atBoundary, true
	}
	var frame [maxControl + 6]byte
	o.appendLocked(appendControl(frame[:0], op, payload))
	return o.queued, true
}

// pong answers a ping. If much is waiting to be sent the answer waits as well,
// and a later one replaces it, as RFC 6455 5.5.3 allows: a peer that sends pings
// and does not read costs no memory.
func (o *outbound) pong(payload []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.buf)+len(o.held) >= highWater {
		o.late = append(o.late[:0], payload...)
		o.hasLate = true
		return
	}
	o.injectLocked(Pong, payload)
	o.kickLocked()
}

// sealedNow reports whether a Close frame was sent or is going to be.
func (o *outbound) sealedNow() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sealed
}
