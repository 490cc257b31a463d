package fleet_test

import (
	"context"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/session"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

var _, _, _ = docsFleet, docsRateLimit, docsToken

func docsFleet(ctx context.Context, url string, fetchToken func(context.Context) (middleware.Token, error)) error {
	rdb := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
	defer rdb.Close()
	f, err := fleet.New(fleet.Config{Redis: rdb})
	if err != nil {
		return err
	}
	defer f.Close()
	token := f.Token(fleet.TokenConfig{Name: "api", Fetch: fetchToken})
	pages := cache.New(cache.Config{Store: f.Cache(fleet.CacheConfig{})})
	defer pages.Close()
	s, err := session.New(session.Config{
		Jar: f.Jar(fleet.JarConfig{}),
		Middleware: []middleware.Middleware{
			pages.Wrap,
			middleware.Retry(middleware.RetryPolicy{}),
			middleware.TokenSource(middleware.TokenConfig{Fetch: token.Fetch}),
			f.RateLimit(fleet.RateLimitConfig{PerHost: 5}).Wrap,
			f.Concurrency(fleet.ConcurrencyConfig{PerHost: 8}).Wrap,
		},
	})
	if err != nil {
		return err
	}
	defer s.Close()
	resp, err := s.Get(ctx, url)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

func docsRateLimit(f *fleet.Fleet) (*session.Session, error) {
	limit := f.RateLimit(fleet.RateLimitConfig{Name: "crawler", Rate: 200, Burst: 10, PerHost: 5})
	return session.New(session.Config{Middleware: []middleware.Middleware{limit.Wrap}})
}

func docsToken(f *fleet.Fleet, fetch func(context.Context) (middleware.Token, error), key []byte) *middleware.Tokens {
	shared := f.Token(fleet.TokenConfig{Name: "api", Fetch: fetch, Seal: key})
	return middleware.NewTokens(middleware.TokenConfig{Fetch: shared.Fetch})
}
