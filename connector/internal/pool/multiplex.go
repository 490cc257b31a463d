package pool

import "time"

// A host that may speak HTTP/2, and when its requests may dial:
//
//	           first dial                  Adopt
//	unknown -------------> one dial -----------------> awaiting settings
//	  ^  may dial          others wait   |             one stream, others wait
//	  |                                  |                 |
//	  | Forfeit, not failed              |                 | SetStreams, or a second
//	  +----------------------------------+                 v
//	  |                                  |             settled
//	  | Forfeit, failed                  |             streams are shared; when all
//	  v                                  |             are taken: one dial, others wait
//	all dial (until an Adopt)            |                 |           ^
//	                                     |         Requeue |           | StreamAvailable,
//	HTTP/1: all dial <-------------------+                 v           | or a second
//	        (no multiplexed one is left)               awaiting a stream
//	                                                   none is lent, others wait
//
// And one of its connections:
//
//	awaiting settings -> settled <-> awaiting a stream (full)
//	        |               |                |
//	        +---------------+----------------+--> retiring --> gone
//	              Retire, Release that is not reusable,  the last stream ends
//	              Another, too old
//
// So a burst to a new host does not make a connection for each of its requests.
// What is awaited is given up after awaitTime: a server may be slow to say how
// many streams it takes, or an engine to see that one has ended. A full one stays
// full, though, until its engine says otherwise.

// awaitTime is how long a dial waits for the streams of another connection.
const awaitTime = time.Second

// dialsWait reports whether dials of h have to wait for what another one brings.
func (h *Host) dialsWait() bool {
	return h.mayMultiplex && (h.dials > 0 && !h.dialsAtWill || h.awaited > 0)
}

// learnProtocolLocked takes note of the protocol of a new connection.
func (p *core) learnProtocolLocked(n *Notes, now instant) {
	h := n.host
	h.dials--
	h.dialsAtWill = false
	switch {
	case !n.multiplexed && h.multiplexed == 0:
		h.mayMultiplex = false
	case n.multiplexed && !n.retired:
		h.multiplexed++
		h.mayMultiplex = true
		if !n.settled {
			p.awaitConnLocked(n, now)
		}
	}
}

// SetStreams notes how many streams c takes.
func (p *core) SetStreams(c Conn, streams int) {
	n := c.Notes()
	p.mu.Lock()
	defer p.unlockForEngine()
	n.max, n.settled = streams, true
	if !n.full {
		p.stopAwaitingLocked(n)
	}
	p.fileAndServeLocked(n)
}

// StreamAvailable notes that the engine of c has a stream again, after
// [Pool.Requeue].
func (p *core) StreamAvailable(c Conn) {
	n := c.Notes()
	p.mu.Lock()
	defer p.unlockForEngine()
	n.full = false
	if n.settled {
		p.stopAwaitingLocked(n)
	}
	p.fileAndServeLocked(n)
}

// Retire gives c no more requests. It is closed when it has none: at once if it is
// idle, and by who releases it last otherwise.
func (p *core) Retire(c Conn) {
	n := c.Notes()
	p.mu.Lock()
	defer p.unlockForEngine()
	switch n.state {
	case stateNew:
		n.retired = true
	case stateIdle:
		p.dropConnLocked(n)
		p.serveWaitersLocked(n.host, p.now())
	case stateHeld:
		p.retireConnLocked(n)
		p.serveWaitersLocked(n.host, p.now())
	case stateGone:
	}
}

// fileAndServeLocked follows a change of the streams of n.
func (p *core) fileAndServeLocked(n *Notes) {
	if n.state == stateHeld || n.state == stateIdle {
		n.host.refileConn(n)
		p.serveWaitersLocked(n.host, p.now())
	}
}

// retireConnLocked has nobody get n any more. It is no longer awaited.
func (p *core) retireConnLocked(n *Notes) {
	if n.retired {
		return
	}
	n.retired = true
	p.stopAwaitingLocked(n)
	if n.multiplexed {
		n.host.multiplexed--
	}
	n.host.refileConn(n)
}

// awaitStreamLocked ends a request on n whose stream the engine does not have.
func (p *core) awaitStreamLocked(n *Notes, now instant) {
	if n.state != stateHeld {
		return
	}
	n.full = true
	if !n.retired {
		p.stopAwaitingLocked(n)
		p.awaitConnLocked(n, now)
	}
	if !p.endRequestLocked(n, now) {
		p.toClose = append(p.toClose, n.conn)
	}
	p.freeSlotsLocked(n.host, 1)
}

// awaitConnLocked has dials wait for the streams of n.
func (p *core) awaitConnLocked(n *Notes, now instant) {
	n.awaited, n.awaitUntil = true, now+awaitTime
	n.host.awaited++
	p.awaited.pushTail(n)
	p.scheduleSweepLocked(now)
}

func (p *core) stopAwaitingLocked(n *Notes) {
	if n.awaited {
		n.awaited = false
		n.host.awaited--
		p.awaited.remove(n)
	}
}

// giveUpAwaitedLocked ends the waits that have been too long.
// [core.serveQueueLocked] must follow.
func (p *core) giveUpAwaitedLocked(now instant) {
	for n := p.awaited.head; n != nil && n.awaitUntil <= now; n = p.awaited.head {
		p.stopAwaitingLocked(n)
		n.settled = true
		p.queue.update(n.host)
	}
}
