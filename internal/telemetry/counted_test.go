package telemetry_test

import (
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
)

// counted is where a kind of event of a policy stands, in all four.
type counted struct {
	policy, kind string
	stats        func(source any) int64
	otel         string   // the counter of which the kind is aiolos.result
	prom         []string // added up; one with a minus is taken off
}

// of makes the function of a row from one over the Stats of a source.
func of[S interface{ Stats() T }, T any](field func(T) int64) func(any) int64 {
	return func(source any) int64 { return field(source.(S).Stats()) }
}

var (
	retry       = of[*middleware.Retrier, middleware.RetryStats]
	hedge       = of[*middleware.Hedger, middleware.HedgeStats]
	dedupe      = of[*middleware.Deduper, middleware.DedupeStats]
	rate        = of[*middleware.RateLimiter, middleware.RateLimitStats]
	concurrency = of[*middleware.ConcurrencyLimiter, middleware.ConcurrencyStats]
	breaker     = of[*middleware.Breaker, middleware.BreakerStats]
	balance     = of[*middleware.Balancer, middleware.BalanceStats]
	tokens      = of[*middleware.Tokens, middleware.TokenStats]
	stored      = of[*cache.Cache, cache.Stats]
	reconnect   = of[*ws.ReconnectCounter, ws.ReconnectStats]
	events      = of[*session.EventSourceCounter, session.EventSourceStats]
)

func one(name string) []string { return []string{name} }

