package connector

import (
	"net/http"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/h2"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// beginExchange starts an exchange on the connection that was found.
func (x *exchange) beginExchange(now time.Time) {
	c := x.conn
	x.times.gotConn, x.begun = now.Sub(x.times.start), true
	if c.h2 != nil {
		x.h2, x.reused = c.h2.Begin(x.ctx, &x.upload, now, h2.Settings{Total: x.settings.Total, SockRead: x.timeout.SockRead})
	} else {
		x.reused = x.h1.Begin(x.ctx, c.h1, x.request, x.wireRequest(), &x.upload, x.clientTrace, now, &x.settings)
	}
}

// sendRequest writes the request on the connection and waits for the head.
func (x *exchange) sendRequest() (*http.Response, error) {
	if x.h2 != nil {
		return x.h2.RoundTrip(x.wireRequest())
	}
	return x.h1.RoundTrip(&x.upload)
}

// wireRequest is what is sent: the caller's request, which never changes, or a copy that differs.
func (x *exchange) wireRequest() *http.Request {
	differs := x.rewound && x.upload.Present() || x.c.forceClose || x.netrcAuthorization() != "" || x.settings.HTTP10 || x.proxies
	if !differs && !x.fields.misspelled && (x.h2 == nil || !x.fields.connection && !x.fields.framing) {
		return x.request
	}
	req := new(http.Request)
	*req = *x.request
	x.adaptRequest(req)
	return req
}

// adaptRequest makes a copy of the request what this connector sends of it.
func (x *exchange) adaptRequest(req *http.Request) {
	req.Body = x.upload.ForWire()
	if x.c.forceClose && !httprule.HasField(req.Header, "Upgrade") { // what is upgraded ends otherwise
		req.Close = true
	}
	if x.fields.misspelled {
		req.Header = spellFields(req.Header)
	}
	if x.h2 != nil && (x.fields.connection || x.fields.framing) {
		// The first two are of HTTP/1 only (RFC 9113 8.2.2); the last goes by req.Trailer.
		for _, name := range []string{"Connection", "Transfer-Encoding", "Trailer"} {
			req.Header = httprule.DeleteField(req.Header, name)
		}
	}
	if value := x.netrcAuthorization(); value != "" {
		req.Header = withAuthorization(req.Header, value)
	}
	if x.settings.HTTP10 {
		keepHTTP10(req)
	}
	if x.proxies {
		req.Header = withProxyAuth(req.Header, x.key)
	}
}

// keepHTTP10 asks for the connection to be kept, which HTTP/1.0 does not do by itself.
func keepHTTP10(req *http.Request) {
	if req.Close || httprule.HasField(req.Header, "Connection") {
		return
	}
	req.Header = httprule.Clone(req.Header)
	req.Header.Set("Connection", "keep-alive")
}
