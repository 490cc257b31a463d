package session

import (
	"context"
	"sync/atomic"
	"time"
)

// EventSourceEvent is what an [EventSource] has done, for its OnEvent: not an event of
// the stream.
type EventSourceEvent struct {
	Kind EventSourceEventKind
	// Failures is how many connections in a row have brought no event.
	Failures int
	Wait     time.Duration // until the next connection, of EventSourceLost
	Err      error         // why the connection has ended, or why there is none
}

// EventSourceEventKind is what has happened.
type EventSourceEventKind string

// The kinds of [EventSourceEvent]. After EventSourceLost another connection follows,
// after EventSourceGaveUp none.
const (
	EventSourceConnected EventSourceEventKind = "connected"
	EventSourceLost      EventSourceEventKind = "lost"
	EventSourceGaveUp    EventSourceEventKind = "gave up"
)

// EventSourceCounter is where an [EventSource] counts. The zero value is ready for use;
// it must not be copied, and is safe for concurrent use.
type EventSourceCounter struct{ connected, lost, gaveUp, open, events atomic.Int64 }

// EventSourceStats is what was counted.
type EventSourceStats struct {
	Connected int64 // connections that were there
	Lost      int64 // attempts and connections that ended and were followed by another
	GaveUp    int64 // streams that ended by an error
	Open      int64 // connections, now
	Events    int64 // that were yielded
}

// Stats returns the counters.
func (c *EventSourceCounter) Stats() EventSourceStats {
	return EventSourceStats{
		Connected: c.connected.Load(), Lost: c.lost.Load(), GaveUp: c.gaveUp.Load(),
		Open: c.open.Load(), Events: c.events.Load(),
	}
}

// tellEvent counts and tells it.
func (e *EventSource) tellEvent(ctx context.Context, event EventSourceEvent) {
	if c := e.Stats; c != nil {
		switch event.Kind {
		case EventSourceConnected:
			c.connected.Add(1)
			c.open.Add(1)
		case EventSourceLost:
			c.lost.Add(1)
		case EventSourceGaveUp:
			c.gaveUp.Add(1)
		}
	}
	if e.OnEvent != nil {
		e.OnEvent(ctx, event)
	}
}

func (e *EventSource) endConnection() {
	if e.Stats != nil {
		e.Stats.open.Add(-1)
	}
}

func (e *EventSource) countEvent() {
	if e.Stats != nil {
		e.Stats.events.Add(1)
	}
}
