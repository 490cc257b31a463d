package session

import (
	"sync"
	"sync/atomic"

	"github.com/aiolos-http/aiolos/internal/progress"
)

// downloadMeter reports a body that is read by one goroutine, and may be closed by
// another one.
type downloadMeter struct {
	mu          sync.Mutex // held while something is told
	meter       progress.Meter
	done, total int64
	over        atomic.Bool // the body was closed: no more comes
}

// update tells how far the body has come; last says that no more comes.
func (m *downloadMeter) update(done, total int64, last bool) {
	m.tell(done, total, last)
	if m.over.Load() { // perhaps since the last look, by an end that did not wait
		m.tryFinish()
	}
}

func (m *downloadMeter) tell(done, total int64, last bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done, m.total = done, total
	if done > 0 {
		m.meter.Update(done, total)
	}
	if last {
		m.meter.Finish(done, total)
	}
}

// end tells how far the body has come that is read no further.
func (m *downloadMeter) end() {
	m.over.Store(true)
	m.tryFinish()
}

// tryFinish tells the end, unless something is being told: who is told may have closed
// the body.
func (m *downloadMeter) tryFinish() {
	if m.mu.TryLock() {
		defer m.mu.Unlock()
		m.meter.Finish(m.done, m.total)
	}
}
