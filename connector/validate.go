package connector

import (
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// validateRequest refuses a request that must not reach the wire. net/http has most
// of these checks too, but makes them after a connection has been taken. It
// collects the fieldFacts on the way, and about how many bytes the header has, so that it
// is gone through only once.
func validateRequest(req *http.Request) (seen fieldFacts, bytes int, err error) {
	if err = validateLine(req); err != nil {
		return seen, 0, err
	}
	if seen, bytes, err = validateFields("header", req.Header); err == nil {
		_, _, err = validateFields("trailer", req.Trailer)
	}
	return seen, bytes, err
}

// fieldFacts are what the fields of a header say about the connection that may serve a request,
// whether another one may have it afterwards, and what must be changed to send it.
type fieldFacts struct {
	upgrade, connection bool
	framing             bool // one that says what net/http says itself
	misspelled          bool // one that net/http knows in another spelling
}

// noteField takes note of one field; names have no case (RFC 9110 5.1).
func (n *fieldFacts) noteField(name string, hasValue bool) {
	own := ownField(name)
	if own == "" {
		return
	}
	n.misspelled = n.misspelled || own != name && own != "Upgrade"
	if !hasValue {
		return
	}
	switch own {
	case "Upgrade":
		n.upgrade = true
	case "Connection":
		n.connection = true
	case "Transfer-Encoding", "Trailer":
		n.framing = true
	}
}

// ownField is the canonical form of a name of those fields that net/http or this package
// goes by, or "". net/http knows them in one spelling only: in another, what it writes by
// itself would be sent next to them.
func ownField(name string) (canonical string) {
	switch len(name) {
	case len("Host"):
		canonical = "Host"
	case len("Expect"):
		canonical = "Expect"
	case len("Trailer"):
		canonical = "Trailer"
		if name[0]|0x20 == 'u' {
			canonical = "Upgrade"
		}
	case len("User-Agent"):
		canonical = "User-Agent"
		if name[0]|0x20 == 'c' {
			canonical = "Connection"
		}
	case len("Content-Length"):
		canonical = "Content-Length"
	case len("Transfer-Encoding"):
		canonical = "Transfer-Encoding"
	}
	if name == canonical || strings.EqualFold(name, canonical) {
		return canonical
	}
	return ""
}

// spellFields is h with those fields in net/http's spelling, in a copy that shares the
// values.
func spellFields(h http.Header) http.Header {
	spelled := make(http.Header, len(h))
	for name, values := range h {
		if own := ownField(name); own != "" && own != "Upgrade" {
			name, values = own, httprule.FieldValues(h, own)
		}
		spelled[name] = values
	}
	return spelled
}

// validateLine checks all of a request but its fields.
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

func validateFields(kind string, fields http.Header) (seen fieldFacts, bytes int, err error) {
	for name, values := range fields {
		switch name {
		case "Accept", "Accept-Encoding", "User-Agent", "Content-Type", "Cookie", "Authorization":
			// They are tokens, and most requests have no other.
		default:
			if !httprule.IsToken(name) {
				return seen, 0, &errors.InvalidRequestError{Field: kind + " name", Reason: "not a token"}
			}
			seen.noteField(name, len(values) > 0)
		}
		for _, v := range values {
			if !httprule.IsValue(v) {
				return seen, 0, &errors.InvalidRequestError{Field: kind + " " + name, Reason: "control character in value"}
			}
			bytes += len(name) + len(v) + len(": \r\n")
		}
	}
	return seen, bytes, nil
}

func hasCTL(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return true
		}
	}
	return false
}
