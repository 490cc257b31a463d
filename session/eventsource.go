package session

import (
	"cmp"
	"context"
	stderrors "errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// The waits of an [EventSource].
const (
	defaultRetry    = 3 * time.Second
	defaultMaxRetry = time.Minute
	// minServerRetry is the least that a server can ask for, so that it cannot
	// make a client connect without a pause.
	minServerRetry = 100 * time.Millisecond
)

// EventSource is a stream of events that outlives its connections: when one ends,
// it makes a new one, and asks for what comes after the last event (WHATWG HTML
// 9.2.3). It must have a Session and a URL; other fields may be zero. It is not
// changed by its use, and may be used by many goroutines.
type EventSource struct {
	Session *Session
	URL     string `print:"url"`
	// Options are those of every request. The total timeout is off unless they
	// set it; a SockRead timeout is what notices a server that has gone silent, and
	// [MaxEventSize] is how large an event may be.
	Options []Option
	// LastEventID is where to go on from; empty means from now.
	LastEventID string
	// Retry is the wait before a new connection, until the server tells another,
	// which is at least 100 ms. Zero means 3 seconds, negative no wait at all.
	Retry time.Duration
	// MaxRetry bounds the wait, which doubles with every connection in a row that
	// brings no event, and what a server may ask for. Zero means a minute,
	// negative no bound.
	MaxRetry time.Duration
	// MaxFailures is how many connections in a row may bring no event before the
	// last error is the stream's. Zero or less means that there is no end to it.
	MaxFailures int
	// OnRetry is told why a connection ended and how long the wait for the next
	// will be. The error of one that its server ended in order wraps [io.EOF]. Nil is
	// allowed.
	OnRetry func(err error, wait time.Duration)
	// OnEvent is told of each connection that is there, that is lost, and of the end.
	// It is called in the goroutine of the loop, with its context. Nil is allowed.
	OnEvent func(ctx context.Context, e EventSourceEvent)
	// Stats counts the same for whoever asks meanwhile. Several may share it. Nil counts
	// nothing.
	Stats *EventSourceCounter
}

// Events is [EventSource.Events] with the defaults.
func (s *Session) Events(ctx context.Context, url string, opts ...Option) iter.Seq2[Event, error] {
	return (&EventSource{Session: s, URL: url, Options: opts}).Events(ctx)
}

// Events connects and yields events until the loop is left, ctx ends, the server
// answers 204, which means that there will be no more, or an error is final:
// another status than 200, another type, a bad option or URL, a closed session, a
// certificate that does not verify, an address that is refused, a redirect that cannot be followed, a line or
// an event that is too large. That error is yielded once. No connection is left
// open.
//
// So a 503 of a server that restarts ends it, as the standard has it. To outlast that,
// give the Session a middleware.Retry.
func (e *EventSource) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		switch {
		case e.Session == nil:
			yield(Event{}, &errors.InvalidRequestError{Field: "EventSource", Reason: "it has no Session"})
			return
		case ctx == nil:
			yield(Event{}, &errors.InvalidRequestError{Field: "context", Reason: "nil"})
			return
		}
		c := eventLoop{EventSource: e, yield: yield}
		c.parser.id, c.parser.lastID = e.LastEventID, e.LastEventID
		for c.readConnection(ctx) {
			wait := c.retryDelay()
			e.tellEvent(ctx, EventSourceEvent{Kind: EventSourceLost, Failures: c.failures, Wait: wait, Err: c.err})
			if e.OnRetry != nil {
				e.OnRetry(c.err, wait)
			}
			if err := sleepContext(ctx, wait); err != nil {
				yield(Event{}, e.named(err))
				return
			}
		}
	}
}

// errStreamEnd is what ends a connection that its server closes in order: a stream
// of events has no end of its own.
var errStreamEnd = fmt.Errorf("the server has ended the stream of events: %w", io.EOF)

// eventLoop is one use of an EventSource.
type eventLoop struct {
	*EventSource
	yield    func(Event, error) bool
	parser   eventParser // what outlives a connection: the ID and the wait
	failures int         // connections in a row without an event
	err      error       // why the last one ended
}

