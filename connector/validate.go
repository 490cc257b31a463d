package connector

import (
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// validate refuses a request that must not reach the wire. net/http has most
// of these checks too, but makes them after a connection has been taken.
func validate(req *http.Request) error {
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
	if err := validateFields("header", req.Header); err != nil {
		return err
	}
	return validateFields("trailer", req.Trailer)
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

// ownField is the canonical form of a name of those fields that net/http writes by
// itself, or "". It knows them in one spelling only: in another, a second one would be
// sent next to its own.
func ownField(name string) (canonical string) {
	switch len(name) {
	case len("Host"):
		canonical = "Host"
	case len("Trailer"):
		canonical = "Trailer"
	case len("User-Agent"):
		canonical = "User-Agent"
	case len("Content-Length"):
		canonical = "Content-Length"
	case len("Transfer-Encoding"):
		canonical = "Transfer-Encoding"
	}
	if canonical != "" && strings.EqualFold(name, canonical) {
		return canonical
	}
	return ""
}

// misspells reports whether h has one of them in another spelling.
func misspells(h http.Header) bool {
	for name := range h {
		if own := ownField(name); own != "" && own != name {
			return true
		}
	}
	return false
}

// spellOut gives h, which is changed, those fields in net/http's spelling.
func spellOut(h http.Header) {
	for name := range h {
		if own := ownField(name); own != "" && own != name {
			httprule.SetField(h, own, httprule.FieldValue(h, own))
		}
	}
}

func validateFields(kind string, fields http.Header) error {
	for name, values := range fields {
		if !validToken(name) {
			return &errors.InvalidRequestError{Field: kind + " name", Reason: "not a token"}
		}
		for _, v := range values {
			if !validValue(v) {
				return &errors.InvalidRequestError{Field: kind + " " + name, Reason: "control character in value"}
			}
		}
	}
	return nil
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
