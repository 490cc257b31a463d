package session_test

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

const okResponse = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// bubble is a session on a network in memory, in a bubble where time is fake.
type bubble struct {
	net  *memnet.Network
	conn *connector.Connector
	s    *session.Session
}

func inBubble(t *testing.T, cfg connector.Config, timeout session.ClientTimeout, f func(t *testing.T, b *bubble)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{net: memnet.New()}
		cfg.DialContext = b.net.DialContext
		var err error
		if b.conn, err = connector.New(cfg); err != nil {
			t.Fatal(err)
		}
		if b.s, err = session.New(session.Config{Connector: b.conn, OwnConnector: true, Timeout: timeout}); err != nil {
			t.Fatal(err)
		}
		f(t, b)
		synctest.Wait()
		if st := b.conn.Stats(); st.InUse != 0 || st.Waiting != 0 {
			t.Errorf("slots leaked: %+v", st)
		}
		b.s.Close()
	})
}

// serve runs a script for each connection to addr.
func (b *bubble) serve(t *testing.T, addr string, script func(*wiretest.Conn)) *wiretest.Server {
	t.Helper()
	ln, err := b.net.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	return wiretest.NewOn(t, ln, script)
}

// fine answers every request.
func fine(c *wiretest.Conn) {
	for {
		if _, ok := c.ReadHead(); !ok {
			return
		}
		c.Write(okResponse)
	}
}

// get makes a request and reads its body.
func (b *bubble) get(ctx context.Context, url string, opts ...session.Option) error {
	resp, err := b.s.Get(ctx, url, opts...)
	if err != nil {
		return err
	}
	_, err = resp.Bytes()
	return err
}

// timeoutCase is a server that is slow at one point, and what comes of it.
type timeoutCase struct {
	name    string
	url     string
	timeout session.ClientTimeout
	script  func(*wiretest.Conn) // of the first connection
	before  func(t *testing.T, b *bubble) (undo func())
	opts    []session.Option
	kind    error
	phase   errors.Phase
	after   time.Duration
}

func stallAfter(text string) func(*wiretest.Conn) {
	return func(c *wiretest.Conn) {
		if _, ok := c.ReadHead(); ok && c.Write(text) {
			c.Stall()
		}
	}
}

// takeSlot uses up the connector's only slot.
func takeSlot(t *testing.T, b *bubble) func() {
	resp, err := b.s.Get(context.Background(), "http://other/", session.Timeout(-1))
	if err != nil {
		t.Fatal(err)
	}
	return func() { resp.Close() }
}

