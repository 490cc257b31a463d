package middleware

import (
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// credentialOrigins is where credentials may go: to the origins given, or else to the
// origin of the first request that comes. A redirect leads elsewhere without
// them. (aiohttp 3.14: DigestAuthMiddleware does so)
type credentialOrigins struct {
	origins map[httprule.Origin]bool
	first   atomic.Pointer[httprule.Origin]
	err     error // of an origin that is none
}

func newCredentialOrigins(origins []string) *credentialOrigins {
	a := &credentialOrigins{origins: map[httprule.Origin]bool{}}
	for _, origin := range origins {
		u, err := url.Parse(origin)
		if err != nil || u.Hostname() == "" || u.Scheme == "" {
			a.err = &errors.InvalidRequestError{Field: "origins", Reason: "want scheme://host or scheme://host:port"}
			continue
		}
		a.origins[httprule.OriginOf(u)] = true
	}
	return a
}

// allows reports whether credentials may go with a request. Of one that a [Balance] sends
// to a backend, the origin that was asked for counts, as above the Balance; and so does the
// backend's, if it is given.
func (a *credentialOrigins) allows(req *http.Request) bool {
	origin := httprule.OriginOf(AskedURL(req))
	if origin == (httprule.Origin{}) || a.err != nil {
		return false
	}
	if len(a.origins) > 0 {
		return a.origins[origin] || a.origins[httprule.OriginOf(req.URL)]
	}
	first := a.first.Load()
	if first == nil {
		a.first.CompareAndSwap(nil, &origin)
		first = a.first.Load()
	}
	return *first == origin
}
