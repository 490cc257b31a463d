package connector

import (
	"context"
	"net"
	"time"
)

// Slots is the pool alone, with connections that do nothing.
type Slots struct{ p *pool }

// Slot is a held connection.
type Slot struct{ c *conn }

// NewSlots returns a pool; limits as the pool has them, 0 for none.
func NewSlots(limit, perHost int, keep time.Duration) *Slots {
	return &Slots{newPool(bound(limit), bound(perHost), keep, 0)}
}

// Acquire takes a slot, with an idle connection or a new one.
func (s *Slots) Acquire(ctx context.Context, host string) (*Slot, error) {
	now := time.Now()
	c, h, err := s.p.acquire(ctx, key{Host: host, Port: "80"}, now, false)
	if err != nil {
		return nil, err
	}
	if c == nil {
		c = &conn{Conn: &idleConn{}, pool: s.p, host: h, created: now}
		if err := s.p.adopt(c); err != nil {
			s.p.forfeit(h, true)
			return nil, err
		}
	}
	return &Slot{c}, nil
}

// Fail takes a slot and gives it back without a connection, as a failed dial.
func (s *Slots) Fail(ctx context.Context, host string) error {
	c, h, err := s.p.acquire(ctx, key{Host: host, Port: "80"}, time.Now(), true)
	if err == nil && c == nil {
		s.p.forfeit(h, true)
	}
	return err
}

// TryAcquire is the way of a request that finds an idle connection.
func (s *Slots) TryAcquire(host string, now time.Time) *Slot {
	c, _, err := s.p.tryAcquire(key{Host: host, Port: "80"}, now, false)
	if err != nil || c == nil {
		return nil
	}
	return &Slot{c}
}

// Try takes and returns a slot whose connection is idle, without allocating.
func (s *Slots) Try(host string, now time.Time) bool {
	c, _, err := s.p.tryAcquire(key{Host: host, Port: "80"}, now, false)
	return err == nil && c != nil && s.p.release(c, true, now)
}

// Release gives the slot back.
func (s *Slot) Release(reusable bool) {
	if !s.c.pool.release(s.c, reusable, time.Now()) {
		s.c.shut()
	}
}

// Cut closes the connection as net/http does, slot and all.
func (s *Slot) Cut() { s.c.Close() }

// Held returns the slots in use, of all hosts and of each.
func (s *Slots) Held() (total int, perHost map[string]int) {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	perHost = map[string]int{}
	for k, h := range s.p.hosts {
		perHost[k.Host] = h.inUse
	}
	return s.p.inUse, perHost
}

// Stats returns what is left.
func (s *Slots) Stats() (inUse, idle, waiting, hosts, open int) {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	return s.p.inUse, s.p.idle, s.p.waiting, len(s.p.hosts), len(s.p.open)
}

// Close shuts the pool down.
func (s *Slots) Close() { s.p.shutdown() }

type idleConn struct{ net.Conn }

func (*idleConn) Close() error                    { return nil }
func (*idleConn) SetReadDeadline(time.Time) error { return nil }

// ReadFrames has pieces of what a server of HTTP/2 sends read along, and tells how
// many streams it takes by then (1 if it has not said), and whether it goes away.
func ReadFrames(pieces ...[]byte) (streams int, goesAway bool) {
	c := &conn{Conn: &idleConn{}, pool: newPool(1, 1, 0, 0)}
	c.streams.max = 1
	m := &muxConn{conn: c}
	for _, p := range pieces {
		m.frames.read(p, m)
	}
	return c.streams.max, c.streams.draining
}
