package resume

// ParseContentRange returns the three numbers of a Content-Range.
func ParseContentRange(s string) (first, last, total int64, ok bool) {
	cr, ok := parseContentRange(s)
	return cr.first, cr.last, cr.total, ok
}

// ParseDescription returns the URL and the validator of a description.
func ParseDescription(data []byte) (url, validator string, err error) {
	m, err := parseDescription(data)
	return m.URL, m.validator(), err
}
