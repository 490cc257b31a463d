package fleet

import (
	"net/http"
	"net/url"
)

// LoadStored loads a site of a jar with what Redis might have in a field of its hash, and
// returns what a request to the URL would send of it.
func LoadStored(j *Jar, u *url.URL, field, value string) []*http.Cookie {
	s := newSite(j, siteOf(u, false))
	s.replace(map[string]string{field: value})
	return s.cookies().Cookies(u)
}

// JarWaits reports whether a jar has set a timer.
func JarWaits(j *Jar) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.flush != nil
}
