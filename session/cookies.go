package session

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/aiolos-http/aiolos/errors"
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
	// updateJar takes cookies of the program's that are of no URL.
	updateJar interface {
		Update(cookies []*http.Cookie, u *url.URL)
	}
	// matchJar applies the rules for its own cookies to those of one request.
	matchJar interface {
		Match(u *url.URL, cookies []*http.Cookie) []*http.Cookie
	}
)

// checkCookies refuses what a session cannot begin with: each cookie has to be one, and
// the jar one that takes them.
func (c *core) checkCookies(cookies []*http.Cookie) (err error) {
	if len(cookies) == 0 {
		return nil
	}
	if _, ok := c.jar.(updateJar); !ok {
		return &errors.InvalidRequestError{Field: "Cookies", Reason: "the jar takes no cookies without a URL"}
	}
	probe := jar.New(jar.Config{
		Unsafe: true, AllowPublicSuffixes: true, MaxPerDomain: -1, MaxTotal: -1,
		OnReject: func(bad *http.Cookie, why jar.Reason) {
			err = &errors.InvalidRequestError{Field: "Cookies", Reason: strconv.Quote(bad.Name) + ": " + string(why)}
		},
	})
	if slices.Contains(cookies, nil) {
		return &errors.InvalidRequestError{Field: "Cookies", Reason: "one is nil"}
	}
	probe.Update(cookies, nil)
	return err
}

// cookieSources are those of the present hop.
func (c *call) cookieSources() cookieSources {
	s := cookieSources{jar: c.s.jar, url: c.url, own: c.opts.cookies}
	if c.extra != nil {
		s.callers = c.extra.cookieHeader
	}
	return s
}

// addCookies puts the cookies of this hop into the header.
func (c *call) addCookies() {
	o, first := c.opts, len(c.redirectHistory()) == 0
	if first && o.has("Cookie") && len(o.header["Cookie"]) > 0 {
		c.ensureExtras().cookieHeader = o.header["Cookie"]
	}
	sources := c.cookieSources()
	lines, merged := sources.header()
	switch {
	case !merged && first:
		// A header of the caller's stays as it is written.
	case len(lines) > 0:
		c.changeOptions().ownHeader()["Cookie"] = lines
	case o.has("Cookie"):
		delete(c.changeOptions().ownHeader(), "Cookie")
	}
}

// keepsCookiesBelow reports whether cookies are stored, and refreshed, below the
// middlewares of the call: see cookieKeeper.
func (c *call) keepsCookiesBelow() bool { return c.s.keepsCookies && c.passesMiddleware() }

// storeCookies gives the jar what a response sets, before anything else is done with
// it, unless that was done already.
func (c *call) storeCookies(resp *http.Response) {
	lines := resp.Header["Set-Cookie"]
	if len(lines) == 0 {
		return
	}
	if h, ok := c.sent.Context().(*hopContext); !ok || !h.wasSeen(resp) {
		storeLines(c.s.jar, c.url, lines)
	}
}

// storeLines gives a jar the Set-Cookie lines of a response.
func storeLines(to http.CookieJar, u *url.URL, lines []string) {
	if j, ok := to.(lineJar); ok {
		j.SetCookieHeaders(u, lines)
		return
	}
	resp := http.Response{Header: http.Header{"Set-Cookie": lines}}
	if cookies := resp.Cookies(); len(cookies) > 0 {
		to.SetCookies(u, cookies)
	}
}
