package connector

import (
	"io"
	"net/http"
	"time"
)

// blockGrace is how long a RoundTrip whose connection is gone may take to
// return by itself, before its caller stops waiting for it.
const blockGrace = 100 * time.Millisecond

// sendBlocking is send for a body whose Read may block: net/http does not come
// back from a RoundTrip while its Read is under way, whatever happened. The
// goroutine ends when that Read returns; Close has told it to. That a stream is
// lost shows in net/http closing the body.
func (x *exchange) sendBlocking() (*http.Response, error) {
	type result struct {
		resp *http.Response
		err  error
	}
	results := make(chan result)
	abandoned := make(chan struct{})
	c, req := x.conn, x.req.WithContext(x.req.Context()) // x.req may be another attempt's by the time that this one ends
	go func() {
		resp, err := c.cc.RoundTrip(req)
		select {
		case results <- result{resp, err}:
		case <-abandoned:
			if resp != nil {
				resp.Body.Close() // nobody is there to hear
			}
		}
	}()
	lost := c.done()
	if c.mux {
		lost = x.upload.opaque.closed
	}
	for waits := true; waits; {
		select {
		case r := <-results:
			return r.resp, r.err
		case <-x.ctx.Done():
			close(abandoned)
			x.upload.close()
			if !c.mux {
				c.shut()
			}
			return nil, contextError(x.ctx)
		case <-lost:
			if waits = c.mux && x.upload.sent(); waits {
				lost = nil // it was closed in good order
			}
		}
	}
	x.upload.close()
	grace := time.NewTimer(blockGrace)
	defer grace.Stop()
	select {
	case r := <-results:
		return r.resp, r.err
	case <-grace.C:
	}
	if c.mux {
		x.stream.cancel(nil) // only now net/http says what has happened to the stream
		r := <-results
		return r.resp, r.err
	}
	close(abandoned)
	return nil, io.ErrUnexpectedEOF
}
