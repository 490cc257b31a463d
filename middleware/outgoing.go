package middleware

import (
	"net/http"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/oneline"
)

// requireNext returns next, or a RoundTripper that refuses all requests if it is nil.
func requireNext(next http.RoundTripper) http.RoundTripper {
	if next != nil {
		return next
	}
	return Func(func(req *http.Request) (*http.Response, error) {
		return refuseRequest(req, &errors.InvalidRequestError{Field: "transport", Reason: "the middleware wraps nil"})
	})
}

// refuseRequest returns err for a request that is not sent, and closes its body, as
// RoundTripper demands.
func refuseRequest(req *http.Request, err error) (*http.Response, error) {
	closeBody(req)
	return nil, err
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}

// cloneRequest makes a copy with headers of its own and the same body.
func cloneRequest(req *http.Request) *http.Request {
	clone := req.Clone(req.Context())
	if clone.Header == nil {
		clone.Header = http.Header{}
	}
	return clone
}

// isReplayable reports whether the request can be sent a second time.
func isReplayable(req *http.Request) bool {
	return req.Body == nil || req.Body == http.NoBody || req.GetBody != nil
}

// rewindRequest makes a clone with a body that starts from the beginning: always a fresh
// reader, because the transport may still be reading the previous one.
func rewindRequest(req *http.Request) (*http.Request, error) {
	clone := cloneRequest(req)
	if req.Body == nil || req.Body == http.NoBody {
		return clone, nil
	}
	if req.GetBody == nil {
		return nil, &errors.BodyNotReplayableError{Reason: "the body can be read once only"}
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, oneline.Join(&errors.BodyNotReplayableError{Reason: "the body cannot be opened again"}, err)
	}
	clone.Body = body
	return clone, nil
}
