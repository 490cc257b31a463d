package middleware

import (
	"bytes"
	"io"
	"net/http"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// SetBody gives a request, which must be the middleware's own clone, another body
// in memory: the old one is closed, Content-Length and GetBody are set, and the
// framing of the old body goes. Content-Type stays as it is. Nil means no body.
// (aiohttp: ClientRequest.update_body)
func SetBody(req *http.Request, data []byte) {
	if len(data) == 0 {
		SetBodyReader(req, nil, 0, nil)
		return
	}
	again := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	SetBodyReader(req, io.NopCloser(bytes.NewReader(data)), int64(len(data)), again)
}

// SetBodyReader is [SetBody] for a body that is read: of a length, or of an unknown
// one if length is negative. The request closes it. GetBody makes it anew to send it
// again; nil means that it can be sent once.
func SetBodyReader(req *http.Request, body io.ReadCloser, length int64, getBody func() (io.ReadCloser, error)) {
	if req.Body != nil {
		req.Body.Close() // it is given up
	}
	req.TransferEncoding, req.Trailer = nil, nil
	if req.Header != nil {
		for _, name := range []string{"Content-Length", "Transfer-Encoding", "Content-Encoding"} {
			req.Header = httprule.DeleteField(req.Header, name)
		}
	}
	if body == nil {
		body, length, getBody = http.NoBody, 0, nil
	}
	req.Body, req.ContentLength, req.GetBody = body, length, getBody
}
