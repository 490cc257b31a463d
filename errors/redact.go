package errors

import (
	"net/http"
	"net/url"
	"strconv"
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
		plain.Opaque = redactOpaque(u.Scheme, u.Opaque)
	}
	text := plain.String()
	if u.User != nil {
		text = strings.Replace(text, "//", "//"+hidden+"@", 1)
	}
	if u.RawQuery == "" {
		return text
	}
	b := make([]byte, 0, len(text)+1+len(u.RawQuery)+len(hidden))
	return string(appendRedactedQuery(append(append(b, text...), '?'), u.RawQuery))
}

// redactOpaque writes what follows a scheme without slashes: a handle of skype:, a
// host whose slashes were forgotten. With an "@" it may be credentials, and data:
// holds what somebody did not want to put elsewhere.
func redactOpaque(scheme, opaque string) string {
	if strings.Contains(opaque, "@") || strings.EqualFold(scheme, "data") {
		return hidden
	}
	opaque, query, ok := strings.Cut(opaque, "?") // of a program's own making
	if ok {
		opaque += "?" + redactQuery(query)
	}
	return opaque
}

func redactQuery(query string) string { return string(appendRedactedQuery(nil, query)) }

func appendRedactedQuery(b []byte, query string) []byte {
	for more := true; more; {
		var part string
		part, query, more = strings.Cut(query, "&")
		if name, _, ok := strings.Cut(part, "="); ok {
			b = append(append(append(b, name...), '='), hidden...)
		} else if part != "" {
			b = append(b, hidden...) // a value without a name, as far as one can know
		}
		if more {
			b = append(b, '&')
		}
	}
	return b
}

// RedactURLString is [RedactURL] for a URL that may not even parse. What comes
// before an "@", and what looks like a query or a fragment, is hidden then.
func RedactURLString(raw string) string {
	// With a port and an "@" in its path it may be a user's name, and a password
	// with a slash in it.
	if u, err := url.Parse(raw); err == nil && (u.User != nil || u.Port() == "" || !strings.Contains(u.Path, "@")) {
		return RedactURL(u)
	}
	raw, fragment, _ := strings.Cut(raw, "#")
	raw, query, hasQuery := strings.Cut(raw, "?")
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || strings.ContainsAny(scheme, "@:/") {
		scheme, rest = "", raw
	}
	// A password may hold slashes that were not escaped, so the last "@" ends
	// the credentials, even if it should stand in the path. A colon that no port
	// follows may be the start of a password: the more so with an "@" behind a "?"
	// or "#".
	at := strings.LastIndex(rest, "@")
	host := hidePort(rest[at+1:], strings.Contains(query+fragment, "@"))
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

// hidePort hides what follows the colon of an authority unless it is a port, or,
// where no credentials are to be feared, looks like one that was mistyped: "80a".
func hidePort(s string, feared bool) string {
	host, rest, ok := strings.Cut(s, ":")
	if !ok || strings.HasPrefix(s, "[") || !feared && strings.Contains(strings.TrimPrefix(host, "//"), "/") {
		return s // there is no colon, or it is one of an address or of a path
	}
	port, _, _ := strings.Cut(rest, "/")
	typo := !feared && port != "" && port[0] >= '0' && port[0] <= '9' && len(port) <= len("65535x")
	if !typo && (port == "" || strings.Trim(port, "0123456789") != "") {
		return host + ":" + hidden
	}
	return s
}

// RedactError is the text of an error with the URLs in it as [RedactURL] writes them:
// those that a [net/url.Error] on the way to the cause quotes, whatever they look like,
// and what else looks like one. It is "" for nil.
func RedactError(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	eachURLError(err, func(e *url.Error) {
		quoted := strconv.Quote(e.URL) // as it writes it
		for _, raw := range []string{quoted[1 : len(quoted)-1], e.URL} {
			if raw != "" {
				text = strings.ReplaceAll(text, raw, RedactURLString(e.URL))
			}
		}
	})
	return redactURLs(text)
}

// redactURLs hides the secrets of whatever looks like a URL in a text: anybody may quote
// one in an error of his own.
func redactURLs(text string) string {
	var b strings.Builder
	for {
		at := strings.Index(text, "://")
		if at < 0 {
			b.WriteString(text)
			return b.String()
		}
		start := strings.LastIndexFunc(text[:at], isURLEnd) + 1
		end := len(text)
		if n := strings.IndexFunc(text[at:], isURLEnd); n >= 0 {
			end = at + n
		}
		url := strings.TrimRight(text[start:end], ":,.;)]}") // the sentence's own
		b.WriteString(text[:start])
		if scheme, bare := strings.CutSuffix(url, "://"); bare && !strings.ContainsAny(scheme, "@:/?#") {
			b.WriteString(url) // "no http:// or https://"
		} else {
			b.WriteString(RedactURLString(url))
		}
		text = text[start+len(url):]
	}
}

// isURLEnd reports whether no URL has r.
func isURLEnd(r rune) bool { return r <= ' ' || strings.ContainsRune("\"'<>`(", r) }

// eachURLError calls found for what is in the tree of err.
func eachURLError(err error, found func(*url.Error)) {
	if e, ok := err.(*url.Error); ok { //nolint:errorlint // each by itself
		found(e)
	}
	switch e := err.(type) { //nolint:errorlint // each by itself
	case interface{ Unwrap() error }:
		eachURLError(e.Unwrap(), found)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			eachURLError(inner, found)
		}
	}
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
