package fleet

import (
	"container/list"
	"context"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// siteOf is the registrable domain of a URL's host, since a cookie of one cannot reach
// another; or the host itself, where that is none, or an address. Empty: there is no host.
func siteOf(u *url.URL, publicSuffixes bool) string {
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii
	}
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return host
	}
	if publicSuffixes { // then a cookie may be of any parent
		return host[strings.LastIndexByte(host, '.')+1:]
	}
	if site, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return site
	}
	return host
}

// site is that of a URL, or nil if it has no host. One that was forgotten is a new one.
func (j *Jar) site(u *url.URL) *site {
	name := siteOf(u, j.cfg.Rules.AllowPublicSuffixes)
	if name == "" {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if e := j.sites[name]; e != nil {
		j.recent.MoveToFront(e)
		return e.Value.(*site) //nolint:forcetypeassert // nothing else is in the list
	}
	s := newSite(j, name)
	j.sites[name] = j.recent.PushFront(s)
	j.forgetOldest()
	return s
}

// forgetOldest makes room, if there are too many sites. Those that have something to be
// written stay. The lock is held.
func (j *Jar) forgetOldest() {
	for e := j.recent.Back(); e != nil && j.cfg.MaxSites > 0 && len(j.sites) > j.cfg.MaxSites; {
		before := e.Prev()
		if s := e.Value.(*site); s.waiting.Load() == 0 { //nolint:forcetypeassert // nothing else is in the list
			j.forget(e, s)
		}
		e = before
	}
}

func (j *Jar) forget(e *list.Element, s *site) {
	j.recent.Remove(e)
	delete(j.sites, s.name)
}

// hear is told that a process has changed a site, as "jar site".
func (j *Jar) hear(message string) {
	teller, name, _ := strings.Cut(message, " ")
	if teller == j.id {
		return
	}
	j.mu.Lock()
	e := j.sites[name]
	j.mu.Unlock()
	if e != nil {
		e.Value.(*site).outdate() //nolint:forcetypeassert // nothing else is in the list
	}
}

// outdateAll is told that messages may have been lost.
func (j *Jar) outdateAll() {
	j.mu.Lock()
	sites := j.remembered()
	j.mu.Unlock()
	for _, s := range sites {
		s.outdate()
	}
}

// flushLater writes what waits, when Redis may answer again.
func (j *Jar) flushLater() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.flush == nil {
		j.flush = time.AfterFunc(max(j.fleet.cfg.RetryAfter, minLease), j.flushPending)
	}
}

func (j *Jar) flushPending() {
	j.mu.Lock()
	j.flush = nil
	sites := j.remembered()
	j.mu.Unlock()
	for _, s := range sites {
		if s.waiting.Load() > 0 && s.write(context.Background()) != nil {
			return // it has arranged for the next time
		}
	}
}

// close writes what waits, once more.
func (j *Jar) close() {
	j.flushPending()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.flush != nil {
		j.flush.Stop()
	}
}
