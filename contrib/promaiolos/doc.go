// Package promaiolos tells Prometheus what aiolos counts: a collector over the Stats of
// sessions, connectors and policies, for programs without OpenTelemetry. It is a module of
// its own, so that the library depends on nothing of it.
//
//	c := promaiolos.New(promaiolos.Config{})
//	prometheus.MustRegister(c)
//	err := c.Add("payments", s, retry, breaker) // a session, and its policies
//
// Everything is read when Prometheus asks, and costs nothing in between. Each metric has the
// label client, which is the name that was given to [Collector.Add]; some have one of a few
// fixed results or states; and aiolos_host_… and aiolos_circuit_breaker_hosts have hosts, as
// scheme://host:port, of which there are Config.MaxHosts at most, and "other". So the number
// of series does not grow with the traffic.
//
//	connector   aiolos_requests_in_use, aiolos_requests_waiting, aiolos_responses_unread,
//	            aiolos_connections{state}, aiolos_hosts, aiolos_connections_opened_total,
//	            _closed_total, _reused_total, _stale_total
//	its hosts   aiolos_host_requests_in_use{host}, aiolos_host_requests_waiting{host},
//	            aiolos_host_oldest_wait_seconds{host}, aiolos_host_connections{host,state},
//	            aiolos_host_connections_opened_total{host}, _closed_total, _reused_total,
//	            _stale_total
//	retries     aiolos_retry_requests_total, aiolos_retry_attempts_total,
//	            aiolos_retries_total, aiolos_retry_gave_up_total, aiolos_retry_budget
//	hedges      aiolos_hedge_requests_total, aiolos_hedges_total{result},
//	            aiolos_hedges_sent_total, aiolos_hedge_budget
//	dedupe      aiolos_dedupe_requests_total{result}
//	rate limit  aiolos_rate_limit_requests_total{result}, _waited_total,
//	            _wait_seconds_total, _paused_total, _waiting
//	concurrency aiolos_concurrency_requests_total{result}, _waited_total,
//	            _wait_seconds_total, _in_use, _waiting
//	breaker     aiolos_circuit_breaker_changes_total{state}, _refused_total, _probed_total,
//	            _hosts{host,state}
//	balance     aiolos_balance_requests_total{result}, aiolos_balance_changes_total{state},
//	            aiolos_balance_probed_total,
//	            aiolos_balance_lookups_total{result}, aiolos_balance_backends{state}
//	tokens      aiolos_tokens_total{result}, aiolos_tokens_held
//	cache       aiolos_cache_requests_total{result}, _stale_total, _refreshes_total,
//	            _stored_total, _evicted_total, _errors_total, _entries, _bytes
//	WebSockets  aiolos_websocket_connections_total{result}, aiolos_websocket_connections
//	events      aiolos_eventsource_connections_total{result}, aiolos_eventsource_connections,
//	            aiolos_eventsource_events_total
//
// The counters of a host begin anew when the connector has forgotten it in between, which
// rate() and increase() understand.
//
// Durations of requests are not among them, as nothing is measured: that is what
// contrib/otelaiolos does, whose metrics an exporter gives to Prometheus as well.
package promaiolos
