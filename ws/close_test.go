package ws_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/ws"
)

func TestPeerCloses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		frame  string
		code   ws.CloseCode
		reason string
		answer ws.CloseCode
	}{
		{"1000", closeFrame(1000, "done"), 1000, "done", 1000},
		{"1001", closeFrame(1001, ""), 1001, "", 1001},
		{"1003", closeFrame(1003, ""), 1003, "", 1003},
		{"1007", closeFrame(1007, ""), 1007, "", 1007},
		{"1014", closeFrame(1014, "grüße"), 1014, "grüße", 1014},
		{"3000", closeFrame(3000, strings.Repeat("r", 123)), 3000, strings.Repeat("r", 123), 3000},
		{"4999", closeFrame(4999, ""), 4999, "", 4999},
		{"none", frame(fin|8, ""), 1005, "", 1005},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			told := make(chan ws.CloseCode, 1)
			c := dial(t, serve(t, func(p *peer) {
				p.Write(text("before") + test.frame + text("after"))
				told <- p.readClose()
			}), nil)
			receive(t, c, ws.Text)
			m := receive(t, c, ws.Close)
			if m.Extra != test.code || m.Text() != test.reason {
				t.Errorf("got close %v %q", m.Extra, m.Data)
			}
			if got := <-told; got != test.answer {
				t.Errorf("answered %v, want %v", got, test.answer)
			}
			for range 2 {
				_, err := c.Receive(within(t))
				end, ok := errors.AsType[*ws.CloseError](err)
				if !ok || end.Code != test.code || end.Reason != test.reason || end.Local || end.Err != nil {
					t.Errorf("got %v", err)
				}
			}
			if c.CloseCode() != test.code || c.CloseReason() != test.reason || c.Err() != nil || !c.Closed() {
				t.Errorf("got %v %q %v %v", c.CloseCode(), c.CloseReason(), c.Err(), c.Closed())
			}
			if err := c.Close(0, ""); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
}

func TestNoAutoClose(t *testing.T) {
	t.Parallel()
	got := make(chan received, 3)
	c := dial(t, serve(t, func(p *peer) {
		p.Write(closeFrame(1001, "going"))
		for {
			f, ok := p.read()
			if !ok {
				close(got)
				return
			}
			got <- f
		}
	}), &ws.Options{NoAutoClose: true})
	receive(t, c, ws.Close)
	if err := c.SendText(t.Context(), "farewell"); err != nil {
		t.Fatal(err)
	}
	if f := <-got; f.payload != "farewell" {
		t.Errorf("got %v", f)
	}
	if err := c.Close(4001, "me too"); err != nil {
		t.Error(err)
	}
	if f := <-got; f.op() != ws.Close || f.code() != 4001 || f.payload[2:] != "me too" {
		t.Errorf("got %v", f)
	}
	if _, more := <-got; more {
		t.Error("something came after the Close frame")
	}
	if c.CloseCode() != 1001 || c.CloseReason() != "going" {
		t.Errorf("got %v %q, want the peer's", c.CloseCode(), c.CloseReason())
	}
}

