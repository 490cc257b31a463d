package curlconv

import (
	"bytes"
	"net/url"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/secret"
)

// Redact returns a copy without what gives access: credentials in URLs, the
// values of headers and query parameters whose names say that they are secret.
// What a body holds nobody can tell; it stays. Changed reports whether something
// was hidden.
func (r *Request) Redact() (plain *Request, changed bool) {
	c := *r
	c.Headers = slices.Clone(r.Headers)
	for i, h := range c.Headers {
		if h.Value != "" && secret.Header(h.Name) {
			c.Headers[i].Value = secret.Hidden
		}
	}
	if login, _, ok := strings.Cut(c.Login, ":"); ok {
		c.Login = login + ":" + secret.Hidden
	}
	c.Parts = slices.Clone(r.Parts)
	for i, p := range c.Parts {
		if p.Value != "" && secret.Param(p.Name) {
			c.Parts[i].Value = secret.Hidden
		}
	}
	c.URL, c.Proxy = redactURL(c.URL), redactURL(c.Proxy)
	if kind, _ := r.Header("Content-Type"); strings.HasPrefix(strings.ToLower(kind), "application/x-www-form-urlencoded") {
		c.Body = []byte(redactQuery(string(c.Body)))
	}
	changed = c.URL != r.URL || c.Proxy != r.Proxy || c.Login != r.Login || !slices.Equal(c.Headers, r.Headers) || !slices.Equal(c.Parts, r.Parts) || !bytes.Equal(c.Body, r.Body)
	return &c, changed
}

// redactURL hides the credentials and the secret parameters of a URL.
func redactURL(raw string) string {
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
	if _, err := parseURL(raw); err != nil {
		end = len(rest) // a password may hold a slash that was not escaped
	}
	if at := strings.LastIndexByte(rest[:end], '@'); at >= from {
		rest = rest[:from] + secret.Hidden + rest[at:]
	}
	if hasQuery {
		rest += "?" + redactQuery(query)
	}
	if hasFragment {
		rest += "#" + fragment
	}
	return rest
}

// redactQuery hides the values of parameters whose names say that they are
// secret.
func redactQuery(query string) string {
	params := strings.Split(query, "&")
	for i, param := range params {
		name, value, ok := strings.Cut(param, "=")
		plain, err := url.QueryUnescape(name)
		if ok && value != "" && (err != nil || secret.Param(plain)) {
			params[i] = name + "=" + secret.Hidden
		}
	}
	return strings.Join(params, "&")
}
