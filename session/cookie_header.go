package session

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/jar"
)

// cookieSources are what the Cookie header of a hop is made of. They do not change.
type cookieSources struct {
	jar     http.CookieJar
	url     *url.URL
	callers []string       // the header that the caller wrote
	own     []*http.Cookie // of the request's options
}

// header is the Cookie header now: what the caller wrote, the jar's cookies for the
// URL, and the request's own, of which a later one takes the place of an earlier one of
// the same name. If there are none but the caller's, they are as they are written, and
// merged is false.
func (s *cookieSources) header() (lines []string, merged bool) {
	var stored []*http.Cookie
	if j, ok := s.jar.(lenJar); !ok || j.Len() > 0 {
		stored = s.jar.Cookies(s.url)
	}
	if len(stored) == 0 && len(s.own) == 0 {
		return s.callers, false
	}
	line := parsePairs(s.callers).replaceByName(stored).replaceByName(s.ownCookies()).String()
	if line == "" {
		return nil, true
	}
	return []string{line}, true
}

// ownCookies are the request's own cookies as they are sent to this hop's URL.
func (s *cookieSources) ownCookies() []*http.Cookie {
	if len(s.own) == 0 {
		return nil
	}
	m, ok := s.jar.(matchJar)
	if !ok {
		m = jar.New(jar.Config{}) // for its way to write them
	}
	return m.Match(s.url, s.own)
}

type cookiePair struct{ name, text string }

type cookiePairs []cookiePair

// parsePairs reads the lines of a Cookie header. A value in quotes may have semicolons.
func parsePairs(lines []string) cookiePairs {
	var pairs cookiePairs
	for _, line := range lines {
		for line != "" {
			var pair string
			if pair, line = httprule.CutCookiePair(line); pair != "" {
				name, _, _ := strings.Cut(pair, "=")
				pairs = append(pairs, cookiePair{strings.TrimRight(name, " \t"), pair})
			}
		}
	}
	return pairs
}

// replaceByName drops the pairs that cookies has by name, and appends those.
func (p cookiePairs) replaceByName(cookies []*http.Cookie) cookiePairs {
	if len(cookies) == 0 {
		return p
	}
	names := make(map[string]bool, len(cookies))
	for _, c := range cookies {
		names[c.Name] = true
	}
	kept := p.without(names)
	for _, c := range cookies {
		kept = append(kept, cookiePair{c.Name, cookieText(c)})
	}
	return kept
}

// withChanges does to the pairs what was done to before on the way to after: those that
// were added or changed there are added, and those that were taken away go.
func (p cookiePairs) withChanges(before, after cookiePairs) cookiePairs {
	touched := make(map[string]bool)
	var added cookiePairs
	for _, pair := range after {
		if !slices.Contains(before, pair) {
			touched[pair.name] = true
			added = append(added, pair)
		}
	}
	for _, pair := range before {
		if !slices.Contains(after, pair) {
			touched[pair.name] = true
		}
	}
	return append(p.without(touched), added...)
}

// without drops the pairs of some names, in place.
func (p cookiePairs) without(names map[string]bool) cookiePairs {
	return slices.DeleteFunc(p, func(pair cookiePair) bool { return names[pair.name] })
}

func (p cookiePairs) String() string {
	var b strings.Builder
	for i, pair := range p {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(pair.text)
	}
	return b.String()
}

// cookieText is a cookie as the header has it. A jar may hold values that
// net/http would complain about in the log; they are sent as the server set
// them.
func cookieText(c *http.Cookie) string {
	if c.Quoted {
		return c.Name + `="` + c.Value + `"`
	}
	return c.Name + "=" + c.Value
}
