package middleware

import (
	"net/url"
	"sync/atomic"

	"github.com/aiolos-http/aiolos/errors"
)

// anchor is where credentials may go: to the origins given, or else to the
// origin of the first request that comes. A redirect leads elsewhere without
// them. (aiohttp 3.14: DigestAuthMiddleware does so)
type anchor struct {
	origins map[string]bool
	first   atomic.Pointer[string]
	err     error // of an origin that is none
}

func newAnchor(origins []string) *anchor {
	a := &anchor{origins: map[string]bool{}}
	for _, origin := range origins {
		u, err := url.Parse(origin)
		if err != nil || u.Hostname() == "" || u.Scheme == "" {
			a.err = &errors.InvalidRequestError{Field: "origins", Reason: "want scheme://host or scheme://host:port"}
			continue
		}
		a.origins[originOf(u)] = true
	}
	return a
}

// allows reports whether credentials may go to u.
func (a *anchor) allows(u *url.URL) bool {
	origin := originOf(u)
	if origin == "" || a.err != nil {
		return false
	}
	if len(a.origins) > 0 {
		return a.origins[origin]
	}
	first := a.first.Load()
	if first == nil {
		a.first.CompareAndSwap(nil, &origin)
		first = a.first.Load()
	}
	return *first == origin
}
