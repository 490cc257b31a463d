package pool

import (
	"context"

	"github.com/aiolos-http/aiolos/errors"
)

// Shutdown ends the pool in order: new requests fail, those that have a ticket go on,
// idle connections are closed, and the others as they are given back. The channel
// is closed once no slot is in use and no request waits or pauses before a retry. Calling
// it again returns the same channel.
//
// A request that lost its slot to Forget, and has not come back yet, is not waited
// for.
func (p *core) Shutdown() (allReleased <-chan struct{}) {
	p.mu.Lock()
	p.shuttingDown = true
	if p.allReleased == nil {
		p.allReleased = make(chan struct{})
	}
	allReleased = p.allReleased
	p.dropOldestIdleLocked(p.idle.len)
	closeConns(p.unlock())
	return allReleased
}

// BeginRetryPause says that a request will give its slot back and come again with its
// ticket, so that Shutdown waits for it. EndRetryPause must follow, when the request has a
// slot again or needs none. Close does not wait for it: its caller watches Done.
func (p *core) BeginRetryPause() {
	p.mu.Lock()
	p.retrying++
	p.mu.Unlock()
}

// EndRetryPause ends what BeginRetryPause has begun.
func (p *core) EndRetryPause() {
	p.mu.Lock()
	p.retrying--
	closeConns(p.unlock())
}

// Done is closed by Close.
func (p *core) Done() <-chan struct{} { return p.ended }

// Close closes every connection, in use or not, breaks off every dial and fails
// every request that waits. Only the first call does anything.
func (p *Pool[K]) Close() {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	p.closed = true
	close(p.ended)
	if p.janitor != nil {
		p.janitor.Stop()
	}
	var cancels []context.CancelCauseFunc
	for d := range p.dials {
		cancels = append(cancels, d.cancel)
	}
	for _, e := range p.hosts {
		for w := e.waiters.head; w != nil; w = e.waiters.head {
			p.dequeueLocked(w)
			w.grant <- granted{err: errors.ErrConnectorClosed}
		}
		p.forgetHostLocked(&e.Host)
	}
	for n := p.open.head; n != nil; n = p.open.head {
		p.dropConnLocked(n)
		p.freeSlotsLocked(n.host, n.active)
		p.forgetHostLocked(n.host)
	}
	toClose := p.unlock()
	for _, cancel := range cancels {
		cancel(errors.ErrConnectorClosed)
	}
	closeConns(toClose)
}

// Closed reports whether Close was called.
func (p *core) Closed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// Dial is a dial under way, a field of what makes it. Its zero value is ready.
type Dial struct{ cancel context.CancelCauseFunc }

// StartDial notes a dial, so that [Pool.Close] can break it off: it calls cancel
// with ErrConnectorClosed, which is the error too if that has been already. If
// there is none EndDial must follow.
func (p *core) StartDial(d *Dial, cancel context.CancelCauseFunc) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errors.ErrConnectorClosed
	}
	d.cancel = cancel
	p.dials[d] = struct{}{}
	return nil
}

// EndDial notes that a dial has ended.
func (p *core) EndDial(d *Dial) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.dials, d)
}
