package dnscache_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/dnscache"
)

// outcome is what a look-up in a goroutine came to.
type outcome struct {
	addrs string
	how   dnscache.Outcome
	err   error
	took  time.Duration
}

// ask looks a.test up in a goroutine, and returns when that waits.
func ask(ctx context.Context, c *dnscache.Cache) <-chan outcome {
	done := make(chan outcome, 1)
	start := time.Now()
	go func() {
		got, how, err := c.Lookup(ctx, "a.test", "80", nil)
		done <- outcome{text(got), how, err, time.Since(start)}
	}()
	synctest.Wait()
	return done
}

// Look-ups of a host at the same time are one, and each gets its own rotation.
func TestShared(t *testing.T) {
	t.Parallel()
	r := &resolver{addrs: "10.0.0.1 10.0.0.2 10.0.0.3", takes: time.Second}
	bubble(t, dnscache.Config{}, r, func(t *testing.T, c *dnscache.Cache) {
		waits := []<-chan outcome{ask(t.Context(), c), ask(t.Context(), c), ask(t.Context(), c)}
		var got []string
		for i, w := range waits {
			o := <-w
			want := dnscache.Shared
			if i == 0 {
				want = dnscache.Miss
			}
			if o.err != nil || o.how != want || o.took != time.Second {
				t.Errorf("waiter %d: got %+v, want %v after 1s", i, o, want)
			}
			got = append(got, o.addrs)
		}
		slices.Sort(got)
		want := []string{"10.0.0.1 10.0.0.2 10.0.0.3", "10.0.0.2 10.0.0.3 10.0.0.1", "10.0.0.3 10.0.0.1 10.0.0.2"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want each rotation once", got)
		}
		if r.count() != 1 {
			t.Errorf("the resolver was asked %d times, want 1", r.count())
		}
	})
}

// Whoever leaves, the others get their answer; and who leaves does so at once.
func TestCancelOfOneWaiter(t *testing.T) {
	t.Parallel()
	for leaver, name := range []string{"first", "second"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &resolver{addrs: "10.0.0.1", takes: time.Second}
			bubble(t, dnscache.Config{}, r, func(t *testing.T, c *dnscache.Cache) {
				cause := errors.New("the caller's reason")
				ctx, cancel := context.WithCancelCause(t.Context())
				ctxs := []context.Context{t.Context(), t.Context()}
				ctxs[leaver] = ctx
				waits := []<-chan outcome{ask(ctxs[0], c), ask(ctxs[1], c)}
				time.Sleep(100 * time.Millisecond)
				cancel(cause)
				if o := <-waits[leaver]; !errors.Is(o.err, cause) || o.took != 100*time.Millisecond {
					t.Errorf("who left: got %+v, want %v after 100ms", o, cause)
				}
				if o := <-waits[1-leaver]; o.err != nil || o.addrs != "10.0.0.1" || o.took != time.Second {
					t.Errorf("who stayed: got %+v, want the address after 1s", o)
				}
				if len(r.ended) > 0 || r.count() != 1 {
					t.Errorf("the look-up was ended: %v; asked %d times", r.ended, r.count())
				}
			})
		})
	}
}

// When all have left, the look-up still comes to its end, and its answer is kept.
func TestCancelOfAll(t *testing.T) {
	t.Parallel()
	r := &resolver{addrs: "10.0.0.1", takes: time.Second}
	bubble(t, dnscache.Config{}, r, func(t *testing.T, c *dnscache.Cache) {
		ctx, cancel := context.WithCancel(t.Context())
		wait := ask(ctx, c)
		cancel()
		if o := <-wait; !errors.Is(o.err, context.Canceled) || o.how != dnscache.Miss {
			t.Errorf("got %+v, want a cancelled miss", o)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		look(t, c, "a.test", "10.0.0.1", dnscache.Hit)
	})
}

func TestDeadContextBeginsNothing(t *testing.T) {
	t.Parallel()
	r := &resolver{addrs: "10.0.0.1"}
	bubble(t, dnscache.Config{}, r, func(t *testing.T, c *dnscache.Cache) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := c.Lookup(ctx, "a.test", "80", nil); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
		synctest.Wait()
		if r.count() != 0 {
			t.Error("the resolver was asked")
		}
	})
}

