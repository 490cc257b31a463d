package pool

// Stats is a snapshot of a pool: first what is, then what has been.
type Stats struct {
	InUse   int // slots
	Idle    int // connections
	Waiting int // requests
	Hosts   int // of which any of these is known

	Opened  uint64 // connections adopted
	Closed  uint64 // of those, closed again
	Reused  uint64 // requests that were given a connection
	Retried uint64 // as [Pool.CountRetry] was told
}

// Stats returns the pool's present numbers.
func (p *Pool[K]) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.statsLocked()
}

func (p *Pool[K]) statsLocked() Stats {
	return Stats{
		InUse: p.inUse, Idle: p.idle.len, Waiting: p.waiting, Hosts: len(p.hosts),
		Opened: p.counts.opened, Closed: p.counts.closed,
		Reused: p.counts.reused, Retried: p.counts.retried,
	}
}

// HostLoad returns the slots of a host that are in use, and the requests that wait
// for it.
func (p *Pool[K]) HostLoad(k K) (inUse, waiting int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.hosts[k]; e != nil {
		return e.inUse, e.waiters.len
	}
	return 0, 0
}

// CountRetry notes that the request which has c was sent before.
func (p *core) CountRetry(c Conn) {
	n := c.Notes()
	p.mu.Lock()
	p.counts.retried++
	n.host.counts.retried++
	p.mu.Unlock()
}

func (p *core) countOpenedLocked(h *Host) {
	p.counts.opened++
	h.counts.opened++
}

func (p *core) countClosedLocked(h *Host) {
	p.counts.closed++
	h.counts.closed++
}

func (p *core) countReuseLocked(h *Host) {
	p.counts.reused++
	h.counts.reused++
}
