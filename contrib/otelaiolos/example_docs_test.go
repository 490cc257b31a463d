package otelaiolos_test

import (
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/contrib/otelaiolos"
)

var _ = docsSession

func docsSession() (*session.Session, error) {
	t, err := otelaiolos.New(otelaiolos.Config{SameOrigin: true}) // the global providers and propagator
	if err != nil {
		return nil, err
	}
	retrier := middleware.NewRetrier(middleware.RetryPolicy{OnEvent: t.OnEvent})
	breaker := middleware.NewBreaker(middleware.BreakerConfig{OnEvent: t.OnEvent})
	if err := t.Observe(breaker); err != nil { // it has a state, too
		return nil, err
	}
	return t.NewSession(session.Config{Middleware: []middleware.Middleware{breaker.Wrap, retrier.Wrap}})
}
