package connector_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// shutdownServer answers "/slow" after a second, in two parts a second apart.
func shutdownServer(t *testing.T, cfg connector.Config) *connector.Connector {
	t.Helper()
	n := serveMemory(t, func(c *wiretest.Conn) {
		for {
			if _, ok := c.ReadHead(); !ok {
				return
			}
			time.Sleep(time.Second)
			c.Write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
			time.Sleep(time.Second)
			c.Write("cd")
		}
	})
	cfg.DialContext = n.DialContext
	return newConnector(t, cfg)
}

// TestShutdown lets what is under way, and what waits, end by itself; nothing new begins.
func TestShutdown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := shutdownServer(t, connector.Config{Limit: 1})
		results := make(chan result, 3)
		for range 3 { // one under way, two that wait
			go func() { results <- fetch(t.Context(), c, "GET", "http://h/slow") }()
			synctest.Wait()
		}
		start := time.Now()
		down := make(chan error, 2)
		for range 2 {
			go func() { down <- c.Shutdown(t.Context()) }()
		}
		synctest.Wait()
		if r := fetch(t.Context(), c, "GET", "http://h/new"); !errors.Is(r.err, errors.ErrConnectorClosed) {
			t.Errorf("a new request: %v", r.err)
		}
		for range 3 {
			if r := <-results; r.err != nil || r.text != "abcd" {
				t.Errorf("got %q, %v", r.text, r.err)
			}
		}
		for range 2 {
			if err := <-down; err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(start); took != 6*time.Second {
			t.Errorf("it took %v", took)
		}
		if st := c.Stats(); !c.Closed() || st.InUse+st.Idle+st.Waiting != 0 || st.Opened != st.Closed {
			t.Errorf("closed %v, %+v", c.Closed(), st)
		}
		if err := c.Shutdown(t.Context()); err != nil {
			t.Errorf("after Close: %v", err)
		}
	})
}

// TestShutdownGivesUp when its context ends. What is under way goes on, until Close.
func TestShutdownGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := shutdownServer(t, connector.Config{})
		fetch(t.Context(), c, "GET", "http://h/") // leaves an idle connection
		resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", "http://h/", nil))
		if err != nil {
			t.Fatal(err)
		}
		why := errors.New("why")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second/2, why)
		defer cancel()
		if err := c.Shutdown(ctx); err != why {
			t.Errorf("got %v", err)
		}
		if st := c.Stats(); c.Closed() || st.InUse != 1 || st.Unread != 1 || st.Idle != 0 {
			t.Errorf("%+v", st)
		}
		done := make(chan error)
		go func() { done <- c.Shutdown(t.Context()) }()
		synctest.Wait()
		if b, err := io.ReadAll(resp.Body); string(b) != "abcd" || err != nil {
			t.Errorf("got %q, %v", b, err)
		}
		if err := <-done; err != nil || !c.Closed() {
			t.Errorf("got %v", err)
		}
		if err := c.Shutdown(nil); !errors.Is(err, errors.ErrInvalidRequest) { //nolint:staticcheck // that is the test
			t.Errorf("got %v", err)
		}
	})
}

// TestShutdownBroken by Close in between.
func TestShutdownBroken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := shutdownServer(t, connector.Config{})
		got := make(chan result)
		go func() { got <- fetch(t.Context(), c, "GET", "http://h/") }()
		down := make(chan error)
		go func() { down <- c.Shutdown(t.Context()) }()
		time.Sleep(100 * time.Millisecond)
		c.Close()
		if r := <-got; !errors.Is(r.err, errors.ErrConnectorClosed) {
			t.Errorf("got %v", r.err)
		}
		if err := <-down; err != nil {
			t.Error(err)
		}
	})
}
