package session_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// connection is one answer of a server of events.
type connection struct {
	status int // 0: the connection fails
	body   string
	kind   string // of the body; empty: an event stream
}

// script is a session whose requests get the connections in turn, and then 204.
// It notes when each came and with which last event ID.
func script(t *testing.T, log *[]string, conns ...connection) *session.Session {
	t.Helper()
	start := time.Now()
	n := 0
	return newSession(t, session.Config{Transport: middleware.Func(func(req *http.Request) (*http.Response, error) {
		*log = append(*log, fmt.Sprintf("%s %q", time.Since(start), req.Header.Get("Last-Event-ID")))
		if req.Header.Get("Accept") != "text/event-stream" || req.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("headers %v", req.Header)
		}
		c := connection{status: http.StatusNoContent}
		if n < len(conns) {
			c = conns[n]
		}
		n++
		if c.status == 0 {
			return nil, &errors.ClientOSError{Err: io.ErrUnexpectedEOF}
		}
		h := http.Header{"Content-Type": {"text/event-stream"}}
		if c.kind != "" {
			h.Set("Content-Type", c.kind)
		}
		return &http.Response{StatusCode: c.status, Header: h, ContentLength: -1, Body: io.NopCloser(strings.NewReader(c.body))}, nil
	})})
}

func TestEventSource(t *testing.T) {
	t.Parallel()
	good := func(body string) connection { return connection{status: http.StatusOK, body: body} }
	for _, tt := range []struct {
		name   string
		source session.EventSource
		conns  []connection
		want   string // data of the events
		log    []string
		class  error
	}{
		{
			"204 ends it",
			session.EventSource{},
			nil, "",
			[]string{`0s ""`},
			nil,
		},
		{
			"reconnects with the ID",
			session.EventSource{},
			[]connection{good("id: 1\ndata: a\n\n"), good("data: b\n\nid: 2\ndata: lost")},
			"a b",
			[]string{`0s ""`, `3s "1"`, `6s "1"`},
			nil,
		},
		{
			"begins with an ID",
			session.EventSource{LastEventID: "41"},
			[]connection{good("data: a\n\nid\n\n")},
			"a",
			[]string{`0s "41"`, `3s ""`},
			nil,
		},
		{
			"waits as the server says",
			session.EventSource{Retry: time.Second},
			[]connection{good("data: a\n\n"), good("retry: 500\ndata: b\n\n")},
			"a b",
			[]string{`0s ""`, `1s ""`, `1.5s ""`},
			nil,
		},
		{
			"waits on as the server said",
			session.EventSource{},
			[]connection{good("retry: 500\ndata: a\n\n"), good("data: b\n\n")},
			"a b",
			[]string{`0s ""`, `500ms ""`, `1s ""`},
			nil,
		},
		{
			"a server cannot ask for no wait",
			session.EventSource{},
			[]connection{good("retry: 1\ndata: a\n\n"), good("retry: 99\ndata: b\n\n"), good("retry: 0\ndata: c\n\n"), good("retry: 101\ndata: d\n\n")},
			"a b c d",
			[]string{`0s ""`, `100ms ""`, `200ms ""`, `3.2s ""`, `3.301s ""`},
			nil,
		},
		{
			"a server that asks for less than the caller's none",
			session.EventSource{Retry: -1},
			[]connection{good("retry: 1\ndata: a\n\n"), {}, {}},
			"a",
			[]string{`0s ""`, `100ms ""`, `200ms ""`, `400ms ""`},
			nil,
		},
		{
			"an ID that no header can carry",
			session.EventSource{},
			[]connection{good("id: 1\ndata: a\n\n"), good("id: \x7f\ndata: b\n\n"), good("data: c\n\n")},
			"a b c",
			[]string{`0s ""`, `3s "1"`, `6s "1"`, `9s "1"`},
			nil,
		},
		{
			"without a wait",
			session.EventSource{Retry: -1},
			[]connection{good("data: a\n\n"), {}, {}},
			"a",
			[]string{`0s ""`, `0s ""`, `0s ""`, `0s ""`},
			nil,
		},
		{
			"waits longer and longer",
			session.EventSource{MaxRetry: 10 * time.Second},
			[]connection{{}, {}, {}, good(""), good("data: a\n\n"), {}},
			"a",
			[]string{`0s ""`, `3s ""`, `9s ""`, `19s ""`, `29s ""`, `32s ""`, `35s ""`},
			nil,
		},
		{
			"without a bound it waits longer and longer, too",
			session.EventSource{Retry: 20 * time.Minute, MaxRetry: -1},
			[]connection{{}, {}, {}, {}, {}},
			"",
			[]string{`0s ""`, `20m0s ""`, `1h0m0s ""`, `2h20m0s ""`, `3h40m0s ""`, `5h0m0s ""`},
			nil,
		},
		{
			"a server cannot ask for ever",
			session.EventSource{},
			[]connection{good("retry: 999999999\ndata: a\n\n")},
			"a",
			[]string{`0s ""`, `1m0s ""`},
			nil,
		},
		{
			"gives up",
			session.EventSource{MaxFailures: 2},
			[]connection{good("data: a\n\n"), {}, {}},
			"a",
			[]string{`0s ""`, `3s ""`, `6s ""`},
			errors.ErrClientOS,
		},
		{
			"gives up on empty streams",
			session.EventSource{MaxFailures: 1},
			[]connection{good(": nothing\n\n")},
			"",
			[]string{`0s ""`},
			io.EOF,
		},
		{
			"status",
			session.EventSource{},
			[]connection{good("data: a\n\n"), {status: http.StatusServiceUnavailable}},
			"a",
			[]string{`0s ""`, `3s ""`},
			errors.ErrClientResponse,
		},
		{
			"status that is no failure",
			session.EventSource{},
			[]connection{{status: http.StatusCreated, body: "data: a\n\n"}},
			"",
			[]string{`0s ""`},
			errors.ErrClientResponse,
		},
		{
			"type",
			session.EventSource{},
			[]connection{{status: http.StatusOK, kind: "text/html"}},
			"",
			[]string{`0s ""`},
			errors.ErrContentType,
		},
		{
			"an event that is too large comes again",
			session.EventSource{},
			[]connection{good("data: a\n\n" + strings.Repeat("x", 9<<20))},
			"a",
			[]string{`0s ""`},
			errors.ErrBodyTooLarge,
		},
		{
			"bad option",
			session.EventSource{Options: []session.Option{session.Redirects(-1)}},
			nil, "", nil, errors.ErrInvalidRequest,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log, data []string
				e := tt.source
				e.Session, e.URL = script(t, &log, tt.conns...), "http://events.example/"
				var last error
				for ev, err := range e.Events(t.Context()) {
					if last = err; err == nil {
						data = append(data, ev.Data)
					}
				}
				if got := strings.Join(data, " "); got != tt.want {
					t.Errorf("events %q, want %q", got, tt.want)
				}
				if !slices.Equal(log, tt.log) {
					t.Errorf("requests %q, want %q", log, tt.log)
				}
				if !stderrors.Is(last, tt.class) {
					t.Errorf("error %v, want %v", last, tt.class)
				}
			})
		})
	}
}

