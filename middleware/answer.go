package middleware

import (
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Answer is a Transport that gives every request the same answer, for tests of a
// program without a server. The header is copied, and may be nil; Content-Length is
// added. A HEAD request and a status that has no body (RFC 9110 6.4.1) get none. A
// request whose context has ended gets the error of that. It is safe for concurrent
// use.
func Answer(status int, header http.Header, body string) http.RoundTripper {
	header = header.Clone()
	return Func(func(req *http.Request) (*http.Response, error) {
		closeBody(req)
		if req.Context().Err() != nil {
			return nil, httprule.ContextError(req.Context())
		}
		return makeAnswer(req, status, header, body), nil
	})
}

// makeAnswer makes the response to a request. The header is not changed.
func makeAnswer(req *http.Request, status int, header http.Header, body string) *http.Response {
	h := header.Clone()
	if h == nil {
		h = http.Header{}
	}
	empty := status == http.StatusNoContent || status == http.StatusNotModified || status < http.StatusOK
	if !empty && !httprule.HasField(h, "Content-Length") {
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	resp := &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h, Request: req,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
	if empty {
		resp.ContentLength = 0
	}
	if empty || req.Method == http.MethodHead {
		resp.Body = http.NoBody
	}
	return resp
}
