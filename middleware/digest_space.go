package middleware

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// maxDigestSessions is how many challenges are kept, one per origin and realm.
const maxDigestSessions = 16

// parseDigestDomain reads the list of URIs that a challenge is good for (RFC 7616
// 3.3). What is not http is left out, and so is http from an https server, which
// would show to the network what was not to be seen there.
func parseDigestDomain(list string, at *url.URL) []*url.URL {
	if at == nil {
		return nil
	}
	var domain []*url.URL
	for field := range strings.FieldsSeq(list) {
		u, err := at.Parse(field)
		if err != nil || u.Hostname() == "" {
			continue
		}
		if u.Scheme == "https" || u.Scheme == "http" && at.Scheme != "https" {
			domain = append(domain, u)
		}
	}
	return domain
}

// covers reports whether a request is in the protection space. Backends of a [Balance]
// have nonces of their own: what one of them says of the host that was asked for holds at
// that backend.
func (s *digestSession) covers(req *http.Request) bool {
	return s.coversURL(req.URL) || httprule.OriginOf(req.URL) == s.origin && s.coversURL(AskedURL(req))
}

// coversURL reports whether u is in the protection space: below one of the URIs,
// or, if there are none, at the origin.
func (s *digestSession) coversURL(u *url.URL) bool {
	if u == nil {
		return false
	}
	if len(s.domain) == 0 {
		return httprule.OriginOf(u) == s.origin
	}
	for _, space := range s.domain {
		if httprule.OriginOf(space) == httprule.OriginOf(u) && underSpace(u, space) {
			return true
		}
	}
	return false
}

// underSpace reports whether u is the space or below it (RFC 7616 3.3: it begins with
// it): /a and /a/b are below /a, /ab is not; /a is not below /a/, nor is a path with
// "..". A space with a query is one page.
func underSpace(u, space *url.URL) bool {
	path, below := u.EscapedPath(), space.EscapedPath()
	if path == "" {
		path = "/"
	}
	if strings.Contains(path+"/", "/../") || space.RawQuery != "" && (path != below || u.RawQuery != space.RawQuery) {
		return false
	}
	rest, ok := strings.CutPrefix(path, below)
	return ok && (rest == "" || rest[0] == '/' || strings.HasSuffix(below, "/"))
}

// appliesTo reports whether the credentials have any business with the request.
// Those of a proxy are for requests that it sees: to http URLs. Through its
// tunnels they would reach the server.
func (d *digester) appliesTo(req *http.Request) bool {
	if httprule.HasField(req.Header, d.authorization) || req.URL == nil {
		return false
	}
	if d.cfg.Proxy {
		return strings.EqualFold(req.URL.Scheme, "http")
	}
	if d.origins.allows(req) {
		return true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.sessions {
		if s.covers(req) {
			return true
		}
	}
	return false
}

// sessionFor is the session to sign the request with before anybody asks, or nil.
func (d *digester) sessionFor(req *http.Request) *digestSession {
	if d.cfg.NoPreemptive {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.sessions {
		if (d.cfg.Proxy || s.covers(req)) && s.canSign(req) {
			return s
		}
	}
	return nil
}

// adoptChallenge takes the first challenge of a response that it can answer (RFC 7616
// 3.7: the server's order is its preference), or returns nil. A nonce that is
// known goes on counting: two sessions with it would use the same counts. stale
// says that only the nonce was wrong.
func (d *digester) adoptChallenge(req *http.Request, resp *http.Response) (session *digestSession, stale bool) {
	for _, c := range parseChallenges(httprule.FieldValues(resp.Header, d.challenge)) {
		s := newDigestSession(c, req.URL, d.cfg.Cnonce())
		if s == nil || !s.canSign(req) {
			continue
		}
		if !d.cfg.Proxy && !d.origins.allows(req) {
			s.domain = nil // an origin that is not configured names no further ones
		}
		return d.storeSession(s), strings.EqualFold(c.params["stale"], "true")
	}
	return nil, false
}

// storeSession puts the session first, in the place of an older one for the same.
func (d *digester) storeSession(s *digestSession) *digestSession {
	d.mu.Lock()
	defer d.mu.Unlock()
	sessions := []*digestSession{s}
	for _, old := range d.sessions {
		switch same := old.origin == s.origin && old.realm == s.realm || d.cfg.Proxy; {
		case same && old.nonce == s.nonce && old.algorithm == s.algorithm:
			sessions[0] = old
		case !same && len(sessions) < maxDigestSessions:
			sessions = append(sessions, old)
		}
	}
	d.sessions = sessions
	return sessions[0]
}
