package promaiolos

import (
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
)

func (s *sink) count(name string, n int64, labels ...string) { s.put(name, float64(n), labels...) }

func (s *sink) seconds(name string, d time.Duration) { s.put(name, d.Seconds()) }

func (s *sink) connector(c *connector.Connector) {
	if s.c.maxHosts == 0 {
		s.connections(c.Stats())
		return
	}
	hosts, all := c.HostStats()
	s.connections(all)
	s.hosts(hosts)
}

func (s *sink) connections(n connector.Stats) {
	s.put("aiolos_requests_in_use", float64(n.InUse))
	s.put("aiolos_requests_waiting", float64(n.Waiting))
	s.put("aiolos_responses_unread", float64(n.Unread))
	s.put("aiolos_connections", float64(n.Idle), "idle")
	s.put("aiolos_connections", float64(n.Opened-n.Closed)-float64(n.Idle), "active")
	s.put("aiolos_hosts", float64(n.Hosts))
	s.put("aiolos_connections_opened_total", float64(n.Opened))
	s.put("aiolos_connections_closed_total", float64(n.Closed))
	s.put("aiolos_connections_reused_total", float64(n.Reused))
	s.put("aiolos_connections_stale_total", float64(n.Retried))
}

func (s *sink) retry(n middleware.RetryStats) {
	s.count("aiolos_retry_requests_total", n.Requests)
	s.count("aiolos_retry_attempts_total", n.Attempts)
	s.count("aiolos_retries_total", n.Retried)
	s.count("aiolos_retry_gave_up_total", n.GaveUp)
	s.put("aiolos_retry_budget", n.Budget)
}

func (s *sink) hedge(n middleware.HedgeStats) {
	s.count("aiolos_hedge_requests_total", n.Requests)
	s.count("aiolos_hedges_total", n.Won, "won")
	s.count("aiolos_hedges_total", n.Lost, "lost")
	s.count("aiolos_hedges_total", n.Refused, "refused")
	s.count("aiolos_hedges_sent_total", n.Sent)
	s.put("aiolos_hedge_budget", n.Budget)
}

func (s *sink) dedupe(n middleware.DedupeStats) {
	s.count("aiolos_dedupe_requests_total", n.Sent, "sent")
	s.count("aiolos_dedupe_requests_total", n.Shared, "shared")
}

func (s *sink) rateLimit(n middleware.RateLimitStats) {
	s.count("aiolos_rate_limit_requests_total", n.Sent, "sent")
	s.count("aiolos_rate_limit_requests_total", n.Refused, "refused")
	s.count("aiolos_rate_limit_waited_total", n.Waited)
	s.seconds("aiolos_rate_limit_wait_seconds_total", n.WaitTime)
	s.count("aiolos_rate_limit_paused_total", n.Paused)
	s.put("aiolos_rate_limit_waiting", float64(n.Waiting))
}

func (s *sink) concurrency(n middleware.ConcurrencyStats) {
	s.count("aiolos_concurrency_requests_total", n.Sent, "sent")
	s.count("aiolos_concurrency_requests_total", n.Refused, "refused")
	s.count("aiolos_concurrency_waited_total", n.Waited)
	s.seconds("aiolos_concurrency_wait_seconds_total", n.WaitTime)
	s.put("aiolos_concurrency_in_use", float64(n.UnderWay))
	s.put("aiolos_concurrency_waiting", float64(n.Waiting))
}

func (s *sink) balance(n middleware.BalanceStats) {
	s.count("aiolos_balance_requests_total", n.Sent, "sent")
	s.count("aiolos_balance_requests_total", n.Refused, "refused")
	s.count("aiolos_balance_changes_total", n.PutOut, "out")
	s.count("aiolos_balance_changes_total", n.Returned, "in_service")
	s.count("aiolos_balance_probed_total", n.Probed)
	s.count("aiolos_balance_lookups_total", n.Lookups-n.LookupsFailed, "fetched")
	s.count("aiolos_balance_lookups_total", n.LookupsFailed, "failed")
	s.put("aiolos_balance_backends", float64(n.Out), "out")
	s.put("aiolos_balance_backends", float64(len(n.Backends)-n.Out), "in_service")
}

func (s *sink) breaker(n middleware.BreakerStats) {
	s.count("aiolos_circuit_breaker_changes_total", n.Opened, "open")
	s.count("aiolos_circuit_breaker_changes_total", n.Closed, "closed")
	s.count("aiolos_circuit_breaker_refused_total", n.Refused)
	s.count("aiolos_circuit_breaker_probed_total", n.Probed)
	others := map[string]float64{}
	for i, h := range n.Hosts {
		state := strings.ReplaceAll(string(h.State), "-", "_")
		if i >= s.c.maxHosts {
			others[state]++
			continue
		}
		s.put("aiolos_circuit_breaker_hosts", 1, h.Host, state)
	}
	for state, hosts := range others {
		s.put("aiolos_circuit_breaker_hosts", hosts, "other", state)
	}
}

func (s *sink) tokens(n middleware.TokenStats) {
	s.count("aiolos_tokens_total", n.Fetched, "fetched")
	s.count("aiolos_tokens_total", n.Failed, "failed")
	s.count("aiolos_tokens_total", n.Rejected, "rejected")
	s.put("aiolos_tokens_held", float64(n.Held))
}

func (s *sink) cache(n cache.Stats) {
	s.count("aiolos_cache_requests_total", n.Hits, "hit")
	s.count("aiolos_cache_stale_total", n.Stale)
	s.count("aiolos_cache_requests_total", n.Misses, "miss")
	s.count("aiolos_cache_requests_total", n.Validated, "validated")
	s.count("aiolos_cache_requests_total", n.Replaced, "replaced")
	s.count("aiolos_cache_refreshes_total", n.Refreshes)
	s.count("aiolos_cache_stored_total", n.Stored)
	s.count("aiolos_cache_evicted_total", n.Evicted)
	s.count("aiolos_cache_errors_total", n.Errors)
	s.count("aiolos_cache_entries", n.Entries)
	s.count("aiolos_cache_bytes", n.Bytes)
}

func (s *sink) reconnect(n ws.ReconnectStats) {
	s.count("aiolos_websocket_connections_total", n.Connected, "connected")
	s.count("aiolos_websocket_connections_total", n.Lost, "lost")
	s.count("aiolos_websocket_connections_total", n.GaveUp, "gave_up")
	s.count("aiolos_websocket_connections", n.Open)
}

func (s *sink) eventSource(n session.EventSourceStats) {
	s.count("aiolos_eventsource_connections_total", n.Connected, "connected")
	s.count("aiolos_eventsource_connections_total", n.Lost, "lost")
	s.count("aiolos_eventsource_connections_total", n.GaveUp, "gave_up")
	s.count("aiolos_eventsource_connections", n.Open)
	s.count("aiolos_eventsource_events_total", n.Events)
}
