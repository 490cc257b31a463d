package connector

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// blockGrace is how long a RoundTrip whose stream is lost may take to return by itself,
// before its caller stops waiting for it.
const blockGrace = 100 * time.Millisecond

// sendStream is send for HTTP/2.
func (x *exchange) sendStream() (*http.Response, error) {
	s := x.stream
	var ctx context.Context = s
	expects := x.upload.Present() && httprule.HasToken(x.orig.Header, "Expect", "100-continue")
	if !expects && !x.uploads() {
		s.sent(x.timeout.SockRead)
	} else {
		t := &httptrace.ClientTrace{WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil {
				s.sent(x.timeout.SockRead)
			}
		}}
		if expects {
			t.Wait100Continue = func() { s.asked(x.timeout.SockRead) }
			x.upload.Wrap(x.orig.ContentLength).Hold = s.sending
		}
		ctx = httptrace.WithClientTrace(ctx, t)
	}
	s.req = *x.orig.WithContext(ctx)
	x.adapt(&s.req)
	s.req.Cancel = nil //nolint:staticcheck // it ends the context: see watchCancel
	s.req.Header = headerOfH2(s.req.Header, expects)
	if x.upload.MayBlock() {
		return x.sendBlocking()
	}
	return x.conn.cc.RoundTrip(&s.req)
}

// headerOfH2 is h as net/http takes it for HTTP/2: without the fields that are of HTTP/1
// only (RFC 9113 8.2.2), and with Expect, if that counts, in the one spelling that it knows.
func headerOfH2(h http.Header, expects bool) http.Header {
	h = httprule.DeleteField(httprule.DeleteField(h, "Connection"), "Transfer-Encoding")
	if expects && h["Expect"] == nil {
		h = h.Clone()
		httprule.SetField(h, "Expect", "100-continue")
	}
	return h
}

// uploads reports whether sending the body may take a time of its own, in which
// the peer has no reason to say anything.
func (x *exchange) uploads() bool {
	small := x.upload.InMemory() && x.orig.ContentLength > 0 && x.orig.ContentLength <= smallUpload
	return x.upload.Present() && !small
}

// smallUpload is what a socket's buffer takes without the peer reading it.
const smallUpload = 8 << 10

// sendBlocking is sendStream for a body whose Read may block: net/http does not come back
// from a RoundTrip while its Read is under way, whatever happened. The goroutine ends when
// that Read returns; Close has told it to. That the stream is lost shows in net/http closing
// the body.
func (x *exchange) sendBlocking() (*http.Response, error) {
	type result struct {
		resp *http.Response
		err  error
	}
	results := make(chan result)
	abandoned := make(chan struct{})
	c, req := x.conn, x.stream.req.WithContext(x.stream.req.Context()) // the stream may be another request's by the time that this one ends
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
	lost := x.upload.Opaque().Closed()
	for waits := true; waits; {
		select {
		case r := <-results:
			return r.resp, r.err
		case <-x.stream.Done():
			close(abandoned)
			x.upload.Close()
			return nil, httprule.ContextError(x.stream)
		case <-lost:
			if waits = x.upload.Sent(); waits {
				lost = nil // it was closed in good order
			}
		}
	}
	x.upload.Close()
	grace := time.NewTimer(blockGrace)
	defer grace.Stop()
	select {
	case r := <-results:
		return r.resp, r.err
	case <-grace.C:
	}
	x.stream.cancel(nil) // only now net/http says what has happened to the stream
	r := <-results
	return r.resp, r.err
}
