package happyeyeballs_test

import (
	"context"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/happyeyeballs"
)

// modes are the ways to dial.
var modes = map[string]time.Duration{"race": 0, "sequential": -1}

// One address: its error is the error.
func TestOnlyFailure(t *testing.T) {
	t.Parallel()
	for mode, delay := range modes {
		synctest.Test(t, func(t *testing.T) {
			want := refused("s1")
			n := newNetwork(map[string]server{"s1": {err: want}})
			d := &happyeyeballs.Dialer{Delay: delay, Attempt: n.attempt}
			if _, _, err := d.Dial(t.Context(), addrs("s1")); err != want {
				t.Errorf("%s: got %v, want %v itself", mode, err, want)
			}
		})
	}
}

// Several addresses: every cause is found, that of the last one to fail first.
func TestAllFail(t *testing.T) {
	t.Parallel()
	for mode, delay := range modes {
		synctest.Test(t, func(t *testing.T) {
			own := errors.New("a reason of its own")
			timeout := &errors.TimeoutError{Kind: errors.ErrConnectionTimeout, Limit: time.Second}
			n := newNetwork(map[string]server{
				"s1": {takes: time.Second, err: timeout},
				"f1": {takes: 20 * ms, err: own},
				"s2": {takes: 5 * time.Second, err: refused("s2")},
			})
			d := &happyeyeballs.Dialer{Delay: delay, Interleave: 1, Attempt: n.attempt}
			nc, who, err := d.Dial(t.Context(), addrs("s1 s2 f1"))
			if nc != nil || who.IsValid() {
				t.Errorf("%s: got a connection to %v", mode, who)
			}
			for _, want := range []error{
				own, timeout, syscall.ECONNREFUSED, errors.ErrConnectionTimeout,
				errors.ErrClientConnector, errors.ErrClientConnection, errors.ErrClient,
			} {
				if !errors.Is(err, want) {
					t.Errorf("%s: %v is no %v", mode, err, want)
				}
			}
			if errors.Is(err, errors.ErrClientConnectorDNS) || errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v is more than it should be", mode, err)
			}
			all, ok := errors.AsType[*happyeyeballs.Error](err)
			if !ok || len(all.Failures) != 3 || name(all.Failures[0].Addr) != "s2" {
				t.Errorf("%s: got %#v, want three failures, s2's first", mode, err)
			}
			if op, ok := errors.AsType[*net.OpError](err); !ok || op != all.Failures[0].Err {
				t.Errorf("%s: got %v, want the OpError of the last attempt", mode, op)
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		servers := map[string]server{"s1": {err: refused("s1")}}
		for _, who := range strings.Fields("f1 f2 f3 f4 f5 f6") {
			servers[who] = server{err: errors.New("unreachable")}
		}
		n := newNetwork(servers)
		d := &happyeyeballs.Dialer{Delay: -1, Attempt: n.attempt}
		for _, tt := range []struct{ addrs, want string }{
			{
				"f1 s1", "all 2 addresses failed: " +
					"dial tcp [2001:db8::1]:80: connection refused; 10.0.0.1:80: unreachable",
			},
			{
				"f1 f2 f3 f4", "all 4 addresses failed: 10.0.0.4:80: unreachable; " +
					"10.0.0.3:80: unreachable; 10.0.0.2:80: unreachable; 10.0.0.1:80: unreachable",
			},
			{
				"f1 f2 f3 f4 f5 f6", "all 6 addresses failed: 10.0.0.6:80: unreachable; " +
					"10.0.0.5:80: unreachable; 10.0.0.4:80: unreachable; 10.0.0.3:80: unreachable; and 2 more",
			},
		} {
			_, _, err := d.Dial(t.Context(), addrs(tt.addrs))
			wantText(t, tt.addrs, err.Error(), tt.want)
		}
	})
}

// It is a timeout if nothing but timeouts have made it fail.
func TestErrorTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		timeout := &errors.TimeoutError{Kind: errors.ErrConnectionTimeout, Limit: time.Second}
		n := newNetwork(map[string]server{
			"f1": {err: timeout}, "f2": {err: timeout}, "f3": {err: refused("f3")}, "f4": {err: errors.New("x")},
		})
		d := &happyeyeballs.Dialer{Attempt: n.attempt}
		for list, want := range map[string]bool{"f1 f2": true, "f1 f3": false, "f4 f1": false} {
			_, _, err := d.Dial(t.Context(), addrs(list))
			ne, ok := errors.AsType[net.Error](err)
			if !ok || ne.Timeout() != want || ne.Temporary() { //nolint:staticcheck // the interface has it
				t.Errorf("%s: got %v, want a net.Error with timeout %v", list, err, want)
			}
		}
	})
}

