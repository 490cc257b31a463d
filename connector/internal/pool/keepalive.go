package pool

import (
	"cmp"
	"time"
)

// The sweep comes once a second while a connection is idle, and at the moments in
// between at which one expires or is no longer awaited. There is one timer for
// all, and none while there is nothing to sweep.

const (
	checkEvery = time.Second
	// maxChecks is how many connections are checked each time. If more are idle
	// they take turns.
	maxChecks = 4096
	// afterExpiry lets the sweep come a moment later, so that what expires then
	// has expired.
	afterExpiry = time.Millisecond
)

func (p *core) isTooOld(n *Notes, now instant) bool { return n.aged || now-n.created > p.maxAge }

func (p *core) isExpired(n *Notes, now instant) bool {
	return now-n.idleSince > p.keepAlive || p.isTooOld(n, now)
}

// scheduleSweepLocked has the sweep come in time. All that it looks at is the first
// of its list, so this does not depend on the number of connections.
func (p *core) scheduleSweepLocked(now instant) {
	if p.wakeAt <= now || p.closed {
		return // it is about to come, or never does
	}
	at := never
	if n := p.awaited.head; n != nil {
		at = n.awaitUntil
	}
	if n := p.idle.head; n != nil {
		if p.nextCheck <= now {
			p.nextCheck = now + checkEvery
		}
		at = min(at, p.nextCheck)
		if p.keepAlive != never {
			at = min(at, n.idleSince+p.keepAlive+afterExpiry)
		}
		if p.maxAge != never && p.aging != nil {
			at = min(at, p.aging.created+p.maxAge+afterExpiry)
		}
	}
	if at >= p.wakeAt {
		return
	}
	p.wakeAt = at
	if p.janitor == nil {
		p.janitor = time.AfterFunc(at-now, p.sweepIdle)
		return
	}
	p.janitor.Reset(at - now)
}

func (p *core) sweepIdle() {
	p.mu.Lock()
	p.wakeAt = never
	if p.closed {
		p.mu.Unlock()
		return
	}
	now := p.now()
	p.giveUpAwaitedLocked(now)
	p.dropExpiredLocked(now)
	p.serveQueueLocked(now) // after all of them, for only then it is known who comes first
	var dead []Conn
	if p.idle.len > 0 && p.nextCheck <= now {
		p.nextCheck = now + checkEvery
		dead = p.checkIdleLocked()
	}
	p.scheduleSweepLocked(p.now())
	closeConns(append(dead, p.unlock()...))
}

// dropExpiredLocked drops the idle connections that are past their time. Those in
// use that are too old are lent to nobody and not kept, which is seen then; they
// are only marked, so that a caller whose clock is late cannot bring them back.
func (p *core) dropExpiredLocked(now instant) {
	for n := p.idle.head; n != nil && now-n.idleSince > p.keepAlive; n = p.idle.head {
		p.dropIdleLocked(n)
	}
	for n := p.aging; n != nil && p.isTooOld(n, now); n = p.aging {
		p.aging = n.links[byAge].next
		n.aged = true
		if n.state == stateIdle {
			p.dropIdleLocked(n)
		}
	}
}

// checkIdleLocked asks idle connections, one after the other, whether they are
// alive, and returns those that have to be closed. The lock is free meanwhile; who
// wants the one that is being asked waits for the answer.
func (p *core) checkIdleLocked() (dead []Conn) {
	for range min(p.idle.len, maxChecks) {
		n := cmp.Or(p.checks, p.idle.head)
		if n == nil || p.closed {
			break
		}
		p.checks = n.links[byIdle].next
		h := n.host
		n.checking = true
		h.checking++
		h.refileConn(n)
		dead = append(dead, p.unlock()...)
		err := n.conn.CheckIdle()
		p.mu.Lock()
		if !n.checking {
			continue // it was closed meanwhile
		}
		n.checking = false
		h.checking--
		h.refileConn(n)
		if err != nil {
			p.dropConnLocked(n)
		}
		p.serveWaitersLocked(h, p.now())
	}
	return dead
}
