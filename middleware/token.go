package middleware

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Token is what a [TokenConfig] fetches. Its texts, in every format, are without
// the value.
type Token struct {
	// Value is the secret.
	Value string `print:"-"`
	// Type is the scheme; empty is Bearer.
	Type string
	// Expiry is when it ends; the zero time is never.
	Expiry time.Time
}

// authorizationValue is the value of Authorization.
func (t Token) authorizationValue() (string, error) {
	scheme := t.Type
	if scheme == "" {
		scheme = "Bearer"
	}
	if t.Value == "" || strings.ContainsFunc(t.Value+scheme, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", &errors.InvalidRequestError{Field: "token", Reason: "want visible ASCII"}
	}
	return scheme + " " + t.Value, nil
}

// TokenConfig says where tokens come from, and where they go.
type TokenConfig struct {
	// Fetch gets a new token. It is called in a goroutine of its own, never
	// twice at the same time for the same token, and its context ends when nobody
	// waits for the token any more. It has the values of one request's context:
	// requests sent with it, through the same middleware, are sent without a token.
	// If it is called since a server has not taken the last one, [RejectedToken] says
	// which that was. nil is an [errors.InvalidRequestError].
	Fetch func(ctx context.Context) (Token, error)
	// Early is how long before its end a token is replaced. 0 is 10 s, negative is
	// not early.
	Early time.Duration
	// Origins are where tokens go, as with [BasicAuth].
	Origins []string
	// OnEvent is told what happens, as [EventFetched], [EventFailed] and [EventRejected]: see [Event]. nil is nobody.
	OnEvent func(ctx context.Context, e Event)
}

// TokenSource adds tokens that it fetches when they are needed, to requests
// without Authorization: the first time, when the old one ends, and when a
// server answers 401. Then the request is sent once more with a new token,
// unless its body is gone; if the answer is 401 again, that is the result. Many
// requests that need a token wait for one fetch, each with its own context. If
// it fails, that is a [*TokenError] of all of them; [Retry] repeats that only if it
// is not permanent.
//
// What it returns is safe for concurrent use, and shares the token, whatever it
// wraps. Only requests with a TLS policy or a proxy of their own have a token of
// their own, because it may be bound to a client certificate (RFC 8705).
func TokenSource(cfg TokenConfig) Middleware { return NewTokens(cfg).Wrap }

// NewTokens is [TokenSource] with a way to ask for its state.
func NewTokens(cfg TokenConfig) *Tokens {
	s := &Tokens{cfg: cfg, origins: newCredentialOrigins(cfg.Origins)}
	s.cfg.Early = durationOr(cfg.Early, 10*time.Second)
	s.err = s.origins.err
	if cfg.Fetch == nil {
		s.err = &errors.InvalidRequestError{Field: "token source", Reason: "Fetch is nil"}
	}
	return s
}

// Wrap is the [Middleware].
func (s *Tokens) Wrap(next http.RoundTripper) http.RoundTripper {
	return &tokenTransport{s, requireNext(next)}
}

// TokenStats counts what a [Tokens] did since it was made.
type TokenStats struct {
	Fetched  int64 // tokens
	Failed   int64 // times that there was none
	Rejected int64 // times that a server did not take one
	Fetching int   // now
	Held     int   // tokens, now
}

// Stats returns the counters.
func (s *Tokens) Stats() TokenStats {
	fetching := s.fetching.countPending()
	s.mu.Lock()
	defer s.mu.Unlock()
	held := 0
	for _, h := range s.held {
		if h.header != "" {
			held++
		}
	}
	return TokenStats{
		Fetched: s.count.fetched.Load(), Failed: s.count.failed.Load(), Rejected: s.count.rejected.Load(),
		Fetching: fetching, Held: held,
	}
}

// Tokens is what [TokenSource] makes its middleware of. It is made by
// [NewTokens], since its zero value has no settings, and is safe for concurrent use.
type Tokens struct {
	cfg     TokenConfig
	origins *credentialOrigins
	err     error

	fetching inflightCalls[string]
	mu       sync.Mutex
	held     map[string]heldToken // by partition
	count    struct{ fetched, failed, rejected atomic.Int64 }
}

const tokenPolicy = "token source"

type tokenTransport struct {
	*Tokens
	next http.RoundTripper
}

// RoundTrip sends the request once, or twice.
func (s *tokenTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if s.err != nil {
		return refuseRequest(req, s.err)
	}
	if hasAuthorization(req) || !s.origins.allows(req) || req.Context().Value(tokenKey{s.Tokens}) != nil {
		return s.next.RoundTrip(req)
	}
	header, err := s.authorizationFor(req.Context())
	if err != nil {
		return refuseRequest(req, err)
	}
	resp, err := s.next.RoundTrip(setAuthorization(cloneRequest(req), header))
	if err != nil || resp == nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	s.count.rejected.Add(1)
	guardResponse(resp, func() { //nolint:contextcheck // the event has the request's
		tellEvent(s.cfg.OnEvent, req.Context(), Event{Policy: tokenPolicy, Kind: EventRejected, Host: originOf(req), Status: resp.StatusCode})
	})
	s.forgetToken(httprule.PartitionOf(req.Context()), header)
	if !isReplayable(req) {
		return resp, nil
	}
	drainAndClose(resp)
	if header, err = s.authorizationFor(req.Context()); err != nil {
		return nil, err
	}
	again, err := rewindRequest(req)
	if err != nil {
		return nil, err
	}
	return s.next.RoundTrip(setAuthorization(again, header))
}

// tokenKey marks the contexts of fetches.
type tokenKey struct{ source *Tokens }

// authorizationFor is the current header, or that of a new token.
func (s *Tokens) authorizationFor(ctx context.Context) (string, error) {
	partition := httprule.PartitionOf(ctx)
	if header := s.heldHeader(partition); header != "" {
		return header, nil
	}
	f, _ := s.fetching.joinOrStart(ctx, partition, func(ctx context.Context, _ func() int) (string, error) { return s.fetchToken(ctx, partition) })
	defer NoteWait(ctx, tokenPolicy)()
	header, err := s.fetching.awaitResult(ctx, partition, f)
	if err != nil {
		return "", &TokenError{err}
	}
	return header, nil
}

func (s *Tokens) fetchToken(ctx context.Context, partition string) (string, error) {
	if header := s.heldHeader(partition); header != "" {
		return header, nil // it came while this fetch was on its way
	}
	began := time.Now()
	token, err := s.cfg.Fetch(s.fetchContext(ctx, partition))
	header := ""
	if err == nil {
		header, err = token.authorizationValue()
	}
	e := Event{Policy: tokenPolicy, Kind: EventFetched, Wait: time.Since(began), Err: err}
	if err != nil {
		e.Kind = EventFailed
		s.count.failed.Add(1)
	} else {
		s.count.fetched.Add(1)
		s.storeToken(partition, heldToken{header: header, token: token, until: token.Expiry})
	}
	tellEvent(s.cfg.OnEvent, ctx, e)
	return header, err
}
