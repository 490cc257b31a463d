package telemetry_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
	"github.com/coder/websocket"
)

func provokeCache(t *testing.T, wire string) map[key]int64 {
	var version atomic.Int64
	w := newWatch(t, wire, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Cache-Control", strings.TrimPrefix(r.URL.Path, "/"))
		tag := `"` + strings.Repeat("x", int(version.Load())+1) + `"`
		rw.Header().Set("Etag", tag)
		if r.Header.Get("If-None-Match") == tag {
			rw.WriteHeader(http.StatusNotModified)
			return
		}
		io.WriteString(rw, "body")
	})
	c := cache.New(cache.Config{OnEvent: w.on})
	t.Cleanup(func() { c.Close() })
	s := w.session(c)
	for _, path := range []string{"/max-age=60", "/max-age=60", "/max-age=0", "/max-age=0"} {
		w.get(s, path)
	}
	version.Add(1)
	w.get(s, "/max-age=0")
	for kind, want := range map[string]int64{"miss": 3, "hit": 1, "revalidated": 1, "stored": 3} {
		if got := w.count("cache", kind); got != want {
			t.Errorf("%s: told %d times, want %d", kind, got, want)
		}
	}
	return w.check()
}

// provokeCacheStale uses what has ended while a new one is fetched, and in the place of a
// server that fails.
func provokeCacheStale(t *testing.T, wire string) map[key]int64 {
	var failing atomic.Bool
	w := newWatch(t, wire, func(rw http.ResponseWriter, r *http.Request) {
		if failing.Load() {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		rw.Header().Set("Cache-Control", "max-age=0, "+strings.TrimPrefix(r.URL.Path, "/")+"=60")
		io.WriteString(rw, "body")
	})
	c := cache.New(cache.Config{OnEvent: w.on})
	s := w.session(c)
	w.get(s, "/stale-while-revalidate")
	w.get(s, "/stale-while-revalidate")
	w.get(s, "/stale-if-error")
	c.Close() // what is fetched in the background has ended
	failing.Store(true)
	w.get(s, "/stale-if-error")
	if got := w.count("cache", "stale"); got != 2 {
		t.Errorf("told %d times, want 2", got)
	}
	return w.check()
}

func provokeCacheEvicted(t *testing.T, wire string) map[key]int64 {
	w := newWatch(t, wire, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Cache-Control", "max-age=60")
		io.WriteString(rw, strings.Repeat("x", 1000))
	})
	c := cache.New(cache.Config{Store: cache.NewMemory(5000), OnEvent: w.on})
	t.Cleanup(func() { c.Close() })
	s := w.session(c)
	for _, path := range []string{"/1", "/2", "/3", "/4", "/5", "/6"} {
		w.get(s, path)
	}
	return w.check()
}

func provokeReconnect(t *testing.T, wire string) map[key]int64 {
	var came atomic.Int64
	w := newWatch(t, wire, func(rw http.ResponseWriter, r *http.Request) {
		n := came.Add(1)
		if n == 1 {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		c, err := websocket.Accept(rw, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		c.Write(r.Context(), websocket.MessageText, []byte("hello"))
		if n == 2 {
			c.Close(websocket.StatusGoingAway, "")
		}
		c.Close(websocket.StatusPolicyViolation, "")
	})
	s := w.session(nil)
	count := new(ws.ReconnectCounter)
	w.watch(count)
	opts := w.tel.Reconnect(&ws.ReconnectOptions{
		MinWait: -1, Stats: count,
		OnEvent: func(_ context.Context, e ws.ReconnectEvent) { w.tell("reconnect", string(e.Kind)) },
	})
	messages := int64(0)
	err := ws.Reconnect(t.Context(), s, w.url, opts, func(context.Context, *ws.Conn, ws.Message) error { messages++; return nil })
	if !errors.Is(err, errors.ErrClientConnection) {
		t.Errorf("got %v", err)
	}
	if got := w.otelCounts()[key{"aiolos.client.websocket.messages", ""}]; got != messages || messages != 2 {
		t.Errorf("got %d messages, counted %d, want 2", messages, got)
	}
	return w.check()
}

func provokeEventSource(t *testing.T, wire string) map[key]int64 {
	var came atomic.Int64
	w := newWatch(t, wire, func(rw http.ResponseWriter, _ *http.Request) {
		if came.Add(1) == 2 {
			rw.WriteHeader(http.StatusGone)
			return
		}
		rw.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(rw, "data: 1\n\ndata: 2\n\n")
	})
	count := new(session.EventSourceCounter)
	source := w.tel.EventSource(&session.EventSource{
		Session: w.session(nil), URL: w.url, Retry: -1, Stats: count,
		OnEvent: func(_ context.Context, e session.EventSourceEvent) { w.tell("event source", string(e.Kind)) },
	})
	w.watch(count)
	if err := w.tel.Observe(count); err != nil {
		t.Fatal(err)
	}
	yielded := int64(0)
	for _, err := range source.Events(t.Context()) {
		if err == nil {
			yielded++
		}
	}
	otel, prom, stats := w.otelCounts()[key{"aiolos.client.eventsource.events", ""}], w.promCounts()["aiolos_eventsource_events_total"], count.Stats().Events
	if otel != yielded || prom != yielded || stats != yielded || yielded != 2 {
		t.Errorf("got %d events, Stats %d, OpenTelemetry %d, Prometheus %d, want 2", yielded, stats, otel, prom)
	}
	return w.check()
}
