package otelaiolos_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"go.opentelemetry.io/otel/propagation"

	"github.com/aiolos-http/aiolos/contrib/otelaiolos"
)

// panickingPropagator is a hook of the program's that panics.
type panickingPropagator struct{ propagation.TraceContext }

func (panickingPropagator) Inject(context.Context, propagation.TextMapCarrier) { panic("hook") }

// TestHookPanics: whatever panics around an attempt, its span and the call's end, once, and
// nothing is counted as under way.
func TestHookPanics(t *testing.T) {
	panics := func(http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(*http.Request) (*http.Response, error) { panic("hook") })
	}
	onEvent := func(context.Context, middleware.Event) { panic("hook") }
	for name, tt := range map[string]struct {
		cfg otelaiolos.Config
		s   session.Config
		end http.RoundTripper
	}{
		"span name":    {cfg: otelaiolos.Config{SpanName: func(*http.Request) string { panic("hook") }}},
		"propagator":   {cfg: otelaiolos.Config{Propagator: panickingPropagator{}}},
		"transport":    {end: panics(nil)},
		"middleware":   {s: session.Config{Middleware: []middleware.Middleware{panics}}},
		"policy below": {s: session.Config{Middleware: []middleware.Middleware{middleware.Hedge(middleware.HedgePolicy{}), panics}}},
		"event": {
			s:   session.Config{Middleware: []middleware.Middleware{middleware.Retry(middleware.RetryPolicy{OnEvent: onEvent})}},
			end: middleware.Answer(503, nil, "text"),
		},
		"trace's begin": {s: session.Config{Trace: []*session.Trace{{RequestStart: func(context.Context, session.RequestEvent) { panic("hook") }}}}},
		"trace's end":   {s: session.Config{Trace: []*session.Trace{{RequestEnd: func(context.Context, session.ResponseEvent) { panic("hook") }}}}},
		"no result":     {end: middleware.Func(func(*http.Request) (*http.Response, error) { return nil, nil })},
	} {
		t.Run(name, func(t *testing.T) {
			tt.cfg.Calls = true
			sdk := newSDK(t, tt.cfg)
			tt.s.Transport = tt.end
			if tt.end == nil {
				tt.s.Transport = middleware.Answer(200, nil, "text")
			}
			s, err := sdk.NewSession(tt.s)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			func() {
				defer func() { recover() }()
				if resp, err := s.Get(t.Context(), "http://h/"); err == nil {
					resp.Close()
				}
			}()
			// What ends with the call's context does so on a goroutine of its own.
			waitFor(t, func() bool { return len(sdk.spans.Ended()) == len(sdk.spans.Started()) })
			_, calls := sdk.checkEnded(t)
			if len(calls) != 1 {
				t.Errorf("got %d spans of calls, want 1", len(calls))
			}
			all := sdk.collect(t)
			if n := total(all["http.client.active_requests"]); n != 0 {
				t.Errorf("%d are under way", n)
			}
		})
	}
}

// TestWrapWithoutResult: what has neither a response nor an error goes on as it came.
func TestWrapWithoutResult(t *testing.T) {
	sdk := newSDK(t, otelaiolos.Config{})
	rt := sdk.WrapCall(sdk.Wrap(middleware.Func(func(*http.Request) (*http.Response, error) { return nil, nil })))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://h/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := rt.RoundTrip(req); resp != nil || err != nil {
		t.Errorf("got %v, %v", resp, err)
	}
	if attempts, calls := sdk.checkEnded(t); len(attempts) != 1 || len(calls) != 1 {
		t.Errorf("got %d and %d spans, want one each", len(attempts), len(calls))
	}
}

// TestCancelledAnywhere: callers that leave at any moment leave no span open and nothing
// under way, and each attempt is counted once.
func TestCancelledAnywhere(t *testing.T) {
	for _, wire := range wires {
		t.Run(wire, func(t *testing.T) {
			var n, seen atomic.Int64
			srv, conn := serve(t, wire, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				seen.Add(1)
				switch i := n.Add(1); {
				case r.URL.Path == "/to":
					http.Redirect(w, r, "/", http.StatusFound)
				case i%7 == 0:
					panic(http.ErrAbortHandler)
				case i%5 == 0:
					w.Header().Set("Connection", "close") // with HTTP/2 a GOAWAY
					io.WriteString(w, "last")
				case i%3 == 0:
					w.WriteHeader(http.StatusServiceUnavailable)
				default:
					io.WriteString(w, "some")
					http.NewResponseController(w).Flush()
					select {
					case <-time.After(time.Millisecond):
					case <-r.Context().Done():
					}
					io.WriteString(w, "more")
				}
			}))
			sdk := newSDK(t, otelaiolos.Config{Calls: true})
			conn.LimitPerHost = 4
			retry := middleware.NewRetrier(middleware.RetryPolicy{MinWait: time.Millisecond, MaxWait: time.Millisecond, OnEvent: sdk.OnEvent})
			hedge := middleware.NewHedger(middleware.HedgePolicy{Delay: time.Millisecond, OnEvent: sdk.OnEvent})
			limit := middleware.NewConcurrencyLimiter(middleware.ConcurrencyLimit{Total: 6, OnEvent: sdk.OnEvent})
			if err := sdk.Observe(limit); err != nil {
				t.Fatal(err)
			}
			c, err := sdk.NewConnector(conn)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			s, err := sdk.NewSession(session.Config{Connector: c, Middleware: []middleware.Middleware{retry.Wrap, hedge.Wrap, limit.Wrap}})
			if err != nil {
				t.Fatal(err)
			}
			together(200, 12, func(i int) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.Int64N(int64(6*time.Millisecond))))
				defer cancel()
				path := "/"
				if i%4 == 0 {
					path = "/to"
				}
				if resp, err := s.Get(ctx, srv.URL+path); err == nil {
					if i%2 == 0 {
						resp.Bytes()
					}
					resp.Close()
				}
			})
			s.Close()
			waitFor(t, func() bool { st := c.Stats(); return st.InUse == 0 && st.Waiting == 0 && st.Unread == 0 })
			waitFor(t, func() bool { return len(sdk.spans.Ended()) == len(sdk.spans.Started()) })
			attempts, calls := sdk.checkEnded(t)
			all := sdk.collect(t)
			if got := total(all["http.client.request.duration"]); got != int64(len(attempts)) {
				t.Errorf("counted %d attempts, and %d spans", got, len(attempts))
			}
			if len(calls) != 200 {
				t.Errorf("got %d spans of calls, want 200", len(calls))
			}
			for _, name := range []string{"http.client.active_requests", "aiolos.client.waiting_requests", "aiolos.client.unread_responses", "aiolos.client.limiter.waiting_requests"} {
				if got := total(all[name]); got != 0 {
					t.Errorf("%s: got %d, want 0", name, got)
				}
			}
			if int(seen.Load()) > len(attempts)+int(c.Stats().Retried) {
				t.Errorf("the server has seen %d, and there are %d attempts", seen.Load(), len(attempts))
			}
			h := hedge.Stats()
			if h.Sent != h.Won+h.Lost || limit.Stats().UnderWay != 0 || limit.Stats().Waiting != 0 {
				t.Errorf("got %+v and %+v", h, limit.Stats())
			}
		})
	}
}
