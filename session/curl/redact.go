package curl

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/redact"
)

// Redact returns a copy without what gives access: credentials in the URL, in those of
// headers such as Referer, and in Login, the values of headers ([errors.SensitiveHeader]),
// of query parameters, and of the fields of a form and of JSON whose names say that they
// are secret. Other bodies stay: what they hold nobody can tell. Changed reports whether something was hidden.
func (c *Command) Redact() (plain *Command, changed bool) {
	r := *c
	r.Headers = slices.Clone(c.Headers)
	for i, h := range r.Headers {
		if r.Headers[i].Value = errors.ReplaceHeaderURLs(h.Name, h.Value, RedactURL); h.Value != "" && errors.SensitiveHeader(h.Name) {
			r.Headers[i].Value = redact.Hidden
		}
	}
	if login, _, ok := strings.Cut(c.Login, ":"); ok {
		r.Login = login + ":" + redact.Hidden
	}
	r.Parts = slices.Clone(c.Parts)
	for i, p := range r.Parts {
		if p.Value != "" && SecretParam(p.Name) {
			r.Parts[i].Value = redact.Hidden
		}
	}
	r.URL = RedactURL(c.URL)
	if shown := redact.Body(c.contentType(), string(c.Body)); shown != string(c.Body) {
		r.Body = []byte(shown)
	}
	changed = r.URL != c.URL || r.Login != c.Login || !slices.Equal(r.Headers, c.Headers) ||
		!slices.Equal(r.Parts, c.Parts) || !bytes.Equal(r.Body, c.Body)
	return &r, changed
}

// contentType is the type of the body that is said.
func (c *Command) contentType() string {
	for _, h := range c.Headers {
		if strings.EqualFold(h.Name, "Content-Type") && !h.Unset {
			return h.Value
		}
	}
	return ""
}

// SecretParam reports whether the values of a query parameter, or of a field of a form,
// are secret by their name.
func SecretParam(name string) bool { return redact.SecretParam(name) }

// RedactURL hides the credentials of a URL, which may lack its scheme, and the values of
// the parameters that are secret by their names. [errors.RedactURLString] hides those of
// all of them.
func RedactURL(raw string) string {
	rest, fragment, hasFragment := strings.Cut(raw, "#")
	rest, query, hasQuery := strings.Cut(rest, "?")
	from := 0
	if i := strings.Index(rest, "://"); i >= 0 {
		from = i + len("://")
	}
	end := len(rest)
	if slash := strings.IndexByte(rest[from:], '/'); slash >= 0 {
		end = from + slash
	}
	if !parses(raw) {
		end = len(rest) // a password may hold a slash that was not escaped
	}
	if at := strings.LastIndexByte(rest[:end], '@'); at >= from {
		rest = rest[:from] + redact.Hidden + rest[at:]
	}
	if hasQuery {
		rest += "?" + redact.Params(query)
	}
	if hasFragment {
		rest += "#" + redact.Params(fragment) // it may be an answer with a token (RFC 6749 4.2.2)
	}
	return rest
}

// parses reports whether a URL, with http:// in front if it has no scheme, is one.
func parses(raw string) bool {
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	_, err := url.Parse(raw)
	return err == nil
}

// Format writes what is set, without credentials and the values of headers, whatever the
// verb.
func (c Command) Format(f fmt.State, verb rune) { redact.Of(c).Format(f, verb) }

// MarshalJSON writes what Format does.
func (c Command) MarshalJSON() ([]byte, error) { return redact.Of(c).MarshalJSON() }

// Format writes the name, whatever the verb.
func (h Header) Format(f fmt.State, verb rune) { redact.Of(h).Format(f, verb) }

// MarshalJSON writes what Format does.
func (h Header) MarshalJSON() ([]byte, error) { return redact.Of(h).MarshalJSON() }

// Format writes the part without its text, whatever the verb.
func (p Part) Format(f fmt.State, verb rune) { redact.Of(p).Format(f, verb) }

// MarshalJSON writes what Format does.
func (p Part) MarshalJSON() ([]byte, error) { return redact.Of(p).MarshalJSON() }
