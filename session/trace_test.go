package session_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// diary is a trace that writes down everything that it is told.
func diary(log *[]string) *session.Trace {
	var mu sync.Mutex // what is sent may be told by another goroutine
	note := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		*log = append(*log, text)
	}
	conn := func(name string) func(context.Context, session.ConnectionEvent) {
		return func(context.Context, session.ConnectionEvent) { note(name) }
	}
	host := func(name string) func(context.Context, session.HostEvent) {
		return func(_ context.Context, e session.HostEvent) { note(name + " " + e.Host) }
	}
	return &session.Trace{
		RequestStart:          func(_ context.Context, e session.RequestEvent) { note("start " + e.Method + " " + e.URL.Path) },
		ConnectionQueuedStart: conn("queued"), ConnectionQueuedEnd: conn("queued end"),
		ConnectionCreateStart: conn("create"), ConnectionCreateEnd: conn("create end"),
		ConnectionReuse: conn("reuse"),
		DNSCacheHit:     host("hit"), DNSCacheMiss: host("miss"),
		DNSResolveHostStart: host("resolve"), DNSResolveHostEnd: host("resolve end"),
		RequestHeadersSent:    func(_ context.Context, e session.RequestEvent) { note("headers " + e.Method + " " + e.URL.Path) },
		RequestChunkSent:      func(_ context.Context, e session.ChunkEvent) { note("sent " + string(e.Chunk)) },
		RequestRedirect:       func(_ context.Context, e session.ResponseEvent) { note("redirect " + e.Response.Status) },
		RequestEnd:            func(_ context.Context, e session.ResponseEvent) { note("end " + e.Response.Status) },
		ResponseChunkReceived: func(_ context.Context, e session.ChunkEvent) { note("received " + string(e.Chunk)) },
		RequestException: func(_ context.Context, e session.ErrorEvent) {
			note("exception " + e.Method + " " + errorClass(e.Err))
		},
	}
}

func errorClass(err error) string {
	for name, class := range map[string]error{
		"refused": errors.ErrClientConnector, "cancelled": context.Canceled, "timeout": errors.ErrTotalTimeout,
		"status": errors.ErrClientResponse,
	} {
		if errors.Is(err, class) {
			return name
		}
	}
	return err.Error()
}

// TestTraceOrder is aiohttp's order for a POST that is redirected, on a new
// connection, and for what follows on it.
func TestTraceOrder(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusTemporaryRedirect)
			return
		}
		io.WriteString(w, "body")
	})
	var log []string
	s := newSession(t, session.Config{Trace: []*session.Trace{nil, diary(&log)}})
	url := strings.Replace(rec.URL, "127.0.0.1", "localhost", 1)
	resp, err := s.Post(t.Context(), url+"/old", session.Text("data"))
	readBody(t, resp, err)
	want := []string{
		"start POST /old", "create", "miss localhost", "resolve localhost", "resolve end localhost", "create end",
		"headers POST /old", "sent data", "redirect 307 Temporary Redirect",
		"reuse", "headers POST /new", "sent data", "end 200 OK", "received body",
	}
	if !slices.Equal(log, want) {
		t.Errorf("got  %q\nwant %q", log, want)
	}
	log = nil
	s.Connector().CloseIdleConnections()
	resp, err = s.Get(t.Context(), url+"/new", session.Redirects(1))
	readBody(t, resp, err)
	want = []string{"start GET /new", "create", "hit localhost", "create end", "headers GET /new", "end 200 OK", "received body"}
	if !slices.Equal(log, want) {
		t.Errorf("got  %q\nwant %q", log, want)
	}
}

// TestTraceFailures: each failure is told, once, and instead of the end.
func TestTraceFailures(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hang" {
			<-r.Context().Done()
			return
		}
		w.WriteHeader(http.StatusTeapot)
	})
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range map[string]struct {
		ctx  context.Context
		url  string
		opts []session.Option
		want string
	}{
		"refused":   {t.Context(), "http://127.0.0.1:1/", nil, "exception GET refused"},
		"cancelled": {cancelled, rec.URL, nil, "exception GET cancelled"},
		"timeout":   {t.Context(), rec.URL + "/hang", opt(session.Timeout(20 * time.Millisecond)), "exception GET timeout"},
		"status":    {t.Context(), rec.URL, opt(session.CheckStatus()), "exception GET status"},
	} {
		var log []string
		s := newSession(t, session.Config{Trace: []*session.Trace{diary(&log)}})
		if _, err := s.Get(tt.ctx, tt.url, tt.opts...); err == nil {
			t.Errorf("%s: no error", name)
		}
		if n := len(log); n == 0 || log[n-1] != tt.want || slices.ContainsFunc(log, func(l string) bool { return strings.HasPrefix(l, "end ") }) {
			t.Errorf("%s: got %q, want %q at the end", name, log, tt.want)
		}
	}
}

