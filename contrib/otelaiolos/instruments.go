package otelaiolos

import (
	"context"

	"github.com/aiolos-http/aiolos/errors"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"
)

// backgroundContext is that of measurements that belong to no request.
var backgroundContext = context.Background()

// instruments are those of the conventions, and the library's own.
type instruments struct {
	duration       metric.Float64Histogram
	active         metric.Int64UpDownCounter
	sent, received metric.Int64Histogram
	connection     metric.Float64Histogram

	queue, dns        metric.Float64Histogram
	policies          map[string]metric.Int64Counter // by Event.Policy
	limiter           metric.Float64Histogram
	messages, payload metric.Int64Counter
	sockets, streams  metric.Int64Counter // connections of Reconnect and of event sources

	open                      metric.Int64ObservableUpDownCounter
	waiting, unread           metric.Int64ObservableUpDownCounter
	limiterWaiting            metric.Int64ObservableUpDownCounter
	breaker                   metric.Int64ObservableGauge
	cacheEntries, cacheStored metric.Int64ObservableUpDownCounter
	openSockets, openStreams  metric.Int64ObservableUpDownCounter
	events                    metric.Int64ObservableCounter
}

// Bounds of durations in seconds: those that the conventions recommend for requests, and
// for what can take less.
var (
	requestBounds = metric.WithExplicitBucketBoundaries(.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10)
	waitBounds    = metric.WithExplicitBucketBoundaries(.0001, .0005, .001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10)
	lifeBounds    = metric.WithExplicitBucketBoundaries(.01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30, 60, 120, 300)
	sizeBounds    = metric.WithExplicitBucketBoundaries(0, 256, 1<<10, 4<<10, 16<<10, 64<<10, 256<<10, 1<<20, 4<<20, 16<<20, 64<<20)
)

// policyMetrics are the counters of what policies do, one for each result.
var policyMetrics = map[string]struct{ name, about string }{
	"retry":           {"aiolos.client.retries", "Attempts that were followed by another, and requests that were given up."},
	"hedge":           {"aiolos.client.hedges", "Additional requests of a hedge."},
	"dedupe":          {"aiolos.client.dedupes", "Requests that got the response of another one."},
	"rate limit":      {"aiolos.client.rate_limits", "Requests that waited for a rate limit or were refused, and pauses."},
	"concurrency":     {"aiolos.client.concurrency_limits", "Requests that waited for a concurrency limit or were refused."},
	"circuit breaker": {"aiolos.client.circuit_breakers", "Changes of circuit breakers, probes, and requests that were refused."},
	"balance":         {"aiolos.client.balances", "Requests that were sent to a backend, changes of backends, and look-ups of the list."},
	"token source":    {"aiolos.client.tokens", "Tokens that were fetched, or could not be."},
	"cache":           {"aiolos.client.cache.results", "Where responses came from, and those that were stored."},
}

// maker makes instruments and keeps the first error.
type maker struct {
	metric.Meter
	err error
}

func newInstruments(meter metric.Meter) (*instruments, error) {
	m := &maker{Meter: meter}
	in := new(instruments)
	m.makeConventional(in)
	in.queue = m.seconds("aiolos.client.queue.duration", "How long requests have waited for a slot of the connector, if they had to.", waitBounds)
	in.dns = m.seconds("aiolos.client.dns.duration", "How long looking up a name has taken, for a new connection.", waitBounds)
	in.limiter = m.seconds("aiolos.client.limiter.duration", "How long requests have waited for a limit of rate or concurrency.", waitBounds)
	in.policies = map[string]metric.Int64Counter{}
	for policy, p := range policyMetrics {
		in.policies[policy] = m.counter(p.name, p.about, "{event}")
	}
	in.messages = m.counter("aiolos.client.websocket.messages", "Messages of WebSockets.", "{message}")
	in.payload = m.counter("aiolos.client.websocket.io", "Bytes of messages of WebSockets, without compression.", "By")
	in.sockets = m.counter("aiolos.client.websocket.connections", "Connections of Reconnect that were there, were lost, or were given up.", "{connection}")
	in.streams = m.counter("aiolos.client.eventsource.connections", "Connections of event sources that were there, were lost, or were given up.", "{connection}")
	in.openSockets = m.upDown("aiolos.client.websocket.open_connections", "Connections of Reconnect that are open.", "{connection}")
	in.openStreams = m.upDown("aiolos.client.eventsource.open_connections", "Connections of event sources that are open.", "{connection}")
	in.waiting = m.upDown("aiolos.client.waiting_requests", "Requests that wait for a slot of the connector.", "{request}")
	in.unread = m.upDown("aiolos.client.unread_responses", "Responses that are neither read to their end nor closed.", "{response}")
	in.limiterWaiting = m.upDown("aiolos.client.limiter.waiting_requests", "Requests that wait for a limit of rate or concurrency.", "{request}")
	in.cacheEntries = m.upDown("aiolos.client.cache.entries", "Responses that caches have.", "{response}")
	in.cacheStored = m.upDown("aiolos.client.cache.size", "What caches take.", "By")
	var err error
	in.breaker, err = m.Int64ObservableGauge("aiolos.client.circuit_breaker.state", metric.WithUnit("1"),
		metric.WithDescription("1 for the state of a host's circuit breaker, of those that are open or have failed."))
	m.note(err)
	in.events, err = m.Int64ObservableCounter("aiolos.client.eventsource.events", metric.WithUnit("{event}"),
		metric.WithDescription("Events that event sources have brought."))
	m.note(err)
	return in, m.err
}

// makeConventional makes those of the conventions for HTTP clients.
func (m *maker) makeConventional(in *instruments) {
	duration, err := httpconv.NewClientRequestDuration(m, requestBounds)
	m.note(err)
	active, err := httpconv.NewClientActiveRequests(m)
	m.note(err)
	sent, err := httpconv.NewClientRequestBodySize(m, sizeBounds)
	m.note(err)
	received, err := httpconv.NewClientResponseBodySize(m, sizeBounds)
	m.note(err)
	connection, err := httpconv.NewClientConnectionDuration(m, lifeBounds)
	m.note(err)
	open, err := httpconv.NewClientOpenConnectionsObservable(m)
	m.note(err)
	in.duration, in.active, in.sent, in.received = duration.Inst(), active.Inst(), sent.Inst(), received.Inst()
	in.connection, in.open = connection.Inst(), open.Inst()
}

func (m *maker) note(err error) { m.err = errors.Join(m.err, err) }

func (m *maker) seconds(name, about string, bounds metric.Float64HistogramOption) metric.Float64Histogram {
	h, err := m.Float64Histogram(name, metric.WithDescription(about), metric.WithUnit("s"), bounds)
	m.note(err)
	return h
}

func (m *maker) counter(name, about, unit string) metric.Int64Counter {
	c, err := m.Int64Counter(name, metric.WithDescription(about), metric.WithUnit(unit))
	m.note(err)
	return c
}

func (m *maker) upDown(name, about, unit string) metric.Int64ObservableUpDownCounter {
	c, err := m.Int64ObservableUpDownCounter(name, metric.WithDescription(about), metric.WithUnit(unit))
	m.note(err)
	return c
}

// observed are the instruments that observeSources serves.
func (in *instruments) observed() []metric.Observable {
	return []metric.Observable{
		in.open, in.waiting, in.unread, in.limiterWaiting, in.breaker, in.cacheEntries, in.cacheStored,
		in.openSockets, in.openStreams, in.events,
	}
}
