package ws

import (
	"context"
	"iter"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Receive waits for the next message (aiohttp: receive). That is a Text, a
// Binary, the peer's Close once, and with Options.NoAutoPing a Ping or a Pong.
// After the end, and after what had come before it, the error is a *[CloseError].
//
// The end of the context, and of Options.ReceiveTimeout (an errors.ErrTimeout),
// leaves the connection usable and loses no message. A receive while another one
// is under way is [ErrConcurrentReceive]. [Conn.Close] in another goroutine wakes
// it; what has not been received by then is lost.
func (c *Conn) Receive(ctx context.Context) (Message, error) {
	if !c.receiving.CompareAndSwap(false, true) {
		return Message{}, ErrConcurrentReceive
	}
	defer c.receiving.Store(false)
	if ctx.Err() != nil {
		return Message{}, &opError{"receive", nil, httprule.ContextError(ctx)}
	}
	c.mu.Lock()
	m, ok, err := c.takeMessageLocked()
	reads := !ok && err == nil && c.acquireReaderLocked()
	c.mu.Unlock()
	if ok || err != nil {
		return m, err
	}
	var limit time.Time
	if c.opts.ReceiveTimeout > 0 {
		limit = time.Now().Add(c.opts.ReceiveTimeout)
	}
	if reads {
		return c.receiveDirect(ctx, limit)
	}
	return c.awaitMessage(ctx, limit)
}

// takeMessageLocked takes a message out of the queue; ok is false if there is none.
func (c *Conn) takeMessageLocked() (Message, bool, error) {
	if c.state == stateClosing {
		return Message{}, false, c.localEndLocked()
	}
	wasFull := c.queue.full()
	m, ok := c.queue.pop()
	switch {
	case ok && wasFull && !c.queue.full():
		signal(c.taken)
	case !ok && c.end != nil:
		return Message{}, false, c.end
	}
	return m, ok, nil
}

// localEndLocked is what Receive returns after this side has called Close.
func (c *Conn) localEndLocked() error {
	if c.end != nil {
		return c.end
	}
	return &CloseError{Code: c.sentCode, Local: true}
}

// awaitMessage waits for a message that the pump reads.
func (c *Conn) awaitMessage(ctx context.Context, limit time.Time) (Message, error) {
	var alarm <-chan time.Time
	if !limit.IsZero() {
		timer := time.NewTimer(time.Until(limit))
		defer timer.Stop()
		alarm = timer.C
	}
	defer c.stopWaiting()
	for {
		if m, ok, err := c.takeMessageOrWait(); ok || err != nil {
			return m, err
		}
		select {
		case <-c.arrived:
		case <-ctx.Done():
			return Message{}, &opError{"receive", nil, httprule.ContextError(ctx)}
		case <-alarm:
			return Message{}, c.timeoutError()
		}
	}
}

// takeMessageOrWait takes a message, or notes that a receiver waits and starts the pump
// if nobody reads.
func (c *Conn) takeMessageOrWait() (Message, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, ok, err := c.takeMessageLocked()
	if c.waiting = !ok && err == nil; c.waiting && !c.reading {
		c.startPumpLocked()
	}
	return m, ok, err
}

func (c *Conn) stopWaiting() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = false
}

func (c *Conn) timeoutError() error {
	return &opError{"receive", nil, &errors.TimeoutError{Phase: phaseReceive, Limit: c.opts.ReceiveTimeout}}
}

// ReceiveText is [Conn.Receive] for a text message (aiohttp: receive_str). A
// message of another type is an *errors.WSMessageTypeError, and is lost; the
// peer's Close is a *[CloseError].
func (c *Conn) ReceiveText(ctx context.Context) (string, error) {
	m, err := c.receiveType(ctx, Text, Text)
	return string(m.Data), err
}

// ReceiveBytes is [Conn.ReceiveText] for a binary message (aiohttp:
// receive_bytes).
func (c *Conn) ReceiveBytes(ctx context.Context) ([]byte, error) {
	m, err := c.receiveType(ctx, Binary, Binary)
	return m.Data, err
}

func (c *Conn) receiveType(ctx context.Context, want, or MessageType) (Message, error) {
	m, err := c.Receive(ctx)
	switch {
	case err != nil:
		return Message{}, err
	case m.Type == want || m.Type == or:
		return m, nil
	case m.Type == Close:
		return Message{}, &CloseError{Code: m.Extra, Reason: string(m.Data)}
	}
	return Message{}, &errors.WSMessageTypeError{Want: want.String(), Got: m.Type.String()}
}

// Messages receives until the end (aiohttp: async for). An orderly end, of either
// side, ends the loop without an error: [Conn.CloseCode] tells which. Any other
// error comes with an empty message, and is the last. Leaving the loop leaves the
// connection open.
func (c *Conn) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		for {
			m, err := c.Receive(ctx)
			if err != nil {
				if end := (*CloseError)(nil); !errors.As(err, &end) || end.Err != nil {
					yield(Message{}, err)
				}
				return
			}
			if m.Type == Close || !yield(m, nil) {
				return
			}
		}
	}
}
