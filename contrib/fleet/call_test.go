package fleet_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

// TestCancelled: a call that its caller cancels returns at once, while Redis is silent.
func TestCancelled(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close() // the system accepts, and nobody says anything
	for _, watches := range []bool{true, false} {
		client := redis.NewClient(&redis.Options{Addr: ln.Addr().String(), ContextTimeoutEnabled: watches, MaxRetries: -1, ReadTimeout: time.Second})
		defer client.Close()
		f, _ := newFleet(t, fleet.Config{Redis: client, Timeout: time.Second, RetryAfter: -1})
		j := f.Jar(fleet.JarConfig{})
		cause := errors.New("not wanted any more")
		ctx, cancel := context.WithCancelCause(context.Background())
		began := time.Now()
		time.AfterFunc(20*time.Millisecond, func() { cancel(cause) })
		if err := j.Clear(ctx, parseURL(t, "https://a.example/")); !errors.Is(err, cause) {
			t.Errorf("got %v, want the cause", err)
		}
		if took := time.Since(began); took > 700*time.Millisecond {
			t.Errorf("took %v, want it to return at once", took)
		}
	}
}
