package otelaiolos_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
	"github.com/coder/websocket"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/aiolos-http/aiolos/contrib/otelaiolos"
)

// feed begins a span of the program's, which the events of a feed are added to, and
// returns them.
func (s *sdk) feed(t *testing.T, f func(ctx context.Context)) []string {
	t.Helper()
	recorder := s.spans
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("program")
	ctx, span := tracer.Start(t.Context(), "feed")
	f(ctx)
	span.End()
	for _, ended := range recorder.Ended() {
		if ended.Name() == "feed" {
			return eventNames(ended)
		}
	}
	return nil
}

// Connections that are made again and again are counted: those that are there, that are
// lost and why, the end, and what they bring; whoever listened before still does.
func TestReconnect(t *testing.T) {
	for _, wire := range []string{"http", "https with HTTP/1.1"} {
		n := 0
		srv, conn := serve(t, wire, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n++; n == 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			c, err := websocket.Accept(w, r, nil)
			if err != nil {
				t.Error(err)
				return
			}
			c.Write(r.Context(), websocket.MessageText, []byte("hello"))
			c.Close(map[int]websocket.StatusCode{2: websocket.StatusGoingAway, 3: websocket.StatusPolicyViolation}[n], "")
		}))
		sdk := newSDK(t, otelaiolos.Config{})
		s := open(t, sdk, conn, session.Config{})
		told, received, open := 0, 0, int64(0)
		opts := sdk.Reconnect(&ws.ReconnectOptions{
			MinWait: -1,
			Options: &ws.Options{OnMessage: func(ws.MessageEvent) { received++ }},
			OnEvent: func(context.Context, ws.ReconnectEvent) { told++ },
		})
		names := sdk.feed(t, func(ctx context.Context) {
			err := ws.Reconnect(ctx, s, srv.URL, opts, func(context.Context, *ws.Conn, ws.Message) error {
				open = total(sdk.collect(t)["aiolos.client.websocket.open_connections"])
				return nil
			})
			if !errors.Is(err, errors.ErrClientConnection) {
				t.Errorf("%s: got %v", wire, err)
			}
		})
		if want := []string{"reconnect: lost", "reconnect: connected", "reconnect: lost", "reconnect: connected", "reconnect: gave up"}; !slices.Equal(names, want) {
			t.Errorf("%s: got %q, want %q", wire, names, want)
		}
		all := sdk.collect(t)
		connections := all["aiolos.client.websocket.connections"]
		for _, test := range []struct {
			result, failure string
			want            int64
		}{{"connected", "", 2}, {"lost", "", 2}, {"lost", "WSServerHandshake", 1}, {"gave up", "", 1}, {"gave up", "ClientConnection", 1}} {
			with := []attribute.KeyValue{attribute.String("aiolos.result", test.result)}
			if test.failure != "" {
				with = append(with, semconv.ErrorTypeKey.String(test.failure))
			}
			if got := total(connections, with...); got != test.want {
				t.Errorf("%s: got %d %s %s, want %d", wire, got, test.result, test.failure, test.want)
			}
		}
		if got := opts.Stats.Stats(); got != (ws.ReconnectStats{Connected: 2, Lost: 2, GaveUp: 1}) || told != 5 || received != 2 || open != 1 {
			t.Errorf("%s: got %+v, told %d times, %d messages, %d open", wire, got, told, received, open)
		}
		if got := total(all["aiolos.client.websocket.messages"]); got != 2 {
			t.Errorf("%s: got %d messages, want 2", wire, got)
		}
		if got := total(all["aiolos.client.websocket.open_connections"]); got != 0 {
			t.Errorf("%s: got %d open, want none", wire, got)
		}
		if attempts, _ := sdk.checkEnded(t); len(attempts) != 3 {
			t.Errorf("%s: got %d spans of handshakes, want 3", wire, len(attempts))
		}
	}
}

// The same of a stream of events.
func TestEventSource(t *testing.T) {
	for _, wire := range wires {
		n := 0
		srv, conn := serve(t, wire, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			switch n++; n {
			case 1:
				w.Header().Set("Content-Type", "text/event-stream")
				io.WriteString(w, "data: 1\n\ndata: 2\n\n")
				http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			case 2:
				w.Header().Set("Content-Type", "text/event-stream")
				io.WriteString(w, "data: 3\n\n")
			default:
				w.WriteHeader(http.StatusGone)
			}
		}))
		sdk := newSDK(t, otelaiolos.Config{})
		s := open(t, sdk, conn, session.Config{})
		told, mine := 0, new(session.EventSourceCounter)
		source := sdk.EventSource(&session.EventSource{
			Session: s, URL: srv.URL, Retry: -1, Stats: mine,
			OnEvent: func(context.Context, session.EventSourceEvent) { told++ },
		})
		if err := sdk.Observe(mine); err != nil {
			t.Fatal(err)
		}
		var last error
		names := sdk.feed(t, func(ctx context.Context) {
			for _, err := range source.Events(ctx) {
				if last = err; err == nil && total(sdk.collect(t)["aiolos.client.eventsource.open_connections"]) != 1 {
					t.Errorf("%s: the connection is not told", wire)
				}
			}
		})
		if !errors.Is(last, errors.ErrClientResponse) || told != 5 {
			t.Errorf("%s: got %v, told %d times", wire, last, told)
		}
		if want := []string{"event source: connected", "event source: lost", "event source: connected", "event source: lost", "event source: gave up"}; !slices.Equal(names, want) {
			t.Errorf("%s: got %q, want %q", wire, names, want)
		}
		all := sdk.collect(t)
		connections := all["aiolos.client.eventsource.connections"]
		for result, want := range map[string]int64{"connected": 2, "lost": 2, "gave up": 1} {
			if got := total(connections, attribute.String("aiolos.result", result)); got != want {
				t.Errorf("%s: got %d %s, want %d", wire, got, result, want)
			}
		}
		if got := total(connections, semconv.ErrorTypeKey.String("ClientResponse")); got != 1 {
			t.Errorf("%s: got %d ends by a status, want 1", wire, got)
		}
		if got := total(all["aiolos.client.eventsource.events"]); got != 3 || mine.Stats().Events != 3 {
			t.Errorf("%s: got %d events, want 3", wire, got)
		}
		if attempts, _ := sdk.checkEnded(t); len(attempts) != 3 {
			t.Errorf("%s: got %d spans, want 3", wire, len(attempts))
		}
	}
}
