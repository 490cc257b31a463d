package pool

// Sweeps reports whether the janitor's timer runs.
func (p *Pool[K]) Sweeps() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wakeAt != never
}

// Limits of the sweep.
const (
	MaxChecks = maxChecks
	AwaitTime = awaitTime
)
