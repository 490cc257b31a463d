package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/contrib/otelaiolos"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/session/debug"
	"github.com/aiolos-http/aiolos/ws"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

const canary = "c4n4ry"

// secretServer has secrets in all that it answers.
func secretServer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Set-Cookie", "session="+canary)
	w.Header().Set("X-Auth-Token", canary)
	switch r.URL.Path {
	case "/redirect":
		w.Header().Set("Location", "/end?code="+canary+"#"+canary)
		w.WriteHeader(http.StatusFound)
	case "/cut":
		panic(http.ErrAbortHandler)
	case "/half":
		w.Header().Set("Content-Length", "100")
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"token": "`+canary+`"`)
	case "/unread":
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"token": "`+strings.Repeat(canary, 20000)+`"}`)
	default:
		w.Header().Set("Cache-Control", "max-age=60")
		w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "access_token="+canary)
	}
}

// everyWay is a session to a server that has secrets, with all that can tell of it.
type everyWay struct {
	*watch
	spans  *tracetest.SpanRecorder
	traces *sdktrace.TracerProvider
	dump   bytes.Buffer
	events bytes.Buffer
	page   *debug.Handler
	s      *session.Session
}

func newEveryWay(t *testing.T, wire, proxy string) *everyWay {
	t.Helper()
	e := &everyWay{watch: newWatch(t, wire, secretServer), spans: tracetest.NewSpanRecorder()}
	e.traces = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(e.spans))
	e.reader = sdkmetric.NewManualReader()
	metrics := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.reader))
	var err error
	if e.tel, err = otelaiolos.New(otelaiolos.Config{TracerProvider: e.traces, MeterProvider: metrics, Calls: true, Propagator: propagation.TraceContext{}}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	on := func(ctx context.Context, event middleware.Event) {
		e.tel.OnEvent(ctx, event)
		mu.Lock()
		defer mu.Unlock()
		event.Err = nil // its text is the program's to redact
		fmt.Fprintf(&e.events, "%+v\n", event)
	}
	retry := middleware.NewRetrier(middleware.RetryPolicy{MinWait: -1, Attempts: 2, OnEvent: on})
	breaker := middleware.NewBreaker(middleware.BreakerConfig{Failures: 1000, OnEvent: on})
	store := cache.New(cache.Config{OnEvent: on})
	t.Cleanup(func() { store.Close() })
	conn := e.conn
	conn.Proxy, conn.OnLeak = proxy, func(string) {}
	c, err := e.tel.NewConnector(conn)
	if err != nil {
		t.Fatal(err)
	}
	dump := middleware.Dump(middleware.DumpConfig{Writer: &e.dump})
	e.s, err = e.tel.NewSession(session.Config{
		Connector: c, OwnConnector: true,
		Middleware: []middleware.Middleware{store.Wrap, breaker.Wrap, retry.Wrap, dump},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.s.Close() })
	e.page, err = debug.New(debug.Config{Session: e.s, Stats: map[string]func() any{
		"retry": func() any { return retry.Stats() }, "breaker": func() any { return breaker.Stats() }, "cache": func() any { return store.Stats() },
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.prom.Add("client", e.s, retry, breaker, store); err != nil {
		t.Fatal(err)
	}
	return e
}

// shown is what all ways tell, by their names.
func (e *everyWay) shown() map[string]string {
	e.Helper()
	all := map[string]string{"dump": e.dump.String(), "events": e.events.String()}
	var spans strings.Builder
	for _, span := range e.spans.Ended() {
		fmt.Fprintln(&spans, span.Name(), span.Attributes(), span.Events(), span.Status(), span.SpanContext().TraceState())
	}
	all["spans"] = spans.String()
	var data metricdata.ResourceMetrics
	if err := e.reader.Collect(e.Context(), &data); err != nil {
		e.Fatal(err)
	}
	text, err := json.Marshal(data)
	if err != nil {
		e.Fatal(err)
	}
	all["metrics"] = string(text)
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(e.prom)
	for name, h := range map[string]http.Handler{"Prometheus": promhttp.HandlerFor(reg, promhttp.HandlerOpts{}), "page": e.page} {
		for _, target := range []string{"/", "/?format=json"} {
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, httptest.NewRequestWithContext(e.Context(), http.MethodGet, target, nil))
			if rec.Code != http.StatusOK {
				e.Errorf("%s: got %d", name, rec.Code)
			}
			all[name+" "+target] = rec.Body.String()
		}
	}
	return all
}

// Whatever tells of a session, and whatever becomes of its requests, has no secret of the
// URL, the header, the query, the body, the answer and the proxy.
func TestNobodyTellsSecrets(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Proxy-Authenticate", `Basic realm="`+canary+`"`)
		w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
		w.WriteHeader(http.StatusProxyAuthRequired)
		io.WriteString(w, "password="+canary)
	}))
	defer refusing.Close()
	for _, wire := range wires {
		for name, addr := range map[string]string{"no proxy": "", "a proxy that is not there": dead.Addr().String(), "a proxy that refuses": refusing.Listener.Addr().String()} {
			t.Run(wire+", "+name, func(t *testing.T) {
				proxy := ""
				if addr != "" {
					proxy = "http://user:" + canary + "@" + addr
				}
				e := newEveryWay(t, wire, proxy)
				base, err := url.Parse(e.url)
				if err != nil {
					t.Fatal(err)
				}
				base.User = url.UserPassword(canary, canary)
				opts := []session.Option{
					session.Header("X-Api-Key", canary), session.Header("Idempotency-Key", "1"), session.Cookie("c", canary), session.CheckStatus(),
				}
				for _, path := range []string{"/redirect", "/cut", "/half", "/", "/unread"} {
					target := base.String() + path + "?token=" + canary + "&" + canary + "#" + canary
					if resp, err := e.s.Get(t.Context(), target, opts...); err == nil && path == "/unread" {
						defer resp.Close() // it is on the page until then
					} else if err == nil {
						resp.Bytes()
					}
					if resp, err := e.s.Post(t.Context(), target, append(opts, session.FormPairs("password", canary))...); err == nil {
						resp.Close()
					}
				}
				e.feed(base.String() + "/feed?token=" + canary)
				for name, text := range e.shown() {
					if strings.Contains(text, canary) {
						t.Errorf("%s: a secret in %s", name, surroundings(text))
					}
					if len(text) < 100 {
						t.Errorf("%s: got %q, which says nothing", name, text)
					}
				}
			})
		}
	}
}

// feed has a WebSocket and a stream of events fail, in a span of the program's.
func (e *everyWay) feed(target string) {
	ctx, span := e.traces.Tracer("program").Start(e.Context(), "feed")
	defer span.End()
	opts := e.tel.Reconnect(&ws.ReconnectOptions{MinWait: -1, Attempts: 2, Retry: func(error) bool { return true }})
	if err := ws.Reconnect(ctx, e.s, target, opts, func(context.Context, *ws.Conn, ws.Message) error { return nil }); err == nil {
		e.Error("a feed that cannot be: got no error")
	}
	for range e.tel.EventSource(&session.EventSource{Session: e.s, URL: target, Retry: -1, MaxFailures: 2}).Events(ctx) {
	}
}

// surroundings is what stands around the first secret.
func surroundings(text string) string {
	at := strings.Index(text, canary)
	return text[max(at-200, 0):min(at+100, len(text))]
}
