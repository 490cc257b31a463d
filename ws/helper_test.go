package ws_test

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/leak"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/ws"
)

func TestMain(m *testing.M) { leak.Main(m) }

// The first bytes of a server's frames.
const (
	fin  = 0x80
	rsv1 = 0x40
)

// frame is a server's frame: unmasked, with the first byte as it is given.
func frame(first byte, payload string) string {
	return head(first, uint64(len(payload))) + payload
}

// head is a frame's head with a declared length.
func head(first byte, length uint64) string {
	switch {
	case length <= 125:
		return string([]byte{first, byte(length)})
	case length <= 0xFFFF:
		return string(binary.BigEndian.AppendUint16([]byte{first, 126}, uint16(length)))
	}
	return string(binary.BigEndian.AppendUint64([]byte{first, 127}, length))
}

func text(s string) string { return frame(fin|1, s) }

func closeFrame(code int, reason string) string {
	return frame(fin|8, string(binary.BigEndian.AppendUint16(nil, uint16(code)))+reason)
}

// received is a client's frame, unmasked.
type received struct {
	first   byte
	masked  bool
	payload string
}

func (f received) op() ws.MessageType { return ws.MessageType(f.first & 15) }

// code is that of a Close frame, or 1005.
func (f received) code() ws.CloseCode {
	if len(f.payload) < 2 {
		return ws.CloseNoStatus
	}
	return ws.CloseCode(binary.BigEndian.Uint16([]byte(f.payload)))
}

// peer is the scripted server's end of a WebSocket.
type peer struct {
	*wiretest.Conn
	t *testing.T
}

// accept answers the handshake, with more lines of header.
func (p *peer) accept(extra ...string) bool {
	head, ok := p.ReadHead()
	if !ok {
		return false
	}
	sum := sha1.Sum([]byte(headerOf(head, "Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	lines := append([]string{
		"HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(sum[:]),
	}, extra...)
	return p.Write(strings.Join(lines, "\r\n") + "\r\n\r\n")
}

func headerOf(head, name string) string {
	for line := range strings.SplitSeq(head, "\r\n") {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(key, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// read reads a frame; ok is false when the client has gone.
func (p *peer) read() (f received, ok bool) {
	h, ok := p.ReadBody(2)
	if !ok {
		return f, false
	}
	f.first, f.masked = h[0], h[1]&0x80 != 0
	n := uint64(h[1] & 0x7f)
	if n >= 126 {
		size := 2 << (2 * (n - 126))
		ext, ok := p.ReadBody(size)
		if !ok {
			return f, false
		}
		n = 0
		for _, c := range []byte(ext) {
			n = n<<8 | uint64(c)
		}
	}
	key := "\x00\x00\x00\x00"
	if f.masked {
		if key, ok = p.ReadBody(4); !ok {
			return f, false
		}
	}
	body, ok := p.ReadBody(int(n))
	b := []byte(body)
	for i := range b {
		b[i] ^= key[i&3]
	}
	f.payload = string(b)
	return f, ok
}

// readClose reads until a Close frame, and returns its code; 0 is none.
func (p *peer) readClose() ws.CloseCode {
	for {
		f, ok := p.read()
		if !ok {
			return 0
		}
		if f.op() == ws.Close {
			return f.code()
		}
	}
}

// echo sends messages back until a Close, which it answers.
func (p *peer) echo() {
	for {
		f, ok := p.read()
		switch {
		case !ok:
			return
		case f.op() == ws.Close:
			p.Write(frame(fin|8, f.payload))
			return
		case f.op() != ws.Pong:
			p.Write(frame(f.first, f.payload))
		}
	}
}

// serve runs a script after the handshake, on loopback.
func serve(t *testing.T, script func(*peer), extra ...string) *wiretest.Server {
	t.Helper()
	return wiretest.New(t, func(c *wiretest.Conn) {
		if p := (&peer{c, t}); p.accept(extra...) {
			script(p)
		}
	})
}

// client keeps no connections.
func client(t *testing.T) *http.Client {
	t.Helper()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// dial opens a WebSocket, which is closed with the test.
func dial(t *testing.T, srv *wiretest.Server, opts *ws.Options) *ws.Conn {
	t.Helper()
	return dialWith(t, client(t), srv.URL(), opts)
}

func dialWith(t *testing.T, doer ws.Doer, url string, opts *ws.Options) *ws.Conn {
	t.Helper()
	c, err := ws.Dial(t.Context(), doer, url, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(0, "") })
	return c
}

// bubble is serve and dial on a network in memory, for synctest.
func bubble(t *testing.T, script func(*peer), opts *ws.Options) *ws.Conn {
	t.Helper()
	network := memnet.New()
	ln, err := network.Listen("example.com:80")
	if err != nil {
		t.Fatal(err)
	}
	var extra []string
	if opts != nil && opts.Compress != nil {
		extra = append(extra, deflated)
	}
	wiretest.NewOn(t, ln, func(c *wiretest.Conn) {
		if p := (&peer{c, t}); p.accept(extra...) {
			script(p)
		}
	})
	tr := &http.Transport{DialContext: func(ctx context.Context, n, addr string) (net.Conn, error) {
		return network.DialContext(ctx, n, addr)
	}}
	return dialWith(t, &http.Client{Transport: tr}, "ws://example.com/", opts)
}

// within is a context that ends in time for a test that hangs to say where.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// receive wants a message of a type.
func receive(t *testing.T, c *ws.Conn, typ ws.MessageType) ws.Message {
	t.Helper()
	m, err := c.Receive(within(t))
	if err != nil {
		t.Fatal(err)
	}
	if m.Type != typ {
		t.Fatalf("got a %v message %q, want a %v one", m.Type, m.Data, typ)
	}
	return m
}

// ended wants the end, after whatever messages are still there.
func ended(t *testing.T, c *ws.Conn) *ws.CloseError {
	t.Helper()
	for {
		_, err := c.Receive(within(t))
		if err == nil {
			continue
		}
		end, ok := errors.AsType[*ws.CloseError](err)
		if !ok {
			t.Fatalf("got %v, want a CloseError", err)
		}
		return end
	}
}
