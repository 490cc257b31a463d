package ws

import (
	"bufio"
	"bytes"
	"io"
)

// Outbound is the buffer of frames without a connection, for tests.
type Outbound struct{ o outbound }

// NewOutbound never writes: what is queued stays for Bytes.
func NewOutbound() *Outbound {
	return &Outbound{outbound{goWorker: func(func()) {}, onWriteError: func(error) {}, flushing: true}}
}

// Codec takes bytes as the codec writes them; the message's compressed mark is
// that of the next message's first frame.
func (o *Outbound) Codec(p []byte, compressed bool) {
	o.o.compressed = compressed
	o.o.Write(p)
}

// Inject is for control frames.
func (o *Outbound) Inject(op MessageType, payload []byte) bool {
	_, ok := o.o.injectControl(op, payload)
	return ok
}

// Bytes is what was queued, and what waits for a boundary.
func (o *Outbound) Bytes() (queued, held []byte) { return o.o.buf, o.o.held }

// Between reports whether the codec's stream stands between two frames.
func (o *Outbound) Between() bool { return o.o.track.betweenFrames() }

// Filter reads all frames of a server's stream as the codec would get them, and
// returns that, with the control messages and the code of a violation. With direct,
// whole small frames are taken past the codec, as a receive that reads does.
func Filter(r io.Reader, limit int64, deflate, direct bool) (data []byte, controls []Message, code CloseCode) {
	in := &inbound{br: bufio.NewReader(r), limit: limit, deflate: deflate}
	in.control = func(op MessageType, p []byte) {
		controls = append(controls, Message{Type: op, Data: append([]byte(nil), p...)})
	}
	next := in.nextForCodec
	if direct {
		next = in.nextDirect
	}
	var err error
	for err == nil {
		var more []byte
		more, err = next()
		data = append(data, more...)
	}
	switch e := err.(type) {
	case *violation:
		return data, controls, e.code
	case *peerCloseError:
		controls = append(controls, Message{Type: Close, Data: []byte(e.reason), Extra: e.code})
		return data, controls, 0
	}
	if err == io.EOF {
		return data, controls, 0
	}
	return data, controls, CloseAbnormal
}

// nextForCodec is what the codec gets next.
func (in *inbound) nextForCodec() ([]byte, error) {
	buf := make([]byte, 512)
	n, err := in.Read(buf)
	return buf[:n], err
}

// nextDirect is the same, or a whole frame that the codec does not get.
func (in *inbound) nextDirect() ([]byte, error) {
	if in.open || in.left > 0 || len(in.head) > 0 {
		return in.nextForCodec()
	}
	switch in.peekFrame() {
	case smallMessage:
		_, payload, err := in.takeSmall()
		if err != nil {
			return nil, err
		}
		return append(bytes.Clone(in.headBuf[:headSize(in.headBuf[:])]), payload...), nil
	case smallControl:
		_, in.err = in.readFrame()
		return nil, in.err
	case notSmall, interrupted:
	}
	return in.nextForCodec()
}

// Inflate decompresses one message.
func Inflate(p []byte, limit int64) ([]byte, error) {
	return (&inflater{limit: limit}).inflate(p)
}