// TestPeerLost has every way to lose a connection, at several points.
func TestPeerLost(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		send  string
		reset bool
		want  error
	}{
		"end of file":            {"", false, io.EOF},
		"within a head":          {"\x81", false, io.ErrUnexpectedEOF},
		"within a long head":     {"\x81\x7e\x01", false, io.ErrUnexpectedEOF},
		"within a payload":       {"\x81\x05abc", false, io.ErrUnexpectedEOF},
		"within a big payload":   {head(fin|1, 1<<20) + "abc", false, io.ErrUnexpectedEOF},
		"within a ping":          {"\x89\x05abc", false, io.ErrUnexpectedEOF},
		"between fragments":      {frame(1, "a"), false, io.ErrUnexpectedEOF},
		"reset":                  {"", true, syscall.ECONNRESET},
		"reset within a payload": {"\x81\x05abc", true, syscall.ECONNRESET},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, serve(t, func(p *peer) {
				p.Write(text("before"))
				p.read() // until the message is received
				p.Write(test.send)
				if test.reset {
					p.read()
					p.Reset()
				}
			}), nil)
			receive(t, c, ws.Text)
			c.SendText(t.Context(), "go on")
			if test.reset {
				c.SendText(t.Context(), "reset")
			}
			end := ended(t, c)
			if end.Code != 1006 || end.Local || !errors.Is(end, test.want) {
				t.Errorf("got %v (%v), want 1006 and %v", end, end.Err, test.want)
			}
			if !errors.Is(end, errors.ErrClientConnectionReset) || !errors.Is(end, errors.ErrClient) {
				t.Errorf("got %v, want an ErrClientConnectionReset", end)
			}
			if c.CloseCode() != 1006 || !errors.Is(c.Err(), test.want) {
				t.Errorf("got %v, %v", c.CloseCode(), c.Err())
			}
		})
	}
}

func TestCloseWakesReceive(t *testing.T) {
	t.Parallel()
	for _, hide := range []bool{false, true} {
		srv := serve(t, func(p *peer) { p.readClose(); p.Write(closeFrame(1000, "")); p.Stall() })
		var doer ws.Doer = client(t)
		if hide {
			doer = hidden{doer}
		}
		c := dialWith(t, doer, srv.URL(), nil)
		var wg sync.WaitGroup
		started := make(chan struct{})
		wg.Go(func() {
			close(started)
			_, err := c.Receive(context.Background())
			if end, ok := errors.AsType[*ws.CloseError](err); !ok || !end.Local || !errors.Is(err, net.ErrClosed) {
				t.Errorf("got %v", err)
			}
		})
		<-started
		for range 3 { // of several at once
			wg.Go(func() {
				if err := c.Close(0, ""); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
}

// TestCloseTimeout has peers that do not answer; the deadline is for everything.
func TestCloseTimeout(t *testing.T) {
	t.Parallel()
	chatter := func(p *peer) {
		for p.Write(text("blah")) && p.Pause(time.Second) {
		}
	}
	for name, test := range map[string]struct {
		script func(*peer)
		limit  time.Duration
		flood  int
	}{
		"silent":      {(*peer).stall, 0, 0},
		"chatters":    {chatter, 3 * time.Second, 0},
		"not reading": {func(p *peer) { p.Hang() }, time.Minute, 300},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := bubble(t, test.script, &ws.Options{CloseTimeout: test.limit})
				for range test.flood {
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					c.SendBytes(ctx, make([]byte, 1<<10))
					cancel()
				}
				want := test.limit
				if want == 0 {
					want = 10 * time.Second
				}
				start := time.Now()
				err := c.Close(0, "")
				if took := time.Since(start); took != want {
					t.Errorf("took %v, want %v", took, want)
				}
				timeout, ok := errors.AsType[*errors.TimeoutError](err)
				if !ok || timeout.Limit != want || !errors.Is(err, errors.ErrServerTimeout) {
					t.Errorf("got %v", err)
				}
				if c.CloseCode() != 1006 {
					t.Errorf("got code %v", c.CloseCode())
				}
			})
		})
	}
}

func (p *peer) stall() { p.Stall() }

// TestCloseWithQueue closes while more is queued than fits.
func TestCloseWithQueue(t *testing.T) {
	t.Parallel()
	c := dial(t, serve(t, func(p *peer) {
		for range 100 {
			p.Write(frame(fin|2, strings.Repeat("x", 10000)))
		}
		p.readClose()
		p.Write(closeFrame(1000, ""))
	}), nil)
	receive(t, c, ws.Binary)
	if err := c.Close(1000, ""); err != nil {
		t.Error(err)
	}
	if c.CloseCode() != 1000 {
		t.Errorf("got %v", c.CloseCode())
	}
}
