package connector

import (
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/aiolos-http/aiolos/errors"
)

// validate refuses a request that must not reach the wire. net/http has most
// of these checks too, but makes them after a connection has been taken. On the
// way it notices which fields there are: a header is gone through once.
func validate(req *http.Request) (noticed, error) {
	if err := validateLine(req); err != nil {
		return noticed{}, err
	}
	seen, err := validateFields("header", req.Header)
	if err == nil {
		_, err = validateFields("trailer", req.Trailer)
	}
	return seen, err
}

// noticed are the fields that decide which connection serves a request, and
// whether another one may have it afterwards.
type noticed struct{ upgrade, connection bool }

// notice looks at a field that has a value; names have no case (RFC 9110 5.1).
func (n *noticed) notice(name string) {
	switch len(name) {
	case len("Upgrade"):
		n.upgrade = n.upgrade || strings.EqualFold(name, "Upgrade")
	case len("Connection"):
		n.connection = n.connection || strings.EqualFold(name, "Connection")
	}
}

// validateLine is validate for all but the fields.
func validateLine(req *http.Request) error {
	if req.Method != "" && !validToken(req.Method) {
		return &errors.InvalidRequestError{Field: "method", Reason: "not a token"}
	}
	if req.Host != "" && !validHost(req.Host) {
		return &errors.InvalidRequestError{Field: "Host", Reason: "invalid character"}
	}
	if u := req.URL; hasCTL(u.RawQuery) || hasCTL(u.Opaque) || hasCTL(u.RawPath) {
		return &errors.InvalidURLError{URL: errors.RedactURL(u), Description: "control character"}
	}
	if req.ContentLength < -1 {
		return &errors.InvalidRequestError{Field: "Content-Length", Reason: "negative"}
	}
	return nil
}

// validHost accepts what net/http can write: a name in Unicode, too, which it turns
// into its ASCII form.
func validHost(host string) bool {
	if httpguts.ValidHostHeader(host) {
		return true
	}
	ascii, err := httpguts.PunycodeHostPort(host)
	return err == nil && httpguts.ValidHostHeader(ascii)
}

func validateFields(kind string, fields http.Header) (seen noticed, err error) {
	for name, values := range fields {
		if !validToken(name) {
			return seen, &errors.InvalidRequestError{Field: kind + " name", Reason: "not a token"}
		}
		if len(values) > 0 {
			seen.notice(name)
		}
		for _, v := range values {
			if !validValue(v) {
				return seen, &errors.InvalidRequestError{Field: kind + " " + name, Reason: "control character in value"}
			}
		}
	}
	return seen, nil
}

// tokenBytes are the bytes of a token. Every request's header is looked at, so
// it is a table.
var tokenBytes = func() (t [256]bool) {
	for c := range t {
		t[c] = httpguts.IsTokenRune(rune(c))
	}
	return t
}()

// validToken is RFC 9110 5.6.2.
func validToken(s string) bool {
	for i := range len(s) {
		if !tokenBytes[s[i]] {
			return false
		}
	}
	return s != ""
}

// validValue is RFC 9110 5.5: no control characters but HTAB.
func validValue(s string) bool {
	for i := range len(s) {
		if controlBytes[s[i]] {
			return false
		}
	}
	return true
}

var controlBytes = func() (t [256]bool) {
	for c := range ' ' {
		t[c] = c != '\t'
	}
	t[0x7f] = true
	return t
}()

func hasCTL(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return true
		}
	}
	return false
}
