package middleware

import (
	"slices"
	"sync"
)

// How many hosts are kept without a look at whether their states say anything, and how
// many at most, those that are busy apart. URLs may be somebody else's choice.
const (
	minHosts = 1024
	maxHosts = 8192
)

// hostTable has a T for each host. Those that are idle, which are as good as new, are
// forgotten when there are many; if that is not enough, so is the half that was not
// asked for longest.
type hostTable[T any] struct {
	fresh func() *T
	idle  func(*T) bool // called under the lock
	busy  func(*T) bool // it must not be forgotten; called under the lock; nil: none is

	mu      sync.Mutex
	hosts   map[string]*hostState[T]
	clock   uint64 // counts the calls
	sweepAt int
}

type hostState[T any] struct {
	value *T
	used  uint64 // when
}

// withLock calls f under the lock.
func (t *hostTable[T]) withLock(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f()
}

// each calls f under the lock for every host.
func (t *hostTable[T]) each(f func(host string, value *T)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for host, state := range t.hosts {
		f(host, state.value)
	}
}

// withHost calls f under the lock, with the state of the host.
func (t *hostTable[T]) withHost(host string, f func(*T)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clock++
	state := t.hosts[host]
	if state == nil {
		t.removeIdle()
		state = &hostState[T]{value: t.fresh()}
		t.hosts[host] = state
	}
	state.used = t.clock
	f(state.value)
}

// removeIdle makes room, each time after as many new hosts as there are.
func (t *hostTable[T]) removeIdle() {
	if t.hosts == nil {
		t.hosts, t.sweepAt = map[string]*hostState[T]{}, minHosts
	}
	if len(t.hosts) < t.sweepAt {
		return
	}
	for host, state := range t.hosts {
		if t.idle(state.value) {
			delete(t.hosts, host)
		}
	}
	if len(t.hosts) >= maxHosts {
		t.forgetOlderHalf()
	}
	t.sweepAt = max(minHosts, min(2*len(t.hosts), maxHosts), len(t.hosts)+minHosts)
}

// forgetOlderHalf forgets states that say something, but for the busy ones.
func (t *hostTable[T]) forgetOlderHalf() {
	times := make([]uint64, 0, len(t.hosts))
	for _, state := range t.hosts {
		times = append(times, state.used)
	}
	slices.Sort(times)
	median := times[len(times)/2]
	for host, state := range t.hosts {
		if state.used < median && (t.busy == nil || !t.busy(state.value)) {
			delete(t.hosts, host)
		}
	}
}
