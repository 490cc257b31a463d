package fleet

import (
	"container/list"
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
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.String() // an address of version 6 can be written in many ways
	}
	if host == "" {
		return ""
	}
	if publicSuffixes { // then a cookie may be of any parent
		return host[strings.LastIndexByte(host, '.')+1:]
	}
	if site, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return site
	}
	return host
}

// acquire is the site of a URL, or nil if it has no host. One that was forgotten is a new
// one. It is not forgotten before its release, so that all use the same.
func (j *Jar) acquire(u *url.URL) *site {
	if u == nil {
		return nil
	}
	name := siteOf(u, j.cfg.Rules.AllowPublicSuffixes)
	if name == "" {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if e := j.sites[name]; e != nil {
		j.recent.MoveToFront(e)
		s := siteIn(e)
		s.users.Add(1)
		return s
	}
	s := newSite(j, name)
	s.users.Add(1)
	j.sites[name] = j.recent.PushFront(s)
	j.forgetOldest()
	return s
}

func (s *site) release() { s.users.Add(-1) }

func siteIn(e *list.Element) *site {
	return e.Value.(*site) //nolint:errcheck,forcetypeassert // nothing else is in the list
}

// forgetStep is how many sites are looked at to make room for one.
const forgetStep = 16

// forgetOldest makes room, if there are too many sites. Those in use stay, and so do those
// that have something to be written, up to as many again. The lock is held.
func (j *Jar) forgetOldest() {
	if j.cfg.MaxSites <= 0 {
		return
	}
	for range forgetStep {
		if len(j.sites) <= j.cfg.MaxSites {
			return
		}
		e := j.recent.Back()
		s := siteIn(e)
		if s.users.Load() > 0 || s.waiting.Load() > 0 && len(j.sites) <= 2*j.cfg.MaxSites {
			j.recent.MoveToFront(e) // the next look is at others
			continue
		}
		j.recent.Remove(e)
		delete(j.sites, s.name)
	}
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
		siteIn(e).outdate()
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
	if j.flush == nil && !j.closed {
		j.flush = time.AfterFunc(j.fleet.retryEvery(), j.flushPending)
	}
}

func (j *Jar) flushPending() {
	j.mu.Lock()
	j.flush = nil
	sites := j.remembered()
	j.mu.Unlock()
	for _, s := range sites {
		if s.waiting.Load() == 0 {
			continue
		}
		// What fails has arranged for the next time. It may fail for one site alone.
		if err := s.flush(); err != nil && !isOfKey(err) {
			return
		}
	}
}

// close writes what waits, once more.
func (j *Jar) close() {
	j.flushPending()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
	if j.flush != nil {
		j.flush.Stop()
		j.flush = nil
	}
}
