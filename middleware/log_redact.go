package middleware

import (
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Redaction says what is hidden in a log, a HAR file or a cassette. The zero
// value hides credentials in URLs, the values of queries, fragments, and the
// values of the headers that [errors.SensitiveHeader] names; of cookies the
// names and attributes stay. It is not changed and may be shared.
//
// A secret in the path of a URL is not known to be one.
type Redaction struct {
	// Headers names further headers whose values are secrets, in any case.
	Headers []string
	// ShowQuery names the parameters of a query whose values are no secrets.
	ShowQuery []string
	// Body returns what of a body may be shown, given its Content-Type. Nil
	// shows all of a body that is recorded at all. It must not change the slice
	// that it gets.
	Body func(contentType string, body []byte) []byte
}

const logHidden = "***"

// forRequest is r with what the session of a request calls a secret.
func (r *Redaction) forRequest(req *http.Request) *Redaction {
	further := httprule.SensitiveFields(req.Context())
	if len(further) == 0 {
		return r
	}
	own := *r
	own.Headers = slices.Concat(r.Headers, further)
	return &own
}

// hides reports whether a header's values are secrets.
func (r *Redaction) hides(name string) bool {
	return errors.SensitiveHeader(name) || httprule.ContainsName(r.Headers, name)
}

// header is a copy of h without secrets.
func (r *Redaction) header(h http.Header) http.Header {
	shown := make(http.Header, len(h))
	for name, values := range h {
		copied := make([]string, len(values))
		for i, value := range values {
			copied[i] = r.value(name, value)
		}
		shown[name] = copied
	}
	return shown
}

// value is one line of a header without secrets.
func (r *Redaction) value(name, value string) string {
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Cookie":
		return logCookies(value)
	case "Set-Cookie", "Set-Cookie2":
		pair, attributes, ok := strings.Cut(value, ";")
		if pair = logCookies(pair); ok {
			pair += ";" + attributes
		}
		return pair
	}
	if r.hides(name) {
		return logHidden
	}
	return errors.ReplaceHeaderURLs(name, value, r.urlText)
}

// logCookies hides the values of name=value pairs, and what has no name.
func logCookies(line string) string {
	pairs := strings.Split(line, ";")
	for i, pair := range pairs {
		if name, _, ok := strings.Cut(pair, "="); ok {
			pairs[i] = name + "=" + logHidden
		} else {
			pairs[i] = logHidden
		}
	}
	return strings.Join(pairs, ";")
}

func (r *Redaction) urlText(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return errors.RedactURLString(raw)
	}
	return r.url(u)
}

// url writes u without secrets.
func (r *Redaction) url(u *url.URL) string {
	if u == nil || u.RawQuery == "" || len(r.ShowQuery) == 0 {
		return errors.RedactURL(u)
	}
	plain := *u
	plain.RawQuery = ""
	hidden := strings.Split(u.RawQuery, "&")
	for i, part := range hidden {
		name, _, ok := strings.Cut(part, "=")
		switch known, err := url.QueryUnescape(name); {
		case part == "":
		case !ok:
			hidden[i] = logHidden
		case err != nil || !slices.Contains(r.ShowQuery, known):
			hidden[i] = name + "=" + logHidden
		}
	}
	return errors.RedactURL(&plain) + "?" + strings.Join(hidden, "&")
}

// errorText is the text of an error without what is secret in the request.
// Transports of others may quote it.
func (r *Redaction) errorText(req *http.Request, err error) string {
	text := err.Error()
	hide := func(secret, instead string) {
		if secret != "" && len(secret) >= 4 { // shorter ones are in every text
			text = strings.ReplaceAll(text, secret, instead)
		}
	}
	if req.URL != nil {
		hide(req.URL.String(), r.url(req.URL))
		hide(req.URL.Redacted(), r.url(req.URL))
		hide(req.URL.RawQuery, logHidden)
		if password, ok := req.URL.User.Password(); ok {
			hide(password, logHidden)
		}
		hide(req.URL.User.Username(), logHidden)
	}
	for name, values := range req.Header {
		for _, value := range values {
			if r.hides(name) {
				hide(value, logHidden)
			}
		}
	}
	return text
}

// body is what of a body may be shown.
func (r *Redaction) body(contentType string, body []byte) []byte {
	if r.Body == nil {
		return body
	}
	return r.Body(contentType, body)
}
