package session_test

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// TestStreamClosedWhileRead has transports give a body up while they still read
// it, as net/http does. The iterator has to end in any case.
func TestStreamClosedWhileRead(t *testing.T) {
	t.Parallel()
	var began, ended atomic.Int64
	large, buf := make([]byte, 1<<20), make([]byte, 1<<20) // copying takes its time
	s := newSession(t, session.Config{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		read := make(chan struct{})
		go func() {
			defer close(read)
			req.Body.Read(buf) // whatever it says
		}()
		for began.Load() == ended.Load() { // the reader may be anywhere from here on
			select {
			case <-read:
			default:
				continue
			}
			break
		}
		req.Body.Close()
		<-read
		return nil, errors.New("given up")
	})})
	for range 200 {
		seq := func(yield func([]byte, error) bool) {
			began.Add(1)
			defer ended.Add(1)
			for yield(large, nil) {
			}
		}
		if _, err := s.Post(t.Context(), "http://a.example/", session.Stream(seq)); err == nil {
			t.Fatal("no error")
		}
		if b, e := began.Load(), ended.Load(); b != e {
			t.Fatalf("%d iterators began, %d ended", b, e)
		}
	}
}
