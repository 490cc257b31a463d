package ws_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/ws"
)

func TestCloseError(t *testing.T) {
	t.Parallel()
	timeout := &errors.TimeoutError{Kind: errors.ErrServerTimeout, Limit: time.Second}
	for _, test := range []struct {
		err  *ws.CloseError
		text string
		is   []error
		not  []error
	}{
		{
			&ws.CloseError{Code: 1001, Reason: "bye\n"}, `websocket closed: 1001 going away "bye\n"`,
			[]error{errors.ErrClient, errors.ErrClientConnection},
			[]error{net.ErrClosed, errors.ErrClientConnectionReset},
		},
		{
			&ws.CloseError{Code: 4000, Local: true}, "websocket closed by this side: 4000",
			[]error{net.ErrClosed, errors.ErrClientConnection},
			[]error{errors.ErrClientConnectionReset},
		},
		{
			&ws.CloseError{Code: 1006, Err: io.EOF}, "websocket closed: 1006 abnormal closure: EOF",
			[]error{io.EOF, errors.ErrClientConnectionReset, syscall.ECONNRESET, errors.ErrClientConnection},
			[]error{errors.ErrTimeout},
		},
		{
			&ws.CloseError{Code: 1006, Err: timeout}, "websocket closed: 1006 abnormal closure: server timeout of 1s exceeded",
			[]error{errors.ErrServerTimeout, errors.ErrTimeout, errors.ErrClientConnection},
			[]error{errors.ErrClientConnectionReset},
		},
	} {
		if got := test.err.Error(); got != test.text {
			t.Errorf("got %q, want %q", got, test.text)
		}
		for _, target := range test.is {
			if !errors.Is(test.err, target) {
				t.Errorf("%v is no %v", test.err, target)
			}
		}
		for _, target := range test.not {
			if errors.Is(test.err, target) {
				t.Errorf("%v is a %v", test.err, target)
			}
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for typ, want := range map[ws.MessageType]string{
		ws.Continuation: "continuation", ws.Text: "text", ws.Binary: "binary", ws.Close: "close",
		ws.Ping: "ping", ws.Pong: "pong", 3: "opcode 3",
	} {
		if got := typ.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	seen := map[string]bool{}
	for code := ws.CloseCode(1000); code <= 1014; code++ {
		if code == 1004 {
			continue
		}
		text := code.String()
		number, meaning, _ := strings.Cut(text, " ")
		if number != strconv.Itoa(int(code)) || meaning == "" || seen[meaning] {
			t.Errorf("got %q for %d", text, int(code))
		}
		seen[meaning] = true
	}
	if got := ws.CloseCode(4321).String(); got != "4321" {
		t.Errorf("got %q", got)
	}
}

// TestMessagesEnds leaves the loop in each way.
func TestMessagesEnds(t *testing.T) {
	t.Parallel()
	collect := func(ctx context.Context, c *ws.Conn, most int) (got string, last error) {
		for m, err := range c.Messages(ctx) {
			if err != nil {
				last = err
				continue // there must be nothing after it
			}
			if got += m.Text(); len(got) == most {
				break
			}
		}
		return got, last
	}
	three := text("a") + text("b") + text("c")
	c := dial(t, serve(t, func(p *peer) { p.Write(three + closeFrame(1011, "oops")); p.readClose() }), nil)
	if got, err := collect(within(t), c, 1); got != "a" || err != nil || c.Closed() && c.CloseCode() != 1011 {
		t.Errorf("break: got %q, %v", got, err)
	}
	if got, err := collect(within(t), c, -1); got != "bc" || err != nil || c.CloseCode() != 1011 {
		t.Errorf("close: got %q, %v, %v", got, err, c.CloseCode())
	}
	c = dial(t, serve(t, func(p *peer) { p.Write(three + "\x81") }), nil)
	if got, err := collect(within(t), c, -1); got != "abc" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("lost: got %q, %v", got, err)
	}
	c = dial(t, serve(t, func(p *peer) { p.Write(three); p.echo() }), nil)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if got, err := collect(ctx, c, -1); got != "abc" && got != "" || !errors.Is(err, context.DeadlineExceeded) || c.Closed() {
		t.Errorf("context: got %q, %v", got, err)
	}
}

// TestReadAhead bounds what is queued, by bytes and by number, and keeps its order.
func TestReadAhead(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 10, 1000, 50000} {
		synctest.Test(t, func(t *testing.T) {
			n := min(5000, 10<<20/(size+1)) // far more than may be read ahead
			sent := 0
			c := bubble(t, func(p *peer) {
				for ; sent < n; sent++ {
					p.Write(text(strconv.Itoa(sent) + strings.Repeat(".", size)))
				}
				p.echo()
			}, nil)
			time.Sleep(time.Second)
			synctest.Wait()
			// What is queued, and the network's 64 KiB.
			if most := (3*64<<10)/(size+3) + 3; sent > most {
				t.Errorf("%d bytes: %d messages were read ahead, want at most %d", size, sent, most)
			}
			for i := range n {
				m, err := c.Receive(t.Context())
				if got, _, _ := strings.Cut(m.Text(), "."); err != nil || got != strconv.Itoa(i) {
					t.Fatalf("message %d: got %.10q, %v", i, got, err)
				}
			}
		})
	}
}

// TestPingFlood has a peer that sends pings and does not read the answers: they
// must not pile up, and the last one must be answered.
func TestPingFlood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 20000
		c := bubble(t, func(p *peer) {
			for i := range n {
				p.Write(frame(fin|9, strings.Repeat("p", 100)+strconv.Itoa(i)))
			}
			p.Pause(time.Minute)
			answers := 0
			for {
				f, ok := p.read()
				if !ok {
					return
				}
				answers++
				if f.payload == strings.Repeat("p", 100)+strconv.Itoa(n-1) {
					break
				}
			}
			p.Write(text(strconv.Itoa(answers)))
			p.echo()
		}, nil)
		s, err := c.ReceiveText(t.Context())
		if answers, _ := strconv.Atoi(s); err != nil || answers < 2 || answers > 3000 {
			t.Errorf("got %q answers, %v", s, err)
		}
	})
}

