package fleet

import (
	"net/http"
	"net/url"
)

// LoadStored loads a site of a jar with what Redis might have in a field of its hash, and
// returns what a request to the URL would send of it.
func LoadStored(j *Jar, u *url.URL, field, value string) []*http.Cookie {
	s := newSite(j, siteOf(u, false))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.load(map[string]string{field: value})
	return s.cookies().Cookies(u)
}
