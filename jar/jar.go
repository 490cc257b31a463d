package jar

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// DefaultMaxPerDomain is how many cookies a domain may have if the configuration
// does not say; browsers have the same number.
const DefaultMaxPerDomain = 180

// DefaultMaxTotal is how many cookies a jar may have if the configuration does not
// say. They take some 100 MB if they are small.
const DefaultMaxTotal = 200_000

// Config is what a [Jar] is made with. The zero value is ready for use. [New]
// copies it; the slice must not be changed afterwards.
type Config struct {
	// Unsafe keeps and sends cookies of hosts that are IP addresses. Without it
	// only shared cookies go there. (aiohttp: unsafe)
	Unsafe bool

	// QuoteCookie says how values that the program gives are written. Zero is
	// [QuoteOctal], aiohttp's default; negative is [QuoteNever]. Values of a
	// server's are never rewritten. (aiohttp: quote_cookie)
	QuoteCookie Quote

	// TreatAsSecureOrigin lists origins, such as "http://localhost:8080", that
	// Secure cookies are sent to, and taken from, although they have no TLS.
	// Without a port, the scheme's is meant; what follows it does not matter. An
	// entry that is no such URL matches nothing. (aiohttp: treat_as_secure_origin)
	TreatAsSecureOrigin []string

	// AllowPublicSuffixes switches the public suffix list off: then a server of
	// example.co.uk can set cookies for all of co.uk, as with aiohttp.
	AllowPublicSuffixes bool

	// MaxPerDomain is how many cookies a domain may have, counted by the domain
	// that they are for: a sub-domain counts for itself. If there are more, the one
	// that was not used for the longest time goes, Secure ones last. Zero is
	// [DefaultMaxPerDomain], negative is no limit.
	MaxPerDomain int

	// MaxTotal is how many cookies the jar may have: a site can have as many
	// sub-domains as it likes. If there are more, the one that was not used for the
	// longest time goes. Zero is [DefaultMaxTotal], negative is no limit.
	MaxTotal int

	// OnReject, unless nil, is called for every cookie that is not kept, and for
	// those that the limits evict. It may use the jar, and is called by the
	// goroutine that stores cookies, maybe by several at once. Of a line that is no
	// cookie, be it of a header or of a cookies.txt, there is only the Raw field. The
	// cookie has its value: beware of writing it to a log.
	OnReject func(cookie *http.Cookie, reason Reason)

	// Now, unless nil, is the clock that the jar goes by: when a cookie ends, was
	// created and was used. A test gives one that it can put forward. It is called
	// by whoever uses the jar, maybe by several at once, and must not use the jar.
	// nil is [time.Now], which in a testing/synctest bubble is that of the bubble.
	Now func() time.Time
}

// Jar keeps cookies. It is made by [New], and safe for concurrent use. What a
// request costs does not depend on how many cookies other domains have, sub-domains
// of the same site included. (aiohttp: CookieJar)
type Jar struct {
	config  Config
	trusted map[httprule.Origin]bool

	count atomic.Int64 // of the index, so that an empty jar needs no lock

	mu    sync.Mutex
	index *index
}

var _ http.CookieJar = (*Jar)(nil)

// purgeStep bounds how many expired cookies one call removes on its way, so that
// no request pays for all that expire at one time.
const purgeStep = 16

