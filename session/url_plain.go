package session

import (
	"net/url"
	"strings"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// parsePlain is [url.Parse] for what most URLs are: http or https in lower case, a
// name or an IPv4 address, perhaps a port, and a path and a query in which nothing
// is escaped or has to be. It takes no memory. It reports false for all others,
// good and bad, and is to be asked first: url.Parse decides.
func parsePlain(raw string, u *url.URL) bool {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || !isHTTP(scheme) {
		return false
	}
	host := span(rest, plainHost)
	end := host
	if end < len(rest) && rest[end] == ':' {
		port := span(rest[end+1:], plainPort)
		end += 1 + port
		if port == 0 {
			return false
		}
	}
	path := end
	if path < len(rest) && rest[path] == '/' {
		path += span(rest[path:], plainPath)
	}
	query := ""
	if path < len(rest) && rest[path] == '?' {
		query = rest[path+1:]
		if query == "" || span(query, plainQuery) < len(query) || !httprule.IsClean(query) {
			return false
		}
	} else if path < len(rest) {
		return false
	}
	if host == 0 {
		return false
	}
	*u = url.URL{Scheme: raw[:len(scheme)], Host: rest[:end], Path: rest[end:path], RawQuery: query}
	return true
}

// span is how many bytes at the start of s are of a class.
func span(s string, class uint8) int {
	for i := range len(s) {
		if plainBytes[s[i]]&class == 0 {
			return i
		}
	}
	return len(s)
}

// The classes of bytes in a plain URL.
const (
	plainHost = 1 << iota
	plainPort
	plainPath
	plainQuery
)

var plainBytes = func() (table [256]uint8) {
	set := func(class uint8, bytes string) {
		for i := range len(bytes) {
			table[bytes[i]] |= class
		}
	}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	const digits = "0123456789"
	set(plainHost, letters+digits+"-._")
	set(plainPort, digits)
	set(plainPath, letters+digits+"-._~/+&=:@$")
	for b := byte('!'); b <= '~'; b++ {
		if !strings.ContainsRune("\"#<>\\^`{|}", rune(b)) {
			table[b] |= plainQuery
		}
	}
	return table
}()
