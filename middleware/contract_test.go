package middleware_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// TestContract runs the rules over every middleware. To add one, add a line: its
// function makes a fresh middleware for each rule, configured to do its work but
// to let requests to every host pass.
func TestContract(t *testing.T) {
	t.Parallel()
	fetch := func(context.Context) (middleware.Token, error) { return middleware.Token{Value: "t"}, nil }
	for name, mw := range map[string]func() middleware.Middleware{
		"Retry":       func() middleware.Middleware { return middleware.Retry(middleware.RetryPolicy{}) },
		"Retry, off":  func() middleware.Middleware { return middleware.Retry(middleware.RetryPolicy{Attempts: -1}) },
		"Digest":      func() middleware.Middleware { return middleware.Digest(middleware.DigestConfig{Login: "u"}) },
		"BasicAuth":   func() middleware.Middleware { return middleware.BasicAuth("u", "p") },
		"Bearer":      func() middleware.Middleware { return middleware.Bearer("t") },
		"TokenSource": func() middleware.Middleware { return middleware.TokenSource(middleware.TokenConfig{Fetch: fetch}) },
		"RateLimit": func() middleware.Middleware {
			return middleware.RateLimit(middleware.RateLimitConfig{Rate: 1e6, PerHost: 1e6})
		},
		"Concurrency": func() middleware.Middleware {
			return middleware.Concurrency(middleware.ConcurrencyLimit{Total: 20, PerHost: 10})
		},
		"CircuitBreaker": func() middleware.Middleware { return middleware.CircuitBreaker(middleware.BreakerConfig{}) },
		"Hedge":          func() middleware.Middleware { return middleware.Hedge(middleware.HedgePolicy{Delay: time.Hour}) },
		"Hedge, off":     func() middleware.Middleware { return middleware.Hedge(middleware.HedgePolicy{Extra: -1}) },
		"Dedupe":         func() middleware.Middleware { return middleware.Dedupe(middleware.DedupeConfig{}) },
		"Balance": func() middleware.Middleware {
			return middleware.Balance(middleware.BalanceConfig{Host: "h", Backends: []middleware.Backend{{Addr: "one:81"}, {Addr: "two:82"}}})
		},
		"Balance, sticky": func() middleware.Middleware {
			return middleware.Balance(middleware.BalanceConfig{
				Host: "h", Backends: []middleware.Backend{{Addr: "one:81"}}, By: middleware.LeastOfTwo, Sticky: func(req *http.Request) string { return req.Method },
			})
		},
	} {
		contract(t, name, mw)
	}
}
