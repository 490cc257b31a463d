package promaiolos

import "strings"

// metric is a family: its name after Prometheus' conventions, a counter if that ends in
// _total, and its labels beside client.
type metric struct {
	name, help string
	labels     []string
}

func isCounter(name string) bool { return strings.HasSuffix(name, "_total") }

var (
	byResult = []string{"result"}
	byHost   = []string{"host"}
	byState  = []string{"host", "state"}
)

var metrics = []metric{
	{"aiolos_requests_in_use", "Requests that hold a slot of the connector.", nil},
	{"aiolos_requests_waiting", "Requests that wait for a slot of the connector.", nil},
	{"aiolos_responses_unread", "Responses that are neither read to their end nor closed.", nil},
	{"aiolos_connections", "Connections, by state: active or idle.", []string{"state"}},
	{"aiolos_hosts", "Hosts that the connector knows.", nil},
	{"aiolos_connections_opened_total", "Connections that were made.", nil},
	{"aiolos_connections_closed_total", "Connections that were closed.", nil},
	{"aiolos_connections_reused_total", "Requests that found a connection.", nil},
	{"aiolos_connections_stale_total", "Requests that were sent again because their connection was dead.", nil},
	{"aiolos_host_requests_in_use", "Requests to a host that hold a slot.", byHost},
	{"aiolos_host_requests_waiting", "Requests to a host that wait for a slot.", byHost},
	{"aiolos_host_oldest_wait_seconds", "How long the first of these has waited; 0 if there is none.", byHost},
	{"aiolos_host_connections", "Connections to a host, by state: active or idle.", byState},
	{"aiolos_host_connections_opened_total", "Connections to a host that were made, since it is known.", byHost},
	{"aiolos_host_connections_closed_total", "Of these, that were closed.", byHost},
	{"aiolos_host_connections_reused_total", "Requests to a host that found a connection.", byHost},
	{"aiolos_host_connections_stale_total", "Requests to a host that were sent again because their connection was dead.", byHost},

	{"aiolos_retry_requests_total", "Requests that came to the retries.", nil},
	{"aiolos_retry_attempts_total", "Attempts that the retries have sent.", nil},
	{"aiolos_retries_total", "Of these, that failed and were followed by another.", nil},
	{"aiolos_retry_gave_up_total", "Requests that failed and were not sent again.", nil},
	{"aiolos_retry_budget", "Retries that the budget has; -1 is no limit.", nil},
	{"aiolos_hedge_requests_total", "Requests that could be hedged.", nil},
	{"aiolos_hedges_total", "Additional requests of a hedge, by result: won, lost or refused.", byResult},
	{"aiolos_hedges_sent_total", "Additional requests that were sent, under way included.", nil},
	{"aiolos_hedge_budget", "Additional requests that the budget has; -1 is no limit.", nil},
	{"aiolos_dedupe_requests_total", "Requests that could be shared, by result: sent or shared.", byResult},

	{"aiolos_rate_limit_requests_total", "Requests at the rate limit, by result: sent or refused.", byResult},
	{"aiolos_rate_limit_waited_total", "Requests that had to wait for the rate limit.", nil},
	{"aiolos_rate_limit_wait_seconds_total", "How long these have waited.", nil},
	{"aiolos_rate_limit_paused_total", "Times that a server has asked for a pause, or for a longer one.", nil},
	{"aiolos_rate_limit_waiting", "Requests that wait for the rate limit.", nil},
	{"aiolos_concurrency_requests_total", "Requests at the concurrency limit, by result: sent or refused.", byResult},
	{"aiolos_concurrency_waited_total", "Requests that had to wait for the concurrency limit.", nil},
	{"aiolos_concurrency_wait_seconds_total", "How long these have waited.", nil},
	{"aiolos_concurrency_in_use", "Requests under way.", nil},
	{"aiolos_concurrency_waiting", "Requests that wait for the concurrency limit.", nil},

	{"aiolos_circuit_breaker_changes_total", "Circuit breakers of hosts that have changed, by state: open or closed.", []string{"state"}},
	{"aiolos_circuit_breaker_refused_total", "Requests that a circuit breaker has refused.", nil},
	{"aiolos_circuit_breaker_probed_total", "Requests that were let through to see whether a circuit breaker can close.", nil},
	{"aiolos_circuit_breaker_hosts", "Hosts whose circuit breaker is open, half_open, or closed after a failure.", byState},
	{"aiolos_balance_requests_total", "Requests at the balance, by result: sent or refused.", byResult},
	{"aiolos_balance_changes_total", "Backends that have changed, by state: out or in_service.", []string{"state"}},
	{"aiolos_balance_probed_total", "Requests that were sent to a backend that was out.", nil},
	{"aiolos_balance_lookups_total", "Look-ups of the list of backends, by result: fetched or failed.", byResult},
	{"aiolos_balance_backends", "Backends of the list, by state: out or in_service.", []string{"state"}},

	{"aiolos_tokens_total", "Tokens, by result: fetched, failed or rejected.", byResult},
	{"aiolos_tokens_held", "Tokens that are kept.", nil},
	{"aiolos_cache_requests_total", "Requests at the cache, by result: hit, miss, validated or replaced.", byResult},
	{"aiolos_cache_stale_total", "Hits of responses after their end.", nil},
	{"aiolos_cache_refreshes_total", "Fetches in the background.", nil},
	{"aiolos_cache_stored_total", "Responses that were stored.", nil},
	{"aiolos_cache_evicted_total", "Responses that were forgotten for want of room.", nil},
	{"aiolos_cache_errors_total", "Errors of the store and of fetches in the background.", nil},
	{"aiolos_cache_entries", "Responses that are kept.", nil},
	{"aiolos_cache_bytes", "What they take.", nil},

	{"aiolos_websocket_connections_total", "Connections of Reconnect, by result: connected, lost or gave_up.", byResult},
	{"aiolos_websocket_connections", "Connections of Reconnect that are there.", nil},
	{"aiolos_eventsource_connections_total", "Connections of event sources, by result: connected, lost or gave_up.", byResult},
	{"aiolos_eventsource_connections", "Connections of event sources that are there.", nil},
	{"aiolos_eventsource_events_total", "Events that were received.", nil},
}
