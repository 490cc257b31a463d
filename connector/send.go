package connector

import (
	"net/http"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// begin starts an exchange on the connection that was found.
func (x *exchange) begin(now time.Time) {
	c := x.conn
	x.gotten, x.begun = now, true
	if c.cc != nil {
		x.reused = c.used.Swap(true)
		x.stream = x.c.newStream(x.ctx, x.settings.Total)
	} else {
		wire := x.orig
		if x.rewound && x.upload.Present() || x.c.forceClose || x.trustEnv || x.settings.HTTP10 || x.proxies || misspells(x.orig.Header) {
			wire = x.copyRequest()
		}
		x.reused = x.h1.Begin(x.ctx, c.h1, x.orig, wire, &x.upload, x.clientTrace, now, &x.settings)
	}
	x.timing.Reused, x.timing.Remote = x.reused, c.remote
}

// send writes the request on the connection and waits for the head.
func (x *exchange) send() (*http.Response, error) {
	if x.stream != nil {
		return x.sendStream()
	}
	return x.h1.RoundTrip(&x.upload)
}

// copyRequest makes a request that may differ from the caller's, which never changes.
func (x *exchange) copyRequest() *http.Request {
	req := new(http.Request)
	*req = *x.orig
	x.adapt(req)
	return req
}

// adapt makes a copy of the request what this connector sends of it.
func (x *exchange) adapt(req *http.Request) {
	req.Body = x.upload.ForWire()
	if x.c.forceClose && !httprule.HasField(req.Header, "Upgrade") { // what is upgraded ends otherwise
		req.Close = true
	}
	if misspells(req.Header) {
		req.Header = req.Header.Clone()
		spellOut(req.Header)
	}
	if x.trustEnv {
		req.Header = x.authorize(req.Header)
	}
	if x.settings.HTTP10 {
		keepHTTP10(req)
	}
	if x.proxies {
		req.Header = proxyAuthorized(req.Header, x.key)
	}
}

// keepHTTP10 asks for the connection to be kept, which HTTP/1.0 does not do by itself.
func keepHTTP10(req *http.Request) {
	if req.Close || httprule.HasField(req.Header, "Connection") {
		return
	}
	req.Header = req.Header.Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("Connection", "keep-alive")
}