// TestEventSourceEnds: a context ends the wait, and so does leaving the loop.
func TestEventSourceEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log []string
		s := script(t, &log, make([]connection, 100)...)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var waits []time.Duration
		e := session.EventSource{Session: s, URL: "http://events.example/", OnRetry: func(err error, wait time.Duration) {
			wantIs(t, err, errors.ErrClientOS)
			waits = append(waits, wait)
		}}
		n := 0
		for _, err := range e.Events(ctx) {
			n++
			wantIs(t, err, context.DeadlineExceeded)
			wantIs(t, err, errors.ErrClient)
		}
		if n != 1 || len(log) != 3 || !slices.Equal(waits, []time.Duration{3e9, 6e9, 12e9}) {
			t.Errorf("%d errors, %d requests, waits %v", n, len(log), waits)
		}
		log = nil
		s = script(t, &log, connection{status: http.StatusOK, body: "data: a\n\ndata: b\n\n"})
		for e, err := range s.Events(t.Context(), "http://events.example/") {
			if e.Data != "a" || err != nil {
				t.Errorf("got %+v, %v", e, err)
			}
			break
		}
		if len(log) != 1 {
			t.Errorf("%d requests after a break, want 1", len(log))
		}
	})
	for _, err := range (&session.EventSource{}).Events(t.Context()) {
		wantIs(t, err, errors.ErrInvalidRequest)
	}
}
