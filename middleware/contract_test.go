package middleware_test

import (
	"testing"

	"github.com/aiolos-http/aiolos/middleware"
)

// TestContract runs the rules over every middleware. To add one, add a line: its
// function makes a fresh middleware for each rule, configured to do its work but
// to let requests to every host pass.
func TestContract(t *testing.T) {
	t.Parallel()
	for name, mw := range map[string]func() middleware.Middleware{
		"Digest":     func() middleware.Middleware { return middleware.Digest(middleware.DigestConfig{Login: "u"}) },
		"Retry":      func() middleware.Middleware { return middleware.Retry(middleware.RetryPolicy{}) },
		"Retry, off": func() middleware.Middleware { return middleware.Retry(middleware.RetryPolicy{Attempts: -1}) },
	} {
		contract(t, name, mw)
	}
}
