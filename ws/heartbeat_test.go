package ws_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/ws"
)

func TestHeartbeatMissed(t *testing.T) {
	t.Parallel()
	for _, receiving := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			pings := make(chan time.Time, 2)
			c := bubble(t, func(p *peer) {
				for {
					f, ok := p.read()
					if !ok {
						return
					}
					if f.op() == ws.Ping {
						pings <- time.Now()
					}
				}
			}, &ws.Options{Heartbeat: 10 * time.Second})
			start := time.Now()
			if !receiving {
				time.Sleep(time.Minute)
				if !c.Closed() || c.CloseCode() != 1006 {
					t.Error("the heartbeat does not work while nobody receives")
				}
			}
			_, err := c.Receive(t.Context())
			if receiving && time.Since(start) != 15*time.Second {
				t.Errorf("took %v, want 15s", time.Since(start))
			}
			if at := (<-pings).Sub(start); at != 10*time.Second {
				t.Errorf("the ping came after %v", at)
			}
			if !errors.Is(err, errors.ErrServerTimeout) || !errors.Is(err, errors.ErrTimeout) || errors.Is(err, errors.ErrClientConnectionReset) {
				t.Errorf("got %v, want an ErrServerTimeout", err)
			}
			if c.CloseCode() != 1006 || !errors.Is(c.Err(), errors.ErrServerTimeout) {
				t.Errorf("got %v, %v", c.CloseCode(), c.Err())
			}
			if err := c.Close(0, ""); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestHeartbeatKept has every sign of life there is.
func TestHeartbeatKept(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]func(*peer){
		"pongs": func(p *peer) {
			for range 6 {
				f, _ := p.read()
				p.Pause(4 * time.Second)
				p.Write(frame(fin|10, f.payload))
			}
		},
		"a ping instead of a pong": func(p *peer) {
			for range 6 {
				p.read()
				p.Write(frame(fin|9, ""))
				p.read()
			}
		},
		"a large frame that arrives slowly": func(p *peer) {
			p.WriteSlow(text(strings.Repeat("x", 100)), 1, 3*time.Second)
		},
		"a frame in halves": func(p *peer) {
			for range 5 {
				p.WriteSlow(text("xx"), 2, 14*time.Second)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := bubble(t, func(p *peer) {
					script(p)
					p.Write(text("end"))
					p.echo()
				}, &ws.Options{Heartbeat: 10 * time.Second})
				for {
					m, err := c.Receive(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if m.Text() == "end" {
						break
					}
				}
			})
		})
	}
}

// TestHeartbeatPaused has a caller that does not receive for an hour, while the
// peer sends more than is read ahead: what it does meanwhile is not seen.
func TestHeartbeatPaused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := bubble(t, func(p *peer) {
			for range 40 {
				p.Write(frame(fin|2, strings.Repeat("x", 10000)))
			}
			p.echo()
		}, &ws.Options{Heartbeat: 10 * time.Second})
		time.Sleep(time.Hour)
		for range 40 {
			if m, err := c.Receive(t.Context()); err != nil || len(m.Data) != 10000 {
				t.Fatalf("got %d bytes, %v", len(m.Data), err)
			}
		}
	})
}