// TestTraceValue: the value of a call reaches all functions, and what RequestStart
// puts into the header is sent.
func TestTraceValue(t *testing.T) {
	t.Parallel()
	rec := record(t, ok)
	var values []any
	s := newSession(t, session.Config{Trace: []*session.Trace{{
		NewValue: func(given any) any { return []any{given, "made"} },
		RequestStart: func(_ context.Context, e session.RequestEvent) {
			values = append(values, e.Value)
			e.Header.Set("X-Trace", "1")
		},
		RequestEnd: func(_ context.Context, e session.ResponseEvent) { values = append(values, e.Value) },
	}, {
		RequestStart: func(_ context.Context, e session.RequestEvent) { values = append(values, e.Value) },
	}}})
	for _, o := range []session.Option{session.TraceContext("given"), {}} {
		resp, err := s.Get(t.Context(), rec.URL, o)
		readBody(t, resp, err)
	}
	if got := rec.last(t).header.Get("X-Trace"); got != "1" {
		t.Errorf("X-Trace: got %q", got)
	}
	if got, want := len(values), 6; got != want {
		t.Fatalf("%d calls, want %d", got, want)
	}
	if v := values[0].([]any); v[0] != "given" || values[1] != "given" || values[3].([]any)[0] != nil || values[4] != nil {
		t.Errorf("got %v", values)
	}
	if s.Header().Get("X-Trace") != "" {
		t.Error("the session's own header was changed")
	}
}

// TestTracePanics: a panic in any function ends the request with an error that
// says so, and leaks nothing.
func TestTracePanics(t *testing.T) {
	t.Parallel()
	// A recorder would want every body whole, also that of a request which a panic breaks off.
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusTemporaryRedirect)
			return
		}
		io.WriteString(w, "body")
	}))
	t.Cleanup(srv.Close)
	mine := errors.New("mine")
	url := strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)
	for name, trace := range map[string]*session.Trace{
		"NewValue":            {NewValue: func(any) any { panic(mine) }},
		"RequestStart":        {RequestStart: func(context.Context, session.RequestEvent) { panic(mine) }},
		"CreateStart":         {ConnectionCreateStart: func(context.Context, session.ConnectionEvent) { panic(mine) }},
		"CreateEnd":           {ConnectionCreateEnd: func(context.Context, session.ConnectionEvent) { panic(mine) }},
		"DNSCacheMiss":        {DNSCacheMiss: func(context.Context, session.HostEvent) { panic(mine) }},
		"DNSResolveHostEnd":   {DNSResolveHostEnd: func(context.Context, session.HostEvent) { panic(mine) }},
		"ConnectionReuse":     {ConnectionReuse: func(context.Context, session.ConnectionEvent) { panic(mine) }},
		"RequestHeadersSent":  {RequestHeadersSent: func(context.Context, session.RequestEvent) { panic(mine) }},
		"RequestChunkSent":    {RequestChunkSent: func(context.Context, session.ChunkEvent) { panic(mine) }},
		"RequestRedirect":     {RequestRedirect: func(context.Context, session.ResponseEvent) { panic(mine) }},
		"RequestEnd":          {RequestEnd: func(context.Context, session.ResponseEvent) { panic(mine) }},
		"RequestException":    {RequestStart: func(context.Context, session.RequestEvent) { panic(mine) }, RequestException: func(context.Context, session.ErrorEvent) { panic("another") }},
		"ResponseChunkRecv'd": {ResponseChunkReceived: func(context.Context, session.ChunkEvent) { panic(mine) }},
	} {
		s := newSession(t, session.Config{Trace: []*session.Trace{trace}})
		resp, err := s.Post(t.Context(), url+"/old", session.Text("data"))
		if err == nil {
			_, err = resp.Bytes()
			resp.Close()
		}
		var broken *session.TraceError
		if !errors.As(err, &broken) || !errors.Is(err, mine) || !errors.Is(err, errors.ErrClient) {
			t.Errorf("%s: got %v", name, err)
		}
		eventuallyFree(t, s.Connector())
	}
}

// eventuallyFree waits until no connection is in use: that of a cancelled request
// is closed by net/http's own goroutines.
func eventuallyFree(t *testing.T, c *connector.Connector) {
	t.Helper()
	deadline := time.NewTimer(5 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for c.Stats().InUse > 0 {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Errorf("slots leaked: %+v", c.Stats())
			return
		}
	}
}

