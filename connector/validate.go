package connector

import (
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
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
	if req.Method != "" && !httprule.IsToken(req.Method) {
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
		if !httprule.IsToken(name) {
			return seen, &errors.InvalidRequestError{Field: kind + " name", Reason: "not a token"}
		}
		if len(values) > 0 {
			seen.notice(name)
		}
		for _, v := range values {
			if !httprule.IsValue(v) {
				return seen, &errors.InvalidRequestError{Field: kind + " " + name, Reason: "control character in value"}
			}
		}
	}
	return seen, nil
}

func hasCTL(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return true
		}
	}
	return false
}
