package h1

import (
	"fmt"
	"net/http"
	"net/textproto"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// readHead reads the head of the final response, and those of the interim ones before it.
func (x *Exchange) readHead() (*http.Response, error) {
	x.br = getReader(x.conn)
	if _, err := x.br.Peek(1); err != nil {
		return nil, err
	}
	if t := x.trace; t != nil && t.GotFirstResponseByte != nil {
		t.GotFirstResponseByte()
	}
	for {
		resp, err := http.ReadResponse(x.br, x.req)
		if err != nil {
			return nil, err
		}
		if (resp.ProtoMajor != 1 || !httprule.IsStatus(resp.StatusCode)) && !x.settings.Limits.Lenient {
			return nil, &HeadError{fmt.Sprintf("not a response of HTTP/1: %q", resp.Proto+" "+resp.Status)}
		}
		if !isInterim(resp.StatusCode) {
			return resp, x.checkFinal(resp)
		}
		if err := x.noteInterim(resp); err != nil {
			return nil, err
		}
	}
}

// isInterim is RFC 9110 15.2, where 101 is the last response of HTTP on its connection.
func isInterim(status int) bool {
	return 100 <= status && status <= 199 && status != http.StatusSwitchingProtocols
}

// HeadError is a response that cannot be one, although net/http can read it.
type HeadError struct{ Reason string }

func (e *HeadError) Error() string { return e.Reason }

// noteInterim takes note of an interim response (RFC 9110 15.2).
func (x *Exchange) noteInterim(resp *http.Response) error {
	t := x.trace
	if g := x.gate(); g != nil && resp.StatusCode == http.StatusContinue && !x.gotContinue {
		x.gotContinue = true
		if t != nil && t.Got100Continue != nil {
			t.Got100Continue()
		}
		g.decide(false)
	}
	if t != nil && t.Got1xxResponse != nil {
		return t.Got1xxResponse(resp.StatusCode, textproto.MIMEHeader(resp.Header))
	}
	return nil
}

// gate is what holds the request's body back, or nil.
func (x *Exchange) gate() *gate {
	if x.upload == nil {
		return nil
	}
	return x.upload.gate
}

// checkFinal refuses a final response that must not be one, and notes whether the server
// keeps the connection.
func (x *Exchange) checkFinal(resp *http.Response) error {
	if resp.StatusCode == http.StatusSwitchingProtocols {
		if !asksForUpgrade(x.req.Header) || !asksForUpgrade(resp.Header) {
			// RFC 9110 7.8: a server must not switch to what was not asked for.
			return &HeadError{"101 Switching Protocols, for which nobody has asked"}
		}
		if x.upload != nil && !x.upload.awaitEnd(writeWait) {
			return &HeadError{"101 Switching Protocols, before the request was sent"} // what is left of it would be of that protocol
		}
	}
	if g := x.gate(); g != nil && g.decide(true) {
		x.keeps = false // the body will not be sent
	}
	if resp.Close || resp.StatusCode < 200 {
		x.keeps = false
	}
	return nil
}

// asksForUpgrade reports whether a head has both fields of an upgrade.
func asksForUpgrade(h http.Header) bool {
	return httprule.HasField(h, "Upgrade") && httprule.HasToken(h, "Connection", "upgrade")
}
