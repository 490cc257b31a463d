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
	for domain, list := range x.byDomain {
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
	listed, used := 0, uint64(0)
	for e := x.oldest; e != nil; e = e.newer {
		if e.used <= used {
			return "the order of access"
		}
		listed, used = listed+1, e.used
	}
	if n != len(x.byKey) || listed != n || expiring != len(x.expiring) || int(j.count.Load()) != n {
		return "the counts differ"
	}
	return ""
}
