package simulate

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// events are those that the client has not seen yet.
func events(req *http.Request, op *Op) []byte {
	last, _ := strconv.Atoi(req.Header.Get("Last-Event-Id"))
	var b bytes.Buffer
	for n := last + 1; n <= op.Count; n++ {
		fmt.Fprintf(&b, "id: %d\nretry: 200\ndata: event %d of %d\n\n", n, n, op.ID)
	}
	return b.Bytes()
}

func (t *turn) serveEvents() bool {
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
	if t.answer.Framing == "chunked" {
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
	} else {
		b.WriteString("Connection: close\r\n\r\n")
	}
	framing := t.answer.Framing
	if framing == "length" {
		framing = "close"
	}
	writeBody(&b, events(t.req, t.op), framing)
	t.send(b.Bytes())
	return false
}

func (s *server) streamEvents(w http.ResponseWriter, req *http.Request, answer Answer, op *Op) {
	w.Header().Set("Content-Type", "text/event-stream")
	s.sendHTTP2(w, req, http.StatusOK, events(req, op), answer)
}

// serveSocket is a WebSocket that sends back what it gets, up to its fault.
func (t *turn) serveSocket() bool {
	sum := sha1.Sum([]byte(t.req.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	fmt.Fprintf(t.conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	t.leave() // RFC 6455: it is no request any more
	for n := 0; ; n++ {
		op, payload, err := readFrame(t.br)
		if err != nil {
			return false
		}
		frame := appendFrame(nil, op, payload)
		if t.answer.Fault != None && n == t.op.Count*t.answer.At/1000 {
			t.write(frame[:len(frame)*t.answer.At/1000])
			if c, ok := t.nc.(*serverConn); ok && t.answer.Fault == Reset {
				c.reset()
			}
			return false
		}
		if !t.write(frame) || op == 8 {
			return false
		}
	}
}

// readFrame reads a frame of a client's, which is masked.
func readFrame(br *bufio.Reader) (op byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(br, head[:]); err != nil {
		return 0, nil, err
	}
	size := uint64(head[1] & 0x7f)
	if size >= 126 {
		long := make([]byte, map[uint64]int{126: 2, 127: 8}[size])
		if _, err := io.ReadFull(br, long); err != nil {
			return 0, nil, err
		}
		size = binary.BigEndian.Uint64(append(make([]byte, 8-len(long)), long...))
	}
	rest := make([]byte, 4+size)
	if _, err := io.ReadFull(br, rest); err != nil {
		return 0, nil, err
	}
	payload = rest[4:]
	for i := range payload {
		payload[i] ^= rest[i%4]
	}
	return head[0] & 0x0f, payload, nil
}

func appendFrame(b []byte, op byte, payload []byte) []byte {
	b = append(b, 0x80|op)
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}