func timeoutCases() []timeoutCase {
	const s = time.Second
	silent := func(c *wiretest.Conn) { c.Stall() }
	deaf := func(c *wiretest.Conn) { c.Hang() }
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"
	upload := opt(session.Bytes(make([]byte, 1<<20)))
	blackhole := func(t *testing.T, b *bubble) func() {
		b.net.Blackhole("slow:80")
		return func() { b.net.Restore("slow:80") }
	}
	var cases []timeoutCase
	add := func(name, url string, timeout session.ClientTimeout, kind error, phase errors.Phase, script func(*wiretest.Conn),
		before func(*testing.T, *bubble) func(), opts []session.Option,
	) {
		cases = append(cases, timeoutCase{name, url, timeout, script, before, opts, kind, phase, s})
	}
	total, connect := session.ClientTimeout{Total: s}, session.ClientTimeout{Connect: s}
	sock, read := session.ClientTimeout{SockConnect: s}, session.ClientTimeout{SockRead: s}
	add("total in the queue", "http://slow/", total, errors.ErrTotalTimeout, errors.PhasePool, fine, takeSlot, nil)
	add("connect in the queue", "http://slow/", connect, errors.ErrConnectionTimeout, errors.PhasePool, fine, takeSlot, nil)
	add("total while dialing", "http://slow/", total, errors.ErrTotalTimeout, errors.PhaseDial, fine, blackhole, nil)
	add("connect while dialing", "http://slow/", connect, errors.ErrConnectionTimeout, errors.PhaseDial, fine, blackhole, nil)
	add("sock_connect while dialing", "http://slow/", sock, errors.ErrConnectionTimeout, errors.PhaseDial, fine, blackhole, nil)
	add("total in the handshake", "https://slow/", total, errors.ErrTotalTimeout, errors.PhaseTLS, silent, nil, nil)
	add("connect in the handshake", "https://slow/", connect, errors.ErrConnectionTimeout, errors.PhaseTLS, silent, nil, nil)
	add("sock_connect in the handshake", "https://slow/", sock, errors.ErrConnectionTimeout, errors.PhaseTLS, silent, nil, nil)
	add("total in the upload", "http://slow/", total, errors.ErrTotalTimeout, errors.PhaseRequest, deaf, nil, upload)
	for name, script := range map[string]func(*wiretest.Conn){
		"before the head": silent,
		"in the head":     stallAfter("HTTP/1.1 200 OK\r\nContent-Le"),
	} {
		add("total "+name, "http://slow/", total, errors.ErrTotalTimeout, errors.PhaseResponse, script, nil, nil)
		add("sock_read "+name, "http://slow/", read, errors.ErrSocketTimeout, errors.PhaseResponse, script, nil, nil)
	}
	for name, script := range map[string]func(*wiretest.Conn){
		"in a body":         stallAfter("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
		"before a body":     stallAfter("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
		"in a chunked body": stallAfter(chunked),
		"in a chunk":        stallAfter(chunked + "5\r\nab"),
		"in a trailer":      stallAfter(chunked + "0\r\nX-"),
		"in an endless one": stallAfter("HTTP/1.1 200 OK\r\n\r\nabc"),
	} {
		add("total "+name, "http://slow/", total, errors.ErrTotalTimeout, errors.PhaseBody, script, nil, nil)
		add("sock_read "+name, "http://slow/", read, errors.ErrSocketTimeout, errors.PhaseBody, script, nil, nil)
	}
	return cases
}

// TestTimeouts has each timeout strike alone at each point where it can. The
// class and the phase are right, it strikes on time, nothing is left, and the
// next request works.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	for _, test := range timeoutCases() {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			off := session.ClientTimeout{Total: -1, Connect: -1, SockConnect: -1, SockRead: -1}
			inBubble(t, connector.Config{Limit: 1}, off, func(t *testing.T, b *bubble) {
				checkTimeout(t, b, test)
			})
		})
	}
}

func checkTimeout(t *testing.T, b *bubble, test timeoutCase) {
	port := ":80"
	if strings.HasPrefix(test.url, "https:") {
		port = ":443"
	}
	b.serve(t, "slow"+port, func(c *wiretest.Conn) {
		if c.N == 0 {
			test.script(c)
			return
		}
		fine(c)
	})
	b.serve(t, "other:80", stallAfter("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabc"))
	undo := func() {}
	if test.before != nil {
		undo = test.before(t, b)
	}
	start := time.Now()
	err := b.get(context.Background(), test.url, append(test.opts, session.Timeouts(test.timeout))...)
	elapsed := time.Since(start)
	var te *errors.TimeoutError
	if !errors.As(err, &te) || !errors.Is(err, test.kind) || !errors.Is(err, errors.ErrTimeout) {
		t.Fatalf("got %v, want %v", err, test.kind)
	}
	if te.Phase != test.phase || te.Limit != time.Second || !strings.Contains(err.Error(), string(test.phase)) {
		t.Errorf("got %v, want phase %s and the limit", err, test.phase)
	}
	if elapsed != test.after {
		t.Errorf("it struck after %v, want %v", elapsed, test.after)
	}
	if ne, ok := errors.AsType[net.Error](err); !ok || !ne.Timeout() {
		t.Errorf("%v is no net.Error that says timeout", err)
	}
	if got := errors.Is(err, context.DeadlineExceeded); got != (test.kind == errors.ErrTotalTimeout) {
		t.Errorf("context.DeadlineExceeded: %v", got)
	}
	undo()
	if port == ":443" {
		return // the server has no certificate
	}
	if err := b.get(context.Background(), test.url, session.Timeout(time.Minute)); err != nil {
		t.Errorf("the next request: %v", err)
	}
}

