package ws_test

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/aiolos-http/aiolos/ws"
)

// canned is a connection without a system call: after whatever is written, the
// same message can be read.
type canned struct {
	answer []byte
	rest   []byte        // of what is being read
	sent   chan struct{} // one for each message
	closed chan struct{}
	once   sync.Once
}

func newCanned(answer []byte) *canned {
	return &canned{answer: answer, sent: make(chan struct{}, 1), closed: make(chan struct{})}
}

func (c *canned) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		select {
		case <-c.sent:
			c.rest = c.answer
		case <-c.closed:
			return 0, io.EOF
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *canned) Write(p []byte) (int, error) {
	select {
	case c.sent <- struct{}{}:
	case <-c.closed:
		return 0, net.ErrClosed
	}
	return len(p), nil
}

func (c *canned) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func (c *canned) SetReadDeadline(time.Time) error  { return nil }
func (c *canned) SetWriteDeadline(time.Time) error { return nil }

// RoundTrip answers a handshake.
func (c *canned) RoundTrip(req *http.Request) (*http.Response, error) {
	sum := sha1.Sum([]byte(req.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return &http.Response{
		StatusCode: http.StatusSwitchingProtocols, ProtoMajor: 1, ProtoMinor: 1, Request: req, Body: c,
		Header: http.Header{
			"Upgrade": {"websocket"}, "Connection": {"Upgrade"},
			"Sec-Websocket-Accept": {base64.StdEncoding.EncodeToString(sum[:])},
		},
	}, nil
}

// BenchmarkOverhead is what a small message there and back costs apart from the
// system calls, with this package and with coder/websocket alone. The figure to
// compare is cpu-ns/op.
func BenchmarkOverhead(b *testing.B) {
	answer := append([]byte{fin | 2, 64}, make([]byte, 64)...)
	const url = "ws://example.com/"
	cancelable, cancel := context.WithCancel(context.Background())
	defer cancel()
	for name, ctx := range map[string]context.Context{"background": context.Background(), "cancelable": cancelable} {
		b.Run(name+"/aiolos", func(b *testing.B) {
			conn := newCanned(answer)
			c, err := ws.Dial(b.Context(), &http.Client{Transport: conn}, url, nil)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close(0, "")
			defer conn.Close()
			measure(b, 64, func(data []byte) error {
				if err := c.SendBytes(ctx, data); err != nil {
					return err
				}
				_, err := c.Receive(ctx)
				return err
			})
		})
		b.Run(name+"/coder", func(b *testing.B) {
			opts := &websocket.DialOptions{HTTPClient: &http.Client{Transport: newCanned(answer)}}
			c, _, err := websocket.Dial(b.Context(), url, opts)
			if err != nil {
				b.Fatal(err)
			}
			defer c.CloseNow()
			measure(b, 64, func(data []byte) error {
				if err := c.Write(ctx, websocket.MessageBinary, data); err != nil {
					return err
				}
				_, _, err := c.Read(ctx)
				return err
			})
		})
	}
}
