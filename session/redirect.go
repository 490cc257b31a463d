package session

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// DefaultRedirects is how many redirects are followed if nothing else is said. HEAD
// follows none unless it is told to: Redirects(DefaultRedirects), for one request or
// among the options of a session.
const DefaultRedirects = 10

// nextHop makes the request that follows resp, or nil if resp is the answer.
// A response that is followed is closed and becomes history.
func (c *call) nextHop(resp *http.Response) (*http.Request, error) {
	if c.opts.hops < 0 || !isRedirect(resp.StatusCode) {
		return nil, nil //nolint:nilnil // it is the answer
	}
	location := cmp.Or(withoutBlanks(resp.Header.Get("Location")), withoutBlanks(resp.Header.Get("URI")))
	if location == "" {
		return nil, nil //nolint:nilnil // there is nowhere to go
	}
	if c.trace != nil {
		c.trace.requestRedirect(resp)
	}
	c.archiveHop(resp)
	if len(c.extra.history) > c.opts.hops {
		return nil, c.tooMany(resp)
	}
	target, err := redirectTarget(c.url, location, len(c.sent.Header["Upgrade"]) > 0)
	if err != nil {
		return nil, err
	}
	if r := c.opts.client; r == nil || !r.verbatimRedirects {
		requoteRedirect(target)
	}
	return c.followRedirect(resp.StatusCode, target)
}

// withoutBlanks is a field's value without the blanks around it, which are no part of it
// (RFC 9110 5.5): HTTP/1.1 takes them off, and HTTP/2, which forbids them, does not.
func withoutBlanks(value string) string { return strings.Trim(value, " \t") }

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// archiveHop closes a response that is not the last and keeps its head.
func (c *call) archiveHop(resp *http.Response) {
	x := c.ensureExtras()
	if len(x.history) == 0 {
		x.first = c.requestInfo()
	}
	resp.Body.Close() // the rest of it is not used
	resp.Body = http.NoBody
	hop := &Response{Response: resp, url: c.url}
	if rec := c.recorder(); rec != nil { // the next hop has the same one
		hop.past = &pastHop{rec.Timing(), rec.Conn()}
		rec.Reset() // and may come from a cache
	}
	hop.closed.Store(true)
	x.history = append(x.history, hop)
}

// pastHop is how a hop fared that was followed by another one.
type pastHop struct {
	timing Timing
	conn   connector.ConnInfo
}

func (c *call) tooMany(resp *http.Response) error {
	return &errors.TooManyRedirects{ClientResponseError: errors.ClientResponseError{
		RequestInfo: c.extra.first, History: nativeHistory(c.extra.history), Status: resp.StatusCode,
		Message: fmt.Sprintf("more than %d redirects", c.opts.hops), Header: resp.Header,
	}}
}

func nativeHistory(history []*Response) []*http.Response {
	native := make([]*http.Response, len(history))
	for i, r := range history {
		native[i] = r.Response
	}
	return native
}

// redirectTarget is where a Location leads to: an http URL with a host.
func redirectTarget(from *url.URL, location string, upgrade bool) (*url.URL, error) {
	ref, err := httprule.ParseURL(location)
	if err != nil {
		return nil, badTarget(location, "redirect cannot be parsed", err)
	}
	u := from.ResolveReference(ref)
	if plain, ok := socketSchemes[u.Scheme]; ok && upgrade {
		u.Scheme = plain // the handshake of a WebSocket is one of HTTP
	}
	return u, checkTarget(u, "redirect")
}

// badTarget is the error for a URL of a server's that cannot be parsed.
func badTarget(raw, description string, err error) error {
	e := errors.NewInvalidURL(raw, description, err)
	e.Kind = errors.ErrInvalidURLRedirectClient
	return e
}

// checkTarget refuses a URL that a server has given and that cannot be requested: one
// that the session or its connector would refuse as the caller's own is of another
// class here. It writes the host as IDNA has it.
func checkTarget(u *url.URL, what string) error {
	kind, description := errors.ErrInvalidURLRedirectClient, ""
	switch {
	case !isHTTP(u.Scheme):
		kind, description = errors.ErrNonHTTPURLRedirectClient, " has an unsupported scheme"
	case u.Hostname() == "":
		description = " has no host"
	case toASCII(u) != nil:
		description = " has a host that is not a name of IDNA"
	case !httprule.IsAuthority(u):
		description = " has an invalid host or a port out of range"
	default:
		return nil
	}
	return &errors.InvalidURLError{URL: errors.RedactURL(u), Description: what + description, Kind: kind}
}

// followRedirect builds the request for the next hop.
func (c *call) followRedirect(status int, target *url.URL) (*http.Request, error) {
	o := c.changeOptions()
	if changesToGet(status, c.method) {
		c.method = http.MethodGet
		c.finishBody()
		o.body, o.native = nil, withoutTrailer(o.native)
		o.dropHeaders(contentHeaders)
	}
	if !sameOrigin(c.url, target) {
		o.leaveOrigin(c.s.sensitive)
		c.extra.cookieHeader = nil
	}
	c.ctx.hadUser.Store(false) // that was the last hop's
	if value, ok := c.takeUser(target); ok {
		o.setHeader("Authorization", value)
	}
	c.url = target
	c.addCookies()
	req := blankRequest.WithContext(c.hopContext())
	return req, c.fillRequest(req)
}

// changesToGet is the rule of aiohttp and of the Fetch standard (4.4): 303
// turns everything but HEAD into GET, 301 and 302 only POST.
func changesToGet(status int, method string) bool {
	switch status {
	case http.StatusSeeOther:
		return method != http.MethodHead && method != http.MethodGet
	case http.StatusMovedPermanently, http.StatusFound:
		return method == http.MethodPost
	}
	return false
}

// contentHeaders describe a body and go when it goes.
var contentHeaders = []string{
	"Content-Type", "Content-Encoding", "Content-Language", "Content-Location",
	"Content-Length", "Transfer-Encoding", "Expect", "Digest", "Last-Modified",
}

// leaveOrigin drops what the former origin alone may know. It is not taken up
// again if a later redirect leads back (CVE-2024-45336 in net/http).
func (o *options) leaveOrigin(sensitive []string) {
	o.dropHeaders(secretHeaders)
	o.dropHeaders(sensitive)
	o.cookies, o.host = nil, ""
}

var secretHeaders = []string{
	"Authorization", "Cookie", "Cookie2", "Proxy-Authorization",
	"Www-Authenticate", "Proxy-Authenticate",
}

// dropHeaders removes headers, in whatever case they are written: the map of a request of
// net/http's may have any.
func (o *options) dropHeaders(names []string) {
	for key := range o.header {
		if slices.Contains(names, http.CanonicalHeaderKey(key)) {
			delete(o.ownHeader(), key)
		}
	}
}
