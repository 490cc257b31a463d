package connector

import "net/http"

// maxRefusals is how often a request that was refused is sent.
const maxRefusals = 5

// replayable reports whether a request that failed is sent once more. One that
// was refused may be so again, by the next connection.
func (x *exchange) replayable(refused bool, attempt int) bool {
	if refused {
		return attempt < maxRefusals && x.retry && x.ctx.Err() == nil && x.upload.failed() == nil
	}
	return attempt == 1 && x.stale()
}

// idempotent is RFC 9110 9.2.2, and the header with which a caller vouches for
// another method.
func idempotent(req *http.Request) bool {
	switch req.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace,
		http.MethodPut, http.MethodDelete, "QUERY":
		return true
	}
	_, ok := req.Header["Idempotency-Key"]
	return ok
}
