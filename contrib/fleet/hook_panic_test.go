package fleet_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/middleware"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

// TestConcurrencyHookPanics: a hook that panics gives the place back, and those that the
// request had already.
func TestConcurrencyHookPanics(t *testing.T) {
	armed := true
	c, server, p := newPlaces(t, nil, fleet.Config{OnEvent: func(_ context.Context, e middleware.Event) {
		if armed && e.Kind == middleware.EventWaited {
			panic("hook")
		}
	}}, fleet.ConcurrencyConfig{Total: 1, PerHost: 2})
	first := p.mustGet("http://h/")
	panicked := make(chan any, 1)
	go func() {
		defer func() { panicked <- recover() }()
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://h/", http.NoBody)
		if err != nil {
			t.Error(err)
			return
		}
		if resp, err := p.rt.RoundTrip(req); err == nil {
			resp.Body.Close()
		}
	}()
	// In the queue of all: that it waits may be for the answer about its host, which has room.
	await(t, func() bool { return queued(t, server) == 1 || len(panicked) == 1 })
	first.Body.Close()
	select {
	case got := <-panicked:
		if got != "hook" {
			t.Errorf("got the panic %v, want the hook's", got)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nothing has happened")
	}
	awaitNoPlaces(t, server, c)
	armed = false
	p.mustGet("http://h/").Body.Close()
}
