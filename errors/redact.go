package errors

import (
	"net/http"
	"net/url"
	"strings"
)

const hidden = "***"

// RedactURL writes u for a log or an error: without its credentials, with the
// names but not the values of its query, and without its fragment. It returns
// "" for nil.
func RedactURL(u *url.URL) string {
	if u == nil {
		return ""
	}
	plain := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	if u.Opaque != "" {
		plain.Opaque = hidden // mailto:, data: and the like
	}
	text := plain.String()
	if u.User != nil {
		text = strings.Replace(text, "//", "//"+hidden+"@", 1)
	}
	if u.RawQuery != "" {
		text += "?" + redactQuery(u.RawQuery)
	}
	return text
}

func redactQuery(query string) string {
	parts := strings.Split(query, "&")
	for i, part := range parts {
		if name, _, ok := strings.Cut(part, "="); ok {
			parts[i] = name + "=" + hidden
		} else if part != "" {
			parts[i] = hidden // a value without a name, as far as one can know
		}
	}
	return strings.Join(parts, "&")
}

// RedactURLString is [RedactURL] for a URL that may not even parse. What comes
// before an "@", and what looks like a query or a fragment, is hidden then.
func RedactURLString(raw string) string {
	// With a port and an "@" in its path it may be a user's name, and a password
	// with a slash in it.
	if u, err := url.Parse(raw); err == nil && (u.User != nil || u.Port() == "" || !strings.Contains(u.Path, "@")) {
		return RedactURL(u)
	}
	raw, _, _ = strings.Cut(raw, "#")
	raw, query, hasQuery := strings.Cut(raw, "?")
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || strings.ContainsAny(scheme, "@:/") {
		scheme, rest = "", raw
	}
	// A password may hold slashes that were not escaped, so the last "@" ends
	// the credentials, even if it should stand in the path. Without one, a colon
	// that no port follows may be the start of a password.
	at := strings.LastIndex(rest, "@")
	host := hidePort(rest[at+1:])
	if rest = host; at >= 0 {
		rest = hidden + "@" + host
	}
	if ok && scheme != "" {
		rest = scheme + "://" + rest
	}
	if hasQuery {
		rest += "?" + redactQuery(query)
	}
	return printable(rest, maxURL)
}

// hidePort hides what follows the colon of an authority unless it is a port.
func hidePort(s string) string {
	host, rest, ok := strings.Cut(s, ":")
	if !ok || strings.HasPrefix(s, "[") {
		return s
	}
	port, _, _ := strings.Cut(rest, "/")
	if port == "" || strings.Trim(port, "0123456789") != "" {
		return host + ":" + hidden
	}
	return s
}

// RedactHeader returns a copy of h without the values of the headers that
// [SensitiveHeader] names, and with [RedactURL] for the URLs in others. It returns nil
// for nil.
func RedactHeader(h http.Header) http.Header {
	if h == nil {
		return nil
	}
	redacted := make(http.Header, len(h))
	for name, values := range h {
		copied := append([]string(nil), values...)
		for i, value := range copied {
			if copied[i] = hidden; !SensitiveHeader(name) {
				copied[i] = ReplaceHeaderURLs(name, value, RedactURLString)
			}
		}
		redacted[name] = copied
	}
	return redacted
}
