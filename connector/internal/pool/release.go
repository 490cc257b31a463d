package pool

import (
	"cmp"
	stderrors "errors"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// ErrClosedWhileDialing is a connection that was closed before it was adopted.
var ErrClosedWhileDialing = stderrors.New("connection closed while it was being made")

// Adopt makes a new connection a member of the pool. The slot of its dial becomes
// that of its first request. With an error the slot is still the caller's, to
// forfeit, and so is the connection, to close.
func (p *core) Adopt(h *Host, c Conn, multiplexed bool) error {
	p.mu.Lock()
	defer p.unlockForEngine()
	if p.closed {
		return errors.ErrConnectorClosed
	}
	n, now := c.Notes(), p.now()
	p.countOpenedLocked(h)
	if n.state == stateGone {
		p.countClosedLocked(h)
		return ErrClosedWhileDialing
	}
	n.conn, n.host, n.state, n.active = c, h, stateHeld, 1
	n.created, n.multiplexed = now, multiplexed
	if !multiplexed || !n.settled {
		n.max = 1
	}
	p.open.pushTail(n)
	p.aging = cmp.Or(p.aging, n)
	p.learnProtocolLocked(n, now)
	h.refileConn(n)
	p.serveWaitersLocked(h, now)
	return nil
}

// Forfeit gives back the slot of a dial that has come to nothing, or that nobody
// wants any more. If it failed by itself, others who wait for its outcome try for
// themselves.
func (p *core) Forfeit(h *Host, failed bool) {
	p.mu.Lock()
	h.dials--
	if failed {
		h.dialsAtWill = h.multiplexed == 0
	}
	p.freeSlotsLocked(h, 1)
	p.serveWaitersLocked(h, p.now())
	closeConns(p.unlock())
}

// Release ends a request: its slot is free, and the connection is kept for others
// if it is reusable. If it is not kept the caller closes it. A connection that is
// not reusable but has other streams is kept until they end.
//
// For a connection that is gone it does nothing, and kept is false.
func (p *core) Release(c Conn, reusable bool, now time.Time) (kept bool) {
	n, at := c.Notes(), p.instantOf(now)
	p.mu.Lock()
	if n.state != stateHeld {
		p.mu.Unlock()
		return false
	}
	if !reusable {
		p.retireConnLocked(n)
	}
	kept = p.endRequestLocked(n, at)
	p.freeSlotsLocked(n.host, 1)
	p.serveWaitersLocked(n.host, at)
	closeConns(p.unlock())
	return kept
}

// endRequestLocked ends one request on n, and reports whether n is still open.
func (p *core) endRequestLocked(n *Notes, now instant) bool {
	n.active--
	switch {
	case n.active > 0:
		n.host.refileConn(n)
	case n.retired || p.shuttingDown || p.isTooOld(n, now):
		p.removeConnLocked(n)
		return false
	default:
		p.addIdleLocked(n, now)
	}
	return true
}

// Another is for a request that was given a connection which is dead or takes no
// request after all. It closes c, once that has no other streams, and gives the
// request the next one, or with a nil one the permission to dial, in the same
// slot. A fresh request refuses idle connections.
//
// If that is not ok the slot is gone: c has been forgotten, or the host's streams
// are about to come. The request then acquires again with its ticket.
func (p *core) Another(c Conn, now time.Time, fresh bool) (next Conn, ok bool) {
	n, at := c.Notes(), p.instantOf(now)
	p.mu.Lock()
	if n.state != stateHeld {
		p.mu.Unlock()
		return nil, false
	}
	h := n.host
	p.retireConnLocked(n)
	n.active--
	if n.active == 0 {
		p.dropConnLocked(n)
	}
	if next, ok = p.lendConnLocked(h, at, fresh); !ok {
		p.freeSlotsLocked(h, 1)
	}
	p.serveWaitersLocked(h, at)
	closeConns(p.unlock())
	return next, ok
}

// Forget notes that a connection was closed, by whomever. The slots of its
// requests are free from now on, even if a response is still in somebody's hands.
// It may be called at any time, and more than once.
func (p *core) Forget(c Conn) {
	n := c.Notes()
	p.mu.Lock()
	defer p.unlockForEngine()
	switch n.state {
	case stateNew:
		n.state = stateGone // Adopt will tell
	case stateHeld, stateIdle:
		h := n.host
		p.removeConnLocked(n)
		p.freeSlotsLocked(h, n.active)
		p.serveWaitersLocked(h, p.now())
	case stateGone:
	}
}

// dropConnLocked has a connection closed once the lock is free.
func (p *core) dropConnLocked(n *Notes) {
	p.removeConnLocked(n)
	p.toClose = append(p.toClose, n.conn)
}

// removeConnLocked forgets a connection, and leaves the slots to the caller.
func (p *core) removeConnLocked(n *Notes) {
	p.retireConnLocked(n)
	if n.state == stateIdle {
		p.unlinkIdleLocked(n)
	}
	n.state = stateGone
	if p.aging == n {
		p.aging = n.links[byAge].next
	}
	p.open.remove(n)
	if p.onGone != nil {
		p.gone = append(p.gone, n.conn)
	}
	p.countClosedLocked(n.host)
}
