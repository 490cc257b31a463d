package pool

import "time"

// HostStats is what the pool knows of one host: first what is, then what has been
// since it knows the host. InUse is Dialing and the Active of both kinds.
type HostStats[K comparable] struct {
	Key     K
	InUse   int           // slots
	Dialing int           // of those, permissions to dial
	Waiting int           // requests
	Oldest  time.Duration // how long the first of those has waited
	// Single are the connections that take one request at a time, Multi those that
	// take several.
	Single, Multi ConnStats

	Opened, Closed, Reused, Retried uint64
}

// ConnStats counts the connections of one kind.
type ConnStats struct {
	Open   int
	Idle   int // of those, without a request
	Active int // requests on the others
}

// HostStats returns the numbers of every host and those of the pool, all of one
// moment. It looks at each connection while the lock is held. The host of an open
// connection is always known: it has a slot in use, or is idle.
func (p *Pool[K]) HostStats() ([]HostStats[K], Stats) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]HostStats[K], 0, len(p.hosts))
	now := p.now()
	for k, e := range p.hosts {
		s := HostStats[K]{
			Key: k, InUse: e.inUse, Dialing: e.dials, Waiting: e.waiters.len,
			Opened: e.counts.opened, Closed: e.counts.closed, Reused: e.counts.reused, Retried: e.counts.retried,
		}
		if w := e.waiters.head; w != nil {
			s.Oldest = max(now-w.since, 0)
		}
		e.row = len(all)
		all = append(all, s)
	}
	for n := p.open.head; n != nil; n = n.links[byAge].next {
		conns := &all[n.host.row].Single
		if n.multiplexed {
			conns = &all[n.host.row].Multi
		}
		conns.Open++
		conns.Active += n.active
		if n.state == stateIdle {
			conns.Idle++
		}
	}
	return all, p.statsLocked()
}
