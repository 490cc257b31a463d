package middleware

import "sync"

// minHosts is how many hosts are kept without a look at whether they are used.
const minHosts = 1024

// hostTable has a T for each host. Those that are idle, which are as good as
// new, are forgotten when there are many.
type hostTable[T any] struct {
	fresh func() *T
	idle  func(*T) bool // called under the lock

	mu      sync.Mutex
	hosts   map[string]*T
	sweepAt int
}

// with calls f under the lock, with the state of the host.
func (t *hostTable[T]) with(host string, f func(*T)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	state := t.hosts[host]
	if state == nil {
		t.sweep()
		state = t.fresh()
		t.hosts[host] = state
	}
	f(state)
}

// sweep makes room, each time after as many new hosts as there are.
func (t *hostTable[T]) sweep() {
	if t.hosts == nil {
		t.hosts, t.sweepAt = map[string]*T{}, minHosts
	}
	if len(t.hosts) < t.sweepAt {
		return
	}
	for host, state := range t.hosts {
		if t.idle(state) {
			delete(t.hosts, host)
		}
	}
	t.sweepAt = max(minHosts, 2*len(t.hosts))
}
