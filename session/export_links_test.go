package session

import "net/url"

// ParseBrokenLinks is ParseLinks with the number of what is passed over.
func ParseBrokenLinks(lines []string, base *url.URL) (links Links, broken int) {
	links, passed := parseLinks(lines, base)
	return links, len(passed)
}
