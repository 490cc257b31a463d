package ws

import (
	"bufio"
	"io"
)

// Outbound is the buffer of frames without a connection, for tests.
type Outbound struct{ o outbound }

// NewOutbound never writes: what is queued stays for Bytes.
func NewOutbound() *Outbound {
	return &Outbound{outbound{start: func(func()) {}, fail: func(error) {}, flushing: true}}
}

// Codec takes bytes as the codec writes them; the message's compressed mark is
// that of the next message's first frame.
func (o *Outbound) Codec(p []byte, compressed bool) {
	o.o.compressed = compressed
	o.o.Write(p)
}

// Inject is for control frames.
func (o *Outbound) Inject(op MessageType, payload []byte) bool {
	_, ok := o.o.inject(op, payload)
	return ok
}

// Bytes is what was queued, and what waits for a boundary.
func (o *Outbound) Bytes() (queued, held []byte) { return o.o.buf, o.o.held }

// Between reports whether the codec's stream stands between two frames.
func (o *Outbound) Between() bool { return o.o.track.between() }

// Filter reads all frames of a server's stream as the codec would get them, and
// returns that, with the control messages and the code of a violation.
func Filter(r io.Reader, limit int64, deflate bool) (data []byte, controls []Message, code CloseCode) {
	in := &inbound{br: bufio.NewReader(r), limit: limit, deflate: deflate}
	in.control = func(op MessageType, p []byte) {
		controls = append(controls, Message{Type: op, Data: append([]byte(nil), p...)})
	}
	data, err := io.ReadAll(in)
	switch e := err.(type) {
	case *violation:
		return data, controls, e.code
	case *peerCloseError:
		controls = append(controls, Message{Type: Close, Data: []byte(e.reason), Extra: e.code})
		return data, controls, 0
	case nil:
		return data, controls, 0
	}
	return data, controls, CloseAbnormal
}

// Inflate decompresses one message.
func Inflate(p []byte, limit int64) ([]byte, error) {
	return (&inflater{limit: limit}).inflate(p)
}
