package middleware

import (
	"context"
	"maps"
	"time"
)

// heldToken is a header with a token, and when that ends; or, without a header, the token
// that a server did not take.
type heldToken struct {
	header   string
	token    Token
	until    time.Time
	rejected bool
}

// maxTokens is how many tokens are held. What is forgotten is fetched again.
const maxTokens = 256

// freshAt reports whether the token is good for longer than early.
func (h heldToken) freshAt(now time.Time, early time.Duration) bool {
	return h.header != "" && (h.until.IsZero() || h.until.Sub(now) > early)
}

// heldHeader is the header, or empty if there is none that is good any longer.
func (s *Tokens) heldHeader(partition string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if held := s.held[partition]; held.freshAt(time.Now(), s.cfg.Early) {
		return held.header
	}
	return ""
}

// rejectedKey is the key under which the context of a fetch has the token that a server
// did not take.
type rejectedKey struct{}

// RejectedToken is, in the context of [TokenConfig].Fetch, the token that a server has
// answered with 401, which is why a new one is fetched; false: it is fetched for another
// reason. A Fetch that takes tokens from a store must not return that one again.
func RejectedToken(ctx context.Context) (Token, bool) {
	token, ok := ctx.Value(rejectedKey{}).(Token)
	return token, ok
}

// fetchContext is the context of a fetch.
func (s *Tokens) fetchContext(ctx context.Context, partition string) context.Context {
	ctx = context.WithValue(ctx, tokenKey{s}, true)
	s.mu.Lock()
	defer s.mu.Unlock()
	if held := s.held[partition]; held.rejected {
		return context.WithValue(ctx, rejectedKey{}, held.token)
	}
	return ctx
}

// storeToken keeps a token, and makes room for it: first of those that have ended.
func (s *Tokens) storeToken(partition string, token heldToken) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held == nil {
		s.held = map[string]heldToken{}
	}
	if len(s.held) >= maxTokens {
		now := time.Now()
		maps.DeleteFunc(s.held, func(_ string, held heldToken) bool { return !held.freshAt(now, s.cfg.Early) })
	}
	for other := range s.held {
		if len(s.held) < maxTokens {
			break
		}
		delete(s.held, other)
	}
	s.held[partition] = token
}

// forgetToken lets nobody use a token any more that a server did not take, unless there is
// a newer one already.
func (s *Tokens) forgetToken(partition, header string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if held := s.held[partition]; held.header == header {
		s.held[partition] = heldToken{token: held.token, rejected: true}
	}
}
