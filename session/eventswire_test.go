package session_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// TestEventsOverTheWire: a stream that a server breaks off, ends, and refuses
// goes on after the last event each time, and leaves no connection in use.
func TestEventsOverTheWire(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		from, _ := strconv.Atoi(r.Header.Get("Last-Event-ID"))
		if from >= 6 {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "retry: 1\n\n")
		for id := from + 1; id <= from+2; id++ {
			fmt.Fprintf(w, "id: %d\ndata: %d\n\n", id, id*id)
			http.NewResponseController(w).Flush()
		}
		if from == 2 {
			fmt.Fprint(w, "data: half an event")
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	})
	s := newSession(t, session.Config{Timeout: session.ClientTimeout{Total: time.Hour}})
	var causes []string
	source := session.EventSource{
		Session: s, URL: rec.URL, Options: []session.Option{session.Header("X-App", "1"), session.Query("q", "1")},
		OnRetry: func(err error, wait time.Duration) {
			causes = append(causes, fmt.Sprint(errors.Is(err, errors.ErrClient), wait))
		},
	}
	var got []string
	for e, err := range source.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.ID+":"+e.Data)
	}
	if want := "[1:1 2:4 3:9 4:16 5:25 6:36]"; fmt.Sprint(got) != want {
		t.Errorf("events %v, want %s", got, want)
	}
	if want := "[false 100ms true 100ms false 100ms]"; fmt.Sprint(causes) != want {
		t.Errorf("causes %v, want %s", causes, want)
	}
	for i, h := range rec.hops {
		want := strconv.Itoa(2 * i)
		if i == 0 {
			want = ""
		}
		if got := h.header.Get("Last-Event-ID"); got != want || h.header.Get("X-App") != "1" || h.path != "/?q=1" ||
			h.header.Get("Accept") != "text/event-stream" {
			t.Errorf("request %d: %s %v", i, h.path, h.header)
		}
	}
	if st := s.Connector().Stats(); st.InUse != 0 || rec.count() != 4 {
		t.Errorf("%d connections in use, %d requests", st.InUse, rec.count())
	}
}

// TestEventsCancel: a context ends a stream that says nothing.
func TestEventsCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: a\n\n")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	s := newSession(t, session.Config{})
	n := 0
	for e, err := range s.Events(ctx, rec.URL) {
		switch n++; n {
		case 1:
			if e.Data != "a" || err != nil {
				t.Errorf("got %+v, %v", e, err)
			}
			cancel()
		case 2:
			wantIs(t, err, context.Canceled)
		}
	}
	if n != 2 || rec.count() != 1 {
		t.Errorf("%d turns, %d requests", n, rec.count())
	}
}

// TestEventsOwnAccept: what the caller says about headers wins.
func TestEventsOwnAccept(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	s := newSession(t, session.Config{})
	for range s.Events(t.Context(), rec.URL, session.Header("Accept", "a/b"), session.Header("Cache-Control", "max-age=1")) {
		t.Error("an event out of nothing")
	}
	if h := rec.last(t).header; h.Get("Accept") != "a/b" || h.Get("Cache-Control") != "max-age=1" {
		t.Errorf("headers %v", h)
	}
}
