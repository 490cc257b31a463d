// Package otelaiolos tells OpenTelemetry what aiolos does: a span and one count of each
// metric for every attempt, after the stable conventions for HTTP clients, and the numbers
// of connections and policies. It is a module of its own, so that the library depends on
// nothing of it.
//
//	t, err := otelaiolos.New(otelaiolos.Config{}) // the global providers and propagator
//	s, err := t.NewSession(session.Config{})      // or otelaiolos.NewSession, for both
//
// # What is an attempt
//
// An attempt is what goes to the connector: each hop of a redirect, each sending of a Retry,
// each request of a Hedge. A hit of a cache, a request that was shared, and one that a limit
// refused are none. So the counts are those that a server has, and nothing is counted twice:
//
//	s.Get ─► redirects ─► middlewares: Cache, Retry, Hedge … ─► here ─► connector ─► server
//
// It stands below the middlewares of a request, too ([session.Config].Innermost). An
// attempt that ended in the connector's queue, or while it dialled, the server has not seen: a
// hedge that came too late, for example. Two things
// go by unseen, because the server has not looked at the first of the two sendings: the silent
// replacement of a stale connection, which the span has an event of, and a stream that HTTP/2
// refuses.
//
// A span, and what is counted, ends when the body was read to its end or closed, or when the
// context ended, even if nobody reads on. So its duration has the body in it, and so has
// http.client.request.duration. That of a WebSocket ends with the handshake.
//
// # Spans
//
// The span is called as its method, unless Config.SpanName knows better, and has
//
//	http.request.method, http.request.method_original
//	url.full                       without credentials, values of the query and fragment
//	server.address, server.port, network.peer.address, network.peer.port
//	network.protocol.version       "1.1" or "2"
//	http.response.status_code
//	http.request.resend_count      of all attempts of the call, from 1
//	error.type                     the class as errors.Class names it, such as
//	                               ConnectionTimeout, and _OTHER for what has none; the
//	                               status, if that is 400 or more
//
// and the events "queue", "dns", "connect" and "tls" at the end of each phase, with
// aiolos.duration in seconds, and "first byte". With Config.Calls there is a span around all
// attempts of a call, begun before the first, with aiolos.attempts; it ends with the last of
// them. [Telemetry.OnEvent] adds what policies do to it.
//
// The span goes to the server in the header of each attempt; Config.PropagateTo and
// Config.SameOrigin say to which servers.
//
// # Metrics
//
//	http.client.request.duration             s    method, server, protocol, status, error.type
//	http.client.request.body.size            By   the same; of attempts with a response
//	http.client.response.body.size           By   the same; as it was read, still encoded
//	http.client.active_requests                   method, server
//	http.client.open_connections                  server, http.connection.state: active, idle
//	http.client.connection.duration          s    server, protocol
//	aiolos.client.queue.duration             s    server; of requests that had to wait
//	aiolos.client.dns.duration               s    server, aiolos.dns.cached
//	aiolos.client.waiting_requests                for a slot of the connector
//	aiolos.client.unread_responses                neither read to their end nor closed
//	aiolos.client.retries, .hedges, .dedupes, .rate_limits, .concurrency_limits,
//	  .circuit_breakers, .balances, .tokens,
//	  .cache.results                              server, aiolos.result, aiolos.reason,
//	                                              aiolos.backend, error.type: what OnEvent
//	                                              was told
//	aiolos.client.limiter.duration           s    server, aiolos.policy
//	aiolos.client.limiter.waiting_requests        aiolos.policy
//	aiolos.client.circuit_breaker.state           server, aiolos.state
//	aiolos.client.cache.entries, .size
//	aiolos.client.websocket.messages, .io         aiolos.direction, aiolos.message.type
//	aiolos.client.websocket.connections           aiolos.result, error.type; of Reconnect
//	aiolos.client.websocket.open_connections      of Reconnect
//	aiolos.client.eventsource.connections         aiolos.result, error.type
//	aiolos.client.eventsource.open_connections, .events
//
// Server is server.address and server.port; behind [middleware.Balance] an attempt and a
// connection have those of the backend, and what OnEvent was told those of the request.
// Several connectors are added up, and so are the ways to a server, such as proxies. What is
// not wanted is dropped by a View of the SDK, and costs next to nothing then.
//
// # OpenTelemetry and Prometheus
//
// The two lines above are all that a program with OpenTelemetry needs: do not wrap a session
// with otelhttp, inside or outside, or durations are counted twice. Give every policy
// OnEvent: t.OnEvent, and those with a state to [Telemetry.Observe]. A program without
// OpenTelemetry takes contrib/promaiolos, a collector over the same Stats, which costs
// nothing between two scrapes; it has no spans and no durations.
//
//	question                    OpenTelemetry                          promaiolos
//	why is it slow              the events of a span; queue.duration   aiolos_requests_waiting
//	why does it fail            error.type; retries, circuit_breakers  aiolos_retries_total
//	who holds the slots         active_requests, unread_responses      aiolos_host_requests_in_use
//	are connections reused      connection.duration, open_connections  aiolos_connections_reused_total
//
// A bare connector under an http.Client is wrapped by hand:
//
//	c, err := t.NewConnector(connector.Config{})
//	client := &http.Client{Transport: t.Wrap(c)}
//	client.Transport = t.WrapCall(retry.Wrap(t.Wrap(c))) // with a policy, and a span around it
//
// # Cost
//
// Without this package nothing is measured and nothing is paid. With it an attempt has fewer
// allocations than under otelhttp.Transport and takes less time, with more metrics: see the
// benchmarks, which compare the two in one run. Sets of attributes are made once. Names of
// servers and backends are what there is of different values; the SDK bounds those, with
// its cardinality limit: 2,000 sets of attributes for each metric, and one for all others.
// Connections are told server by server when metrics are collected
// ([connector.Connector.HostStats]).
package otelaiolos
