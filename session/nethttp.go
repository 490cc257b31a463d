package session

import (
	"cmp"
	"context"
	"io"
	"net/http"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// doNative is [Session.Do] up to the conversion of the response.
func (s *Session) doNative(req *http.Request) (*Response, error) {
	c := s.newCall(true)
	defer c.finishUnanswered()
	c.opts.check = nil
	if err := c.adoptRequest(req); err != nil {
		if req.Body != nil {
			req.Body.Close() // the call has failed for another reason
		}
		c.finish()
		c.failed = true
		return nil, c.noteFailure(errors.Wrap(c.method, req.URL, err))
	}
	return c.sendAndFollow()
}

// adoptRequest makes the call what a request of net/http's asks for.
func (c *call) adoptRequest(req *http.Request) error {
	c.method = cmp.Or(req.Method, http.MethodGet)
	switch {
	case req.URL == nil:
		return &errors.InvalidURLError{Description: "no URL"}
	case c.s.refusesCall():
		return errors.ErrSessionClosed
	case !isToken(c.method):
		return &errors.InvalidRequestError{Field: "method", Reason: "not a token"}
	case c.s.base.broken != nil:
		return c.s.base.broken
	}
	if err := checkURL(req.URL); err != nil {
		return err
	}
	u := *req.URL
	c.url = &u
	httprule.EscapeParts(&u)
	if err := toASCII(&u); err != nil {
		return err
	}
	header := nativeHeader(req.Header)
	if req.URL.User != nil && header.Get("Authorization") != "" {
		c.takeUser(c.url) // net/http's rule: the header wins
	}
	o := c.opts
	o.host, o.native = req.Host, req
	if ascii, ok := asciiHost(req.Host); ok {
		o.host = ascii // as net/http sends it
	}
	for name, values := range header {
		if name == "Content-Length" || name == "Transfer-Encoding" {
			continue // net/http takes them from the request's fields alone
		}
		key := http.CanonicalHeaderKey(name)
		if key != name {
			delete(o.ownHeader(), key) // the session's
		}
		o.ownHeader()[name] = values
		o.auto &^= autoHeader(key)
	}
	o.body = nativeBody(req)
	ctx, stop := watchCancel(req)
	err := c.resolveRequest(ctx)
	if stop != nil {
		c.ensureExtras().cancel = stop
	}
	return err
}

// nativeHeader is a header with one spelling of each name, because names have no case
// (RFC 9110 5.1): the canonical one for the fields that the session and the connector
// read. Other names stay as they are written: some servers are particular about them.
func nativeHeader(h http.Header) http.Header {
	if httprule.IsCanonical(h) {
		return h
	}
	known := make(http.Header, len(h))
	for name := range h {
		key := http.CanonicalHeaderKey(name)
		values := httprule.FieldValues(h, key)
		if isMeaningful(key) || len(values) != len(h[name]) { // or it has two spellings
			name = key
		}
		known[name] = values
	}
	return known
}

// isMeaningful reports whether the session or the connector reads a field.
func isMeaningful(key string) bool {
	switch key {
	case "Accept-Encoding", "Authorization", "Connection", "Content-Length", "Cookie", "Expect", "Host",
		"Range", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent":
		return true
	}
	return false
}

// watchCancel returns the request's context, which also ends when its Cancel channel is
// closed: some libraries still set that. stop ends the watch and the context; it is nil
// if there is nothing to watch.
func watchCancel(req *http.Request) (ctx context.Context, stop context.CancelFunc) {
	gone := req.Cancel //nolint:staticcheck // that it is deprecated is the point
	if gone == nil {
		return req.Context(), nil
	}
	ctx, stop = context.WithCancel(req.Context())
	go func() {
		select {
		case <-gone:
			stop()
		case <-ctx.Done():
		}
	}()
	return ctx, stop
}

// nativeBody is the body of a request. It can be sent again if there is a GetBody.
func nativeBody(req *http.Request) *bodySource {
	if req.Body == nil || req.Body == http.NoBody {
		return nil
	}
	b := onceBody(req.Body, "")
	b.length = cmp.Or(req.ContentLength, -1) // net/http: 0 is unknown, because there is a body
	if req.GetBody != nil {
		first := true
		b.once = false
		b.open = func() (io.ReadCloser, error) {
			if first {
				first = false
				return req.Body, nil
			}
			return req.GetBody()
		}
	}
	return b
}

// applyNative copies the fields that no option sets.
func applyNative(from, to *http.Request) {
	if from != nil {
		to.Close, to.Trailer, to.TransferEncoding = from.Close, from.Trailer, from.TransferEncoding
	}
}

// withoutTrailer is what applyNative copies once the body was dropped.
func withoutTrailer(from *http.Request) *http.Request {
	if from == nil {
		return nil
	}
	return &http.Request{Close: from.Close}
}

// likeNative makes the response what net/http's own client would return: the header of
// a body that was decoded does not say that it is encoded.
func (r *Response) likeNative() {
	if r.body.decoding == nil {
		return
	}
	r.Header.Del("Content-Encoding")
	r.Header.Del("Content-Length")
	r.ContentLength = -1
	r.Uncompressed = true
}
