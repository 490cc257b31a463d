package ws_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/ws"
)

// silent is a peer that reads what comes, counts Close frames and answers nothing.
func silent(closes *[]ws.CloseCode) func(*peer) {
	return func(p *peer) {
		for {
			code := p.readClose()
			if code == 0 {
				return
			}
			*closes = append(*closes, code)
		}
	}
}

// TestCloseNow ends in no time whatever the Conn is doing, and sends no Close frame.
func TestCloseNow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		prepare func(*ws.Conn) // what goes on meanwhile; its goroutines end with the Conn
		closing bool           // a Close is under way: its frame is sent
	}{
		{"idle", func(*ws.Conn) {}, false},
		{"a receive waits", func(c *ws.Conn) { c.Receive(context.Background()) }, false},
		{"a send is stuck", func(c *ws.Conn) {
			for c.SendBytes(context.Background(), make([]byte, 1<<16)) == nil {
				continue
			}
		}, false},
		{"a Close waits", func(c *ws.Conn) {
			err := c.Close(ws.CloseNormal, "")
			if end, ok := errors.AsType[*ws.CloseError](err); !ok || end.Code != ws.CloseAbnormal || !errors.Is(err, net.ErrClosed) {
				t.Errorf("Close: got %v", err)
			}
		}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var closes []ws.CloseCode
				script := silent(&closes)
				if strings.Contains(tt.name, "stuck") {
					script = func(p *peer) { p.Hang() }
				}
				c := bubble(t, script, nil)
				var wg sync.WaitGroup
				wg.Go(func() { tt.prepare(c) })
				synctest.Wait()
				start := time.Now()
				for range 3 {
					wg.Go(c.CloseNow)
				}
				wg.Wait()
				c.CloseNow()
				if took := time.Since(start); took != 0 {
					t.Errorf("took %v", took)
				}
				end := ended(t, c)
				if !c.Closed() || end.Code != ws.CloseAbnormal || !end.Local || end.FromPeer || !errors.Is(end, net.ErrClosed) || c.Err() == nil {
					t.Errorf("got %#v", end)
				}
				if errors.Is(end, errors.ErrClientConnectionReset) {
					t.Error("the peer is said to be lost")
				}
				if err := c.Close(0, ""); (err != nil) != tt.closing {
					t.Errorf("Close after it: got %v", err)
				}
				synctest.Wait()
				if (len(closes) == 1) != tt.closing {
					t.Errorf("the peer got %v", closes)
				}
			})
		})
	}
}

// TestCloseNowAfterTheEnd: the end that was first stays, and its farewell is cut short.
func TestCloseNowAfterTheEnd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		script func(*peer)
		opts   ws.Options
		code   ws.CloseCode
		peers  bool
	}{
		{"the peer's", func(p *peer) { p.Write(closeFrame(1001, "bye")); p.Stall() }, ws.Options{}, 1001, true},
		{"the peer's, not answered", func(p *peer) { p.Write(closeFrame(4001, "bye")); p.Stall() }, ws.Options{NoAutoClose: true}, 4001, true},
		{"the peer's, without a code", func(p *peer) { p.Write(frame(fin|8, "")); p.Stall() }, ws.Options{}, ws.CloseNoStatus, true},
		{"a violation", func(p *peer) { p.Write("\x83\x00"); p.Stall() }, ws.Options{}, ws.CloseProtocolError, false},
		{"lost", func(p *peer) {}, ws.Options{}, ws.CloseAbnormal, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := bubble(t, tt.script, &tt.opts)
				before := ended(t, c)
				start := time.Now()
				c.CloseNow()
				if took := time.Since(start); took != 0 {
					t.Errorf("took %v", took)
				}
				if end := ended(t, c); end != before || end.Code != tt.code || end.FromPeer != tt.peers || end.Local {
					t.Errorf("got %#v, want code %v, the peer's: %v", end, tt.code, tt.peers)
				}
				if err := c.Close(0, ""); err != nil {
					t.Errorf("Close: got %v", err)
				}
			})
		})
	}
}

// TestWhoseCode: the error says whose code it has, in its text too.
func TestWhoseCode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		script func(*peer)
		close  bool // this side calls Close with 4000
		want   ws.CloseError
		text   string
	}{
		{
			"the peer's", func(p *peer) { p.Write(closeFrame(1011, "oops")); p.readClose() }, false,
			ws.CloseError{Code: 1011, Reason: "oops", FromPeer: true},
			`websocket closed by the peer: 1011 internal error "oops"`,
		},
		{
			"the peer's answer", func(p *peer) { p.readClose(); p.Write(closeFrame(4999, "ok")) }, true,
			ws.CloseError{Code: 4999, Reason: "ok", FromPeer: true, Local: true},
			`websocket closed by this side: 4999 "ok"`,
		},
		{
			"ours, for a violation", func(p *peer) { p.Write("\x83\x00"); p.readClose() }, false,
			ws.CloseError{Code: 1002},
			"websocket closed: 1002 protocol error: ",
		},
		{"nobody's", func(p *peer) {}, false, ws.CloseError{Code: 1006}, "websocket closed: 1006 abnormal closure: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, serve(t, tt.script), nil)
			if tt.close {
				if err := c.Close(4000, ""); err != nil {
					t.Fatal(err)
				}
			}
			end := ended(t, c)
			got := *end
			got.Err = nil
			if got != tt.want || !strings.HasPrefix(end.Error(), tt.text) {
				t.Errorf("got %+v, %q, want %+v, %q", got, end, tt.want, tt.text)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) { // before the peer has answered it is ours
		c := bubble(t, func(p *peer) { p.readClose(); p.Pause(time.Second); p.Write(closeFrame(1000, "")) }, nil)
		var wg sync.WaitGroup
		wg.Go(func() { c.Close(4000, "") })
		synctest.Wait()
		if end := ended(t, c); *end != (ws.CloseError{Code: 4000, Local: true}) {
			t.Errorf("got %+v", *end)
		}
		wg.Wait()
	})
}

// TestOnEnd: whoever ends the Conn, what it owns ends with it, once and in order.
func TestOnEnd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		script func(*peer)
		end    func(*ws.Conn)
	}{
		{"Close", (*peer).echo, func(c *ws.Conn) { c.Close(0, "") }},
		{"CloseNow", (*peer).echo, func(c *ws.Conn) { c.CloseNow() }},
		{"the peer closes", func(p *peer) { p.Pause(time.Second); p.Write(closeFrame(1000, "")); p.readClose() }, func(*ws.Conn) {}},
		{"lost", func(p *peer) { p.Pause(time.Second) }, func(*ws.Conn) {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := bubble(t, tt.script, nil)
				var mu sync.Mutex
				var called []int
				for i := range 3 {
					c.OnEnd(func() { mu.Lock(); defer mu.Unlock(); called = append(called, i) })
				}
				mu.Lock()
				if len(called) > 0 {
					t.Error("called before the end")
				}
				mu.Unlock()
				tt.end(c)
				time.Sleep(time.Minute) // nobody receives: the Conn looks itself
				c.Close(0, "")
				c.OnEnd(func() { called = append(called, 3) })
				if want := []int{0, 1, 2, 3}; !slices.Equal(called, want) {
					t.Errorf("got %v, want %v", called, want)
				}
			})
		})
	}
}
