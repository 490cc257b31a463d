package httprule

import "net/http"

// Idempotent reports whether a request may be sent twice: by its method (RFC 9110
// 9.2.2, and QUERY), or because the caller vouches for it with the header
// Idempotency-Key or X-Idempotency-Key. As in net/http, a header without a value
// vouches too, and is not sent.
func Idempotent(req *http.Request) bool {
	switch req.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace,
		http.MethodPut, http.MethodDelete, "QUERY":
		return true
	}
	return NamesField(req.Header, "Idempotency-Key") || NamesField(req.Header, "X-Idempotency-Key")
}