// New returns an empty jar.
func New(config Config) *Jar {
	if config.MaxPerDomain == 0 {
		config.MaxPerDomain = DefaultMaxPerDomain
	}
	if config.MaxTotal == 0 {
		config.MaxTotal = DefaultMaxTotal
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	j := &Jar{config: config, index: newIndex()}
	for _, text := range config.TreatAsSecureOrigin {
		u, err := url.Parse(text)
		if err != nil || u.Scheme == "" || u.Host == "" {
			continue
		}
		if j.trusted == nil {
			j.trusted = make(map[httprule.Origin]bool)
		}
		j.trusted[httprule.OriginOf(u)] = true
	}
	return j
}

// Cookies returns what a request to u has to send, in the order of RFC 6265 5.4:
// longer paths first, then the older ones. Of each cookie there are name and value
// only. Several may have one name, if they are of different domains or paths; a
// shared one is left out if there is another of its name. It returns nil for a URL
// that is not of http, https, ws or wss.
func (j *Jar) Cookies(u *url.URL) []*http.Cookie {
	var buf [16]*entry
	found := j.findForRequest(u, buf[:0], true)
	if len(found) == 0 {
		return nil
	}
	values, cookies := make([]http.Cookie, len(found)), make([]*http.Cookie, len(found))
	for i, e := range found {
		values[i] = e.nameAndValue()
		cookies[i] = &values[i]
	}
	return cookies
}

// Filter returns the cookies for a request to u, at most one of each name: that
// with the longest domain, and then with the longest path. Unlike [Jar.Cookies] it
// returns them with all attributes, and does not count as an access.
// (aiohttp: CookieJar.filter_cookies)
func (j *Jar) Filter(u *url.URL) []*http.Cookie {
	found := j.findForRequest(u, nil, false)
	best := make(map[string]*entry, len(found))
	for _, e := range found {
		if b := best[e.name]; b == nil || len(e.domain) > len(b.domain) {
			best[e.name] = e
		}
	}
	var cookies []*http.Cookie
	for _, e := range found {
		if best[e.name] == e {
			c := e.httpCookie()
			cookies = append(cookies, &c)
		}
	}
	return cookies
}

// findForRequest appends the cookies for a request to found, in the order of sending.
func (j *Jar) findForRequest(u *url.URL, found []*entry, access bool) []*entry {
	if j.count.Load() == 0 {
		return nil
	}
	o, reason := j.originOf(u)
	if reason != "" {
		return nil
	}
	now := j.config.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.index.removeExpired(now, purgeStep)
	j.count.Store(int64(len(j.index.byKey)))
	j.index.eachDomain(&o, j.config.Unsafe, func(domain string, list []*entry) {
		own := len(found)
		for _, e := range list {
			if !e.matches(&o, now) || domain == "" && hasName(found[:own], e.name) {
				continue
			}
			found = append(found, e)
		}
	})
	slices.SortFunc(found, sendOrder)
	if access {
		for _, e := range slices.Backward(found) {
			j.index.noteAccess(e, now)
		}
	}
	return found
}

// matches reports whether a cookie, of a domain that the host is in, is for a
// request (RFC 6265 5.4).
func (e *entry) matches(o *origin, now time.Time) bool {
	return (!e.hostOnly || e.domain == o.host) && (!e.secure || o.secure) &&
		pathMatch(o.requestPath(), e.path) && !e.isExpired(now)
}

func hasName(entries []*entry, name string) bool {
	return slices.ContainsFunc(entries, func(e *entry) bool { return e.name == name })
}

// Match returns those of cookies that a request to u may carry, by the rules of
// the jar and written as it would write them; nothing is stored. A cookie without
// a domain goes to every host. (aiohttp: the cookies of one request)
func (j *Jar) Match(u *url.URL, cookies []*http.Cookie) []*http.Cookie {
	o, reason := j.originOf(u)
	if reason != "" {
		return nil
	}
	var kept []*http.Cookie
	var rejections []rejection
	now := j.config.Now()
	for _, c := range cookies {
		if c == nil {
			continue
		}
		e, reason := j.newEntry(j.withQuoting(c), &origin{}, now)
		if reason != "" {
			rejections = append(rejections, rejection{c, reason})
			continue
		}
		if (e.domain == "" || domainMatch(o.host, e.domain)) && e.matches(&o, now) {
			sent := e.nameAndValue()
			kept = append(kept, &sent)
		}
	}
	j.reportRejections(rejections)
	return kept
}
