package otelaiolos

import (
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// The attributes that are not of the conventions.
const (
	durationKey  = attribute.Key("aiolos.duration")
	cachedKey    = attribute.Key("aiolos.dns.cached")
	policyKey    = attribute.Key("aiolos.policy")
	resultKey    = attribute.Key("aiolos.result")
	reasonKey    = attribute.Key("aiolos.reason")
	stateKey     = attribute.Key("aiolos.state")
	backendKey   = attribute.Key("aiolos.backend")
	attemptsKey  = attribute.Key("aiolos.attempts")
	directionKey = attribute.Key("aiolos.direction")
	typeKey      = attribute.Key("aiolos.message.type")
)

// addPhases adds an event at the end of each phase that there was, those on the way to a
// connection with their duration in seconds. The connector has noted them in any case;
// nothing is called on the way.
func (a *attempt) addPhases(t *connector.Timing) {
	if t.Start.IsZero() {
		return // no connector, or it has not begun
	}
	at := t.Start
	add := func(name string, d time.Duration, more ...attribute.KeyValue) {
		at = at.Add(d)
		if d > 0 || len(more) > 0 {
			more = append(more, durationKey.Float64(d.Seconds()))
			a.span.AddEvent(name, trace.WithTimestamp(at), trace.WithAttributes(more...))
		}
	}
	add("queue", t.Queue)
	if t.CachedDNS {
		add("dns", t.DNS, cachedKey.Bool(true))
	} else {
		add("dns", t.DNS)
	}
	add("connect", t.Connect)
	add("tls", t.TLS)
	if t.FirstByte > 0 { // every request that was answered has this one, so it is the cheapest
		a.events[0] = trace.WithTimestamp(at.Add(t.Request + t.FirstByte))
		a.span.AddEvent("first byte", a.events[:]...)
	}
	if t.Retried {
		a.span.AddEvent("stale connection replaced")
	}
}

// recordPhases records what of the phases has a metric.
func (a *attempt) recordPhases(t *connector.Timing) {
	m, server := a.t.meters, attrKey{server: a.key.server}
	if t.Queue > 0 {
		m.queue.Record(a.ctx, t.Queue.Seconds(), a.t.sets.get(server).record...)
	}
	if t.DNS > 0 || t.CachedDNS {
		server.cached = t.CachedDNS
		m.dns.Record(a.ctx, t.DNS.Seconds(), a.t.sets.get(server).record...)
	}
}

// recordConnection counts a connection that has ended.
func (t *Telemetry) recordConnection(c connector.ClosedConn) {
	key := attrKey{server: serverOfOrigin(c.Host), protocol: protocolVersion(c.Proto)}
	t.meters.connection.Record(backgroundContext, c.Age.Seconds(), t.sets.get(key).record...)
}
