package console_test

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
)

// peer is the server's side of a WebSocket, frame by frame.
type peer struct {
	t  *testing.T
	rw *bufio.ReadWriter
}

// frame is one that the client sent, without its mask.
type frame struct {
	op   byte
	data string
}

// read reads one frame; at the end its opcode is 0.
func (p *peer) read() frame {
	head := make([]byte, 2)
	if _, err := io.ReadFull(p.rw, head); err != nil {
		return frame{}
	}
	n := int(head[1] & 0x7f)
	if n == 126 {
		long := make([]byte, 2)
		if _, err := io.ReadFull(p.rw, long); err != nil {
			return frame{}
		}
		n = int(binary.BigEndian.Uint16(long))
	}
	data := make([]byte, 4+n)
	if _, err := io.ReadFull(p.rw, data); err != nil {
		return frame{}
	}
	for i := range n {
		data[4+i] ^= data[i%4]
	}
	return frame{head[0] & 0xf, string(data[4:])}
}

// send sends one frame of at most 125 bytes.
func (p *peer) send(op ws.MessageType, data string) {
	_, _ = p.rw.Write([]byte{0x80 | byte(op), byte(len(data))})
	_, _ = p.rw.WriteString(data)
	_ = p.rw.Flush()
}

// close sends a Close frame.
func (p *peer) close(code uint16, reason string) {
	p.send(ws.Close, string(binary.BigEndian.AppendUint16(nil, code))+reason)
}

// closeOf is the code of a Close frame.
func closeOf(f frame) int {
	if f.op != byte(ws.Close) || len(f.data) < 2 {
		return 0
	}
	return int(binary.BigEndian.Uint16([]byte(f.data)))
}

// dial opens a WebSocket to a server that serve plays.
func dial(t *testing.T, serve func(*peer)) *ws.Conn {
	t.Helper()
	srv := httptest.NewServer(accept(t, serve))
	t.Cleanup(srv.Close)
	return open(t, session.Config{}, srv.URL)
}

// dialInBubble does the same on a network in memory.
func dialInBubble(t *testing.T, serve func(*peer)) *ws.Conn {
	t.Helper()
	n := memnet.New()
	ln, err := n.Listen("h:80")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: accept(t, serve)}
	go srv.Serve(ln)
	t.Cleanup(func() { _ = srv.Close() })
	conn, err := connector.New(connector.Config{DialContext: n.DialContext})
	if err != nil {
		t.Fatal(err)
	}
	return open(t, session.Config{Connector: conn, OwnConnector: true}, "http://h/")
}

// accept makes each connection a WebSocket that serve plays.
func accept(t *testing.T, serve func(*peer)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
			base64.StdEncoding.EncodeToString(sum[:]) + "\r\n\r\n")
		_ = rw.Flush()
		serve(&peer{t, rw})
	})
}

func open(t *testing.T, cfg session.Config, url string) *ws.Conn {
	t.Helper()
	s, err := session.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	c, err := s.WebSocket(context.Background(), url, &ws.Options{NoAutoPing: true})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
