// Package redaction hides secrets in what middlewares write down: logs, HAR files and
// cassettes.
package redaction

import (
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Rules say what is a secret. They have the fields of middleware.Redaction, which
// documents them; so the one is converted to the other.
type Rules struct {
	Headers   []string
	ShowQuery []string
	Body      func(contentType string, body []byte) []byte
}

// Hidden stands for a secret.
const Hidden = "***"

// ForRequest is r with what the session of a request calls a secret.
func (r *Rules) ForRequest(req *http.Request) *Rules {
	further := httprule.SensitiveFields(req.Context())
	if len(further) == 0 {
		return r
	}
	own := *r
	own.Headers = slices.Concat(r.Headers, further)
	return &own
}

// Hides reports whether a header's values are secrets.
func (r *Rules) Hides(name string) bool {
	return errors.SensitiveHeader(name) || httprule.ContainsName(r.Headers, name)
}

// Header is a copy of h without secrets.
func (r *Rules) Header(h http.Header) http.Header {
	shown := make(http.Header, len(h))
	for name, values := range h {
		copied := make([]string, len(values))
		for i, value := range values {
			copied[i] = r.FieldValue(name, value)
		}
		shown[name] = copied
	}
	return shown
}

// FieldValue is one line of a header without secrets.
func (r *Rules) FieldValue(name, value string) string {
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Cookie":
		return hideCookies(value)
	case "Set-Cookie", "Set-Cookie2":
		pair, attributes, ok := strings.Cut(value, ";")
		if pair = hideCookies(pair); ok {
			pair += ";" + attributes
		}
		return pair
	}
	if r.Hides(name) {
		return Hidden
	}
	return errors.ReplaceHeaderURLs(name, value, r.redactURLText)
}

// hideCookies hides the values of name=value pairs, and what has no name.
func hideCookies(line string) string {
	pairs := strings.Split(line, ";")
	for i, pair := range pairs {
		if name, _, ok := strings.Cut(pair, "="); ok {
			pairs[i] = name + "=" + Hidden
		} else {
			pairs[i] = Hidden
		}
	}
	return strings.Join(pairs, ";")
}

func (r *Rules) redactURLText(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return errors.RedactURLString(raw)
	}
	return r.URL(u)
}

// URL writes u without secrets.
func (r *Rules) URL(u *url.URL) string {
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
			hidden[i] = Hidden
		case err != nil || !slices.Contains(r.ShowQuery, known):
			hidden[i] = name + "=" + Hidden
		}
	}
	return errors.RedactURL(&plain) + "?" + strings.Join(hidden, "&")
}

// ErrorText is the text of an error without what is secret in the request.
// Transports of others may quote it.
func (r *Rules) ErrorText(req *http.Request, err error) string {
	text := err.Error()
	hide := func(secret, instead string) {
		if secret != "" && len(secret) >= 4 { // shorter ones are in every text
			text = strings.ReplaceAll(text, secret, instead)
		}
	}
	if req.URL != nil {
		hide(req.URL.String(), r.URL(req.URL))
		hide(req.URL.Redacted(), r.URL(req.URL))
		hide(req.URL.RawQuery, Hidden)
		if password, ok := req.URL.User.Password(); ok {
			hide(password, Hidden)
		}
		hide(req.URL.User.Username(), Hidden)
	}
	for name, values := range req.Header {
		for _, value := range values {
			if r.Hides(name) {
				hide(value, Hidden)
			}
		}
	}
	return text
}

// ShownBody is what of a body may be shown.
func (r *Rules) ShownBody(contentType string, body []byte) []byte {
	if r.Body == nil {
		return body
	}
	return r.Body(contentType, body)
}
