package otelaiolos_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/session"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/aiolos-http/aiolos/contrib/otelaiolos"
)

// seen is a request as the server has seen it.
type seen struct {
	method, path, proto string
	status              int
	sent                int64
}

// mixedServer answers in all the ways that make attempts, and takes note of them by the
// span that their header names.
type mixedServer struct {
	mu    sync.Mutex
	seen  map[trace.SpanID]*seen
	again map[string]int
	bad   []string
	begun sync.Map // path -> chan struct{}, closed when the request has come
}

func newMixedServer() *mixedServer {
	return &mixedServer{seen: map[trace.SpanID]*seen{}, again: map[string]int{}}
}

// note takes note of a request, and how often its path was asked for.
func (m *mixedServer) note(r *http.Request) (*seen, int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	parts := strings.Split(r.Header.Get("traceparent"), "-")
	if len(parts) != 4 {
		m.bad = append(m.bad, r.URL.Path+": no traceparent")
		return new(seen), 1
	}
	id, err := trace.SpanIDFromHex(parts[2])
	if err != nil || m.seen[id] != nil {
		m.bad = append(m.bad, r.URL.Path+": a span seen twice")
	}
	s := &seen{method: r.Method, path: r.URL.Path, proto: r.Proto}
	m.seen[id] = s
	m.again[r.URL.Path]++
	return s, m.again[r.URL.Path]
}

func (m *mixedServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s, times := m.note(r)
	n, _ := io.Copy(io.Discard, r.Body)
	answer := func(status int, body string) {
		m.mu.Lock()
		s.status, s.sent = status, n
		m.mu.Unlock()
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
	switch kind := strings.Split(r.URL.Path, "/")[1]; {
	case kind == "flaky" && times == 1:
		answer(503, "later")
	case kind == "redirect":
		w.Header().Set("Location", strings.Replace(r.URL.Path, "redirect", "plain", 1))
		answer(302, "")
	case kind == "cached":
		w.Header().Set("Cache-Control", "max-age=1000")
		answer(200, "cached")
	case kind == "slow" && times == 1:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case kind == "hang":
		c, _ := m.begun.LoadOrStore(r.URL.Path, make(chan struct{}))
		close(c.(chan struct{}))
		<-r.Context().Done()
		panic(http.ErrAbortHandler) // nothing may come that could overtake the end of the context
	case kind == "half":
		answer(200, "half")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	case kind == "none":
		answer(204, "")
	default:
		answer(200, strings.Repeat("plain", 200))
	}
}

// send makes the i-th of the calls, each of another kind than the one before.
func (m *mixedServer) send(t *testing.T, s *session.Session, hedge middleware.Middleware, url string, i int) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	kind := []string{"plain", "flaky", "redirect", "cached", "slow", "hang", "half", "upload", "none", "closed"}[i%10]
	at := fmt.Sprintf("%s/%s/%d", url, kind, i)
	read := func(resp *session.Response, err error) {
		if err != nil {
			t.Errorf("%s: got %v", kind, err)
		} else if _, err := resp.Bytes(); err != nil {
			t.Errorf("%s: got %v", kind, err)
		}
	}
	switch kind {
	case "cached":
		read(s.Get(ctx, url+"/cached/all"))
	case "slow":
		read(s.Get(ctx, at, session.AddMiddleware(hedge)))
	case "hang":
		c, _ := m.begun.LoadOrStore(fmt.Sprintf("/hang/%d", i), make(chan struct{}))
		go func() { <-c.(chan struct{}); cancel() }()
		if _, err := s.Get(ctx, at, session.Middlewares()); err == nil {
			t.Error("a call that was cancelled: got a response")
		}
	case "half": // and the body is dropped
		resp, err := s.Get(ctx, at)
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := io.ReadFull(resp.Body, make([]byte, 4)); err != nil {
			t.Error(err)
		}
	case "upload":
		read(s.Post(ctx, at, session.Body(io.LimitReader(strings.NewReader(strings.Repeat("x", 1000)), int64(i)))))
	case "closed":
		resp, err := s.Get(ctx, at)
		if err != nil {
			t.Error(err)
			return
		}
		resp.Close()
	default:
		read(s.Get(ctx, at))
	}
}

