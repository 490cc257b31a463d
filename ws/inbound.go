package ws

import (
	"bufio"
	"io"
	"math"
	"os"

	"github.com/aiolos-http/aiolos/errors"
)

// inbound is what the codec reads. It looks at every frame first: it refuses
// those that RFC 6455 forbids, keeps control frames for itself, and hides the
// bit that marks a compressed message. A Read never goes beyond a frame, so the
// codec has nothing of the next message while it works on one.
//
// It belongs to the reader, see reader.go.
type inbound struct {
	br      *bufio.Reader
	limit   int64 // of a message in bytes, negative: none
	deflate bool  // permessage-deflate was negotiated
	// control is called for each Ping and Pong; the payload is valid during the
	// call only.
	control func(op MessageType, payload []byte)

	head    []byte // what the codec has not read of the present head
	headBuf [maxHead]byte
	left    int64 // bytes of the present payload that are to come
	err     error // what ended the reading

	open       bool  // a message has begun and not ended
	compressed bool  // it is compressed
	fin        bool  // its last frame has begun
	size       int64 // its declared length so far
	frames     int64
}

// Read gives the codec data frames, without control frames and compression bits.
func (in *inbound) Read(p []byte) (int, error) {
	if in.err != nil {
		return 0, in.err
	}
	if len(in.head) == 0 && in.left == 0 {
		if err := in.nextDataFrame(); err != nil {
			in.err = err
			return 0, err
		}
	}
	n := copy(p, in.head)
	in.head = in.head[n:]
	p = p[n:]
	if int64(len(p)) > in.left {
		p = p[:in.left]
	}
	if len(p) == 0 {
		return n, nil
	}
	if n > 0 { // what has arrived only, so that the head does not wait
		p = p[:min(len(p), in.br.Buffered())]
		if len(p) == 0 {
			return n, nil
		}
	}
	m, err := in.br.Read(p)
	in.left -= int64(m)
	if err != nil {
		in.err = unexpectedEOF(err)
		err = in.err
	}
	return n + m, err
}

// nextDataFrame goes to the next data frame.
func (in *inbound) nextDataFrame() error {
	for {
		if control, err := in.readFrame(); err != nil || !control {
			return err
		}
	}
}

// readFrame reads the head of a frame, and all of it if it is a control frame.
func (in *inbound) readFrame() (control bool, err error) {
	first, length, err := in.readHead()
	if err != nil {
		return false, err
	}
	op := MessageType(first & bitsOpcode)
	if err := in.checkHead(first, op, length); err != nil {
		return false, err
	}
	if !op.isControl() {
		in.left = int64(length) //nolint:gosec // check has bounded it
		in.fin = first&bitFin != 0
		in.open = !in.fin
		return false, nil
	}
	var buf [maxControl]byte
	payload := buf[:length]
	if _, err := io.ReadFull(in.br, payload); err != nil {
		return false, unexpectedEOF(err)
	}
	if op == Close {
		return true, parseClose(payload)
	}
	in.control(op, payload)
	return true, nil
}

// frameKind is what peekFrame says of the next frame.
type frameKind uint8

const (
	notSmall frameKind = iota // it does not fit into the buffer, or is one of several, or there is none
	smallMessage
	smallControl
	interrupted // by a deadline; it may be tried again
)

// peekFrame waits until the next frame is in the buffer, all of it, so that reading
// it does not wait any more. It takes nothing out. It is called between messages
// only.
func (in *inbound) peekFrame() frameKind {
	b, err := in.br.Peek(2)
	if err == nil {
		b, err = in.br.Peek(headSize(b))
	}
	if err != nil {
		return in.keepPeekError(len(b), err)
	}
	n := payloadSize(b)
	if n > uint64(in.br.Size()-len(b)) || b[0]&bitFin == 0 { //nolint:gosec // a head fits into the buffer
		return notSmall
	}
	kind := smallMessage
	if MessageType(b[0] & bitsOpcode).isControl() {
		kind = smallControl
	}
	if b, err = in.br.Peek(len(b) + int(n)); err != nil { //nolint:gosec // as above
		return in.keepPeekError(len(b), err)
	}
	return kind
}

