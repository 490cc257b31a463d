package jar

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// SetCookies stores what the response of u set, as [http.CookieJar] has it. The
// values are kept as they are. A cookie that has expired, or has a negative
// MaxAge, removes the one of its name, domain and path.
//
// [net/http.Response.Cookies] drops cookies that browsers keep;
// [Jar.SetCookieHeaders] does not.
func (j *Jar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	if len(cookies) == 0 {
		return
	}
	o, reason := j.originOf(u)
	j.storeAll(&o, cookies, reason, nil)
}

// SetCookieHeaders stores what the Set-Cookie lines of the response of u set, read
// by [ParseSetCookie]. (aiohttp: CookieJar.update_cookies_from_headers)
func (j *Jar) SetCookieHeaders(u *url.URL, lines []string) {
	if len(lines) == 0 {
		return
	}
	cookies := make([]*http.Cookie, 0, len(lines))
	var rejections []rejection
	for _, line := range lines {
		parsed, reason := parseLine(line, false)
		if reason != "" {
			rejections = append(rejections, rejection{&http.Cookie{Raw: line}, reason})
			continue
		}
		cookies = append(cookies, parsed...)
	}
	o, reason := j.originOf(u)
	j.storeAll(&o, cookies, reason, rejections)
}

// Update stores cookies that the program made. Their values are written as
// [Config.QuoteCookie] says. With a URL they are taken as if its server had set
// them; with none (nil, or an empty one) those with a Domain are kept for it, and
// those without are shared: sent to every host. The cookies are not changed.
// (aiohttp: CookieJar.update_cookies)
func (j *Jar) Update(cookies []*http.Cookie, u *url.URL) {
	if len(cookies) == 0 {
		return
	}
	written := make([]*http.Cookie, 0, len(cookies))
	for _, c := range cookies {
		written = append(written, j.withQuoting(c))
	}
	if u == nil || *u == (url.URL{}) {
		j.storeAll(&origin{}, written, "", nil)
		return
	}
	o, reason := j.originOf(u)
	j.storeAll(&o, written, reason, nil)
}

// withQuoting is a cookie of the program's with its value as it will be sent.
func (j *Jar) withQuoting(c *http.Cookie) *http.Cookie {
	if c == nil || c.Quoted || j.config.QuoteCookie < 0 || !needsQuotes(c.Value) {
		return c
	}
	if hasControl(c.Value) {
		return c // to be refused
	}
	w := *c
	w.Value, w.Quoted = quoteValue(c.Value), true
	return &w
}

// storeAll puts cookies into the index; reason, if there is one, is against all.
func (j *Jar) storeAll(o *origin, cookies []*http.Cookie, reason Reason, rejections []rejection) {
	now := j.config.Now()
	j.mu.Lock()
	j.index.removeExpired(now, purgeStep)
	for _, c := range cookies {
		if c == nil {
			continue
		}
		why := reason
		if why == "" {
			why = j.storeOne(c, o, now)
		}
		if why != "" {
			rejections = append(rejections, rejection{c, why})
			continue
		}
		rejections = j.index.evictOverLimits(&j.config, now, rejections)
	}
	j.count.Store(int64(len(j.index.byKey)))
	j.mu.Unlock()
	j.reportRejections(rejections)
}

func (j *Jar) storeOne(c *http.Cookie, o *origin, now time.Time) Reason {
	e, reason := j.newEntry(c, o, now)
	if reason != "" {
		return reason
	}
	if reason = j.secureConflict(e, o, now); reason != "" {
		return reason
	}
	if e.isExpired(now) {
		if old := j.index.byKey[e.key]; old != nil {
			j.index.remove(old)
		}
		return ""
	}
	j.index.put(e, now)
	return ""
}

// newEntry makes an entry of a cookie, or says why there is none (RFC 6265bis 5.7).
func (j *Jar) newEntry(c *http.Cookie, o *origin, now time.Time) (*entry, Reason) {
	if reason := checkPair(c); reason != "" {
		return nil, reason
	}
	domain, hostOnly, reason := j.domainOf(c.Domain, o)
	switch {
	case isIP(o.host) && !j.config.Unsafe, isIP(domain) && !j.config.Unsafe:
		return nil, ReasonIP
	case reason != "":
		return nil, reason
	case o.host != "" && !prefixHolds(c, hostOnly, o):
		return nil, ReasonPrefix
	}
	return &entry{
		// A copy: the text of a header would keep all of the header in memory.
		key:   key{strings.Clone(domain), strings.Clone(cookiePath(c.Path, o)), strings.Clone(c.Name)},
		value: strings.Clone(c.Value), quoted: c.Quoted,
		secure: c.Secure, httpOnly: c.HttpOnly, partitioned: c.Partitioned,
		hostOnly: hostOnly, sameSite: c.SameSite, expires: expiryOf(c, now),
	}, ""
}

// expiryOf is when a cookie ends; the zero time is with the session. Max-Age wins
// over Expires.
func expiryOf(c *http.Cookie, now time.Time) time.Time {
	last := time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC)
	switch {
	case c.MaxAge < 0:
		return now
	case int64(c.MaxAge) > last.Unix()-now.Unix():
		return last
	case c.MaxAge > 0:
		// Not now.Add: a Duration ends after 292 years.
		return time.Unix(now.Unix()+int64(c.MaxAge), int64(now.Nanosecond())).UTC()
	case c.Expires.After(last):
		return last
	}
	return c.Expires.UTC()
}

// evictOverLimits removes what is above the limits in the order of RFC 6265bis 5.7: what has
// expired, what its domain has too many of, what was not used for the longest time.
func (x *index) evictOverLimits(config *Config, now time.Time, rejections []rejection) []rejection {
	perDomain, total := config.MaxPerDomain, config.MaxTotal
	if x.accessed.newest == nil {
		return rejections
	}
	name := x.accessed.newest.domain // of the entry that was put last
	crowd := func() bool { return perDomain > 0 && x.byDomain[name] != nil && len(x.byDomain[name].list) > perDomain }
	if crowd() || total > 0 && len(x.byKey) > total {
		x.removeExpired(now, -1)
	}
	for crowd() {
		rejections = x.dropEntry(x.byDomain[name].nextToEvict(), ReasonDomainLimit, rejections)
	}
	for total > 0 && len(x.byKey) > total {
		rejections = x.dropEntry(x.accessed.oldest, ReasonTotalLimit, rejections)
	}
	return rejections
}

func (x *index) dropEntry(e *entry, reason Reason, rejections []rejection) []rejection {
	x.remove(e)
	c := e.httpCookie()
	return append(rejections, rejection{&c, reason})
}
