package ws

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// ReconnectOptions are the settings of [Reconnect]. A nil pointer and the zero
// value are the defaults.
type ReconnectOptions struct {
	// Options are those of every connection.
	Options *Options
	// Subscribe is called on every new connection before anything is received
	// from it: the place to log in and to subscribe again. An error of it counts
	// as one of the connection. Nil does nothing.
	Subscribe func(ctx context.Context, c *Conn) error
	// MinWait is the wait before the second attempt, and after a connection that
	// has delivered a message; it doubles with every failure up to MaxWait. A
	// random part of up to a half is taken off. 0 is 500 ms and 30 s, negative is
	// no wait.
	MinWait, MaxWait time.Duration
	// Attempts bounds the attempts in a row that deliver no message. 0 or
	// negative is no bound.
	Attempts int
	// Retry decides whether to connect again after an error, which is a
	// *[CloseError] if there was a connection that ended. Nil is [Transient].
	Retry func(err error) bool
	// Down is called after each failure that is followed by another attempt, with
	// the wait before that. Nil does nothing.
	Down func(err error, wait time.Duration)
	// OnEvent is told of each connection that is there, that is lost, and of the end.
	// It is called in Reconnect's goroutine, with its context. Nil does nothing.
	OnEvent func(ctx context.Context, e ReconnectEvent)
	// Stats counts the same for whoever asks meanwhile. Several Reconnects may share it.
	// Nil counts nothing.
	Stats *ReconnectCounter
}

const (
	defaultMinWait = 500 * time.Millisecond
	defaultMaxWait = 30 * time.Second
)

// Transient reports whether connecting again may help after err. It does not if
// the URL or an option is wrong, if a guard refuses the address, if the server refuses with a 4xx other than 408,
// 425 and 429, or if the peer has closed with 1002, 1003, 1007, 1008, 1009 or
// 1010, which say that it does not like what it got.
func Transient(err error) bool {
	if refused := (*errors.WSServerHandshakeError)(nil); errors.As(err, &refused) {
		switch refused.Status {
		case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
			return true
		}
		return refused.Status >= 500
	}
	if end := (*CloseError)(nil); errors.As(err, &end) {
		switch end.Code {
		case CloseProtocolError, CloseUnsupportedData, CloseInvalidText, ClosePolicyViolation,
			CloseMessageTooBig, CloseMandatoryExtension:
			return false
		default:
			return true
		}
	}
	return !errors.Is(err, errors.ErrInvalidRequest) && !errors.Is(err, errors.ErrSessionClosed) &&
		!errors.Is(err, errors.ErrConnectorClosed) && !errors.Is(err, errors.ErrClientConnectorCertificate) &&
		!errors.Is(err, errors.ErrServerFingerprintMismatch) && !errors.Is(err, errors.ErrAddressRefused)
}

// Reconnect keeps a WebSocket open and calls handle for each message, one after
// the other, until the context ends, handle returns an error, or an error is not
// worth another attempt. It returns that error, the context's included, and never
// nil; the connection is closed then. It calls everything in the caller's
// goroutine. Messages that come while there is no connection are lost.
//
// handle gets the connection to answer on; the peer's Close is not passed to it.
// aiohttp has no such thing.
func Reconnect(ctx context.Context, doer Doer, url string, opts *ReconnectOptions,
	handle func(ctx context.Context, c *Conn, m Message) error,
) error {
	l := &link{doer: doer, url: url, handle: handle}
	if opts != nil {
		l.ReconnectOptions = *opts
	}
	if l.Retry == nil {
		l.Retry = Transient
	}
	for failures := 0; ; failures++ {
		delivered, err := l.runOnce(ctx, failures)
		switch {
		case ctx.Err() != nil:
			return &opError{"reconnect", nil, httprule.ContextError(ctx)}
		case l.stopped != nil:
			return l.stopped
		case delivered:
			failures = 0
		}
		if !l.Retry(err) || l.Attempts > 0 && failures+1 >= l.Attempts {
			l.tellEvent(ctx, ReconnectEvent{Kind: ReconnectGaveUp, Failures: failures + 1, Err: err})
			return err
		}
		wait := l.backoffAfter(failures)
		l.tellEvent(ctx, ReconnectEvent{Kind: ReconnectLost, Failures: failures + 1, Wait: wait, Err: err})
		if l.Down != nil {
			l.Down(err, wait)
		}
		if err := sleepFor(ctx, wait); err != nil {
			return &opError{"reconnect", nil, err}
		}
	}
}

// link is a Reconnect under way.
type link struct {
	ReconnectOptions

	doer    Doer
	url     string
	handle  func(context.Context, *Conn, Message) error
	stopped error // what handle has returned
}

// runOnce is one connection, from its making to its end.
func (l *link) runOnce(ctx context.Context, failures int) (delivered bool, err error) {
	c, err := Dial(ctx, l.doer, l.url, l.Options)
	if err != nil {
		return false, err
	}
	l.tellEvent(ctx, ReconnectEvent{Kind: ReconnectConnected, Failures: failures})
	defer l.endConnection()
	code := CloseNormal
	defer func() { c.Close(code, "") }() // what ended it is known
	if l.Subscribe != nil {
		if err := l.Subscribe(ctx, c); err != nil {
			code = CloseGoingAway
			return false, err
		}
	}
	for {
		m, err := c.Receive(ctx)
		switch {
		case errors.Is(err, errors.ErrTimeout) && ctx.Err() == nil && !c.Closed():
			code = CloseGoingAway // silent for longer than Options.ReceiveTimeout
			return delivered, err
		case err != nil:
			return delivered, err
		case m.Type == Close:
			continue // the error comes next
		}
		delivered = true
		if l.stopped = l.handle(ctx, c, m); l.stopped != nil {
			return delivered, l.stopped
		}
	}
}

// backoffAfter is the backoff after a number of failures in a row.
func (l *link) backoffAfter(failures int) time.Duration {
	least, most := l.MinWait, l.MaxWait
	if least == 0 {
		least = defaultMinWait
	}
	if most == 0 {
		most = max(defaultMaxWait, least)
	}
	if least < 0 || most < 0 {
		return 0
	}
	wait := min(least, most)
	for range failures {
		if wait >= most/2 {
			wait = most
			break
		}
		wait *= 2
	}
	return wait - time.Duration(rand.Int64N(int64(wait)/2+1)) //nolint:gosec // spreading load is no secret
}

func sleepFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return httprule.ContextError(ctx)
	}
}
