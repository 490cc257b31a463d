package middleware

import (
	"context"
	"net/http"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Admit is the frame of a middleware that lets requests go one by one: it sends a request
// to next when admit has returned. An error of admit is that of the request, which is not
// sent. release, if it is not nil, is called once when the request is not under way any
// more: when it has failed, or when its response's body is closed or read to the end; a
// connection that was switched to another protocol counts no longer. Both are called in
// the goroutine that sends the request, reads or closes.
func Admit(next http.RoundTripper, admit func(req *http.Request) (release func(), err error)) http.RoundTripper {
	return &admittingTransport{requireNext(next), admit}
}

type admittingTransport struct {
	next  http.RoundTripper
	admit func(*http.Request) (func(), error)
}

// RoundTrip sends the request once it may go.
func (t *admittingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	release, err := t.admit(req)
	if err != nil {
		return refuseRequest(req, err)
	}
	if release == nil {
		return t.next.RoundTrip(req)
	}
	handed := false
	defer func() { // also when next panics
		if !handed {
			release()
		}
	}()
	resp, err := t.next.RoundTrip(req)
	if err != nil || resp == nil {
		return resp, err
	}
	onBodyDone(resp, release)
	handed = true
	return resp, nil
}

// OriginOf is what events and limits say of a request's URL: scheme://host:port, in lower
// case and with the port that the scheme stands for (RFC 6454 4). It is empty for a request
// without a URL.
func OriginOf(req *http.Request) string { return originOf(req) }

// PartitionOf is what tells requests apart that may not share tokens, responses and the
// like although they are the same: a client certificate, a pin or a proxy that a session's
// option has given to one request, whose context this is. It is a text that no other way to
// the server has, in this process or in another one, without a secret; the usual way is "".
func PartitionOf(ctx context.Context) string { return httprule.PartitionOf(ctx) }

// ContextError is why a context has ended: an error that is both ctx.Err() and its cause,
// for [errors.Is]; nil while it lasts.
func ContextError(ctx context.Context) error { return httprule.ContextError(ctx) }