// A cancelled Dial returns at once with the cause, and leaves nothing.
func TestCancel(t *testing.T) {
	t.Parallel()
	cause := errors.New("the caller's reason")
	for _, tt := range []struct {
		name     string
		delay    time.Duration
		addrs    string
		attempts string
	}{
		{"one address", 0, "s1", "s1@0s"},
		{"sequential", -1, "s1 f1", "s1@0s"},
		{"race, before the delay", time.Minute, "s1 f1", "s1@0s"},
		{"race, after the delay", 100 * ms, "s1 s2 f1", "s1@0s f1@100ms s2@200ms"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(map[string]server{"s1": {takes: never}, "s2": {takes: never}, "f1": {takes: never}})
				d := &happyeyeballs.Dialer{Delay: tt.delay, Attempt: n.attempt}
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Second, func() { cancel(cause) })
				nc, _, err := d.Dial(ctx, addrs(tt.addrs))
				if err != cause || nc != nil || time.Since(n.begun) != time.Second {
					t.Errorf("got %v, %v after %v, want %v after 1s", nc, err, time.Since(n.begun), cause)
				}
				synctest.Wait()
				wantText(t, "attempts", n.attempts(), tt.attempts)
				if got, want := len(n.ended), len(strings.Fields(tt.attempts)); got != want {
					t.Errorf("%d attempts were ended, want %d", got, want)
				}
				time.Sleep(time.Hour)
				wantText(t, "attempts later", n.attempts(), tt.attempts)
			})
		})
	}
}

// The race waits for no attempt, not even for one that does not listen; what
// that connects is closed.
func TestCancelOfTheDeaf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(map[string]server{
			"s1": {takes: time.Minute, deaf: true}, "f1": {takes: time.Hour, deaf: true},
		})
		d := &happyeyeballs.Dialer{Attempt: n.attempt}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, err := d.Dial(ctx, addrs("s1 f1"))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(n.begun) != time.Second {
			t.Errorf("got %v after %v, want the deadline after 1s", err, time.Since(n.begun))
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		wantText(t, "open connections", n.open(), "")
		if len(n.conns) != 2 {
			t.Errorf("%d connections were made, want 2", len(n.conns))
		}
	})
}

// With a context that is done nothing is attempted.
func TestDeadContext(t *testing.T) {
	t.Parallel()
	for mode, delay := range modes {
		for _, list := range []string{"s1", "s1 f1"} {
			n := newNetwork(nil)
			d := &happyeyeballs.Dialer{Delay: delay, Attempt: n.attempt}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, _, err := d.Dial(ctx, addrs(list)); !errors.Is(err, context.Canceled) {
				t.Errorf("%s, %s: got %v, want %v", mode, list, err, context.Canceled)
			}
			wantText(t, mode+": attempts", n.attempts(), "")
		}
	}
}

// The context ends within an attempt that tells of its own end only.
func TestDeadlineWithinAttempt(t *testing.T) {
	t.Parallel()
	for mode, delay := range modes {
		for _, list := range []string{"s1", "s1 f1"} {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(map[string]server{"s1": {takes: never}, "f1": {takes: never}})
				d := &happyeyeballs.Dialer{Delay: delay, Attempt: n.attempt}
				cause := &errors.TimeoutError{Kind: errors.ErrConnectionTimeout, Limit: time.Second}
				ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, cause)
				defer cancel()
				if _, _, err := d.Dial(ctx, addrs(list)); err != cause {
					t.Errorf("%s, %s: got %v, want %v", mode, list, err, cause)
				}
			})
		}
	}
}