// TestMiddlewares: those of a request take the place of the session's, or come after
// them; of several options the last that replaces counts, and what adds after it.
func TestMiddlewares(t *testing.T) {
	t.Parallel()
	rec := record(t, ok)
	mark := func(name string) middleware.Middleware {
		return func(next http.RoundTripper) http.RoundTripper {
			return middleware.Func(func(req *http.Request) (*http.Response, error) {
				clone := req.Clone(req.Context())
				clone.Header.Add("X-Via", name)
				return next.RoundTrip(clone)
			})
		}
	}
	s := newSession(t, session.Config{Middleware: []middleware.Middleware{mark("session")}})
	for _, tt := range []struct {
		opts []session.Option
		want string
	}{
		{nil, "session"},
		{opt(session.Middlewares(mark("a"), mark("b"))), "a,b"},
		{opt(session.Middlewares()), ""},
		{opt(session.Middlewares(mark("a")), session.Middlewares(mark("b"))), "b"},
		{opt(session.AddMiddleware(mark("a"), mark("b"))), "session,a,b"},
		{opt(session.AddMiddleware(mark("a")), session.AddMiddleware(nil, mark("b"))), "session,a,b"},
		{opt(session.AddMiddleware(mark("a")), session.Middlewares(mark("b"))), "b"},
		{opt(session.Middlewares(mark("a")), session.AddMiddleware(mark("b"))), "a,b"},
		{opt(session.Middlewares(), session.AddMiddleware(mark("a"))), "a"},
		{opt(session.AddMiddleware()), "session"},
	} {
		resp, err := s.Get(t.Context(), rec.URL, tt.opts...)
		readBody(t, resp, err)
		if got := strings.Join(rec.last(t).header["X-Via"], ","); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// TestAddMiddlewareKeepsState: the session's middlewares are not wrapped anew for a
// request that adds one, and see each attempt of it once; what a middleware sends by
// the session itself does not go through what was added.
func TestAddMiddlewareKeepsState(t *testing.T) {
	t.Parallel()
	rec := record(t, ok)
	var wrapped, added int
	var s *session.Session
	twice := func(next http.RoundTripper) http.RoundTripper {
		wrapped++
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			if req.URL.Path == "/inner" {
				return next.RoundTrip(req)
			}
			resp, err := s.Get(req.Context(), rec.URL+"/inner")
			readBody(t, resp, err)
			if other, err := next.RoundTrip(req.Clone(req.Context())); err == nil {
				other.Body.Close()
			}
			return next.RoundTrip(req)
		})
	}
	count := func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			if req.URL.Path == "/inner" {
				t.Error("the inner request goes through what the outer one has added")
			}
			added++
			return next.RoundTrip(req)
		})
	}
	s = newSession(t, session.Config{Middleware: []middleware.Middleware{twice}})
	for range 2 {
		resp, err := s.Get(t.Context(), rec.URL, session.AddMiddleware(count))
		readBody(t, resp, err)
	}
	if wrapped != 1 || added != 4 {
		t.Errorf("wrapped %d times and added one called %d times, want 1 and 4", wrapped, added)
	}
	resp, err := s.With(session.AddMiddleware(count)).Get(t.Context(), rec.URL)
	readBody(t, resp, err)
	if wrapped != 1 || added != 6 {
		t.Errorf("derived: wrapped %d times and added one called %d times, want 1 and 6", wrapped, added)
	}
}

// TestFromContext: a middleware sends requests of its own by the session, without
// calling itself.
func TestFromContext(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, strings.TrimPrefix(r.URL.Path, "/"))
	})
	var calls int
	auth := func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			calls++
			resp, err := session.FromContext(req.Context()).Get(req.Context(), rec.URL+"/token")
			if err != nil {
				return nil, err
			}
			token, err := resp.Text()
			if err != nil {
				return nil, err
			}
			clone := req.Clone(req.Context())
			clone.Header.Set("Authorization", "Bearer "+token)
			return next.RoundTrip(clone)
		})
	}
	s := newSession(t, session.Config{Middleware: []middleware.Middleware{auth}})
	resp, err := s.Get(t.Context(), rec.URL+"/data")
	readBody(t, resp, err)
	if got := rec.last(t).header.Get("Authorization"); got != "Bearer token" || calls != 1 {
		t.Errorf("got %q after %d calls", got, calls)
	}
	if session.FromContext(t.Context()) != nil {
		t.Error("a session for a context of no session's")
	}
}
