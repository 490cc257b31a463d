package middleware

import (
	"cmp"
	"math"
	"time"
)

// The backend of a request is one of the members with the lowest rank:
//
//	in service, or due for a probe        before   out
//	not tried for this request            before   tried, the last at last
//	a lower priority                      before   a higher one
//
// and among these it is that of the key, the next in the round, or the better of two.
type memberRank struct {
	out      bool
	tried    int // which sending of the request it was, the last time; 0: none
	priority int
}

func (r memberRank) compare(o memberRank) int {
	return cmp.Or(compareBools(r.out, o.out), cmp.Compare(r.tried, o.tried), cmp.Compare(r.priority, o.priority))
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// isOut reports whether nothing is to be sent there now.
func (m *member) isOut(now time.Time) bool {
	return !m.state.until.IsZero() && (m.state.until.After(now) || m.state.probing > 0)
}

// takeMember chooses a member for the exchange, and begins with it.
func (b *Balancer) takeMember(x *balanceExchange, key string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	m := b.stayingMember(x, now)
	if m == nil {
		best, found := b.bestRank(x, now)
		if !found || best.out && b.cfg.FailFast {
			return b.noBackend(now)
		}
		switch {
		case key != "":
			m = b.memberOfKey(key, best)
		case b.cfg.By == LeastOfTwo:
			m = b.leastOfTwo(best)
		default:
			m = b.takeTurn(best)
		}
	}
	x.member, x.backend, x.place = m, m.backend, m.place
	x.attempt = x.tried.add(b, m.name)
	x.probe, x.epoch = !m.state.until.IsZero(), m.state.epoch
	if x.probe {
		m.state.probing++
		b.count.probed++
	}
	m.underWay++
	m.sent++
	b.count.sent++
	return nil
}

// stayingMember is the one that the request has to go to if it can, or nil.
func (b *Balancer) stayingMember(x *balanceExchange, now time.Time) *member {
	at, _ := x.req.Context().Value(stayKey{}).(*balanceExchange)
	if at == nil || at.Balancer != b {
		return nil
	}
	for _, m := range b.members {
		if m == at.member && !m.isOut(now) {
			return m
		}
	}
	return nil
}

// bestRank ranks the members for a request.
func (b *Balancer) bestRank(x *balanceExchange, now time.Time) (best memberRank, found bool) {
	for _, m := range b.members {
		m.rank = memberRank{m.isOut(now), x.tried.lastAt(b, m.name), m.backend.Priority}
		if !found || m.rank.compare(best) < 0 {
			best, found = m.rank, true
		}
	}
	return best, found
}

// noBackend is why there is none.
func (b *Balancer) noBackend(now time.Time) error {
	err := &NoBackendError{Backends: len(b.members), Err: b.failure}
	for i, m := range b.members {
		if wait := max(m.state.until.Sub(now), 0); i == 0 || wait < err.Wait {
			err.Wait = wait
		}
	}
	return err
}

// takeTurn is the smooth weighted round robin of nginx: all go up by their weight, and the
// one that is highest comes down by the sum. So of weights 5, 1, 1 the order is a a b a c
// a a; of equal ones it is theirs.
func (b *Balancer) takeTurn(best memberRank) *member {
	var next *member
	sum := int64(0)
	for _, m := range b.members {
		if m.rank != best {
			continue
		}
		m.current += int64(m.backend.Weight)
		sum += int64(m.backend.Weight)
		if next == nil || m.current > next.current {
			next = m
		}
	}
	next.current -= sum
	return next
}

// leastOfTwo draws two candidates, and takes the one that has less under way for its
// weight. (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing")
func (b *Balancer) leastOfTwo(best memberRank) *member {
	one := b.drawMember(best, nil)
	other := b.drawMember(best, one)
	if other != nil && int64(other.underWay)*int64(one.backend.Weight) < int64(one.underWay)*int64(other.backend.Weight) {
		return other
	}
	return one
}

// drawMember draws a candidate, each as probably as its weight says, or nil if there is
// none but the one that it must not be.
func (b *Balancer) drawMember(best memberRank, but *member) *member {
	sum := int64(0)
	for _, m := range b.members {
		if m.rank == best && m != but {
			sum += int64(m.backend.Weight)
		}
	}
	if sum == 0 {
		return nil
	}
	left := b.random(sum)
	for _, m := range b.members {
		if m.rank != best || m == but {
			continue
		}
		if left -= int64(m.backend.Weight); left < 0 {
			return m
		}
	}
	return nil // it never comes to this
}

// memberOfKey is rendezvous hashing with weights: each candidate has a number of its own
// for the key, and the highest wins. Whoever goes leaves its keys, and no others, to those
// who were second for them. (Thaler and Ravishankar; the weights are Schindelhauer's)
func (b *Balancer) memberOfKey(key string, best memberRank) (winner *member) {
	hash := hashText(key)
	highest := 0.0
	for _, m := range b.members {
		if m.rank != best {
			continue
		}
		share := (float64(mixBits(hash^mixBits(m.hash))>>11) + 0.5) / (1 << 53) // above 0 and below 1
		if score := float64(m.backend.Weight) / -math.Log(share); winner == nil || score > highest {
			winner, highest = m, score
		}
	}
	return winner
}

// mixBits makes each bit of the result depend on each of n. (the finalizer of splitmix64)
func mixBits(n uint64) uint64 {
	n ^= n >> 30
	n *= 0xbf58476d1ce4e5b9
	n ^= n >> 27
	n *= 0x94d049bb133111eb
	return n ^ n>>31
}
