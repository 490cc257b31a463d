package demo

import (
	"maps"
	"sync"
)

// meter counts what the servers see: connections, requests, and how many
// requests are under way at the same time, for each host and altogether.
//
// A request is under way until the server begins to write what ends it. From
// then on the client may count it as finished, and begin the next.
type meter struct {
	mu       sync.Mutex
	conns    int
	requests int
	now      map[string]int
	peak     map[string]int
	all      int
	peakAll  int
}

// newMeter returns a meter at zero.
func newMeter() *meter {
	return &meter{now: map[string]int{}, peak: map[string]int{}}
}

// countConn counts one connection.
func (m *meter) countConn() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conns++
}

// beginRequest counts one request to host, which is under way until leave is called.
// Leave may be called again, without effect.
func (m *meter) beginRequest(host string) (leave func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests++
	m.now[host]++
	m.all++
	m.peak[host] = max(m.peak[host], m.now[host])
	m.peakAll = max(m.peakAll, m.all)
	return sync.OnceFunc(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.now[host]--
		m.all--
	})
}

// reading is a copy of a meter.
type reading struct {
	conns, requests int
	peak            map[string]int
	peakAll         int
}

// snapshot returns the counts so far.
func (m *meter) snapshot() reading {
	m.mu.Lock()
	defer m.mu.Unlock()
	return reading{m.conns, m.requests, maps.Clone(m.peak), m.peakAll}
}
