package middleware

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/internal/oneline"
)

// Bounds of what is read from a response that is thrown away, so that its
// connection can be used again.
const (
	discardBytes = 64 << 10
	discardTime  = 100 * time.Millisecond
)

// usable is next, or a RoundTripper that says that there is none.
func usable(next http.RoundTripper) http.RoundTripper {
	if next != nil {
		return next
	}
	return Func(func(req *http.Request) (*http.Response, error) {
		return refuse(req, &errors.InvalidRequestError{Field: "transport", Reason: "the middleware wraps nil"})
	})
}

// refuse is the answer to a request that is not sent: its body is closed all the
// same, as RoundTripper demands.
func refuse(req *http.Request, err error) (*http.Response, error) {
	closeBody(req)
	return nil, err
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}

// cloneRequest is a copy with headers of its own and the same body.
func cloneRequest(req *http.Request) *http.Request {
	clone := req.Clone(req.Context())
	if clone.Header == nil {
		clone.Header = http.Header{}
	}
	return clone
}

// replayable reports whether the request can be sent a second time.
func replayable(req *http.Request) bool {
	return req.Body == nil || req.Body == http.NoBody || req.GetBody != nil
}

// rewound is a clone with a body that starts from the beginning: always a fresh
// reader, because the transport may still be reading the previous one.
func rewound(req *http.Request) (*http.Request, error) {
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

// discard reads what little may be left of a response and closes it. A body that
// does not come is not waited for.
func discard(resp *http.Response) {
	if resp == nil || resp.Body == nil {
		return
	}
	shut := sync.OnceFunc(func() { resp.Body.Close() })
	defer shut()
	if resp.StatusCode == http.StatusSwitchingProtocols || resp.ContentLength > discardBytes {
		return
	}
	timer := time.AfterFunc(discardTime, shut)
	defer timer.Stop()
	_, _ = io.CopyN(io.Discard, resp.Body, discardBytes) // what fails is not used again
}

// pause waits for d, or until the context is done: then it returns the error of
// that, with its cause.
func pause(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return httprule.ContextError(ctx)
	}
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return httprule.ContextError(ctx)
	}
}
