package jar

// An entry is in two lists by last access: that of all, and that of its domain.
const (
	lruAll = iota
	lruDomain
)

// links are the neighbours of an entry in a list.
type links struct{ older, newer *entry }

// lru is a list of entries by last access.
type lru struct {
	which  int // of the links of its entries
	oldest *entry
	newest *entry
}

// pushNewest puts an entry to the newest end.
func (l *lru) pushNewest(e *entry) {
	e.links[l.which] = links{older: l.newest}
	if l.newest != nil {
		l.newest.links[l.which].newer = e
	} else {
		l.oldest = e
	}
	l.newest = e
}

// remove takes an entry out of the list.
func (l *lru) remove(e *entry) {
	at := &e.links[l.which]
	if at.older != nil {
		at.older.links[l.which].newer = at.newer
	} else {
		l.oldest = at.newer
	}
	if at.newer != nil {
		at.newer.links[l.which].older = at.older
	} else {
		l.newest = at.older
	}
	*at = links{}
}

// moveToNewest moves an entry to the newest end.
func (l *lru) moveToNewest(e *entry) {
	l.remove(e)
	l.pushNewest(e)
}
