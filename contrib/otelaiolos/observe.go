package otelaiolos

import (
	"context"
	"fmt"
	"slices"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// sources are asked for their state when metrics are collected.
type sources struct {
	connectors []*connector.Connector
	breakers   []*middleware.Breaker
	rates      []*middleware.RateLimiter
	limits     []*middleware.ConcurrencyLimiter
	caches     []*cache.Cache
	reconnects []*ws.ReconnectCounter
	streams    []*session.EventSourceCounter
}

// Observe has the state of these be told with the metrics: connectors, breakers, rate and
// concurrency limiters, caches, and the counters of [ws.Reconnect] and event sources. Those
// of [Telemetry.NewSession], [Telemetry.NewConnector], [Telemetry.Reconnect] and
// [Telemetry.EventSource] are known, and a connector is forgotten once it is closed.
// Anything else is an errors.ErrInvalidRequest. What policies do, rather than how they
// stand, is told by [Telemetry.OnEvent].
func (t *Telemetry) Observe(list ...any) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, source := range list {
		switch s := source.(type) {
		case *connector.Connector:
			addSource(&t.sources.connectors, s)
		case *middleware.Breaker:
			addSource(&t.sources.breakers, s)
		case *middleware.RateLimiter:
			addSource(&t.sources.rates, s)
		case *middleware.ConcurrencyLimiter:
			addSource(&t.sources.limits, s)
		case *cache.Cache:
			addSource(&t.sources.caches, s)
		case *ws.ReconnectCounter:
			addSource(&t.sources.reconnects, s)
		case *session.EventSourceCounter:
			addSource(&t.sources.streams, s)
		default:
			return &errors.InvalidRequestError{Field: "Observe", Reason: fmt.Sprintf("a %T has no state to tell", source)}
		}
	}
	return nil
}

func addSource[T comparable](list *[]T, s T) {
	if !slices.Contains(*list, s) {
		*list = append(*list, s)
	}
}

// observeSources is called for each collection. What several sources have in common is
// added up.
func (t *Telemetry) observeSources(_ context.Context, o metric.Observer) error {
	t.mu.Lock()
	t.sources.connectors = slices.DeleteFunc(t.sources.connectors, (*connector.Connector).Closed)
	known := t.sources
	known.connectors = slices.Clone(known.connectors)
	t.mu.Unlock()
	t.observeConnectors(o, known.connectors)
	t.observeBreakers(o, known.breakers)
	if len(known.rates) > 0 {
		waiting := 0
		for _, l := range known.rates {
			waiting += l.Stats().Waiting
		}
		o.ObserveInt64(t.meters.limiterWaiting, int64(waiting), metric.WithAttributes(policyKey.String("rate limit")))
	}
	if len(known.limits) > 0 {
		waiting := 0
		for _, l := range known.limits {
			waiting += l.Stats().Waiting
		}
		o.ObserveInt64(t.meters.limiterWaiting, int64(waiting), metric.WithAttributes(policyKey.String("concurrency")))
	}
	if len(known.caches) > 0 {
		var entries, size int64
		for _, c := range known.caches {
			s := c.Stats()
			entries, size = entries+s.Entries, size+s.Bytes
		}
		o.ObserveInt64(t.meters.cacheEntries, entries)
		o.ObserveInt64(t.meters.cacheStored, size)
	}
	t.observeFeeds(o, &known)
	return nil
}

// observeConnectors tells of connections by server, however they are reached, and of the
// rest in sum.
func (t *Telemetry) observeConnectors(o metric.Observer, list []*connector.Connector) {
	type connections struct{ open, idle int64 }
	byServer := map[server]connections{}
	var waiting, unread int64
	for _, c := range list {
		hosts, all := c.HostStats()
		waiting, unread = waiting+int64(all.Waiting), unread+int64(all.Unread)
		for i := range hosts {
			h, at := &hosts[i], serverOfHost(hosts[i].Host)
			n := byServer[at]
			byServer[at] = connections{n.open + int64(h.HTTP1.Open+h.HTTP2.Open), n.idle + int64(h.Idle)}
		}
	}
	for at, n := range byServer {
		address, port := semconv.ServerAddress(at.address), semconv.ServerPort(at.port)
		o.ObserveInt64(t.meters.open, n.idle, metric.WithAttributes(semconv.HTTPConnectionStateIdle, address, port))
		o.ObserveInt64(t.meters.open, n.open-n.idle, metric.WithAttributes(semconv.HTTPConnectionStateActive, address, port))
	}
	o.ObserveInt64(t.meters.waiting, waiting)
	o.ObserveInt64(t.meters.unread, unread)
}

func (t *Telemetry) observeBreakers(o metric.Observer, list []*middleware.Breaker) {
	for _, b := range list {
		for _, h := range b.Stats().Hosts {
			s := serverOfOrigin(h.Host)
			o.ObserveInt64(t.meters.breaker, 1, metric.WithAttributes(
				semconv.ServerAddress(s.address), semconv.ServerPort(s.port), stateKey.String(string(h.State))))
		}
	}
}
