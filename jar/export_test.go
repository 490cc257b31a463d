package jar

// ReadAll is readAll, for a limit that a test can reach.
var ReadAll = readAll

// Stored is the number of entries, expired ones included.
func Stored(j *Jar) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.index.byKey)
}

// Domains is the number of domains that the index knows.
func Domains(j *Jar) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.index.byDomain)
}

// Consistent says what is wrong with the index, or nothing.
func Consistent(j *Jar) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	x := j.index
	n, expiring := 0, 0
	for domain, d := range x.byDomain {
		list := d.list
		if len(list) == 0 {
			return "an empty domain"
		}
		for i, e := range list {
			n++
			if e.domain != domain || e.inDomain != i || x.byKey[e.key] != e {
				return "an entry in the wrong place"
			}
			if e.expires.IsZero() != (e.inHeap < 0) || e.inHeap >= 0 && x.expiring[e.inHeap] != e {
				return "an entry that is not where it expires"
			}
			if e.inHeap >= 0 {
				expiring++
			}
		}
	}
	listed, ok := listedIn(&x.accessed, func(*entry) bool { return true })
	if !ok {
		return "the order of access"
	}
	for _, d := range x.byDomain {
		plain, ok1 := listedIn(&d.plain, func(e *entry) bool { return !e.secure })
		secure, ok2 := listedIn(&d.secure, func(e *entry) bool { return e.secure })
		if !ok1 || !ok2 || plain+secure != len(d.list) {
			return "the order of access in a domain"
		}
	}
	for at, set := range x.below {
		if len(set) == 0 {
			return "an empty set of Secure cookies"
		}
		for e := range set {
			if x.byKey[e.key] != e || !e.secure || e.name != at.name || !isSubdomain(e.domain, at.domain) {
				return "a Secure cookie in the wrong place"
			}
		}
	}
	if n != len(x.byKey) || listed != n || expiring != len(x.expiring) || int(j.count.Load()) != n {
		return "the counts differ"
	}
	return ""
}

// listedIn counts the entries of a list, if they are in order and all fit.
func listedIn(l *lru, fits func(*entry) bool) (n int, ok bool) {
	used := uint64(0)
	for e := l.oldest; e != nil; e = e.links[l.which].newer {
		if e.used <= used || !fits(e) {
			return n, false
		}
		n, used = n+1, e.used
	}
	return n, true
}