// TestSockReadIsSilence: it is the time without a byte, so a slow but steady
// peer is none of its business, nor is a caller that takes its time, nor the
// sending of the request.
func TestSockReadIsSilence(t *testing.T) {
	t.Parallel()
	inBubble(t, connector.Config{}, session.ClientTimeout{Total: -1, SockRead: time.Second}, func(t *testing.T, b *bubble) {
		b.serve(t, "drip:80", func(c *wiretest.Conn) {
			if _, ok := c.ReadHead(); ok {
				c.Drip("HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n"+strings.Repeat("x", 40), 1, 900*time.Millisecond)
			}
		})
		if err := b.get(t.Context(), "http://drip/"); err != nil {
			t.Errorf("slow but steady: %v", err)
		}
		b.serve(t, "ok:80", func(c *wiretest.Conn) {
			if _, ok := c.ReadHead(); ok {
				c.Write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
				c.Drip(strings.Repeat("x", 100_000), 10_000, time.Millisecond)
			}
		})
		resp, err := b.s.Get(t.Context(), "http://ok/")
		if err != nil {
			t.Fatal(err)
		}
		for piece, err := range resp.Content().Chunks(20_000) {
			if err != nil || len(piece) != 20_000 {
				t.Fatalf("slow caller: %d bytes, %v", len(piece), err)
			}
			time.Sleep(time.Minute)
		}
		b.serve(t, "up:80", func(c *wiretest.Conn) {
			if _, ok := c.ReadHead(); ok {
				c.ReadChunked()
				c.Pause(900 * time.Millisecond)
				c.Write(okResponse)
			}
		})
		slow := func(yield func([]byte, error) bool) {
			for range 5 {
				time.Sleep(10 * time.Second)
				if !yield([]byte("piece"), nil) {
					return
				}
			}
		}
		resp, err = b.s.Post(t.Context(), "http://up/", session.Stream(slow))
		if err != nil {
			t.Fatalf("slow upload: %v", err)
		}
		resp.Close()
	})
}

// TestSockReadAfterUpload starts when the request is sent.
func TestSockReadAfterUpload(t *testing.T) {
	t.Parallel()
	inBubble(t, connector.Config{}, session.ClientTimeout{Total: -1, SockRead: time.Second}, func(t *testing.T, b *bubble) {
		b.serve(t, "up:80", func(c *wiretest.Conn) {
			if _, ok := c.ReadHead(); ok {
				c.ReadChunked()
				c.Stall()
			}
		})
		start := time.Now()
		_, err := b.s.Post(t.Context(), "http://up/", session.Stream(func(yield func([]byte, error) bool) {
			time.Sleep(10 * time.Second)
			yield([]byte("x"), nil)
		}))
		if !errors.Is(err, errors.ErrSocketTimeout) || time.Since(start) != 11*time.Second {
			t.Errorf("got %v after %v, want the socket timeout after 11s", err, time.Since(start))
		}
	})
}

// TestIdleOutlivesSockRead: a kept connection has no deadline.
func TestIdleOutlivesSockRead(t *testing.T) {
	t.Parallel()
	timeout := session.ClientTimeout{Total: 2 * time.Second, SockRead: time.Second}
	inBubble(t, connector.Config{KeepAlive: time.Hour}, timeout, func(t *testing.T, b *bubble) {
		srv := b.serve(t, "h:80", fine)
		for i := range 5 {
			if err := b.get(t.Context(), "http://h/"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(i) * 10 * time.Second)
		}
		if n := srv.Conns(); n != 1 {
			t.Errorf("%d connections, want 1", n)
		}
		if err := b.get(t.Context(), "http://h/"); err != nil {
			t.Fatal(err)
		}
	})
}

