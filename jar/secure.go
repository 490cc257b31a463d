package jar

import (
	"slices"
	"strings"
	"time"
)

// secureBelow has the Secure cookies of sub-domains by their name and the domains
// above them, so that nobody has to look through all sub-domains of a site. Only
// domains of up to maxAbove labels count: a host can have 127, and would take as
// many places.
type secureBelow map[nameAt]map[*entry]struct{}

type nameAt struct{ domain, name string }

const maxAbove = 3

func (s secureBelow) add(e *entry) {
	for _, at := range e.domainsAbove() {
		if s[at] == nil {
			s[at] = make(map[*entry]struct{})
		}
		s[at][e] = struct{}{}
	}
}

func (s secureBelow) remove(e *entry) {
	for _, at := range e.domainsAbove() {
		if delete(s[at], e); len(s[at]) == 0 {
			delete(s, at)
		}
	}
}

// has reports whether there is a Secure cookie of this name below a domain for
// which found is true.
func (s secureBelow) has(domain, name string, found func(*entry) bool) bool {
	for e := range s[nameAt{lastLabels(domain, maxAbove), name}] {
		if isSubdomain(e.domain, domain) && found(e) {
			return true
		}
	}
	return false
}

// domainsAbove returns the places of a Secure cookie in secureBelow.
func (e *entry) domainsAbove() []nameAt {
	if !e.secure || isIP(e.domain) {
		return nil
	}
	places := make([]nameAt, 0, maxAbove)
	for n := 1; n <= maxAbove; n++ {
		parent := lastLabels(e.domain, n)
		if parent == e.domain {
			break
		}
		places = append(places, nameAt{parent, e.name})
	}
	return places
}

// lastLabels returns the end of a domain.
func lastLabels(domain string, n int) string {
	end := len(domain)
	for ; n > 0 && end >= 0; n-- {
		end = strings.LastIndexByte(domain[:end], '.')
	}
	return domain[end+1:]
}

// secureConflict says why a cookie that came over plain http is not kept: it is Secure
// itself, or there is a Secure one of its name whose domain is the same, above or
// below, and whose path covers its own (RFC 6265bis 5.7: "leave secure cookies
// alone"). One that would remove it counts like one that would replace it.
func (j *Jar) secureConflict(e *entry, o *origin, now time.Time) Reason {
	switch {
	case o.host == "" || o.secure:
		return ""
	case e.secure:
		return ReasonNotSecure
	}
	hidden := func(old *entry) bool {
		return old.secure && old.name == e.name && !old.isExpired(now) && pathMatch(e.path, old.path)
	}
	found := j.index.below.has(e.domain, e.name, hidden)
	at := origin{host: e.domain, ip: isIP(e.domain)}
	j.index.eachDomain(&at, true, func(domain string, list []*entry) {
		found = found || domain != "" && slices.ContainsFunc(list, hidden)
	})
	if found {
		return ReasonSecure
	}
	return ""
}
