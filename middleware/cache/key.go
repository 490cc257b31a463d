package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// canonicalRequest is a request as the cache looks at it: with the names of its header in
// canonical form. It is sent as it is.
func canonicalRequest(req *http.Request) *http.Request {
	if httprule.IsCanonical(req.Header) {
		return req
	}
	seen := *req
	seen.Header = httprule.Canonical(req.Header)
	return &seen
}

// primaryKey is the primary key of a request that was seen, in lines: its URL without
// fragment; its host if that is another; its partition, which is the way to the server
// if that is not the usual one; and the identity that it shows. Two users of one
// program so never see each other's responses, whatever the server says about Vary.
func primaryKey(req *http.Request) string { return primaryKeyOf(req, req.URL) }

func primaryKeyOf(req *http.Request, u *url.URL) string {
	var b strings.Builder
	b.Grow(len(u.Scheme) + len(u.Host) + len(u.Path) + len(u.RawQuery) + 16)
	origin := httprule.OriginOf(u)
	b.WriteString(origin.Scheme)
	b.WriteString("://")
	b.WriteString(origin.Authority())
	if path := u.EscapedPath(); path != "" {
		b.WriteString(path)
	} else {
		b.WriteByte('/')
	}
	if u.ForceQuery || u.RawQuery != "" {
		b.WriteByte('?')
		b.WriteString(u.RawQuery)
	}
	if host := otherHost(req); host != "" {
		b.WriteString("\nhost ")
		b.WriteString(host)
	}
	if partition := httprule.PartitionOf(req.Context()); partition != "" {
		b.WriteString(partitionLine)
		b.WriteString(partition)
	}
	if user := identityOf(req); user != "" {
		b.WriteString(identityLine)
		b.WriteString(user)
	}
	return b.String()
}

// What begins the lines of a key behind its URL and host.
const (
	variantLine   = "\nvary "
	partitionLine = "\nvia "
	identityLine  = "\nauth "
)

// identityOf is the identity that a request shows: "" is nobody. All that sounds
// like a secret counts, such as X-Api-Key, and what the session calls one; but not
// cookies, of which many say nothing about the user.
func identityOf(req *http.Request) string {
	var shown []string
	further := httprule.SensitiveFields(req.Context())
	for name := range req.Header {
		switch {
		case httprule.ContainsName(further, name):
			shown = append(shown, name)
		case name != "Cookie" && name != "Cookie2" && errors.SensitiveHeader(name):
			shown = append(shown, name)
		}
	}
	if len(shown) == 0 && req.URL.User == nil {
		return ""
	}
	slices.Sort(shown)
	sum := sha256.New()
	for _, name := range shown {
		fmt.Fprintf(sum, "%q %q\n", name, req.Header[name])
	}
	fmt.Fprintf(sum, "%q", req.URL.User.String())
	return hex.EncodeToString(sum.Sum(nil))
}

// otherHost is the host that a request asks for if that is not its URL's.
func otherHost(req *http.Request) string {
	if req.Host == "" || req.Host == req.URL.Host {
		return ""
	}
	asked := httprule.OriginOf(&url.URL{Scheme: req.URL.Scheme, Host: req.Host})
	if asked == httprule.OriginOf(req.URL) {
		return ""
	}
	return asked.Authority()
}

// variantKey is the key of the response for the fields of req that an index
// names. The index's ID makes the variants of an index that was deleted
// unreachable.
func variantKey(key string, index *Meta, req *http.Request) string {
	var b strings.Builder
	b.WriteString(key)
	b.WriteString(variantLine)
	b.WriteString(index.ID)
	for _, name := range index.Vary {
		b.WriteByte('\n')
		values := req.Header[name]
		if len(values) == 0 {
			continue
		}
		// Lines may be joined and the space around them changed without a
		// change of meaning (RFC 9111 4.1).
		b.WriteByte('=')
		for i, value := range values {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(trimSpace(value))
		}
	}
	return b.String()
}

// PrimaryKey is what the keys of all responses for one URL have in common: the key of the
// index that leads to them ([Meta].Vary), or key itself. A [Store] needs it that keeps them
// together.
func PrimaryKey(key string) string {
	primary, _, _ := strings.Cut(key, variantLine)
	return primary
}

// parseVary reads the names in Vary, sorted and in canonical form. Star reports
// a "*": then no request matches (RFC 9111 4.1).
func parseVary(h http.Header) (names []string, star bool) {
	for _, line := range httprule.FieldValues(h, "Vary") {
		for name := range strings.SplitSeq(line, ",") {
			switch name = trimSpace(name); name {
			case "":
			case "*":
				return nil, true
			default:
				names = append(names, textproto.CanonicalMIMEHeaderKey(name))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), false
}

// isHopField reports whether a field is about one connection and not kept
// (RFC 9111 3.1). What sets cookies is not either: a response from the cache
// must not set back a cookie that has changed since.
func isHopField(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
		"Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization", "Set-Cookie", "Set-Cookie2":
		return true
	}
	return false
}

// storedHeader is what is kept of a response's header.
func storedHeader(h http.Header) http.Header {
	h = httprule.Canonical(h)
	kept := make(http.Header, len(h))
	for name, values := range h {
		if !isHopField(name) {
			kept[name] = slices.Clone(values)
		}
	}
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			delete(kept, textproto.CanonicalMIMEHeaderKey(trimSpace(name)))
		}
	}
	return kept
}

// mergeHeader is a stored header brought up to date by that of a 304 (RFC 9111
// 3.2). What describes the stored bytes stays.
func mergeHeader(stored, update http.Header) http.Header {
	merged, update := stored.Clone(), storedHeader(update)
	for name, values := range update {
		switch name {
		case "Content-Encoding", "Content-Type", "Content-Length", "Content-Range":
		default:
			merged[name] = values
		}
	}
	// The age of the old response says nothing about the new one; without a Date
	// its arrival counts (RFC 9110 6.6.1).
	for _, name := range []string{"Age", "Date"} {
		if update[name] == nil {
			delete(merged, name)
		}
	}
	return merged
}

// relatedKeys are the primary keys that what changes a response under key changes
// too, key among them: those without its identity, and without its partition.
func relatedKeys(key string) []string {
	keys := []string{key}
	rest, user, known := strings.Cut(key, identityLine)
	if known {
		keys = append(keys, rest)
	}
	if usual, _, partitioned := strings.Cut(rest, partitionLine); partitioned {
		keys = append(keys, usual)
		if known {
			keys = append(keys, usual+identityLine+user)
		}
	}
	return keys
}
