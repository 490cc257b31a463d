package middleware

import (
	"context"
	"net/http"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Event is what a policy has done for a request. Every policy tells it to the OnEvent of
// its configuration, all of them in this one form, so that one function can listen to
// all; and every policy counts it, for its Stats. Which fields are set depends on the
// Kind; the others are zero.
//
// OnEvent gets the context of the request. It is called in the goroutine that serves it,
// by many at the same time, and not under a lock; the request waits for it. An event has
// no secret in it but what Err may hold, which [errors.RedactError] hides.
type Event struct {
	// Policy is "retry", "hedge", "dedupe", "rate limit", "concurrency", "circuit
	// breaker", "token source", "balance" or "cache".
	Policy string
	Kind   EventKind
	// Host is the origin of the request, as scheme://host:port. What is fetched for many
	// has the host of a [Balance] as its configuration names it, or none.
	Host string
	// Backend is the address that [Balance] sends to, as host:port.
	Backend string
	// Attempt is the number of the sending that the event is about, from 1.
	Attempt int
	// Wait is how long was waited, or is going to be, as the kind says.
	Wait time.Duration
	// Status is that of the response which is the reason; 0: there is none.
	Status int
	// Reason says why, in one of the fixed texts that the kind names.
	Reason string
	// Err is the failure which is the reason, or what the request gets.
	Err error
}

// EventKind is what has happened.
type EventKind string

// The kinds of [Event].
const (
	// EventRetried: an attempt has failed, and another one follows after Wait. Attempt,
	// and Status or Err, are those of the one that failed.
	EventRetried EventKind = "retried"
	// EventGaveUp: an attempt has failed, and no other one follows. Reason is
	// "attempts", "budget", "time", "context", "permanent" (it would fail again),
	// "not repeatable" (the method or the body) or "prepare".
	EventGaveUp EventKind = "gave up"
	// EventSent: a [Hedge] has sent an additional request, which Attempt counts from 2.
	EventSent EventKind = "sent"
	// EventWon and EventLost: that request brought the response, or did not. One of the
	// two follows every EventSent.
	EventWon  EventKind = "won"
	EventLost EventKind = "lost"
	// EventShared: a request got the response of another one.
	EventShared EventKind = "shared"
	// EventWaited: a request has waited in the queue, for Wait, and goes; or it has left,
	// with Err.
	EventWaited EventKind = "waited"
	// EventRefused: a request was not sent, with Err; of a hedge, an additional one,
	// because of the budget.
	EventRefused EventKind = "refused"
	// EventPaused: the server has asked for a pause of Wait.
	EventPaused EventKind = "paused"
	// EventOpened and EventClosed: the breaker of the host has changed. EventProbed: a
	// request is let through to see whether it can close.
	EventOpened EventKind = "opened"
	EventProbed EventKind = "probed"
	EventClosed EventKind = "closed"
	// EventFetched and EventFailed: a token, or a list of backends, was fetched, or could
	// not be, with Err. Wait is how long that took.
	EventFetched EventKind = "fetched"
	EventFailed  EventKind = "failed"
	// EventRejected: a server did not take a token, as Status says.
	EventRejected EventKind = "rejected"
	// EventChosen: a request is sent to a backend. EventPutOut and EventReturned: a
	// backend has failed and is out, for Wait, or is in service again. EventProbed is
	// told of a request to one that was out.
	EventChosen   EventKind = "chosen"
	EventPutOut   EventKind = "put out"
	EventReturned EventKind = "returned"
	// EventHit, EventStale, EventRevalidated and EventMiss: where a cache has taken the
	// response from: what is stored; the same after its end; what is stored, after the
	// server has said that it still holds; the server, with Reason "replaced" if what was
	// stored does not hold any more. One of the four is told of each request that is looked
	// up. EventStored: a response was stored. EventEvicted: the store has forgotten one for
	// want of room, when the request stored its own.
	EventHit         EventKind = "hit"
	EventStale       EventKind = "stale"
	EventRevalidated EventKind = "revalidated"
	EventMiss        EventKind = "miss"
	EventStored      EventKind = "stored"
	EventEvicted     EventKind = "evicted"
)

// tellEvent tells it to whoever listens.
func tellEvent(listener func(context.Context, Event), ctx context.Context, e Event) { //nolint:revive // the listener is what it is about
	if listener != nil {
		listener(ctx, e)
	}
}

// originOf is what an event says of a request's URL.
func originOf(req *http.Request) string {
	if req.URL == nil {
		return ""
	}
	return httprule.OriginOf(req.URL).String()
}
