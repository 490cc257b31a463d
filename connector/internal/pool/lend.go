package pool

import (
	"math"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// instant is a moment, as the time since the pool was made.
type instant = time.Duration

// never is later than any instant. Nothing may be added to it.
const never = instant(math.MaxInt64)

// core is all of a pool that does not depend on the type of its keys.
type core struct {
	limit, maxIdle    int     // math.MaxInt: none
	keepAlive, maxAge instant // never: for ever
	start             time.Time

	mu       sync.Mutex
	queue    queue
	inUse    int // slots
	waiting  int
	retrying int    // requests that hold no slot and will come back; see BeginRetryPause
	places   uint64 // the last that was given out

	open    list
	aging   *Notes // the first of open that the sweep has not found too old
	idle    list
	checks  *Notes // the next of idle that the sweep checks; nil: the first
	awaited list

	janitor   *time.Timer
	wakeAt    instant // when the janitor comes, or never
	nextCheck instant // when the idle ones are checked next

	dials         map[*Dial]struct{} // those under way
	shuttingDown  bool
	closed        bool
	ended         chan struct{} // closed with it
	allReleased   chan struct{} // of Shutdown; nil: not called
	isAllReleased bool          // allReleased is closed

	counts  counts // of the hosts that were forgotten too
	toClose []Conn // to be closed once the lock is free; see unlock

	onGone func(Conn) // nil: nobody
	gone   []Conn     // of which it is to be told
}

// counts is what has been, of the pool and of each host.
type counts struct{ opened, closed, reused, retried uint64 }

// Ticket is a request's place in the queue. The request keeps it as long as it
// lives, whatever connections it loses meanwhile. The zero Ticket is a new
// request's, which has its place from its first call on.
type Ticket struct{ place uint64 }

// Grant is what a request was given. It holds a slot.
type Grant struct {
	Host *Host // whose connection it is, or will be
	// Conn goes back with Release, Another or Requeue, or ends with Forget. If
	// it is nil the caller makes a connection and calls Adopt, or else Forfeit.
	Conn Conn
}

func (p *core) instantOf(t time.Time) instant { return t.Sub(p.start) }
func (p *core) now() instant                  { return time.Since(p.start) }

// unlock gives the lock free and returns the connections that the caller has to
// close then.
func (p *core) unlock() (toClose []Conn) {
	toClose, p.toClose = p.toClose, nil
	if p.allReleased != nil && !p.isAllReleased && p.inUse == 0 && p.waiting == 0 && p.retrying == 0 {
		p.isAllReleased = true
		close(p.allReleased)
	}
	gone := p.gone
	p.gone = nil
	p.mu.Unlock()
	for _, c := range gone {
		p.onGone(c)
	}
	return toClose
}

// unlockForEngine is unlock for callers that may hold locks of their own.
func (p *core) unlockForEngine() {
	if toClose := p.unlock(); len(toClose) > 0 {
		go closeConns(toClose)
	}
}

func closeConns(conns []Conn) {
	for _, c := range conns {
		c.Close()
	}
}

// admitLocked gives a request its place.
func (p *core) admitLocked(t *Ticket) error {
	if p.closed || p.shuttingDown && t.place == 0 {
		return errors.ErrConnectorClosed
	}
	if t.place == 0 {
		p.places++
		t.place = p.places
	}
	return nil
}

// serveRequestLocked gives a request what it can have at once, and a slot for it.
func (p *core) serveRequestLocked(h *Host, now instant, fresh bool) (c Conn, ok bool) {
	if p.inUse >= p.limit || h.inUse >= p.queue.perHost || !h.canServe(fresh) {
		return nil, false
	}
	if c, ok = p.lendConnLocked(h, now, fresh); ok {
		h.inUse++
		p.inUse++
	}
	return c, ok
}

// lendConnLocked finds a free stream, an idle connection (but for who wants a
// fresh one) or, with a nil c, the permission to dial. If there is none of these
// h can serve nobody.
//
// A host with an idle connection has no burst of requests to bring under few
// connections, so there nobody who wants a fresh one waits for another's dial.
func (p *core) lendConnLocked(h *Host, now instant, fresh bool) (c Conn, ok bool) {
	for n := h.sharing.tail; n != nil; n = h.sharing.tail {
		if !p.isTooOld(n, now) {
			n.active++
			h.refileConn(n)
			p.countReuseLocked(h)
			return n.conn, true
		}
		p.retireConnLocked(n)
	}
	for n := h.idle.tail; n != nil && !fresh; {
		older := n.links[byHost].prev
		switch {
		case !n.lendable:
		case p.isExpired(n, now):
			p.dropConnLocked(n)
		default:
			p.takeIdleLocked(n)
			return n.conn, true
		}
		n = older
	}
	if h.dialsWait() && (!fresh || h.ready == 0) {
		return nil, false
	}
	h.dials++
	return nil, true
}

// freeSlotsLocked takes slots of h back. [core.serveWaitersLocked] must follow.
func (p *core) freeSlotsLocked(h *Host, slots int) {
	h.inUse -= slots
	p.inUse -= slots
}

// serveWaitersLocked passes on what there is to those who wait, after h has
// changed.
func (p *core) serveWaitersLocked(h *Host, now instant) {
	if p.waiting > 0 {
		p.queue.update(h)
		p.serveQueueLocked(now)
	}
	p.forgetHostLocked(h)
}

// serveQueueLocked serves those who can be, longest waiting first.
func (p *core) serveQueueLocked(now instant) {
	for p.inUse < p.limit && p.queue.len() > 0 {
		h := p.queue.first()
		w := h.waiters.head
		c, ok := p.serveRequestLocked(h, now, w.fresh)
		if !ok { // what it had has expired: it comes back when it changes
			p.queue.remove(h)
			continue
		}
		p.dequeueLocked(w)
		w.grant <- granted{conn: c}
	}
}

func (p *core) enqueueLocked(w *waiter) {
	w.queued = true
	w.host.waiters.insert(w)
	p.waiting++
	p.queue.update(w.host)
}

func (p *core) dequeueLocked(w *waiter) {
	w.queued = false
	w.host.waiters.remove(w)
	p.waiting--
	p.queue.update(w.host)
}

// forgetHostLocked forgets a host of which nothing is left.
func (p *core) forgetHostLocked(h *Host) {
	if h.inUse == 0 && h.idle.len == 0 && h.waiters.len == 0 {
		h.home.forgetHost()
	}
}
