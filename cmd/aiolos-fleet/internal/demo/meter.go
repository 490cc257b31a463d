package demo

import (
	"sync"
	"time"
)

// meter is what a server sees of its clients.
type meter struct {
	mu       sync.Mutex
	underWay int
	peak     int
	arrivals []time.Time
	asked    map[int]int // how often, by URL
	served   map[int]int // likewise, to the end
}

func newMeter() *meter { return &meter{asked: map[int]int{}, served: map[int]int{}} }

// begin counts a request, and returns what ends it. That may be called twice: a client may
// take the last byte for the end before its server does, which therefore calls it just
// before it writes that.
func (m *meter) begin() (end func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.underWay++
	m.peak = max(m.peak, m.underWay)
	m.arrivals = append(m.arrivals, time.Now())
	return sync.OnceFunc(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.underWay--
	})
}

// ask counts a request for a URL, and reports whether it is the first one.
func (m *meter) ask(n int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked[n]++
	return m.asked[n] == 1
}

// serve counts a URL that was served to its end.
func (m *meter) serve(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.served[n]++
}

// seen is the outcome of a meter.
type seen struct {
	requests int
	peak     int
	fastest  float64 // requests a second, in the busiest time of rateWindow
	served   int     // URLs
	repeated int     // servings of a URL that was served before
}

// rateWindow is the time over which the rate is measured.
const rateWindow = 2 * time.Second

func (m *meter) outcome() seen {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := seen{requests: len(m.arrivals), peak: m.peak, served: len(m.served)}
	most, first := 0, 0
	for i, at := range m.arrivals {
		for at.Sub(m.arrivals[first]) >= rateWindow {
			first++
		}
		most = max(most, i-first+1)
	}
	s.fastest = float64(most) / rateWindow.Seconds()
	for _, n := range m.served {
		s.repeated += n - 1
	}
	return s
}
