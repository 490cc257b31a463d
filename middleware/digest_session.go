package middleware

import (
	"crypto/md5"  //nolint:gosec // RFC 7616 has it for old servers
	"crypto/sha1" //nolint:gosec // aiohttp has it for old servers
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/internal/oneline"
)

// digestHash finds the algorithm by its name without -sess (RFC 7616 6.1).
func digestHash(name string) func() hash.Hash {
	switch strings.ToUpper(name) {
	case "", "MD5":
		return md5.New
	case "SHA":
		return sha1.New
	case "SHA-256", "SHA256":
		return sha256.New
	case "SHA-512-256":
		return sha512.New512_256
	case "SHA-512", "SHA512":
		return sha512.New
	}
	return nil
}

// digestSession is a challenge that is being answered: one nonce, with a count.
type digestSession struct {
	realm, nonce, algorithm, opaque string // as the server wrote them
	hasOpaque                       bool
	hash                            func() hash.Hash
	sess, utf8, userhash            bool
	auth, authInt                   bool // the qualities of protection on offer; neither: RFC 2069
	domain                          []*url.URL

	origin httprule.Origin // whose challenge it is
	cnonce string          // one for the session, because -sess has it in its key
	nc     atomic.Uint32
}

// newDigestSession takes a challenge, or returns nil for one that is malformed or
// asks for what is unknown. A realm may be empty, a nonce may not.
func newDigestSession(c authChallenge, at *url.URL, cnonce string) *digestSession {
	realm, ok := c.params["realm"]
	if c.scheme != "digest" || c.broken || !ok || c.params["nonce"] == "" {
		return nil
	}
	s := &digestSession{
		realm: realm, nonce: c.params["nonce"], algorithm: c.params["algorithm"], cnonce: cnonce, origin: httprule.OriginOf(at),
		utf8:     strings.EqualFold(c.params["charset"], "UTF-8"),
		userhash: strings.EqualFold(c.params["userhash"], "true"),
		domain:   parseDigestDomain(c.params["domain"], at),
	}
	s.opaque, s.hasOpaque = c.params["opaque"]
	name := s.algorithm
	if i := len(name) - len("-sess"); i >= 0 && strings.EqualFold(name[i:], "-sess") {
		s.sess, name = true, name[:i]
	}
	if s.hash = digestHash(name); s.hash == nil {
		return nil
	}
	offered := strings.FieldsFunc(c.params["qop"], func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
	for _, qop := range offered {
		s.auth = s.auth || strings.EqualFold(qop, "auth")
		s.authInt = s.authInt || strings.EqualFold(qop, "auth-int")
	}
	if len(offered) > 0 && !s.auth && !s.authInt {
		return nil
	}
	return s
}

// canSign reports whether the session can sign such a request: auth-int needs
// to read the body beforehand.
func (s *digestSession) canSign(req *http.Request) bool {
	return !s.authInt || s.auth || isReplayable(req)
}

// hashParts returns H of the parts with colons between them, in hex.
func (s *digestSession) hashParts(parts ...string) string {
	h := s.hash()
	_, _ = io.WriteString(h, strings.Join(parts, ":")) // a hash does not fail
	return hex.EncodeToString(h.Sum(nil))
}

// authorizationFor is the value of the header for one sending of req (RFC 7616
// 3.4). auth-int is preferred where the body can be read twice.
func (s *digestSession) authorizationFor(req *http.Request, login, password string) (string, error) {
	method, uri := req.Method, ""
	if method == "" {
		method = http.MethodGet
	}
	if req.URL != nil {
		uri = req.URL.RequestURI()
	}
	a1 := s.hashParts(login, s.realm, password)
	if s.sess {
		a1 = s.hashParts(a1, s.nonce, s.cnonce)
	}
	var b digestFields
	s.writeUser(&b, login)
	b.addQuoted("realm", s.realm)
	b.addQuoted("nonce", s.nonce)
	b.addQuoted("uri", uri)
	response, qop, nc := "", "", ""
	switch {
	case s.authInt && isReplayable(req):
		body, err := s.hashBody(req)
		if err != nil {
			return "", err
		}
		qop, response = "auth-int", s.hashParts(method, uri, body)
	case s.auth:
		qop, response = "auth", s.hashParts(method, uri)
	default:
		response = s.hashParts(a1, s.nonce, s.hashParts(method, uri)) // RFC 2069 2.1.2
	}
	if qop != "" {
		nc = fmt.Sprintf("%08x", s.nc.Add(1))
		response = s.hashParts(a1, s.nonce, nc, s.cnonce, qop, response)
	}
	b.addQuoted("response", response)
	if s.algorithm != "" {
		b.addToken("algorithm", s.algorithm)
	}
	if s.hasOpaque {
		b.addQuoted("opaque", s.opaque)
	}
	if qop != "" {
		b.addToken("qop", qop)
		b.addToken("nc", nc)
	}
	if qop != "" || s.sess {
		b.addQuoted("cnonce", s.cnonce)
	}
	return "Digest " + b.String(), nil
}

// writeUser names the user: hashed, if the server wants so, and else with what
// is not ASCII in the extended form, if the server can read that (RFC 7616 3.4,
// 3.4.4).
func (s *digestSession) writeUser(b *digestFields, login string) {
	switch {
	case s.userhash:
		b.addQuoted("username", s.hashParts(login, s.realm))
		b.addToken("userhash", "true")
	case s.utf8 && strings.ContainsFunc(login, func(r rune) bool { return r > '~' }):
		b.addToken("username*", "UTF-8''"+strings.ReplaceAll(url.QueryEscape(login), "+", "%20"))
	default:
		b.addQuoted("username", login)
	}
}

// hashBody returns H of the body, read from a copy of its own, piece by piece.
func (s *digestSession) hashBody(req *http.Request) (string, error) {
	h := s.hash()
	if req.Body != nil && req.Body != http.NoBody {
		body, err := req.GetBody()
		if err != nil {
			return "", oneline.Join(&errors.BodyNotReplayableError{Reason: "the body cannot be opened to sign it"}, err)
		}
		defer body.Close()
		if _, err := io.Copy(h, &digestReader{req, body}); err != nil {
			return "", &errors.ClientOSError{Op: "read request body", Err: err}
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// digestReader ends with the request's context.
type digestReader struct {
	req *http.Request
	io.Reader
}

func (r *digestReader) Read(p []byte) (int, error) {
	if ctx := r.req.Context(); ctx.Err() != nil {
		return 0, httprule.ContextError(ctx)
	}
	return r.Reader.Read(p)
}

// digestFields writes parameters.
type digestFields struct{ strings.Builder }

func (b *digestFields) addToken(name, value string) {
	if b.Len() > 0 {
		b.WriteString(", ")
	}
	b.WriteString(name + "=" + value)
}

func (b *digestFields) addQuoted(name, value string) {
	b.addToken(name, `"`+digestQuotes.Replace(value)+`"`)
}

var digestQuotes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)