// half is a body whose writes fail while its reads hang.
type half struct{ io.ReadWriteCloser }

func (h half) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// TestWriteFails gives the reader a second to find the reason, and then ends.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		script func(*peer)
		want   ws.CloseCode
		after  time.Duration
	}{
		"no reason":           {(*peer).stall, 1006, time.Second},
		"the peer has closed": {func(p *peer) { p.Pause(time.Second / 2); p.Write(closeFrame(1012, "")); p.Stall() }, 1012, time.Second / 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				inner := unreliable(t, test.script)
				c := dialWith(t, doerFunc(func(req *http.Request) (*http.Response, error) {
					resp, err := inner.Do(req)
					if err == nil {
						resp.Body = half{resp.Body.(io.ReadWriteCloser)}
					}
					return resp, err
				}), "ws://example.com/", nil)
				start := time.Now()
				err := c.SendText(t.Context(), "x")
				if !errors.Is(err, syscall.EPIPE) || !errors.Is(err, errors.ErrClientConnectionReset) {
					t.Errorf("send: got %v", err)
				}
				if err := c.SendText(t.Context(), "x"); !errors.Is(err, errors.ErrClientConnectionReset) {
					t.Errorf("second send: got %v", err)
				}
				if end := ended(t, c); end.Code != test.want || time.Since(start) != test.after {
					t.Errorf("got %v after %v", end, time.Since(start))
				}
			})
		})
	}
}

// TestTimeoutError is a net.Error as well.
func TestTimeoutError(t *testing.T) {
	t.Parallel()
	c := dial(t, serve(t, (*peer).echo), &ws.Options{ReceiveTimeout: time.Millisecond})
	_, err := c.Receive(t.Context())
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() || !errors.Is(err, errors.ErrClient) {
		t.Errorf("got %v", err)
	}
	if want := "websocket receive: timeout of 1ms exceeded (phase receive)"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}
