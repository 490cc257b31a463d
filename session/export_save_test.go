package session

// HasLocks says whether two calls for one file see each other.
const HasLocks = hasLocks

// ParseRange returns the three numbers of a Content-Range.
func ParseRange(s string) (first, last, total int64, ok bool) {
	cr, ok := parseContentRange(s)
	return cr.first, cr.last, cr.total, ok
}

// ParseMeta returns the URL and the validator of a description.
func ParseMeta(data []byte) (url, validator string, err error) {
	m, err := parseMeta(data)
	return m.URL, m.validator(), err
}
