package ws

import (
	"compress/flate"
	"context"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// SendOption changes how one message is sent.
type SendOption struct {
	set   bool
	level int
}

// Level compresses one message with another level than the connection's, 1 to 9,
// whatever its length; 0 does not compress it (aiohttp: the argument compress of
// send_str, send_bytes and send_json). Any level but 0 needs a connection with
// compression.
func Level(n int) SendOption { return SendOption{set: true, level: n} }

// SendText sends a text message, which has to be UTF-8 (aiohttp: send_str).
//
// It returns when the message is written to the connection. If the context ends
// before that, either nothing of the message was sent or all of it will be; the
// connection stays usable. After a Close of either side the error is an
// errors.ErrClientConnectionReset.
func (c *Conn) SendText(ctx context.Context, text string, opts ...SendOption) error {
	return c.sendMessage(ctx, Text, []byte(text), opts)
}

// SendBytes sends a binary message; the data may be reused when it returns
// (aiohttp: send_bytes). For the rest it is [Conn.SendText].
func (c *Conn) SendBytes(ctx context.Context, data []byte, opts ...SendOption) error {
	return c.sendMessage(ctx, Binary, data, opts)
}

// SendFrame sends a payload by its opcode: Text, Binary, Ping or Pong (aiohttp:
// send_frame). Others are refused: what they need is done by the package.
func (c *Conn) SendFrame(ctx context.Context, op MessageType, payload []byte, opts ...SendOption) error {
	switch op {
	case Text, Binary:
		return c.sendMessage(ctx, op, payload, opts)
	case Ping, Pong:
		if len(opts) > 0 {
			return invalidRequest("websocket frame", "control frames cannot be compressed") // RFC 7692 5
		}
		return c.sendControl(ctx, op, payload)
	case Close:
		return invalidRequest("websocket frame", "a close frame is sent by Conn.Close")
	case Continuation:
	}
	return invalidRequest("websocket frame", op.String()+" frames cannot be sent")
}

// Ping sends a ping and does not wait for the answer (aiohttp: ping). The payload
// is at most 125 bytes. Any goroutine may call it at any time, as [Conn.SendText].
func (c *Conn) Ping(ctx context.Context, payload []byte) error {
	return c.sendControl(ctx, Ping, payload)
}

// Pong sends a pong that nobody need have asked for (aiohttp: pong). The payload
// is at most 125 bytes.
func (c *Conn) Pong(ctx context.Context, payload []byte) error {
	return c.sendControl(ctx, Pong, payload)
}

func (c *Conn) sendControl(ctx context.Context, op MessageType, payload []byte) error {
	if len(payload) > maxControl {
		return invalidRequest("websocket "+op.String(), "has more than 125 bytes")
	}
	out := &c.wire.out
	if err := c.awaitSendRoom(ctx); err != nil {
		return c.sendError(op, err)
	}
	position, ok := out.injectControl(op, payload)
	if !ok {
		return c.sendError(op, c.endCause())
	}
	return c.sendError(op, out.flushTo(ctx, position))
}

// awaitSendRoom waits for room in the buffer.
func (c *Conn) awaitSendRoom(ctx context.Context) error {
	if ctx.Err() != nil {
		return httprule.ContextError(ctx)
	}
	return c.wire.out.awaitRoom(ctx)
}

func (c *Conn) sendMessage(ctx context.Context, typ MessageType, data []byte, opts []SendOption) error {
	if typ == Text && !utf8.Valid(data) {
		return invalidRequest("websocket text", "is not UTF-8") // RFC 6455 8.1
	}
	level, err := c.compressionLevel(len(data), opts)
	if err != nil {
		return err
	}
	if err := c.awaitSendRoom(ctx); err != nil {
		return c.sendError(typ, err)
	}
	position, err := c.encodeMessage(typ, data, level) //nolint:contextcheck // it waits for nothing
	if err == nil {
		c.tellMessage(true, typ, len(data))
		err = c.wire.out.flushTo(ctx, position)
	}
	return c.sendError(typ, err)
}

// compressionLevel is the level of compression for a message, 0 for none.
func (c *Conn) compressionLevel(length int, opts []SendOption) (int, error) {
	level := 0
	if z := c.compression; z != nil && length >= z.Threshold {
		level = z.Level
	}
	for _, o := range opts {
		switch {
		case !o.set:
		case o.level < 0 || o.level > flate.BestCompression:
			return 0, invalidRequest("compression level", "is not 0 to 9")
		case o.level > 0 && c.compression == nil:
			return 0, invalidRequest("compression level", "needs a connection with compression")
		default:
			level = o.level
		}
	}
	return level, nil
}

// encodeMessage has the codec make a message's frame, all of it, in memory.
func (c *Conn) encodeMessage(typ MessageType, data []byte, level int) (position uint64, err error) {
	c.sending.Lock()
	defer c.sending.Unlock()
	out := &c.wire.out
	if level > 0 {
		if out.isSealed() {
			return 0, c.endCause() // and the deflater may be gone
		}
		if data, err = c.deflater.compress(data, level); err != nil {
			return 0, err
		}
	}
	if !out.beginMessage(len(data), level > 0) {
		return 0, c.endCause()
	}
	if err := c.codec.Write(context.Background(), websocket.MessageType(typ), data); err != nil {
		return 0, out.writeError(err)
	}
	return out.queuedPosition(), nil
}

// endCause is why nothing more can be sent.
func (c *Conn) endCause() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end != nil {
		return c.end
	}
	return errClosing
}

var errClosing = errors.New("the connection is closing")

// sendError gives a failed send its class.
func (c *Conn) sendError(typ MessageType, err error) error {
	if err == nil {
		return nil
	}
	class := error(nil)
	if !isContext(err) {
		class = errors.ErrClientConnectionReset // "Cannot write to closing transport"
	}
	return &opError{"send " + typ.String(), class, err}
}

func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