// A failure goes to all who wait, and is not kept.
func TestFailures(t *testing.T) {
	t.Parallel()
	other := errors.New("resolver of my own failed")
	for _, tt := range []struct {
		name string
		err  error
	}{{"not found", errNotFound}, {"server", errServer}, {"other", other}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &resolver{err: tt.err, takes: time.Second}
			bubble(t, dnscache.Config{}, r, func(t *testing.T, c *dnscache.Cache) {
				for i, w := range []<-chan outcome{ask(t.Context(), c), ask(t.Context(), c)} {
					o := <-w
					if _, ok := errors.AsType[*net.DNSError](o.err); !ok || !errors.Is(o.err, tt.err) {
						t.Errorf("waiter %d: got %v, want a DNSError of %v", i, o.err, tt.err)
					}
				}
				wantNames(t, c)
				r.set("10.0.0.1", nil)
				look(t, c, "a.test", "10.0.0.1", dnscache.Miss)
			})
		})
	}
}

// The look-up has its own timeout, which is a timeout in the error too.
func TestTimeout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ timeout, want time.Duration }{
		{0, 30 * time.Second},
		{time.Second, time.Second},
	} {
		r := &resolver{addrs: "10.0.0.1", takes: time.Hour}
		bubble(t, dnscache.Config{Timeout: tt.timeout}, r, func(t *testing.T, c *dnscache.Cache) {
			o := <-ask(t.Context(), c)
			d, ok := errors.AsType[*net.DNSError](o.err)
			if !ok || !d.IsTimeout || d.IsNotFound || !errors.Is(o.err, context.DeadlineExceeded) {
				t.Errorf("got %v, want a DNSError that is a timeout", o.err)
			}
			if o.took != tt.want {
				t.Errorf("timeout %v: ended after %v, want %v", tt.timeout, o.took, tt.want)
			}
		})
	}
	r := &resolver{addrs: "10.0.0.1", takes: time.Hour}
	bubble(t, dnscache.Config{Timeout: -1}, r, func(t *testing.T, c *dnscache.Cache) {
		if o := <-ask(t.Context(), c); o.err != nil || o.took != time.Hour {
			t.Errorf("without timeout: got %+v, want the address after an hour", o)
		}
	})
}

// Close ends what is under way: who waits gets an error at once, and the
// resolver's context is done.
func TestClose(t *testing.T) {
	t.Parallel()
	r := &resolver{addrs: "10.0.0.1", takes: time.Hour}
	bubble(t, dnscache.Config{Timeout: -1}, r, func(t *testing.T, c *dnscache.Cache) {
		detached := ask(t.Context(), c)
		c.Clear()
		waits := []<-chan outcome{detached, ask(t.Context(), c), ask(t.Context(), c)}
		time.Sleep(time.Second)
		c.Close()
		for i, w := range waits {
			o := <-w
			if !errors.Is(o.err, errors.ErrConnectorClosed) || o.took != time.Second {
				t.Errorf("waiter %d: got %+v, want closed after 1s", i, o)
			}
		}
		synctest.Wait()
		if got := len(r.ended); got != 2 {
			t.Errorf("%d look-ups were broken off, want 2", got)
		}
		if _, _, err := c.Lookup(t.Context(), "a.test", "80", nil); !errors.Is(err, errors.ErrConnectorClosed) {
			t.Errorf("after Close: got %v, want %v", err, errors.ErrConnectorClosed)
		}
		c.Close()
		c.Clear()
		c.Remove("a.test", "80")
		wantNames(t, c)
	})
}

// deaf does not listen to its context.
type deaf chan struct{}

func (d deaf) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	<-d
	return addrs("10.0.0.1"), nil
}

// Close waits for no resolver, and what that finds later goes nowhere.
func TestCloseWaitsForNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := make(deaf)
		c := dnscache.New(dnscache.Config{Resolver: d})
		wait := ask(t.Context(), c)
		c.Close()
		if o := <-wait; !errors.Is(o.err, errors.ErrConnectorClosed) {
			t.Errorf("got %v, want %v", o.err, errors.ErrConnectorClosed)
		}
		close(d)
		synctest.Wait()
		wantNames(t, c)
	})
}

// Nothing is lost or counted twice when all happens at once.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	r := &resolver{addrs: "10.0.0.1 10.0.0.2"}
	c := dnscache.New(dnscache.Config{Resolver: r, Size: 3, TTL: time.Nanosecond, Stale: time.Minute})
	defer c.Close()
	hosts := []string{"a", "b", "c", "d", "e"}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				ctx, cancel := context.WithCancel(t.Context())
				if j%7 == 0 {
					go cancel()
				}
				got, _, err := c.Lookup(ctx, hosts[(i+j)%5], "80", nil)
				if err == nil && len(got) != 2 || err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, %v", got, err)
				}
				cancel()
				switch j % 50 {
				case 10:
					c.Remove("a", "80")
				case 20:
					c.Clear()
				case 30:
					if n := len(c.Hosts()); n > 3 {
						t.Errorf("%d hosts, want at most 3", n)
					}
				}
			}
		})
	}
	wg.Wait()
}