func TestThousandRequests(t *testing.T) {
	for _, wire := range wires {
		t.Run(wire, func(t *testing.T) {
			const calls = 1000
			m := newMixedServer()
			srv, conn := serve(t, wire, m)
			conn.Limit = -1
			sdk := newSDK(t, otelaiolos.Config{Calls: true})
			store := cache.New(cache.Config{OnEvent: sdk.OnEvent})
			defer store.Close()
			retry := middleware.NewRetrier(middleware.RetryPolicy{MinWait: -1, Budget: &middleware.RetryBudget{Ratio: -1}, OnEvent: sdk.OnEvent})
			hedge := middleware.NewHedger(middleware.HedgePolicy{Delay: 5 * time.Millisecond, Quantile: -1, Budget: &middleware.RetryBudget{Ratio: -1}, OnEvent: sdk.OnEvent})
			s := open(t, sdk, conn, session.Config{Middleware: []middleware.Middleware{store.Wrap, retry.Wrap}})
			if resp, err := s.Get(t.Context(), srv.URL+"/cached/all"); err != nil {
				t.Fatal(err)
			} else if _, err := resp.Bytes(); err != nil {
				t.Fatal(err)
			}
			together(calls, 16, func(i int) { m.send(t, s, hedge.Wrap, srv.URL, i) })
			waitFor(t, func() bool { return hedge.Stats().Sent == hedge.Stats().Won+hedge.Stats().Lost })
			waitFor(t, func() bool { return len(sdk.spans.Started()) == len(sdk.spans.Ended()) })
			s.Close()
			srv.Close()

			attempts, outer := sdk.checkEnded(t)
			if len(outer) != calls+1 {
				t.Errorf("got %d spans of calls, want %d", len(outer), calls+1)
			}
			m.compare(t, attempts, srv.URL)
			compareMetrics(t, sdk, attempts)
			compareResends(t, attempts)
			all := sdk.collect(t)
			for _, want := range []struct {
				name, result string
				n            int64
			}{
				{"aiolos.client.retries", "retried", retry.Stats().Retried},
				{"aiolos.client.hedges", "sent", hedge.Stats().Sent},
				{"aiolos.client.hedges", "won", hedge.Stats().Won},
				{"aiolos.client.hedges", "lost", hedge.Stats().Lost},
				{"aiolos.client.cache.results", "hit", calls / 10},
			} {
				if got := total(all[want.name], attribute.String("aiolos.result", want.result)); got != want.n || got == 0 && want.result != "lost" {
					t.Errorf("%s{%s}: got %d, want %d", want.name, want.result, got, want.n)
				}
			}
		})
	}
}

