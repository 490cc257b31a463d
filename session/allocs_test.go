package session_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/session"
)

// answerAll is a server that gives every request the same answer and does not
// allocate, so that what is counted is the client's.
func answerAll(t testing.TB, body int) (url string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: raw\r\n"+
		"Date: Sat, 21 Nov 2026 00:00:00 GMT\r\nContent-Length: %d\r\n\r\n%s", body, bytes.Repeat([]byte("x"), body))
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go answerConn(c, answer)
		}
	}()
	return "http://" + ln.Addr().String() + "/path?q=1"
}

func answerConn(c net.Conn, answer []byte) {
	defer c.Close()
	buf := make([]byte, 16<<10)
	n := 0
	for {
		m, err := c.Read(buf[n:])
		if err != nil {
			return
		}
		if n += m; bytes.Contains(buf[:n], []byte("\r\n\r\n")) {
			n = 0
			if _, err := c.Write(answer); err != nil {
				return
			}
		}
	}
}

// full is a session with everything on that a request can pay for.
func full() session.Config {
	return session.Config{Timeout: session.ClientTimeout{Total: 5 * time.Minute, SockRead: time.Minute}}
}

func drain(t testing.TB, resp *session.Response, buf []byte) {
	for {
		if _, err := resp.Body.Read(buf); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	resp.Close()
}

// TestGetAllocs is the budget of a GET of 64 bytes: 40 allocations, 45 if the
// context can be cancelled. http.Client needs 49 for the same, with none of the
// timeouts and no jar.
func TestGetAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	cancelable, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, test := range []struct {
		name string
		ctx  context.Context
		max  float64
	}{{"background", context.Background(), 40}, {"cancelable", cancelable, 45}} {
		t.Run(test.name, func(t *testing.T) {
			s := newSession(t, full())
			url, buf := answerAll(t, 64), make([]byte, 4096)
			got := testing.AllocsPerRun(200, func() {
				resp, err := s.Get(test.ctx, url)
				if err != nil {
					t.Fatal(err)
				}
				drain(t, resp, buf)
			})
			t.Logf("%v allocations", got)
			if got > test.max {
				t.Errorf("got %v allocations, want at most %v", got, test.max)
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	cancelable, cancel := context.WithCancel(context.Background())
	defer cancel()
	for name, ctx := range map[string]context.Context{"background": context.Background(), "cancelable": cancelable} {
		b.Run(name, func(b *testing.B) {
			s, err := session.New(full())
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			url, buf := answerAll(b, 64), make([]byte, 4096)
			b.ReportAllocs()
			for b.Loop() {
				resp, err := s.Get(ctx, url)
				if err != nil {
					b.Fatal(err)
				}
				drain(b, resp, buf)
			}
		})
	}
}