// readConnection makes one connection and yields what it brings. It reports whether
// there should be another.
func (c *eventLoop) readConnection(ctx context.Context) bool {
	c.failures++
	resp, err := c.Session.Get(ctx, c.URL, Timeout(-1), Join(c.Options...), c.headerOption())
	if err != nil {
		return c.shouldReconnect(ctx, err)
	}
	if resp.StatusCode == http.StatusNoContent {
		resp.Close() // it has no body
		return false
	}
	if resp.StatusCode != http.StatusOK && resp.OK() {
		resp.Close() // the status is the error
		e := resp.responseError(resp.Reason())
		return c.shouldReconnect(ctx, &e)
	}
	if err := resp.checkEvents(); err != nil {
		resp.Close() // that is the error
		return c.shouldReconnect(ctx, err)
	}
	c.tellEvent(ctx, EventSourceEvent{Kind: EventSourceConnected, Failures: c.failures - 1})
	defer c.endConnection()
	c.parser = eventParser{id: c.parser.lastID, lastID: c.parser.lastID, retry: c.parser.retry}
	c.err = errStreamEnd
	left := false
	resp.parseEvents(&c.parser, func(event Event, err error) bool {
		if err != nil {
			c.err = err
			return false
		}
		c.failures = 0
		c.countEvent()
		left = !c.yield(event, nil)
		return !left
	})
	return !left && c.shouldReconnect(ctx, c.err)
}

// headerOption are those that the standard asks for.
func (c *eventLoop) headerOption() Option {
	return checkedOption("events", nil, func(o *options) error {
		if o.auto&autoAccept != 0 {
			o.setHeader("Accept", eventStream)
		}
		if o.header["Cache-Control"] == nil {
			o.setHeader("Cache-Control", "no-store")
		}
		if id := c.parser.lastID; id != "" {
			return o.applyAll([]Option{Header("Last-Event-ID", id)})
		}
		return nil
	})
}

// shouldReconnect reports whether it makes sense to connect again, and yields the error
// if not.
func (c *eventLoop) shouldReconnect(ctx context.Context, err error) bool {
	c.err = err
	if ctx.Err() != nil || isFinal(err) || c.MaxFailures > 0 && c.failures >= c.MaxFailures {
		c.tellEvent(ctx, EventSourceEvent{Kind: EventSourceGaveUp, Failures: c.failures, Err: err})
		c.yield(Event{}, c.named(err))
		return false
	}
	return true
}

// named is an error that says which request failed.
func (e *EventSource) named(err error) error {
	u, _ := parseURL(e.Session.baseURL, e.URL) // what is no URL says so itself
	return errors.Wrap(http.MethodGet, u, err)
}

// isFinal reports whether another connection would fail in the same way.
func isFinal(err error) bool {
	return slices.ContainsFunc([]error{
		errors.ErrClientResponse, errors.ErrInvalidRequest, errors.ErrRedirectClient, errors.ErrSessionClosed,
		errors.ErrConnectorClosed, errors.ErrClientSSL, errors.ErrServerFingerprintMismatch,
		errors.ErrAddressRefused, errors.ErrBodyTooLarge,
	}, func(class error) bool { return stderrors.Is(err, class) })
}

// retryDelay is how long to wait before the next connection.
func (c *eventLoop) retryDelay() time.Duration {
	limit, wait := cmp.Or(c.MaxRetry, defaultMaxRetry), cmp.Or(c.Retry, defaultRetry)
	if c.parser.retry > 0 {
		wait = max(c.parser.retry, minServerRetry)
	}
	wait = max(wait, 0)
	for range c.failures - 1 {
		if limit > 0 && wait > limit || wait > time.Hour {
			break
		}
		wait *= 2
	}
	if limit > 0 {
		wait = min(wait, limit)
	}
	return wait
}

func sleepContext(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
	return httprule.ContextError(ctx)
}
