package session

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/jar"
)

// A jar may have more than http.CookieJar asks for; [jar.Jar] has all of it.
type (
	// lenJar tells whether the jar is empty, which saves the look-up.
	lenJar interface{ Len() int }
	// lineJar reads Set-Cookie lines itself, because net/http drops cookies that
	// browsers keep.
	lineJar interface {
		SetCookieHeaders(u *url.URL, lines []string)
	}
	// matchJar applies the rules for its own cookies to those of one request.
	matchJar interface {
		Match(u *url.URL, cookies []*http.Cookie) []*http.Cookie
	}
)

// ownCookies are the request's own cookies as they are sent to this hop's URL.
func (c *call) ownCookies() []*http.Cookie {
	own := c.opts.cookies
	if len(own) == 0 {
		return nil
	}
	m, ok := c.s.jar.(matchJar)
	if !ok {
		m = jar.New(jar.Config{}) // for its way to write them
	}
	return m.Match(c.url, own)
}

// addCookies puts the cookies of this hop into the header: those that the
// caller wrote there, the jar's for the URL, and the request's own, of which a
// later one takes the place of an earlier one of the same name.
func (c *call) addCookies() {
	var stored []*http.Cookie
	if j, ok := c.s.jar.(lenJar); !ok || j.Len() > 0 {
		stored = c.s.jar.Cookies(c.url)
	}
	o, first := c.opts, len(c.redirectHistory()) == 0
	if first && len(o.header["Cookie"]) > 0 {
		c.ensureExtras().cookieHeader = o.header["Cookie"]
	}
	if len(stored) == 0 && len(o.cookies) == 0 && first {
		return // a header of the caller's stays as it is written
	}
	pairs := c.callersCookies().withCookies(stored).withCookies(c.ownCookies())
	switch line := pairs.String(); {
	case line != "":
		c.changeOptions().ownHeader()["Cookie"] = []string{line}
	case o.header["Cookie"] != nil:
		delete(c.changeOptions().ownHeader(), "Cookie")
	}
}

// callersCookies are those of the header that the caller wrote.
func (c *call) callersCookies() cookiePairs {
	if c.extra == nil {
		return nil
	}
	var pairs cookiePairs
	for _, line := range c.extra.cookieHeader {
		for pair := range strings.SplitSeq(line, ";") {
			if pair = strings.TrimSpace(pair); pair != "" {
				name, _, _ := strings.Cut(pair, "=")
				pairs = append(pairs, cookiePair{name, pair})
			}
		}
	}
	return pairs
}

type cookiePair struct{ name, text string }

type cookiePairs []cookiePair

// withCookies appends cookies, in the place of the pairs of the same names.
func (p cookiePairs) withCookies(cookies []*http.Cookie) cookiePairs {
	p = slices.DeleteFunc(p, func(pair cookiePair) bool {
		return slices.ContainsFunc(cookies, func(c *http.Cookie) bool { return c.Name == pair.name })
	})
	for _, c := range cookies {
		p = append(p, cookiePair{c.Name, cookieText(c)})
	}
	return p
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

// storeCookies gives the jar what a response sets, before anything else is
// done with it.
func (s *Session) storeCookies(resp *http.Response, c *call) {
	if len(resp.Header["Set-Cookie"]) == 0 {
		return
	}
	if j, ok := s.jar.(lineJar); ok {
		j.SetCookieHeaders(c.url, resp.Header["Set-Cookie"])
		return
	}
	if cookies := resp.Cookies(); len(cookies) > 0 {
		s.jar.SetCookies(c.url, cookies)
	}
}
