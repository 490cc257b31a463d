package ws

import (
	"crypto/rand"
	"encoding/binary"
	"unicode/utf8"
)

// The bits and limits of a frame's head, RFC 6455 5.2 and 5.5.
const (
	bitFin     = 0x80
	bitRSV1    = 0x40
	bitsRSV23  = 0x30
	bitsOpcode = 0x0F
	bitMask    = 0x80
	bitsLength = 0x7F

	maxHead    = 14
	maxControl = 125
	maxReason  = maxControl - 2
)

// appendControl appends a control frame with its mask. A payload above 125 bytes
// must have been refused before.
func appendControl(b []byte, op MessageType, payload []byte) []byte {
	var key [4]byte
	rand.Read(key[:]) // it never fails
	b = append(b, bitFin|byte(op&bitsOpcode), bitMask|byte(len(payload)&bitsLength))
	b = append(b, key[:]...)
	for i, c := range payload {
		b = append(b, c^key[i&3])
	}
	return b
}

// closePayload is the payload of a Close frame, empty for [CloseNoStatus].
func closePayload(code CloseCode, reason string) []byte {
	if code == CloseNoStatus {
		return nil
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...) //nolint:gosec // sendable codes are below 5000
}

// parseClose reads the payload of a peer's Close frame, RFC 6455 5.5.1.
func parseClose(payload []byte) error {
	switch len(payload) {
	case 0:
		return &peerCloseError{code: CloseNoStatus}
	case 1:
		return protocolViolation("close frame with half a code")
	}
	code, reason := CloseCode(binary.BigEndian.Uint16(payload)), payload[2:]
	if !code.isSendable() {
		return protocolViolation("close frame with the invalid code " + code.String())
	}
	if !utf8.Valid(reason) {
		return &violation{CloseInvalidText, "close frame with a reason that is not UTF-8"}
	}
	return &peerCloseError{code, string(reason)}
}

// frameTracker follows a stream of frames that comes in pieces of any size.
type frameTracker struct {
	head [maxHead]byte
	n    int    // bytes of the head that are there
	left uint64 // bytes of the payload that are to come
}

// betweenFrames reports whether the stream stands at the boundary of two frames.
func (t *frameTracker) betweenFrames() bool { return t.n == 0 && t.left == 0 }

// takeHead adds the start of p to the head. It returns what follows, and whether
// the head is complete.
func (t *frameTracker) takeHead(p []byte) (rest []byte, complete bool) {
	for t.n < headSize(t.head[:t.n]) {
		if len(p) == 0 {
			return nil, false
		}
		k := copy(t.head[t.n:headSize(t.head[:t.n])], p)
		t.n += k
		p = p[k:]
	}
	t.left = payloadSize(t.head[:t.n])
	return p, true
}

// takePayload is the part of p that belongs to the frame. The frame has ended if
// betweenFrames reports true afterwards.
func (t *frameTracker) takePayload(p []byte) (own, rest []byte) {
	if uint64(len(p)) <= t.left {
		own = p
	} else {
		own, rest = p[:t.left], p[t.left:]
	}
	t.left -= uint64(len(own))
	if t.left == 0 {
		t.n = 0
	}
	return own, rest
}

// headSize is how long a head is, as far as its start tells.
func headSize(head []byte) int {
	if len(head) < 2 {
		return 2
	}
	size := 2
	switch head[1] & bitsLength {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if head[1]&bitMask != 0 {
		size += 4
	}
	return size
}

// payloadSize is the declared length in a complete head.
func payloadSize(head []byte) uint64 {
	switch n := head[1] & bitsLength; n {
	case 126:
		return uint64(binary.BigEndian.Uint16(head[2:]))
	case 127:
		return binary.BigEndian.Uint64(head[2:])
	default:
		return uint64(n)
	}
}
