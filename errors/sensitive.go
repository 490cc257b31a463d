package errors

import (
	"slices"
	"strings"
)

// What the names of headers tell, in lower case. SECURITY.md has the same lists.
var (
	// A header is sensitive if a word of these is in its name,
	sensitiveWords = []string{
		"assertion", "auth", "bearer", "cookie", "credential", "dpop", "jwt", "key",
		"passphrase", "passw", "pwd", "secret", "session", "signature", "token",
	}
	// unless it is one of these, or begins like this.
	harmlessNames    = []string{"idempotency-key", "x-idempotency-key"}
	harmlessPrefixes = []string{"access-control-", "sec-websocket-"}
	// These hold URLs: alone, in angle brackets, or behind "url=".
	urlHeaders = []string{
		"content-location", "destination", "link", "location", "referer", "refresh", "sourcemap",
		"uri", "x-original-url", "x-rewrite-url", "x-sourcemap",
	}
)

// wordsFrom are the sensitive words by their first letters.
var wordsFrom = func() (from [256][]string) {
	for _, word := range sensitiveWords {
		for _, c := range []byte{word[0], word[0] - 'a' + 'A'} {
			from[c] = append(from[c], word)
		}
	}
	return from
}()

// SensitiveHeader reports whether the values of a header are secrets, as far as its
// name tells, in any case: that of Authorization, Cookie, Set-Cookie, challenges, and
// every name with one of the words assertion, auth, bearer, cookie, credential, dpop,
// jwt, key, passphrase, passw, pwd, secret, session, signature, token in it. Those of
// CORS and of the handshake of WebSockets only talk about such things, and
// Idempotency-Key opens nothing. It does not allocate.
func SensitiveHeader(name string) bool {
	for i := range len(name) {
		for _, word := range wordsFrom[name[i]] {
			if hasPrefixFold(name[i:], word) {
				return !isHarmless(name)
			}
		}
	}
	return false
}

func isHarmless(name string) bool {
	return containsFold(harmlessNames, name) ||
		slices.ContainsFunc(harmlessPrefixes, func(prefix string) bool { return hasPrefixFold(name, prefix) })
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func containsFold(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// ReplaceHeaderURLs returns the value of a header with replace applied to the URLs that
// its name says are in it: those of Location, Content-Location, Referer, Refresh, Link
// and the like. The values of other headers stay as they are.
func ReplaceHeaderURLs(name, value string, replace func(url string) string) string {
	switch {
	case !containsFold(urlHeaders, name):
		return value
	case strings.EqualFold(name, "Link"):
		return replaceBracketed(value, replace)
	case strings.EqualFold(name, "Refresh"):
		return replaceRefresh(value, replace)
	}
	return replace(value)
}

// replaceBracketed replaces what stands between angle brackets (RFC 8288 3), and what
// else may be a URL with something in it: that of anchor=, or one without the brackets.
func replaceBracketed(line string, replace func(string) string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(line, "<")
		b.WriteString(replaceQuoted(before, replace))
		if !ok {
			return b.String()
		}
		target, after, _ := strings.Cut(rest, ">")
		b.WriteString("<" + replace(target) + ">")
		line = after
	}
}

// replaceQuoted replaces what may be a URL between two quotes, or outside of them.
func replaceQuoted(text string, replace func(string) string) string {
	pieces := strings.Split(text, `"`)
	for i, piece := range pieces {
		if strings.ContainsAny(piece, "?#@") {
			pieces[i] = replace(piece)
		}
	}
	return strings.Join(pieces, `"`)
}

// replaceRefresh replaces what comes behind the time of Refresh (WHATWG HTML
// 4.2.5.3): "5; url=there", where the semicolon may be a comma or a space, "url=" may
// be missing, and the URL may have quotes.
func replaceRefresh(value string, replace func(string) string) string {
	trimmed := strings.TrimLeft(value, " \t0123456789.")
	target := strings.TrimLeft(trimmed, " \t;,")
	if hasPrefixFold(target, "url") {
		if rest, ok := strings.CutPrefix(strings.TrimLeft(target[3:], " \t"), "="); ok {
			target = rest
		}
	}
	target = strings.TrimLeft(target, " \t'\"")
	if target == "" {
		return value
	}
	return value[:len(value)-len(target)] + replace(strings.TrimRight(target, "'\""))
}
