package pool

// addIdleLocked keeps a connection whose last request has ended, and drops the one
// that has been idle for longest if there are too many.
func (p *core) addIdleLocked(n *Notes, now instant) {
	n.state, n.idleSince = stateIdle, now
	n.host.refileConn(n)
	n.host.idle.pushTail(n)
	p.idle.pushTail(n)
	if p.idle.len > p.maxIdle {
		p.dropIdleLocked(p.idle.head)
	}
	if p.idle.len == 1 {
		p.scheduleSweepLocked(now)
	}
}

// takeIdleLocked lends an idle connection.
func (p *core) takeIdleLocked(n *Notes) {
	p.unlinkIdleLocked(n)
	n.state, n.active = stateHeld, 1
	n.host.refileConn(n)
	p.countReuseLocked(n.host)
}

// unlinkIdleLocked takes n out of the lists of the idle ones.
func (p *core) unlinkIdleLocked(n *Notes) {
	if p.checks == n {
		p.checks = n.links[byIdle].next
	}
	p.idle.remove(n)
	n.host.idle.remove(n)
	if n.checking { // checkIdleLocked sees that it was taken out meanwhile
		n.checking = false
		n.host.checking--
	}
}

// dropIdleLocked drops an idle connection of any host. [core.serveQueueLocked]
// must follow: dials may have waited for its streams.
func (p *core) dropIdleLocked(n *Notes) {
	p.dropConnLocked(n)
	p.queue.update(n.host)
	p.forgetHostLocked(n.host)
}

// dropOldestIdleLocked drops as many idle connections, those that have been idle
// for longest, and returns how many there were.
func (p *core) dropOldestIdleLocked(most int) (dropped int) {
	for dropped < most && p.idle.len > 0 {
		p.dropIdleLocked(p.idle.head)
		dropped++
	}
	p.serveQueueLocked(p.now())
	return dropped
}

// CloseOldestIdle closes up to n idle connections, those that have been idle for
// longest, and returns how many there were. It is for who runs out of what
// connections are made of, such as file descriptors.
func (p *core) CloseOldestIdle(n int) int {
	p.mu.Lock()
	closed := p.dropOldestIdleLocked(n)
	closeConns(p.unlock())
	return closed
}

// CloseIdle closes all idle connections.
func (p *core) CloseIdle() {
	p.mu.Lock()
	p.dropOldestIdleLocked(p.idle.len)
	closeConns(p.unlock())
}
