package session

import (
	"net/url"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Link is a link of a Link header (RFC 8288).
type Link struct {
	// URL is the target, joined to the URL of the response.
	URL *url.URL
	// Rels are the relation types, in lower case; there may be none.
	Rels []string
	// Anchor is what the link is from, if that is not the response itself;
	// otherwise nil.
	Anchor *url.URL
	// Params holds the other parameters by their names in lower case, the first
	// of each. An encoded one, such as title*, is decoded and takes the place of
	// its plain one.
	Params map[string]string
}

// Links are the links of a response in their order. The nil Links is empty.
type Links []Link

// Links are the links of the response's Link headers, with their URLs joined to
// the response's. What is malformed is passed over. (aiohttp: links, which keeps
// one link of each rel)
func (r *Response) Links() Links { return ParseLinks(r.Header["Link"], r.URL()) }

// Rel is the first link from the response itself with a relation type, or nil.
// Case does not matter.
func (l Links) Rel(rel string) *Link {
	if i := slices.IndexFunc(l, func(link Link) bool { return link.hasRel(rel) }); i >= 0 {
		return &l[i]
	}
	return nil
}

// All are the links from the response itself with a relation type.
func (l Links) All(rel string) Links {
	var all Links
	for _, link := range l {
		if link.hasRel(rel) {
			all = append(all, link)
		}
	}
	return all
}

// hasRel reports whether it is a link of that type from the response itself.
func (l *Link) hasRel(rel string) bool {
	return l.Anchor == nil && slices.Contains(l.Rels, strings.ToLower(rel))
}

// ParseLinks reads the lines of Link headers. References are joined to base,
// unless that is nil. Lines are read tolerantly, as RFC 8288 B.2 does it: what a URL
// must not hold is escaped (a % that begins no escape becomes %25), a link whose target
// is no URL reference even so is passed over, and so is what is no link.
// [Session.Pages] takes such a next link for an error.
func ParseLinks(lines []string, base *url.URL) Links {
	links, _ := parseLinks(lines, base)
	return links
}

// brokenLink is a link that cannot be followed.
type brokenLink struct {
	target string
	rels   []string // none if it is not one from the response itself
	err    error    // what is wrong with the target; nil: it is not that
}

// parseLinks is [ParseLinks] that tells of what it passes over, too.
func parseLinks(lines []string, base *url.URL) (links Links, broken []brokenLink) {
	for _, line := range lines {
		for line = strings.TrimLeft(line, ", \t"); line != ""; line = strings.TrimLeft(line, ", \t") {
			target, rest, ok := cutTarget(line)
			u, err := joinLink(base, target)
			l := Link{URL: u}
			if rest = l.parseParams(rest, base); line[0] != '<' {
				rest = skipLink(line)
			}
			line = rest
			switch {
			case ok && l.URL != nil:
				links = append(links, l)
			case l.Anchor == nil:
				broken = append(broken, brokenLink{target, l.Rels, err})
			}
		}
	}
	return links, broken
}

// cutTarget takes the target off the front of s. It reports false for one that is not
// between angle brackets, and ends it at the parameters.
func cutTarget(s string) (target, rest string, ok bool) {
	if s[0] == '<' {
		if target, rest, ok = strings.Cut(s[1:], ">"); ok {
			return target, rest, true
		}
		s = s[1:]
	}
	if i := strings.IndexAny(s, `;,"`); i >= 0 {
		return s[:i], s[i:], false
	}
	return s, "", false
}

func joinLink(base *url.URL, target string) (*url.URL, error) {
	u, err := httprule.ParseURL(trimOWS(target))
	if err == nil && base != nil {
		u = base.ResolveReference(u)
	}
	return u, err
}

// skipLink is what comes behind the next comma that is not quoted.
func skipLink(s string) string {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ',':
			return s[i+1:]
		case '"':
			end := quotedEnd(s[i:])
			if end < 0 {
				return ""
			}
			i += end - 1
		}
	}
	return ""
}

// parseParams reads the parameters of a link and returns what comes after it.
func (l *Link) parseParams(s string, base *url.URL) (rest string) {
	var rels, anchor *string
	for {
		s = strings.TrimLeft(s, " \t")
		if !strings.HasPrefix(s, ";") {
			break
		}
		var name, value string
		name, value, s = linkParam(strings.TrimLeft(s, "; \t"))
		switch name {
		case "":
		case "rel":
			if rels == nil { // RFC 8288 3.3: later ones are ignored
				rels = &value
			}
		case "anchor":
			if anchor == nil {
				anchor = &value
			}
		default:
			l.addParam(name, value)
		}
	}
	if rels != nil {
		l.Rels = strings.Fields(strings.ToLower(*rels))
	}
	l.decodeParams()
	if anchor != nil {
		l.setAnchor(base, *anchor)
	}
	return skipLink(s)
}

func (l *Link) addParam(name, value string) {
	if l.Params == nil {
		l.Params = map[string]string{}
	}
	if _, ok := l.Params[name]; !ok {
		l.Params[name] = headerText(value)
	}
}

// decodeParams puts "title*" in the place of "title" (RFC 8288 3.4.1).
func (l *Link) decodeParams() {
	for name, value := range l.Params {
		base, ok := strings.CutSuffix(name, "*")
		if !ok {
			continue
		}
		delete(l.Params, name)
		if decoded, ok := decodeExtValue(value); ok {
			l.Params[base] = decoded
		}
	}
}

// setAnchor keeps an anchor that is not the response itself.
func (l *Link) setAnchor(base *url.URL, anchor string) {
	u, err := joinLink(base, anchor)
	switch {
	case err != nil:
		l.URL = nil // it is not known what the link is from
	case base == nil || u.String() != base.String():
		l.Anchor = u
	}
}

// linkParam takes a parameter off the front of s. The value may be missing.
func linkParam(s string) (name, value, rest string) {
	i := strings.IndexAny(s, "=;,")
	if i < 0 {
		i = len(s)
	}
	name, s = strings.ToLower(trimOWS(s[:i])), s[i:]
	if !strings.HasPrefix(s, "=") {
		return name, "", s
	}
	s = strings.TrimLeft(s[1:], " \t")
	if strings.HasPrefix(s, `"`) {
		end := quotedEnd(s)
		if end < 0 {
			return "", "", ""
		}
		return name, unescapeQuoted(s[1 : end-1]), s[end:]
	}
	if i = strings.IndexAny(s, ";,"); i < 0 {
		i = len(s)
	}
	return name, trimOWS(s[:i]), s[i:]
}