// takeSmall takes out the frame that peekFrame has called a smallMessage.
func (in *inbound) takeSmall() (MessageType, []byte, error) {
	if _, in.err = in.readFrame(); in.err != nil {
		return 0, nil, in.err
	}
	typ := MessageType(in.head[0] & bitsOpcode)
	data := make([]byte, in.left)
	_, in.err = io.ReadFull(in.br, data)
	in.head, in.left = nil, 0
	return typ, data, in.err
}

// keepPeekError keeps an error for the codec to meet, unless it is a deadline: a
// connection may report it once only.
func (in *inbound) keepPeekError(n int, err error) frameKind {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return interrupted
	}
	if n > 0 {
		err = unexpectedEOF(err)
	}
	in.err = err
	return notSmall
}

// readHead reads a frame's head, and keeps a copy without the compression bit.
func (in *inbound) readHead() (first byte, length uint64, err error) {
	b, err := in.br.Peek(2)
	if err == nil {
		if b[1]&bitMask != 0 {
			return 0, 0, protocolViolation("masked frame from the server") // RFC 6455 5.1
		}
		b, err = in.br.Peek(headSize(b))
	}
	if err != nil {
		if len(b) > 0 || in.open {
			err = unexpectedEOF(err)
		}
		return 0, 0, err
	}
	first = b[0]
	in.head = in.headBuf[:copy(in.headBuf[:], b)]
	in.head[0] &^= bitRSV1
	if _, err := in.br.Discard(len(b)); err != nil {
		return 0, 0, err
	}
	return first, payloadSize(in.head), nil
}

// checkHead refuses a frame's head that breaks RFC 6455 5.2 to 5.5 and RFC 7692 6.
func (in *inbound) checkHead(first byte, op MessageType, length uint64) error {
	compressed := first&bitRSV1 != 0
	switch {
	case first&bitsRSV23 != 0:
		return protocolViolation("frame with reserved bits set")
	case !op.isKnown():
		return protocolViolation("frame with the reserved " + op.String())
	case compressed && !in.deflate:
		return protocolViolation("compressed frame, but compression was not negotiated")
	case compressed && (op.isControl() || op == Continuation):
		return protocolViolation("compression bit on a " + op.String() + " frame")
	case op.isControl() && first&bitFin == 0:
		return protocolViolation("fragmented " + op.String() + " frame")
	case op.isControl() && length > maxControl:
		return protocolViolation(op.String() + " frame of more than 125 bytes")
	case op.isControl():
		in.head = nil // not the codec's
		return nil
	case op == Continuation && !in.open:
		return protocolViolation("continuation frame without a message")
	case op != Continuation && in.open:
		return protocolViolation("new message within a fragmented one")
	}
	if op != Continuation {
		in.compressed, in.size, in.frames = compressed, 0, 0
	}
	return in.countFrame(length)
}

// countFrame adds a data frame to its message, within the limits.
func (in *inbound) countFrame(length uint64) error {
	most := int64(math.MaxInt64)
	if in.limit >= 0 {
		most = in.limit
		if in.compressed { // deflate may add a little to what it cannot shrink
			most += min(in.limit>>8+64, math.MaxInt64-in.limit)
		}
		// Empty fragments cost memory and time but no bytes.
		if in.frames++; in.frames > max(1024, in.limit/256) {
			return &violation{CloseMessageTooBig, "message in too many fragments"}
		}
	} else if length > math.MaxInt64 {
		return protocolViolation("frame of more than 2^63-1 bytes")
	}
	if length > uint64(most-in.size) { //nolint:gosec // size is never above most
		return tooBig(in.limit)
	}
	in.size += int64(length) //nolint:gosec // as above
	return nil
}

// unexpectedEOF makes the end of the connection one within a frame.
func unexpectedEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
