package session

import "net/url"

// ParsePlain parses what is usual.
func ParsePlain(raw string, u *url.URL) bool { return parsePlain(raw, u) }