// TestDeadlineStaysExact: the alarm of an earlier request neither strikes a
// later one nor lets it run too long.
func TestDeadlineStaysExact(t *testing.T) {
	t.Parallel()
	inBubble(t, connector.Config{}, session.ClientTimeout{Total: -1}, func(t *testing.T, b *bubble) {
		b.serve(t, "h:80", func(c *wiretest.Conn) {
			for {
				head, ok := c.ReadHead()
				if !ok {
					return
				}
				if strings.HasPrefix(head, "GET /stall") {
					c.Stall()
					return
				}
				c.Pause(500 * time.Millisecond)
				c.Write(okResponse)
			}
		})
		for _, limit := range []time.Duration{time.Second, 10 * time.Second, 600 * time.Millisecond, 20 * time.Second} {
			for range 3 {
				if err := b.get(t.Context(), "http://h/", session.Timeouts(session.ClientTimeout{SockRead: limit})); err != nil {
					t.Fatalf("limit %v: %v", limit, err)
				}
			}
		}
		start := time.Now()
		err := b.get(t.Context(), "http://h/stall", session.Timeouts(session.ClientTimeout{SockRead: 7 * time.Second}))
		if !errors.Is(err, errors.ErrSocketTimeout) || time.Since(start) != 7*time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

// TestTotalCoversTheChain: redirects and a slow caller included.
func TestTotalCoversTheChain(t *testing.T) {
	t.Parallel()
	inBubble(t, connector.Config{}, session.ClientTimeout{Total: 2500 * time.Millisecond}, func(t *testing.T, b *bubble) {
		b.serve(t, "h:80", func(c *wiretest.Conn) {
			for {
				if _, ok := c.ReadHead(); !ok {
					return
				}
				c.Pause(time.Second)
				c.Write("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")
			}
		})
		start := time.Now()
		err := b.get(t.Context(), "http://h/")
		if !errors.Is(err, errors.ErrTotalTimeout) || time.Since(start) != 2500*time.Millisecond {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		b.serve(t, "body:80", func(c *wiretest.Conn) {
			c.ReadHead()
			c.Write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + strings.Repeat("x", 1000))
			c.Stall()
		})
		resp, err := b.s.Get(t.Context(), "http://body/")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(resp.Body, make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		if _, err := resp.Bytes(); !errors.Is(err, errors.ErrTotalTimeout) {
			t.Errorf("with the rest in a buffer: got %v", err)
		}
	})
}

// TestCallerWins: the deadline of the caller's context is its own error.
func TestCallerWins(t *testing.T) {
	t.Parallel()
	inBubble(t, connector.Config{}, session.ClientTimeout{Total: time.Minute, SockRead: time.Minute}, func(t *testing.T, b *bubble) {
		b.serve(t, "h:80", func(c *wiretest.Conn) { c.Stall() })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		err := b.get(ctx, "http://h/")
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errors.ErrTotalTimeout) || time.Since(start) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		mine := errors.New("mine")
		ctx2, cancel2 := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel2(mine) })
		if err := b.get(ctx2, "http://h/"); !errors.Is(err, context.Canceled) || !errors.Is(err, mine) {
			t.Errorf("got %v, want the cancellation and its cause", err)
		}
	})
}

// TestTimeoutInheritance goes field by field: request, session, default.
func TestTimeoutInheritance(t *testing.T) {
	t.Parallel()
	s := newSession(t, session.Config{Timeout: session.ClientTimeout{Connect: 7 * time.Second, SockRead: -1}})
	if got, want := s.Timeout(), (session.ClientTimeout{Total: 5 * time.Minute, Connect: 7 * time.Second, SockConnect: 30 * time.Second, SockRead: -1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	s = newSession(t, session.Config{Timeout: session.ClientTimeout{SockRead: time.Hour}})
	if got := s.Timeout().Total; got != time.Hour {
		t.Errorf("a longer timeout is cut by the default total of %v", got)
	}
	s = newSession(t, session.Config{Timeout: session.ClientTimeout{Total: time.Second, SockRead: time.Hour}})
	if got := s.Timeout().Total; got != time.Second {
		t.Errorf("a total that was asked for became %v", got)
	}
}
