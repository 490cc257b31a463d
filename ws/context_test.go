package ws_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/ws"
)

// hidden is a doer whose connection nobody can interrupt, as one behind a
// middleware may be: then the pump reads all the time.
type hidden struct{ ws.Doer }

func TestReceiveTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := bubble(t, func(p *peer) {
			p.Pause(150 * time.Second)
			p.Write(text("late"))
			p.echo()
		}, &ws.Options{ReceiveTimeout: time.Minute})
		for range 2 {
			start := time.Now()
			_, err := c.Receive(t.Context())
			if !errors.Is(err, errors.ErrTimeout) || time.Since(start) != time.Minute {
				t.Fatalf("got %v after %v, want an ErrTimeout after a minute", err, time.Since(start))
			}
			if c.Closed() || c.CloseCode() != 0 || c.Err() != nil {
				t.Fatal("the timeout has harmed the connection")
			}
		}
		if m, err := c.Receive(t.Context()); m.Text() != "late" {
			t.Errorf("got %q, %v", m.Data, err)
		}
		c.SendText(t.Context(), "still there")
		if m, err := c.Receive(t.Context()); m.Text() != "still there" {
			t.Errorf("got %q, %v", m.Data, err)
		}
	})
}

// TestReceiveGivenUp cancels a receive at every byte of a message.
func TestReceiveGivenUp(t *testing.T) {
	t.Parallel()
	for _, size := range []int{3, 300, 5000} {
		synctest.Test(t, func(t *testing.T) {
			want := strings.Repeat("y", size)
			step := max(1, size/40)
			c := bubble(t, func(p *peer) {
				for range 3 {
					p.WriteSlow(text(want), step, time.Second)
				}
				p.echo()
			}, nil)
			given := 0
			for got := 0; got < 3; {
				ctx, cancel := context.WithTimeoutCause(t.Context(), 700*time.Millisecond, errors.New("enough"))
				m, err := c.Receive(ctx)
				cancel()
				switch {
				case errors.Is(err, context.DeadlineExceeded):
					if given++; !strings.Contains(err.Error(), "enough") {
						t.Errorf("got %v, without the cause", err)
					}
				case err != nil:
					t.Fatal(err)
				case m.Text() != want:
					t.Fatalf("got %d bytes, want %d", len(m.Data), size)
				default:
					got++
				}
			}
			if given < 3 {
				t.Errorf("given up %d times only", given)
			}
		})
	}
}

func TestDoneContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := bubble(t, (*peer).echo, nil)
		done, cancel := context.WithCancel(t.Context())
		cancel()
		for range 300 { // a codec may toss a coin
			for name, err := range map[string]error{
				"text": c.SendText(done, "lost"), "ping": c.Ping(done, nil),
			} {
				if !errors.Is(err, context.Canceled) || errors.Is(err, errors.ErrClientConnection) {
					t.Fatalf("%s: got %v, want a context.Canceled", name, err)
				}
			}
			if _, err := c.Receive(done); !errors.Is(err, context.Canceled) {
				t.Fatalf("receive: got %v", err)
			}
		}
		c.SendText(t.Context(), "first")
		if m, err := c.Receive(t.Context()); m.Text() != "first" {
			t.Errorf("got %q, %v", m.Data, err)
		}
	})
}

// TestSendGivenUp has a peer that does not read for an hour. Compression has a
// state that both sides must agree on.
func TestSendGivenUp(t *testing.T) {
	t.Parallel()
	for _, z := range []*ws.Compression{nil, {}} {
		synctest.Test(t, func(t *testing.T) {
			got := make(chan string, 1000)
			c := bubble(t, func(p *peer) {
				p.Pause(time.Hour)
				r := reinflater{window: 1 << 15}
				for {
					f, ok := p.read()
					if !ok || f.op() == ws.Close {
						p.Write(frame(fin|8, f.payload))
						close(got)
						return
					}
					if f.first&rsv1 != 0 {
						f.payload = r.message(t, f.payload)
					}
					got <- f.payload
				}
			}, &ws.Options{Compress: z})
			big := noise(40 << 10)
			for failed := 0; failed < 3; {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				start := time.Now()
				err := c.SendBytes(ctx, []byte(big))
				cancel()
				if err == nil {
					continue
				}
				if failed++; !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
					t.Fatalf("got %v after %v", err, time.Since(start))
				}
			}
			time.Sleep(2 * time.Hour)
			if err := c.SendText(t.Context(), "last"); err != nil {
				t.Fatal(err)
			}
			if err := c.Close(0, ""); err != nil {
				t.Fatal(err)
			}
			n, last := 0, ""
			for s := range got {
				if n++; s != big && s != "last" {
					t.Errorf("got a message of %d bytes", len(s))
				}
				last = s
			}
			if last != "last" || n < 4 {
				t.Errorf("got %d messages, the last %.10q", n, last)
			}
		})
	}
}

func TestConcurrentReceive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := bubble(t, func(p *peer) {
			p.Pause(time.Minute)
			p.Write(text("one"))
			p.echo()
		}, nil)
		got := make(chan error, 1)
		go func() {
			_, err := c.Receive(t.Context())
			got <- err
		}()
		synctest.Wait()
		_, err := c.Receive(t.Context())
		if err != ws.ErrConcurrentReceive || !errors.Is(err, errors.ErrInvalidRequest) {
			t.Errorf("got %v, want ErrConcurrentReceive", err)
		}
		if err := <-got; err != nil {
			t.Errorf("the first receive: %v", err)
		}
	})
}

// TestIdlePings are answered although nobody receives.
func TestIdlePings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pongs := make(chan string, 3)
		c := bubble(t, func(p *peer) {
			for _, s := range []string{"a", "", "c"} {
				p.Write(frame(fin|9, s))
				f, _ := p.read()
				if f.op() != ws.Pong || !f.masked {
					t.Errorf("got %v", f)
				}
				pongs <- f.payload
			}
			p.Write(text("done"))
			p.echo()
		}, nil)
		for _, want := range []string{"a", "", "c"} {
			if got := <-pongs; got != want {
				t.Errorf("got pong %q, want %q", got, want)
			}
		}
		if m, err := c.Receive(t.Context()); m.Text() != "done" {
			t.Errorf("got %q, %v", m.Data, err)
		}
	})
}

// TestNoAutoPing leaves the answers to the caller, also within a message.
func TestNoAutoPing(t *testing.T) {
	t.Parallel()
	c := dial(t, serve(t, func(p *peer) {
		p.Write(frame(fin|9, "one"))
		if f, _ := p.read(); f.op() != ws.Pong || f.payload != "mine" {
			t.Errorf("got %v %q", f.op(), f.payload)
		}
		p.echo()
	}), &ws.Options{NoAutoPing: true})
	if m := receive(t, c, ws.Ping); m.Text() != "one" {
		t.Errorf("got %q", m.Data)
	}
	if err := c.Pong(t.Context(), []byte("mine")); err != nil {
		t.Error(err)
	}
}
