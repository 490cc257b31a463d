package middleware

import (
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// BalanceStats is what a [Balancer] did since it was made, and how it stands.
type BalanceStats struct {
	Sent          int64  // requests, each time that one was sent
	Refused       int64  // requests that were not sent: there was no backend, or no time
	PutOut        int64  // times that a backend was in service before
	Returned      int64  // times that a backend was out before
	Probed        int64  // requests that were sent to a backend that was out
	Lookups       int64  // of the list
	LookupsFailed int64  // of these
	LookupError   string // of the last one, without secrets; "": it has brought a list
	Out           int    // backends, now
	// Backends are those of the present list, by priority. Counters of one that has left
	// the list are gone.
	Backends []BalanceBackend
}

// BalanceBackend is how a backend stands in [BalanceStats].
type BalanceBackend struct {
	Backend  Backend
	Sent     int64
	Failed   int64     // of these
	UnderWay int       // now
	Failures int       // in a row
	Until    time.Time // it is out until then, and longer if nobody tries it; zero: it is in service
}

// Stats returns the counters and the state.
func (b *Balancer) Stats() BalanceStats {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := BalanceStats{
		Sent: b.count.sent, Refused: b.count.refused, PutOut: b.count.putOut, Returned: b.count.returned, Probed: b.count.probed,
		Lookups: b.count.lookups, LookupsFailed: b.count.lookupsFailed,
		Backends: make([]BalanceBackend, 0, len(b.members)),
	}
	if b.failure != nil {
		s.LookupError = errors.RedactError(b.failure)
	}
	for _, m := range b.members {
		if !m.state.until.IsZero() {
			s.Out++
		}
		s.Backends = append(s.Backends, BalanceBackend{
			Backend: m.backend, Sent: m.sent, Failed: m.failed, UnderWay: m.underWay, Failures: m.state.failures, Until: m.state.until,
		})
	}
	return s
}
