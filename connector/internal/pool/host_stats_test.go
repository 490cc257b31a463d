package pool_test

import "github.com/aiolos-http/aiolos/connector/internal/pool"

// compareHosts looks for differences between the numbers of the hosts, those of the
// pool, and the model.
func (x *run) compareHosts() {
	hosts, total := x.HostStats()
	if total != x.Stats() || len(hosts) != total.Hosts {
		x.t.Errorf("got %+v for %d hosts, want %+v", total, len(hosts), x.Stats())
	}
	var sum pool.Stats
	for _, h := range hosts {
		sum.InUse, sum.Waiting, sum.Idle = sum.InUse+h.InUse, sum.Waiting+h.Waiting, sum.Idle+h.Single.Idle+h.Multi.Idle
		if h.InUse != h.Dialing+h.Single.Active+h.Multi.Active {
			x.t.Errorf("%s: the slots are not those of dials and connections: %+v", h.Key, h)
		}
		if open := h.Single.Open + h.Multi.Open; uint64(open) != h.Opened-h.Closed {
			x.t.Errorf("%s: %d are open, %d opened and %d closed", h.Key, open, h.Opened, h.Closed)
		}
		if h.InUse != x.m.count(h.Key, "dialing", "holding") || h.Dialing != x.m.count(h.Key, "dialing") || h.Waiting != x.m.count(h.Key, "waiting") {
			x.t.Errorf("%s: %+v", h.Key, h)
		}
		if h.Waiting == 0 && h.Oldest != 0 {
			x.t.Errorf("%s: the oldest of nobody has waited %v", h.Key, h.Oldest)
		}
	}
	if sum.InUse != total.InUse || sum.Waiting != total.Waiting || sum.Idle != total.Idle {
		x.t.Errorf("the sum is %+v, the pool has %+v", sum, total)
	}
}
