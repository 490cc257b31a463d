package ws

import (
	"context"
	"io"
	"time"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/errors"
)

// linger is how long a connection stays open after this side has refused what
// the peer sent, so that the peer can read why: a connection that is closed with
// unread data is reset, and the Close frame may be lost.
const linger = time.Second

// run is the goroutine of the Conn. It reads until there is nothing more to
// read, ends the WebSocket as it has to be ended, and gives everything back.
func (c *Conn) run() {
	defer close(c.done)
	err := c.pump()
	c.conclude(err)
	c.wire.rwc.Close()
	c.wire.out.shut()
	c.workers.Wait()
	c.codec.CloseNow() //nolint:errcheck // it returns its buffers; the connection is closed
	c.mu.Lock()
	defer c.mu.Unlock()
	stop(c.beat)
	stop(c.grace)
}

func stop(t *time.Timer) {
	if t != nil {
		t.Stop()
	}
}

// pump reads messages into the queue until the first error.
func (c *Conn) pump() error {
	for {
		m, err := c.read()
		if err != nil {
			return err
		}
		c.deliver(m)
	}
}

// read reads one message from the codec. The codec gets a context that never
// ends: the end of one would end the connection.
func (c *Conn) read() (Message, error) {
	in := &c.wire.in
	typ, r, err := c.codec.Reader(context.Background())
	if err != nil {
		return Message{}, c.readError(err)
	}
	data := make([]byte, 0, min(in.size, highWater))
	for {
		if len(data) == cap(data) {
			if in.fin && int64(len(data)) == in.size {
				break
			}
			data = grow(data, in.size)
		}
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return Message{}, c.readError(err)
		}
	}
	if !in.fin || int64(len(data)) != in.size {
		return Message{}, broken("message without its end") // the codec is out of step
	}
	m := Message{Type: MessageType(typ), Data: data}
	if in.compressed {
		if m.Data, err = c.inflater.inflate(data); err != nil {
			return Message{}, err
		}
	}
	if m.Type == Text && !c.opts.VerbatimText && !utf8.Valid(m.Data) {
		return Message{}, &violation{CloseInvalidText, "text message that is not UTF-8"}
	}
	return m, nil
}

// grow makes room for what was declared, but never much more than has come: a
// declaration costs nothing.
func grow(data []byte, declared int64) []byte {
	size := max(int64(2*len(data)), 512)
	if declared > int64(len(data)) {
		size = min(size, declared)
	}
	return append(make([]byte, 0, size), data...)
}

// readError is what the filter has found, rather than what became of it in the
// codec.
func (c *Conn) readError(err error) error {
	if c.wire.in.err != nil {
		return c.wire.in.err
	}
	return &violation{CloseProtocolError, err.Error()}
}

// control handles a ping or pong of the peer's.
func (c *Conn) control(op MessageType, payload []byte) {
	if c.opts.NoAutoPing {
		c.deliver(Message{Type: op, Data: append([]byte(nil), payload...)})
	} else if op == Ping {
		c.wire.out.pong(payload)
	}
}

// deliver queues a message, and waits until the queue is not full. After Close
// nobody wants messages any more.
func (c *Conn) deliver(m Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != stateOpen {
		return
	}
	c.queue.push(m)
	signal(c.arrived)
	for c.queue.full() && c.state == stateOpen {
		c.paused.Store(true)
		c.mu.Unlock()
		select {
		case <-c.taken:
		case <-c.closed:
		}
		c.mu.Lock()
		c.heard.Store(int64(time.Since(c.born))) // the silence was ours
		c.paused.Store(false)
	}
}

// conclude ends the WebSocket after the pump's error.
func (c *Conn) conclude(err error) {
	if bye := (*peerClose)(nil); errors.As(err, &bye) {
		c.answer(bye)
		return
	}
	if v := (*violation)(nil); errors.As(err, &v) {
		c.finish(&CloseError{Code: v.code, Err: v})
		c.refuse(v)
		return
	}
	c.finish(&CloseError{Code: CloseAbnormal, Err: err})
}

// answer ends the handshake that the peer has begun, or answered.
func (c *Conn) answer(bye *peerClose) {
	half := c.peerClosed(bye)
	if half {
		<-c.closed // Close sends the answer, and closes the connection if it must
	} else {
		c.wire.out.inject(Close, closePayload(bye.code, "")) // not a second time
	}
	c.drain(c.opts.CloseTimeout)
}

// peerClosed queues the peer's Close frame, and reports whether the answer to it
// is left to the caller.
func (c *Conn) peerClosed(bye *peerClose) (half bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == stateOpen {
		c.queue.push(Message{Type: Close, Data: []byte(bye.reason), Extra: bye.code})
		if c.opts.NoAutoClose {
			half = true
			c.state = stateHalf
		}
		stop(c.beat)
	}
	c.finishLocked(&CloseError{Code: bye.code, Reason: bye.reason})
	return half
}

// refuse tells the peer what was wrong, and waits for it to go.
func (c *Conn) refuse(v *violation) {
	c.wire.out.inject(Close, closePayload(v.code, v.text[:min(len(v.text), maxReason)]))
	timer := time.AfterFunc(linger, func() { c.wire.rwc.Close() })
	defer timer.Stop()
	c.drain(linger)
	io.Copy(io.Discard, c.wire.in.br) //nolint:errcheck // until the peer is gone, or the time is up
}

// drain waits until everything is written, but not for longer than limit, which
// is unbounded if it is negative.
func (c *Conn) drain(limit time.Duration) {
	ctx := context.Background()
	if limit >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	c.wire.out.kick()
	c.wire.out.flush(ctx, atBoundary) //nolint:errcheck // the end is known already
}