// compare holds each attempt's span against what the server has seen of it.
func (m *mixedServer) compare(t *testing.T, attempts []sdktrace.ReadOnlySpan, url string) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, bad := range m.bad {
		t.Error(bad)
	}
	address, port := strings.Split(url, ":")[1][2:], strings.Split(url, ":")[2]
	known := map[trace.SpanID]bool{}
	for _, span := range attempts {
		id := span.SpanContext().SpanID()
		known[id] = true
		status, answered := attr(span, semconv.HTTPResponseStatusCodeKey)
		failure, failed := attr(span, semconv.ErrorTypeKey)
		s := m.seen[id]
		if s == nil { // it was given up before it came to the server
			if answered || failure.AsString() != "Canceled" {
				t.Errorf("a span that no server has seen: %v", span.Attributes())
			}
			continue
		}
		want := map[attribute.Key]string{
			semconv.HTTPRequestMethodKey: s.method, semconv.URLFullKey: url + s.path,
			semconv.ServerAddressKey: address, semconv.ServerPortKey: port,
		}
		if answered {
			want[semconv.HTTPResponseStatusCodeKey] = strconv.Itoa(s.status)
			want[semconv.NetworkProtocolVersionKey] = map[string]string{"HTTP/1.1": "1.1", "HTTP/2.0": "2"}[s.proto]
			want[semconv.NetworkPeerAddressKey], want[semconv.NetworkPeerPortKey] = address, port
		} else if failure.AsString() != "Canceled" {
			t.Errorf("without a status: got %v, want Canceled", failure.AsString())
		}
		for key, w := range want {
			if got, _ := attr(span, key); got.String() != w {
				t.Errorf("%s of %s: got %v, want %v", key, s.path, got.String(), w)
			}
		}
		cut := strings.HasPrefix(s.path, "/half/")
		if answered && failed != (status.AsInt64() >= 400 || cut) {
			t.Errorf("%s: got error.type %v with status %d", s.path, failure.AsString(), status.AsInt64())
		}
		if span.Name() != s.method || span.SpanKind() != trace.SpanKindClient {
			t.Errorf("got %s %s, want client %s", span.SpanKind(), span.Name(), s.method)
		}
	}
	for id, s := range m.seen {
		if !known[id] {
			t.Errorf("the server has seen %v, which has no span", s)
		}
	}
}

// compareMetrics holds the metrics against the spans, set of attributes by set.
func compareMetrics(t *testing.T, sdk *sdk, attempts []sdktrace.ReadOnlySpan) {
	t.Helper()
	want, answered := map[attribute.Distinct]uint64{}, map[attribute.Distinct]uint64{}
	for _, span := range attempts {
		var attrs []attribute.KeyValue
		for _, key := range []attribute.Key{
			semconv.HTTPRequestMethodKey, semconv.ServerAddressKey, semconv.ServerPortKey,
			semconv.NetworkProtocolVersionKey, semconv.HTTPResponseStatusCodeKey, semconv.ErrorTypeKey,
		} {
			if v, ok := attr(span, key); ok {
				attrs = append(attrs, attribute.KeyValue{Key: key, Value: v})
			}
		}
		set := attribute.NewSet(attrs...)
		want[set.Equivalent()]++
		if set.HasValue(semconv.HTTPResponseStatusCodeKey) {
			answered[set.Equivalent()]++
		}
	}
	all := sdk.collect(t)
	for name, want := range map[string]map[attribute.Distinct]uint64{
		"http.client.request.duration":   want,
		"http.client.request.body.size":  answered,
		"http.client.response.body.size": answered,
	} {
		got := counts(all[name])
		if len(got) != len(want) {
			t.Errorf("%s: got %d sets of attributes, want %d", name, len(got), len(want))
		}
		for set, n := range want {
			if got[set] != n {
				t.Errorf("%s: got %d, want %d", name, got[set], n)
			}
		}
	}
	if n := total(all["http.client.active_requests"]); n != 0 {
		t.Errorf("http.client.active_requests: got %d, want 0", n)
	}
	if n := total(all["http.client.open_connections"]); n != 0 {
		t.Errorf("http.client.open_connections: got %d after the end, want 0", n)
	}
}

// compareResends looks that the attempts of a call are numbered through.
func compareResends(t *testing.T, attempts []sdktrace.ReadOnlySpan) {
	t.Helper()
	calls := map[trace.SpanID][]int64{}
	for _, span := range attempts {
		n, _ := attr(span, semconv.HTTPRequestResendCountKey)
		calls[span.Parent().SpanID()] = append(calls[span.Parent().SpanID()], n.AsInt64())
	}
	for _, numbers := range calls {
		slices.Sort(numbers)
		for i, n := range numbers {
			if n != int64(i) {
				t.Errorf("resends of a call: got %v, want 0 to %d", numbers, len(numbers)-1)
				break
			}
		}
	}
}

// waitFor waits until it is so.
func waitFor(t *testing.T, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Error("it has not become so")
			return
		}
	}
}
