package h2

import (
	"net/http"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// blockGrace is how long a RoundTrip whose stream is lost may take to return by itself,
// before its caller stops waiting for it.
const blockGrace = 100 * time.Millisecond

// roundTripBlocking is RoundTrip for a body whose Read may block: net/http does not come back
// from a RoundTrip while its Read is under way, whatever happened. The goroutine ends when
// that Read returns; Close has told it to. That the stream is lost shows in net/http closing
// the body.
func (e *Exchange) roundTripBlocking() (*http.Response, error) {
	type result struct {
		resp *http.Response
		err  error
	}
	results := make(chan result)
	abandoned := make(chan struct{})
	cc, req := e.conn.cc, &e.req // one with a body is never used again
	go func() {
		resp, err := cc.RoundTrip(req)
		select {
		case results <- result{resp, err}:
		case <-abandoned:
			if resp != nil {
				resp.Body.Close() // nobody is there to hear
			}
		}
	}()
	opaque := e.body.Blocking()
	lost := opaque.Closed()
	for waits := true; waits; {
		select {
		case r := <-results:
			return r.resp, r.err
		case <-e.done:
			close(abandoned)
			opaque.Close()
			return nil, httprule.ContextError(e)
		case <-lost:
			if waits = e.body.Sent(); waits {
				lost = nil // it was closed in good order
			}
		}
	}
	opaque.Close()
	grace := time.NewTimer(blockGrace)
	defer grace.Stop()
	select {
	case r := <-results:
		return r.resp, r.err
	case <-grace.C:
	}
	e.Cancel(nil) // only now net/http says what has happened to the stream
	r := <-results
	return r.resp, r.err
}
