package session_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// TestEventSourceEvents: what is told of connections, and counted.
func TestEventSourceEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		stream := http.Header{"Content-Type": {"text/event-stream"}}
		s, err := session.New(session.Config{Transport: middleware.Func(func(req *http.Request) (*http.Response, error) {
			switch n++; n {
			case 1:
				return nil, io.EOF
			case 2:
				return middleware.Answer(200, stream, "data: 1\n\ndata: 2\n\n").RoundTrip(req)
			case 3:
				return middleware.Answer(200, stream, "").RoundTrip(req)
			}
			return middleware.Answer(404, nil, "").RoundTrip(req)
		})})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var got []string
		var count session.EventSourceCounter
		source := &session.EventSource{
			Session: s, URL: "http://h.example/", Stats: &count,
			OnEvent: func(ctx context.Context, e session.EventSourceEvent) {
				if ctx != t.Context() || (e.Err == nil) != (e.Kind == session.EventSourceConnected) {
					t.Errorf("got %+v", e)
				}
				got = append(got, fmt.Sprint(string(e.Kind), " ", e.Failures, " ", e.Wait))
			},
		}
		var last error
		for event, err := range source.Events(t.Context()) {
			if last = err; err == nil && count.Stats().Open != 1 {
				t.Errorf("%+v: got %+v", event, count.Stats())
			}
		}
		if !errors.Is(last, errors.ErrClientResponse) {
			t.Errorf("got %v", last)
		}
		if want := []string{"lost 1 3s", "connected 1 0s", "lost 0 3s", "connected 0 0s", "lost 1 3s", "gave up 2 0s"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if s := count.Stats(); s != (session.EventSourceStats{Connected: 2, Lost: 3, GaveUp: 1, Events: 2}) {
			t.Errorf("got %+v", s)
		}
	})
}
