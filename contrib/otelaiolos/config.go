package otelaiolos

import (
	"net/http"
	"sync"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// scope is the name of the instrumentation.
const scope = "github.com/aiolos-http/aiolos/contrib/otelaiolos"

// Config says where telemetry goes. The zero value takes what is global in package otel.
type Config struct {
	// TracerProvider and MeterProvider make spans and instruments. Nil is the global one.
	TracerProvider trace.TracerProvider
	MeterProvider  metric.MeterProvider
	// Propagator writes the span into the header of each attempt. Nil is the global one,
	// which writes nothing until [otel.SetTextMapPropagator] was called.
	Propagator propagation.TextMapPropagator
	// PropagateTo are the origins, as scheme://host or scheme://host:port, whose requests
	// get that header. Nil is all; an empty list is none. Behind [middleware.Balance] both
	// the origin that was asked for and the backend's count.
	PropagateTo []string
	// SameOrigin keeps that header from a hop of a redirect that leads to another origin
	// than the call's first URL. Behind [middleware.Balance] that is the origin that was
	// asked for, whatever the backend.
	SameOrigin bool
	// Calls adds a span around all attempts of a call, begun before the first, for
	// [Telemetry.NewSession]. It costs as much as several attempts' spans.
	Calls bool
	// SpanName is the name of an attempt's span, of few different ones: not the path. Nil
	// is the method.
	SpanName func(*http.Request) string
}

// Telemetry measures what goes through the sessions, connectors and middlewares that are
// given to it. It is safe for concurrent use.
type Telemetry struct {
	cfg     Config
	tracer  trace.Tracer
	origins map[string]bool // of PropagateTo; nil: all
	meters  *instruments
	sets    setCache

	mu      sync.Mutex
	sources sources
	stop    metric.Registration

	ownReconnects ws.ReconnectCounter
	ownSources    session.EventSourceCounter
}

// New returns a Telemetry. The Config is copied. The error is one of PropagateTo, which is
// an errors.ErrInvalidRequest, or the MeterProvider's.
func New(cfg Config) (*Telemetry, error) {
	if cfg.TracerProvider == nil {
		cfg.TracerProvider = otel.GetTracerProvider()
	}
	if cfg.MeterProvider == nil {
		cfg.MeterProvider = otel.GetMeterProvider()
	}
	if cfg.Propagator == nil {
		cfg.Propagator = otel.GetTextMapPropagator()
	}
	t := &Telemetry{cfg: cfg}
	var err error
	if t.origins, err = parseOrigins(cfg.PropagateTo); err != nil {
		return nil, err
	}
	version := session.LibraryVersion
	t.tracer = cfg.TracerProvider.Tracer(scope, trace.WithInstrumentationVersion(version), trace.WithSchemaURL(schemaURL))
	meter := cfg.MeterProvider.Meter(scope, metric.WithInstrumentationVersion(version), metric.WithSchemaURL(schemaURL))
	if t.meters, err = newInstruments(meter); err != nil {
		return nil, err
	}
	t.stop, err = meter.RegisterCallback(t.observeSources, t.meters.observed()...)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// Close ends the observation of connectors and policies. Spans and metrics of requests go
// on. It returns the MeterProvider's error.
func (t *Telemetry) Close() error { return t.stop.Unregister() }

// NewSession is [session.New] with telemetry, for the global providers.
func NewSession(cfg session.Config) (*session.Session, error) {
	t, err := New(Config{})
	if err != nil {
		return nil, err
	}
	return t.NewSession(cfg)
}

// NewSession is [session.New] with telemetry: a span and one count for each attempt that
// goes to the connector or the Transport, below all middlewares and redirects, and the
// connector's numbers. Without a Connector and a Transport it makes a connector that ends
// with the session. The durations of connections are those of connectors that
// [Telemetry.NewConnector] has made, and of this.
func (t *Telemetry) NewSession(cfg session.Config) (*session.Session, error) {
	var made *connector.Connector
	if cfg.Connector == nil && cfg.Transport == nil {
		c, err := t.NewConnector(connector.Config{})
		if err != nil {
			return nil, err
		}
		made = c
		cfg.Connector, cfg.OwnConnector = c, true
	} else if cfg.Connector != nil {
		t.Observe(cfg.Connector) //nolint:errcheck // it is of a known type
	}
	t.instrument(&cfg)
	s, err := session.New(cfg)
	if err != nil && made != nil { // another one is still its maker's
		made.Close() // always nil
	}
	return s, err
}

// instrument puts the attempts' middleware nearest to the wire, and the call's trace first.
func (t *Telemetry) instrument(cfg *session.Config) {
	if inner := cfg.Innermost; inner == nil {
		cfg.Innermost = t.Wrap
	} else {
		cfg.Innermost = func(next http.RoundTripper) http.RoundTripper { return inner(t.Wrap(next)) }
	}
	if t.cfg.Calls {
		cfg.Trace = append([]*session.Trace{t.callTrace()}, cfg.Trace...)
	}
}

// NewConnector is [connector.New] with the numbers and the durations of its connections.
// For spans and counts of requests, which a bare connector's RoundTrip does not tell, wrap
// it with [Telemetry.Wrap], or give it to [Telemetry.NewSession].
func (t *Telemetry) NewConnector(cfg connector.Config) (*connector.Connector, error) {
	tell := cfg.OnClose
	cfg.OnClose = func(c connector.ClosedConn) {
		t.recordConnection(c)
		if tell != nil {
			tell(c)
		}
	}
	c, err := connector.New(cfg)
	if err != nil {
		return nil, err
	}
	return c, t.Observe(c)
}
