package download

// Reading of what others wrote, for the tests.
var ParseMeta = parseMeta

// ParseRange returns the three numbers of a Content-Range.
func ParseRange(s string) (first, last, total int64, ok bool) {
	cr, ok := parseContentRange(s)
	return cr.first, cr.last, cr.total, ok
}

// Validator returns what If-Range would carry.
func (m Meta) Validator() string { return m.validator() }
