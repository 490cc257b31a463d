package promaiolos

import (
	"fmt"
	"slices"
	"sync"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
	"github.com/prometheus/client_golang/prometheus"
)

// DefaultMaxHosts is how many hosts have labels of their own.
const DefaultMaxHosts = 100

// Config says how a Collector names things. The zero value is ready for use.
type Config struct {
	// ConstLabels are on every metric. Nil is none.
	ConstLabels prometheus.Labels
	// MaxHosts is how many hosts of one client have labels of their own, per metric: the
	// first by name. The others are together under the host "other", in gauges; counters,
	// which must not fall when a host is forgotten, have them in the client's alone. 0 is
	// DefaultMaxHosts, and negative is none: a connector is not asked for its hosts then.
	MaxHosts int
}

// Collector is a [prometheus.Collector] of what sessions, connectors and policies count. It
// asks them when it is asked, and costs nothing in between. It is safe for concurrent use.
type Collector struct {
	maxHosts int
	descs    map[string]*prometheus.Desc // by metric.name

	mu      sync.Mutex
	sources []source
}

// source is something that has numbers, under the name of its client.
type source struct {
	client string
	from   any
	emit   func(*sink)
}

var _ prometheus.Collector = (*Collector)(nil)

// New returns a Collector of nothing. Register it, and [Collector.Add] what it collects.
func New(cfg Config) *Collector {
	c := &Collector{maxHosts: cfg.MaxHosts, descs: map[string]*prometheus.Desc{}}
	if c.maxHosts == 0 {
		c.maxHosts = DefaultMaxHosts
	}
	c.maxHosts = max(c.maxHosts, 0)
	for _, m := range metrics {
		c.descs[m.name] = prometheus.NewDesc(m.name, m.help, append([]string{"client"}, m.labels...), cfg.ConstLabels)
	}
	return c
}

// Add has the numbers of these be collected, under the label client: a *session.Session,
// whose connector it is, a *connector.Connector, what package middleware makes with New and
// has Stats, a *cache.Cache, a *ws.ReconnectCounter or a *session.EventSourceCounter.
//
// Names tell clients apart, so there should be few. Two of a kind need two names, and what
// is added again is there once. Each of them that cannot be is an errors.ErrInvalidRequest,
// and then none is added.
func (c *Collector) Add(client string, list ...any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	more := slices.Clone(c.sources)
	for _, from := range list {
		if s, ok := from.(*session.Session); ok {
			if from = s.Connector(); s.Connector() == nil {
				return refuse("a session over a Transport has no numbers")
			}
		}
		emit := emitterOf(from)
		if emit == nil {
			return refuse(fmt.Sprintf("a %T has no numbers", from))
		}
		known := slices.IndexFunc(more, func(s source) bool { return s.client == client && sameKind(s.from, from) })
		switch {
		case known < 0:
			more = append(more, source{client, from, emit})
		case more[known].from != from:
			return refuse(fmt.Sprintf("there is a %T of the client already", from))
		}
	}
	c.sources = more
	return nil
}

// Remove ends the collecting of a client, such as one whose session was closed.
func (c *Collector) Remove(client string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sources = slices.DeleteFunc(slices.Clone(c.sources), func(s source) bool { return s.client == client })
}

func refuse(reason string) error {
	return &errors.InvalidRequestError{Field: "Collector.Add", Reason: reason}
}

func sameKind(a, b any) bool { return fmt.Sprintf("%T", a) == fmt.Sprintf("%T", b) }

// Describe is for the registry.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range metrics {
		ch <- c.descs[m.name]
	}
}

// Collect asks all for their numbers.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	list := c.sources
	c.mu.Unlock()
	for _, s := range list {
		s.emit(&sink{c, ch, s.client})
	}
}

// sink takes the numbers of one client.
type sink struct {
	c      *Collector
	ch     chan<- prometheus.Metric
	client string
}

func (s *sink) put(name string, value float64, labels ...string) {
	kind := prometheus.GaugeValue
	if isCounter(name) {
		kind = prometheus.CounterValue
	}
	s.ch <- prometheus.MustNewConstMetric(s.c.descs[name], kind, value, append([]string{s.client}, labels...)...)
}

// emitterOf is what tells the numbers of from; nil: it has none.
func emitterOf(from any) func(*sink) {
	switch f := from.(type) {
	case *connector.Connector:
		return func(s *sink) { s.connector(f) }
	case *middleware.Retrier:
		return func(s *sink) { s.retry(f.Stats()) }
	case *middleware.Hedger:
		return func(s *sink) { s.hedge(f.Stats()) }
	case *middleware.Deduper:
		return func(s *sink) { s.dedupe(f.Stats()) }
	case *middleware.RateLimiter:
		return func(s *sink) { s.rateLimit(f.Stats()) }
	case *middleware.ConcurrencyLimiter:
		return func(s *sink) { s.concurrency(f.Stats()) }
	case *middleware.Breaker:
		return func(s *sink) { s.breaker(f.Stats()) }
	case *middleware.Balancer:
		return func(s *sink) { s.balance(f.Stats()) }
	case *middleware.Tokens:
		return func(s *sink) { s.tokens(f.Stats()) }
	case *cache.Cache:
		return func(s *sink) { s.cache(f.Stats()) }
	case *ws.ReconnectCounter:
		return func(s *sink) { s.reconnect(f.Stats()) }
	case *session.EventSourceCounter:
		return func(s *sink) { s.eventSource(f.Stats()) }
	}
	return nil
}