// table has a row for each kind of event of each policy.
var table = []counted{
	{"retry", "retried", retry(func(s middleware.RetryStats) int64 { return s.Retried }), "aiolos.client.retries", one("aiolos_retries_total")},
	{"retry", "gave up", retry(func(s middleware.RetryStats) int64 { return s.GaveUp }), "aiolos.client.retries", one("aiolos_retry_gave_up_total")},
	{"hedge", "sent", hedge(func(s middleware.HedgeStats) int64 { return s.Sent }), "aiolos.client.hedges", one("aiolos_hedges_sent_total")},
	{"hedge", "won", hedge(func(s middleware.HedgeStats) int64 { return s.Won }), "aiolos.client.hedges", one(`aiolos_hedges_total result=won`)},
	{"hedge", "lost", hedge(func(s middleware.HedgeStats) int64 { return s.Lost }), "aiolos.client.hedges", one(`aiolos_hedges_total result=lost`)},
	{"hedge", "refused", hedge(func(s middleware.HedgeStats) int64 { return s.Refused }), "aiolos.client.hedges", one(`aiolos_hedges_total result=refused`)},
	{"dedupe", "shared", dedupe(func(s middleware.DedupeStats) int64 { return s.Shared }), "aiolos.client.dedupes", one(`aiolos_dedupe_requests_total result=shared`)},
	{"rate limit", "waited", rate(func(s middleware.RateLimitStats) int64 { return s.Waited }), "aiolos.client.rate_limits", one("aiolos_rate_limit_waited_total")},
	{"rate limit", "refused", rate(func(s middleware.RateLimitStats) int64 { return s.Refused }), "aiolos.client.rate_limits", one("aiolos_rate_limit_requests_total result=refused")},
	{"rate limit", "paused", rate(func(s middleware.RateLimitStats) int64 { return s.Paused }), "aiolos.client.rate_limits", one("aiolos_rate_limit_paused_total")},
	{"concurrency", "waited", concurrency(func(s middleware.ConcurrencyStats) int64 { return s.Waited }), "aiolos.client.concurrency_limits", one("aiolos_concurrency_waited_total")},
	{"concurrency", "refused", concurrency(func(s middleware.ConcurrencyStats) int64 { return s.Refused }), "aiolos.client.concurrency_limits", one("aiolos_concurrency_requests_total result=refused")},
	{"circuit breaker", "opened", breaker(func(s middleware.BreakerStats) int64 { return s.Opened }), "aiolos.client.circuit_breakers", one("aiolos_circuit_breaker_changes_total state=open")},
	{"circuit breaker", "closed", breaker(func(s middleware.BreakerStats) int64 { return s.Closed }), "aiolos.client.circuit_breakers", one("aiolos_circuit_breaker_changes_total state=closed")},
	{"circuit breaker", "probed", breaker(func(s middleware.BreakerStats) int64 { return s.Probed }), "aiolos.client.circuit_breakers", one("aiolos_circuit_breaker_probed_total")},
	{"circuit breaker", "refused", breaker(func(s middleware.BreakerStats) int64 { return s.Refused }), "aiolos.client.circuit_breakers", one("aiolos_circuit_breaker_refused_total")},
	{"balance", "chosen", balance(func(s middleware.BalanceStats) int64 { return s.Sent }), "aiolos.client.balances", one("aiolos_balance_requests_total result=sent")},
	{"balance", "refused", balance(func(s middleware.BalanceStats) int64 { return s.Refused }), "aiolos.client.balances", one("aiolos_balance_requests_total result=refused")},
	{"balance", "put out", balance(func(s middleware.BalanceStats) int64 { return s.PutOut }), "aiolos.client.balances", one("aiolos_balance_changes_total state=out")},
	{"balance", "returned", balance(func(s middleware.BalanceStats) int64 { return s.Returned }), "aiolos.client.balances", one("aiolos_balance_changes_total state=in_service")},
	{"balance", "probed", balance(func(s middleware.BalanceStats) int64 { return s.Probed }), "aiolos.client.balances", one("aiolos_balance_probed_total")},
	{"balance", "fetched", balance(func(s middleware.BalanceStats) int64 { return s.Lookups - s.LookupsFailed }), "aiolos.client.balances", one("aiolos_balance_lookups_total result=fetched")},
	{"balance", "failed", balance(func(s middleware.BalanceStats) int64 { return s.LookupsFailed }), "aiolos.client.balances", one("aiolos_balance_lookups_total result=failed")},
	{"token source", "fetched", tokens(func(s middleware.TokenStats) int64 { return s.Fetched }), "aiolos.client.tokens", one("aiolos_tokens_total result=fetched")},
	{"token source", "failed", tokens(func(s middleware.TokenStats) int64 { return s.Failed }), "aiolos.client.tokens", one("aiolos_tokens_total result=failed")},
	{"token source", "rejected", tokens(func(s middleware.TokenStats) int64 { return s.Rejected }), "aiolos.client.tokens", one("aiolos_tokens_total result=rejected")},
	{"cache", "hit", stored(func(s cache.Stats) int64 { return s.Hits - s.Stale }), "aiolos.client.cache.results", []string{"aiolos_cache_requests_total result=hit", "-aiolos_cache_stale_total"}},
	{"cache", "stale", stored(func(s cache.Stats) int64 { return s.Stale }), "aiolos.client.cache.results", one("aiolos_cache_stale_total")},
	{"cache", "revalidated", stored(func(s cache.Stats) int64 { return s.Validated }), "aiolos.client.cache.results", one("aiolos_cache_requests_total result=validated")},
	{"cache", "miss", stored(func(s cache.Stats) int64 { return s.Misses + s.Replaced }), "aiolos.client.cache.results", []string{"aiolos_cache_requests_total result=miss", "aiolos_cache_requests_total result=replaced"}},
	{"cache", "stored", stored(func(s cache.Stats) int64 { return s.Stored }), "aiolos.client.cache.results", one("aiolos_cache_stored_total")},
	{"cache", "evicted", stored(func(s cache.Stats) int64 { return s.Evicted }), "aiolos.client.cache.results", one("aiolos_cache_evicted_total")},
	{"reconnect", "connected", reconnect(func(s ws.ReconnectStats) int64 { return s.Connected }), "aiolos.client.websocket.connections", one("aiolos_websocket_connections_total result=connected")},
	{"reconnect", "lost", reconnect(func(s ws.ReconnectStats) int64 { return s.Lost }), "aiolos.client.websocket.connections", one("aiolos_websocket_connections_total result=lost")},
	{"reconnect", "gave up", reconnect(func(s ws.ReconnectStats) int64 { return s.GaveUp }), "aiolos.client.websocket.connections", one("aiolos_websocket_connections_total result=gave_up")},
	{"event source", "connected", events(func(s session.EventSourceStats) int64 { return s.Connected }), "aiolos.client.eventsource.connections", one("aiolos_eventsource_connections_total result=connected")},
	{"event source", "lost", events(func(s session.EventSourceStats) int64 { return s.Lost }), "aiolos.client.eventsource.connections", one("aiolos_eventsource_connections_total result=lost")},
	{"event source", "gave up", events(func(s session.EventSourceStats) int64 { return s.GaveUp }), "aiolos.client.eventsource.connections", one("aiolos_eventsource_connections_total result=gave_up")},
}
