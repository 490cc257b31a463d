package dnscache_test

import (
	"context"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/dnscache"
)

// An old answer is given for a while when asking again fails, unless the failure
// is the word that there is no such host.
func TestStale(t *testing.T) {
	t.Parallel()
	other := errors.New("no route to the name server")
	for _, tt := range []struct {
		name  string
		stale time.Duration
		after time.Duration // the end of the TTL
		err   error
		want  bool
	}{
		{"at the end", time.Minute, 0, errServer, true},
		{"within", time.Minute, 30 * time.Second, errServer, true},
		{"just within", time.Minute, time.Minute - 1, errServer, true},
		{"over", time.Minute, time.Minute, errServer, false},
		{"long over", time.Minute, time.Hour, errServer, false},
		{"another failure", time.Minute, 0, other, true},
		{"gone", time.Minute, 0, errNotFound, false},
		{"off", 0, 0, errServer, false},
		{"negative", -time.Minute, 0, errServer, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &resolver{addrs: "10.0.0.1 10.0.0.2"}
			cfg := dnscache.Config{TTL: time.Second, Stale: tt.stale}
			bubble(t, cfg, r, func(t *testing.T, c *dnscache.Cache) {
				look(t, c, "a.test", "10.0.0.1 10.0.0.2", dnscache.Miss)
				time.Sleep(time.Second + tt.after)
				r.set("", tt.err)
				if tt.want {
					look(t, c, "a.test", "10.0.0.2 10.0.0.1", dnscache.Stale)
					wantNames(t, c, "a.test")
					return
				}
				if _, how, err := c.Lookup(t.Context(), "a.test", "80", nil); !errors.Is(err, tt.err) || how != dnscache.Miss {
					t.Errorf("got %v, %v, want a miss and %v", how, err, tt.err)
				}
				wantNames(t, c)
			})
		})
	}
}

// Serving an old answer makes it no younger: it is asked for again each time,
// and comes to its end.
func TestStaleIsNotRenewed(t *testing.T) {
	t.Parallel()
	r := &resolver{addrs: "10.0.0.1"}
	cfg := dnscache.Config{TTL: time.Second, Stale: 10 * time.Second}
	bubble(t, cfg, r, func(t *testing.T, c *dnscache.Cache) {
		look(t, c, "a.test", "10.0.0.1", dnscache.Miss)
		r.set("", errServer)
		for range 10 {
			time.Sleep(time.Second)
			look(t, c, "a.test", "10.0.0.1", dnscache.Stale)
		}
		if r.count() != 11 {
			t.Errorf("the resolver was asked %d times, want 11", r.count())
		}
		time.Sleep(time.Second)
		if _, _, err := c.Lookup(t.Context(), "a.test", "80", nil); !errors.Is(err, errServer) {
			t.Errorf("at the end: got %v, want %v", err, errServer)
		}
	})
}

// A host that was said to be gone does not come back when the next look-up fails
// for another reason.
func TestStaleNotAfterNotFound(t *testing.T) {
	t.Parallel()
	r := &resolver{addrs: "10.0.0.1"}
	cfg := dnscache.Config{TTL: time.Second, Stale: time.Hour}
	bubble(t, cfg, r, func(t *testing.T, c *dnscache.Cache) {
		look(t, c, "a.test", "10.0.0.1", dnscache.Miss)
		time.Sleep(time.Second)
		for _, err := range []error{errNotFound, errServer} {
			r.set("", err)
			if _, _, got := c.Lookup(t.Context(), "a.test", "80", nil); !errors.Is(got, err) {
				t.Errorf("got %v, want %v", got, err)
			}
		}
	})
}

// The timeout of the look-up is a failure that is over soon; who waits together
// gets the old answer together; and a good answer ends it.
func TestStaleOnTimeout(t *testing.T) {
	t.Parallel()
	r := &resolver{addrs: "10.0.0.1"}
	cfg := dnscache.Config{TTL: time.Second, Stale: time.Hour, Timeout: 2 * time.Second}
	bubble(t, cfg, r, func(t *testing.T, c *dnscache.Cache) {
		look(t, c, "a.test", "10.0.0.1", dnscache.Miss)
		time.Sleep(time.Second)
		r.mu.Lock()
		r.takes = time.Minute
		r.mu.Unlock()
		for i, w := range []<-chan outcome{ask(t.Context(), c), ask(t.Context(), c)} {
			if o := <-w; o.addrs != "10.0.0.1" || o.how != dnscache.Stale || o.took != 2*time.Second {
				t.Errorf("waiter %d: got %+v, want the old answer after 2s", i, o)
			}
		}
		r.mu.Lock()
		r.takes, r.addrs = 0, "10.0.0.2"
		r.mu.Unlock()
		look(t, c, "a.test", "10.0.0.2", dnscache.Miss)
		look(t, c, "a.test", "10.0.0.2", dnscache.Hit)
	})
}

// A caller that gives up gets its own error, not the old answer.
func TestStaleNotForWhoLeaves(t *testing.T) {
	t.Parallel()
	r := &resolver{addrs: "10.0.0.1"}
	cfg := dnscache.Config{TTL: time.Second, Stale: time.Hour}
	bubble(t, cfg, r, func(t *testing.T, c *dnscache.Cache) {
		look(t, c, "a.test", "10.0.0.1", dnscache.Miss)
		time.Sleep(time.Second)
		r.takes = time.Minute
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if o := <-ask(ctx, c); !errors.Is(o.err, context.DeadlineExceeded) || o.took != time.Second {
			t.Errorf("got %+v, want the end of the caller's time after 1s", o)
		}
	})
}
