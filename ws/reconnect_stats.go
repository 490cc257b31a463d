package ws

import (
	"context"
	"sync/atomic"
	"time"
)

// ReconnectEvent is what [Reconnect] has done, for [ReconnectOptions.OnEvent].
type ReconnectEvent struct {
	Kind ReconnectEventKind
	// Failures is how many attempts in a row have delivered no message.
	Failures int
	Wait     time.Duration // until the next attempt, of ReconnectLost
	Err      error         // why the connection has ended, or why there is none
}

// ReconnectEventKind is what has happened.
type ReconnectEventKind string

// The kinds of [ReconnectEvent]. After ReconnectLost another attempt follows, after
// ReconnectGaveUp none.
const (
	ReconnectConnected ReconnectEventKind = "connected"
	ReconnectLost      ReconnectEventKind = "lost"
	ReconnectGaveUp    ReconnectEventKind = "gave up"
)

// ReconnectCounter is where [Reconnect] counts, for [ReconnectOptions.Stats]. The zero
// value is ready for use; it must not be copied, and is safe for concurrent use.
type ReconnectCounter struct{ connected, lost, gaveUp, open atomic.Int64 }

// ReconnectStats is what was counted.
type ReconnectStats struct {
	Connected int64 // connections that were there
	Lost      int64 // attempts and connections that failed and were followed by another
	GaveUp    int64 // Reconnects that ended by an error that is not worth another
	Open      int64 // connections, now
}

// Stats returns the counters.
func (c *ReconnectCounter) Stats() ReconnectStats {
	return ReconnectStats{Connected: c.connected.Load(), Lost: c.lost.Load(), GaveUp: c.gaveUp.Load(), Open: c.open.Load()}
}

// tellEvent counts and tells it.
func (l *link) tellEvent(ctx context.Context, e ReconnectEvent) {
	if c := l.Stats; c != nil {
		switch e.Kind {
		case ReconnectConnected:
			c.connected.Add(1)
			c.open.Add(1)
		case ReconnectLost:
			c.lost.Add(1)
		case ReconnectGaveUp:
			c.gaveUp.Add(1)
		}
	}
	if l.OnEvent != nil {
		l.OnEvent(ctx, e)
	}
}

func (l *link) endConnection() {
	if l.Stats != nil {
		l.Stats.open.Add(-1)
	}
}
