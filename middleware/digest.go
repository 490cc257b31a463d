package middleware

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// DigestConfig are the credentials of [Digest], and where they may go.
type DigestConfig struct {
	// Login and Password are sent as UTF-8, as they are: no normal form is made of
	// them. A login has no colon and no control character.
	Login    string
	Password string `print:"-"`
	// Origins are the servers that may ask, as "https://host:port". None is the
	// origin of the first request only. Requests to other origins pass untouched,
	// unless an answered challenge names them in its domain.
	Origins []string
	// NoPreemptive waits for a challenge each time. Otherwise what is known to be
	// protected gets its credentials with the first sending.
	NoPreemptive bool
	// Proxy answers a proxy's 407 instead of a server's 401. It is for requests to
	// http URLs, which the proxy sees; the CONNECT of an https one is not sent
	// through middlewares. Origins has no meaning then.
	Proxy bool
	// Cnonce makes the client's nonces, one for each challenge: for tests that know
	// what is to be sent. It is called by any goroutine. Nil is 128 random bits, without
	// which an answer can be guessed; so a program sets nothing here.
	Cnonce func() string
}

// Digest answers challenges of the Digest scheme (RFC 7616, RFC 2617, RFC
// 2069). (aiohttp: DigestAuthMiddleware)
//
// It knows MD5, SHA (as aiohttp), SHA-256, SHA-512-256 and SHA-512, each with
// -sess, the qualities auth and auth-int, hashed and non-ASCII logins. Of
// several challenges the first that it can answer is taken, in whichever line.
// auth-int is used where it is offered and the body can be read twice; the body
// is hashed as it is read. Counts of a nonce are never used twice.
//
// A 401 that it cannot answer is the result, readable: if the login is wrong,
// if no challenge is usable, or if the request's body is gone; the next request
// then brings its credentials at once. A request with an Authorization header
// is left alone. A configuration that cannot be used is an
// [errors.InvalidRequestError] of each request. What it returns is safe for
// concurrent use, and shares what it has learned, whatever it wraps.
func Digest(cfg DigestConfig) Middleware {
	d := &digester{cfg: cfg, origins: newCredentialOrigins(cfg.Origins), status: http.StatusUnauthorized, challenge: "Www-Authenticate", authorization: "Authorization"}
	if cfg.Proxy {
		d.status, d.challenge, d.authorization = http.StatusProxyAuthRequired, "Proxy-Authenticate", "Proxy-Authorization"
	}
	if cfg.Cnonce == nil {
		d.cfg.Cnonce = newCnonce
	}
	d.err = d.origins.err
	if strings.Contains(cfg.Login, ":") || strings.ContainsFunc(cfg.Login, isControl) {
		d.err = &errors.InvalidRequestError{Field: "login", Reason: "it may not hold a colon or a control character"}
	}
	return func(next http.RoundTripper) http.RoundTripper {
		return &digestTransport{d, requireNext(next)}
	}
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func newCnonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it does not fail (crypto/rand)
	return hex.EncodeToString(b[:])
}

// digester is what one [Digest] knows.
type digester struct {
	cfg                      DigestConfig
	origins                  *credentialOrigins
	err                      error
	status                   int
	challenge, authorization string // names of headers

	mu       sync.Mutex
	sessions []*digestSession // the newest first
}

type digestTransport struct {
	*digester
	next http.RoundTripper
}

// RoundTrip sends the request up to three times: with what is known, with the
// answer to a challenge, and once more if the nonce of that was stale already.
func (d *digestTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if d.err != nil {
		return refuseRequest(req, d.err)
	}
	if !d.appliesTo(req) {
		return d.next.RoundTrip(req)
	}
	try, used := req, d.sessionFor(req)
	if used != nil {
		try = cloneRequest(req)
		if err := d.signRequest(try, used); err != nil {
			return refuseRequest(req, err)
		}
	}
	for answered := 0; ; answered++ {
		resp, err := d.next.RoundTrip(try)
		if err != nil || resp == nil || resp.StatusCode != d.status {
			return resp, err
		}
		var session *digestSession
		var stale bool
		guardResponse(resp, func() { session, stale = d.adoptChallenge(req, resp) }) // Cnonce is a hook
		if session == nil || session == used || !isReplayable(req) || answered > 1 || answered == 1 && !stale {
			return resp, nil
		}
		drainAndClose(resp)
		if try, err = rewindRequest(req); err != nil {
			return nil, err
		}
		try = stayAtBackend(try, resp) // others may not know the nonce
		if err := d.signRequest(try, session); err != nil {
			return refuseRequest(try, err)
		}
		used = session
	}
}

func (d *digester) signRequest(req *http.Request, s *digestSession) error {
	value, err := s.authorizationFor(req, d.cfg.Login, d.cfg.Password)
	if err == nil {
		httprule.SetField(req.Header, d.authorization, value)
	}
	return err
}
