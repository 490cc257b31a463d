package promaiolos

import (
	"time"

	"github.com/aiolos-http/aiolos/connector"
)

// otherHost is the label of those that have none of their own.
const otherHost = "other"

// hostNumbers are those of an origin, however it is reached.
type hostNumbers struct {
	origin                           string
	inUse, idle, active, waiting     int
	oldest                           time.Duration
	opened, closed, reused, replaced uint64
}

func (n *hostNumbers) add(h *connector.HostStats) {
	n.inUse += h.InUse
	n.idle += h.Idle
	n.active += h.HTTP1.Open + h.HTTP2.Open - h.Idle
	n.waiting += h.Waiting
	n.oldest = max(n.oldest, h.OldestWait)
	n.opened += h.Opened
	n.closed += h.Closed
	n.reused += h.Reused
	n.replaced += h.Retried
}

// hosts tells the numbers of each host, and of those beyond MaxHosts together. A host has
// several entries in the list if it is reached in several ways.
func (s *sink) hosts(list []connector.HostStats) {
	own, index := []hostNumbers{}, map[string]int{}
	var others hostNumbers
	crowded := false
	for i := range list {
		origin := list[i].Scheme + "://" + list[i].Host
		at, known := index[origin]
		switch {
		case known:
			own[at].add(&list[i])
		case len(own) < s.c.maxHosts:
			index[origin] = len(own)
			own = append(own, hostNumbers{origin: origin})
			own[len(own)-1].add(&list[i])
		default:
			crowded = true
			others.add(&list[i])
		}
	}
	for i := range own {
		s.hostState(own[i].origin, &own[i])
		s.hostCounts(own[i].origin, &own[i])
	}
	if crowded {
		s.hostState(otherHost, &others)
	}
}

func (s *sink) hostState(host string, n *hostNumbers) {
	s.put("aiolos_host_requests_in_use", float64(n.inUse), host)
	s.put("aiolos_host_requests_waiting", float64(n.waiting), host)
	s.put("aiolos_host_oldest_wait_seconds", n.oldest.Seconds(), host)
	s.put("aiolos_host_connections", float64(n.idle), host, "idle")
	s.put("aiolos_host_connections", float64(n.active), host, "active")
}

// hostCounts is not for others: a sum from which a host goes would fall, which Prometheus
// takes for a counter that has begun anew.
func (s *sink) hostCounts(host string, n *hostNumbers) {
	s.put("aiolos_host_connections_opened_total", float64(n.opened), host)
	s.put("aiolos_host_connections_closed_total", float64(n.closed), host)
	s.put("aiolos_host_connections_reused_total", float64(n.reused), host)
	s.put("aiolos_host_connections_stale_total", float64(n.replaced), host)
}
