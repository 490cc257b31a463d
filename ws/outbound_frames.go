package ws

// The half of outbound that makes one stream of frames out of the codec's frames and
// of our own control frames. All of it happens in memory, under the lock.

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
		p = o.takeCodecBytesLocked(p)
	}
	return n, nil
}

func (o *outbound) takeCodecBytesLocked(p []byte) []byte {
	t := &o.track
	if t.left == 0 {
		rest, complete := t.takeHead(p)
		if !complete {
			return rest
		}
		op := MessageType(t.head[0] & bitsOpcode)
		o.drop = op.isControl()
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
	if t.betweenFrames() {
		o.appendHeldLocked()
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

// appendHeldLocked lets in the control frames that have waited for the end of a
// frame, RFC 6455 5.4.
func (o *outbound) appendHeldLocked() {
	if len(o.held) == 0 {
		return
	}
	held := o.held
	o.held = nil
	o.appendLocked(held)
	o.wakeWaitersLocked()
}

// beginMessage is called before the codec makes the frame of a message of n bytes. It
// makes room, so that the frame is not copied while it grows. It returns false
// after a Close frame.
func (o *outbound) beginMessage(n int, compressed bool) bool {
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

// queuedPosition is the position for flushTo that covers all that is queued.
func (o *outbound) queuedPosition() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.queued
}

// writeError is why the connection failed, if it has, and else err, which the codec gave.
func (o *outbound) writeError(err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return o.err
	}
	return err
}

// atBoundary is a position for flushTo: wherever the frames that are held end up.
const atBoundary = 0

// injectControl puts a control frame between two frames, at once or at the next
// boundary. It returns the position for flushTo, and false after a Close frame,
// which is the last frame there is.
func (o *outbound) injectControl(op MessageType, payload []byte) (position uint64, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.injectControlLocked(op, payload)
}

func (o *outbound) injectControlLocked(op MessageType, payload []byte) (position uint64, ok bool) {
	if o.sealed || o.err != nil {
		return 0, false
	}
	o.sealed = op == Close
	if !o.track.betweenFrames() {
		o.held = appendControl(o.held, op, payload)
		return atBoundary, true
	}
	var frame [maxControl + 6]byte
	o.appendLocked(appendControl(frame[:0], op, payload))
	return o.queued, true
}

// answerPing answers a ping. If much is waiting to be sent the answer waits as well,
// and a later one replaces it, as RFC 6455 5.5.3 allows: a peer that sends pings
// and does not read costs no memory.
func (o *outbound) answerPing(payload []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.buf)+len(o.held) >= highWater {
		o.latePong = append(o.latePong[:0], payload...)
		o.hasLatePong = true
		return
	}
	o.injectControlLocked(Pong, payload)
	o.startFlushLocked()
}

// isSealed reports whether a Close frame was sent or is going to be.
func (o *outbound) isSealed() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sealed
}
