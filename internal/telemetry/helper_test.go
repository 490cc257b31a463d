package telemetry_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/contrib/otelaiolos"
	"github.com/aiolos-http/aiolos/contrib/promaiolos"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/leak"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

func TestMain(m *testing.M) { leak.Main(m) }

// wires are the three ways to a server.
var wires = []string{"http", "https with HTTP/1.1", "https with HTTP/2"}

// key is a kind of event of a policy.
type key struct{ policy, kind string }

// watch is a server, and all that tells of a session to it.
type watch struct {
	*testing.T
	url    string
	conn   connector.Config
	tel    *otelaiolos.Telemetry
	reader *sdkmetric.ManualReader
	prom   *promaiolos.Collector
	source any // the policy that is watched

	mu   sync.Mutex
	told map[key]int64
	news chan struct{} // closed and made anew with each event
}

func newWatch(t *testing.T, wire string, handle http.HandlerFunc) *watch {
	t.Helper()
	w := &watch{T: t, reader: sdkmetric.NewManualReader(), prom: promaiolos.New(promaiolos.Config{}), told: map[key]int64{}, news: make(chan struct{})}
	srv := httptest.NewUnstartedServer(handle)
	t.Cleanup(srv.Close)
	if wire == "http" {
		srv.Start()
	} else {
		leaf := certs.For(t, certs.Options{})
		srv.TLS, w.conn.TLS = leaf.Server(), leaf.Client()
		srv.EnableHTTP2 = wire == "https with HTTP/2"
		srv.StartTLS()
	}
	w.url = srv.URL
	metrics := sdkmetric.NewMeterProvider(sdkmetric.WithReader(w.reader))
	t.Cleanup(func() { metrics.Shutdown(context.Background()) })
	var err error
	if w.tel, err = otelaiolos.New(otelaiolos.Config{MeterProvider: metrics, Propagator: propagation.TraceContext{}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.tel.Close() })
	return w
}

// policy is what package middleware makes.
type policy interface {
	Wrap(next http.RoundTripper) http.RoundTripper
}

// session is one to the server, with the policy that is watched; nil: there is none.
func (w *watch) session(policy policy) *session.Session {
	w.Helper()
	cfg := session.Config{}
	if policy != nil {
		w.watch(policy)
		cfg.Middleware = []middleware.Middleware{policy.Wrap}
	}
	c, err := w.tel.NewConnector(w.conn)
	if err != nil {
		w.Fatal(err)
	}
	cfg.Connector, cfg.OwnConnector = c, true
	s, err := w.tel.NewSession(cfg)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { s.Close() })
	return s
}

// watch has Prometheus ask the source.
func (w *watch) watch(source any) {
	w.Helper()
	if err := w.prom.Add("client", source); err != nil {
		w.Fatal(err)
	}
	w.source = source
}

// on is the OnEvent of the policy.
func (w *watch) on(ctx context.Context, e middleware.Event) {
	w.tel.OnEvent(ctx, e)
	w.tell(e.Policy, string(e.Kind))
}

func (w *watch) tell(policy, kind string) {
	w.mu.Lock()
	w.told[key{policy, kind}]++
	close(w.news)
	w.news = make(chan struct{})
	w.mu.Unlock()
}

func (w *watch) count(policy, kind string) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.told[key{policy, kind}]
}

// await waits until an event was told.
func (w *watch) await(ctx context.Context, policy, kind string) {
	for {
		w.mu.Lock()
		news, n := w.news, w.told[key{policy, kind}]
		w.mu.Unlock()
		if n > 0 {
			return
		}
		select {
		case <-news:
		case <-ctx.Done():
			return
		}
	}
}

// until waits for what no event tells.
func (w *watch) until(so func() bool) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			w.Error("it has not become so")
			return
		}
	}
}

// get asks for a path and reads the response to its end.
func (w *watch) get(s *session.Session, path string, o ...session.Option) {
	w.Helper()
	target := path
	if strings.HasPrefix(path, "/") {
		target = w.url + path
	}
	if resp, err := s.Get(w.Context(), target, o...); err == nil {
		if _, err := resp.Bytes(); err != nil {
			w.Error(err)
		}
	}
}

// otelCounts are the counters of OpenTelemetry, by their name and result.
func (w *watch) otelCounts() map[key]int64 {
	w.Helper()
	var all metricdata.ResourceMetrics
	if err := w.reader.Collect(w.Context(), &all); err != nil {
		w.Fatal(err)
	}
	counts := map[key]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			sum, ok := m.Data.(metricdata.Sum[int64])
			if !ok {
				continue
			}
			for _, p := range sum.DataPoints {
				result, _ := p.Attributes.Value(attribute.Key("aiolos.result"))
				counts[key{m.Name, result.AsString()}] += p.Value
			}
		}
	}
	return counts
}

// promCounts are the numbers of Prometheus, by their name and labels without the client.
func (w *watch) promCounts() map[string]int64 {
	w.Helper()
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(w.prom)
	families, err := reg.Gather()
	if err != nil {
		w.Fatal(err)
	}
	counts := map[string]int64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				if l.GetName() != "client" {
					labels = append(labels, " "+l.GetName()+"="+l.GetValue())
				}
			}
			sort.Strings(labels)
			counts[f.GetName()+strings.Join(labels, "")] += int64(m.GetCounter().GetValue() + m.GetGauge().GetValue())
		}
	}
	return counts
}
