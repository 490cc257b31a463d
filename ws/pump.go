package ws

import (
	"context"
	"io"
	"time"
	"unicode/utf8"
)

// pumpMessages reads messages into the queue, until it can hand the reading back to a
// receiver or until the end.
func (c *Conn) pumpMessages() {
	for {
		m, err := c.readMessage()
		if err != nil {
			c.endReading(err)
			return
		}
		if c.deliverMessage(m) {
			return
		}
	}
}

// readMessage reads one message from the codec. The codec gets a context that never
// ends: the end of one would end the connection.
func (c *Conn) readMessage() (Message, error) {
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
			data = growBuffer(data, in.size)
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
		return Message{}, c.readError(protocolViolation("message without its end"))
	}
	return c.newMessage(MessageType(typ), data)
}

// readSmallMessage reads a message that is in the buffer, all of it in one frame.
// The codec does not see it: its locks and its own buffer would take longer than
// all the rest, and inbound has looked at the frame in any case. To the codec, it
// is as if the peer had not sent it.
func (c *Conn) readSmallMessage() (Message, error) {
	typ, data, err := c.wire.in.takeSmall()
	if err != nil {
		return Message{}, err
	}
	return c.newMessage(typ, data)
}

// newMessage is the message that was read last, decompressed and checked.
func (c *Conn) newMessage(typ MessageType, data []byte) (Message, error) {
	m := Message{Type: typ, Data: data}
	if c.wire.in.compressed {
		var err error
		if m.Data, err = c.inflater.inflate(data); err != nil {
			return Message{}, err
		}
	}
	if m.Type == Text && !c.opts.VerbatimText && !utf8.Valid(m.Data) {
		return Message{}, &violation{CloseInvalidText, "text message that is not UTF-8"}
	}
	c.tellMessage(false, m.Type, len(m.Data))
	return m, nil
}

// growBuffer makes room for the declared size, but never for much more than has come: a
// peer declares at no cost.
func growBuffer(data []byte, declared int64) []byte {
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
	return protocolViolation(err.Error())
}

// handleControl handles a ping or pong of the peer's.
func (c *Conn) handleControl(op MessageType, payload []byte) {
	if c.opts.NoAutoPing {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.queueMessageLocked(Message{Type: op, Data: append([]byte(nil), payload...)})
		c.awaitQueueRoomLocked()
	} else if op == Ping {
		c.wire.out.answerPing(payload)
	}
}

// deliverMessage queues a message. If a receiver waits for it, the receiver is also to
// read the next one: then the pump is over.
func (c *Conn) deliverMessage(m Message) (over bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting := c.waiting
	c.queueMessageLocked(m)
	if waiting && c.wake.set != nil && c.state == stateOpen {
		c.releaseReaderLocked()
		return true
	}
	c.awaitQueueRoomLocked()
	return false
}

// queueMessageLocked queues a message and wakes the receiver. After Close nobody wants
// messages any more.
func (c *Conn) queueMessageLocked(m Message) {
	if c.state == stateOpen {
		c.queue.push(m)
		c.waiting = false
		signal(c.arrived)
	}
}

// awaitQueueRoomLocked waits until the queue is not full.
func (c *Conn) awaitQueueRoomLocked() {
	for c.queue.full() && c.state == stateOpen {
		c.pumpWaits.Store(true)
		c.mu.Unlock()
		select {
		case <-c.taken:
		case <-c.closed:
		}
		c.mu.Lock()
		c.lastRead.Store(int64(time.Since(c.opened))) // the silence was ours
		c.pumpWaits.Store(false)
	}
}
