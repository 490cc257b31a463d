package otelaiolos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/aiolos-http/aiolos/contrib/otelaiolos"
)

var plain = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "plain") })

func eventNames(span sdktrace.ReadOnlySpan) (names []string) {
	for _, e := range span.Events() {
		names = append(names, e.Name)
	}
	return names
}

func TestPhases(t *testing.T) {
	for _, wire := range wires {
		t.Run(wire, func(t *testing.T) {
			srv, conn := serve(t, wire, plain)
			sdk := newSDK(t, otelaiolos.Config{})
			s := open(t, sdk, conn, session.Config{})
			_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
			for range 2 {
				resp, err := s.Get(t.Context(), strings.Split(srv.URL, ":")[0]+"://localhost:"+port)
				if err != nil {
					t.Fatal(err)
				}
				resp.Bytes()
			}
			attempts, _ := sdk.checkEnded(t)
			want := []string{"dns", "connect", "tls", "first byte"}
			if wire == "http" {
				want = []string{"dns", "connect", "first byte"}
			}
			if got := eventNames(attempts[0]); !slices.Equal(got, want) {
				t.Errorf("first: got %v, want %v", got, want)
			}
			if got := eventNames(attempts[1]); !slices.Equal(got, want[len(want)-1:]) {
				t.Errorf("second: got %v, want %v", got, want[len(want)-1:])
			}
			for _, a := range attempts {
				at := a.StartTime()
				for _, e := range a.Events() {
					if e.Time.Before(at) || e.Time.After(a.EndTime()) {
						t.Errorf("%s at %v is not between %v and %v", e.Name, e.Time, at, a.EndTime())
					}
					at = e.Time
				}
			}
			all := sdk.collect(t)
			if n := total(all["aiolos.client.dns.duration"]); n != 1 {
				t.Errorf("DNS: got %d, want 1", n)
			}
			if n := total(all["http.client.open_connections"], semconv.HTTPConnectionStateIdle); n != 1 {
				t.Errorf("idle: got %d, want 1", n)
			}
			version := map[string]string{"http": "1.1", "https with HTTP/1.1": "1.1", "https with HTTP/2": "2"}[wire]
			s.Close()
			all = sdk.collect(t)
			if n := total(all["http.client.connection.duration"], semconv.ServerAddress("localhost"), semconv.NetworkProtocolVersion(version)); n != 1 {
				t.Errorf("connections that have ended: got %d, want 1", n)
			}
		})
	}
}

func TestQueue(t *testing.T) {
	begun, go1 := make(chan struct{}, 2), make(chan struct{})
	srv, conn := serve(t, "http", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { begun <- struct{}{}; <-go1 }))
	conn.Limit = 1
	sdk := newSDK(t, otelaiolos.Config{})
	s := open(t, sdk, conn, session.Config{})
	done := make(chan error, 2)
	get := func() { _, err := s.Get(t.Context(), srv.URL); done <- err }
	go get()
	<-begun
	go get()
	waitFor(t, func() bool { return s.Connector().Stats().Waiting == 1 })
	if n := total(sdk.collect(t)["aiolos.client.waiting_requests"]); n != 1 {
		t.Errorf("waiting: got %d, want 1", n)
	}
	if n := total(sdk.collect(t)["http.client.active_requests"], semconv.HTTPRequestMethodGet); n != 2 {
		t.Errorf("active: got %d, want 2", n)
	}
	close(go1)
	if err := errors.Join(<-done, <-done); err != nil {
		t.Fatal(err)
	}
	attempts, _ := sdk.checkEnded(t)
	queued := 0
	for _, span := range attempts {
		if slices.Contains(eventNames(span), "queue") {
			queued++
		}
	}
	if queued != 1 {
		t.Errorf("%d of %d attempts tell of the queue, want 1", queued, len(attempts))
	}
	if n := total(sdk.collect(t)["aiolos.client.queue.duration"]); n != 1 {
		t.Errorf("queued: got %d, want 1", n)
	}
}

func TestFailures(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	cut, _ := serve(t, "http", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	short, _ := serve(t, "http", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "half")
	}))
	sick, _ := serve(t, "http", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }))
	for _, test := range []struct {
		name, url, want string
		conn            connector.Config
	}{
		{"refused", "http://" + dead.Addr().String(), "ClientConnector", connector.Config{}},
		{"address", cut.URL, "AddressRefused", connector.Config{AllowAddr: connector.RefusePrivate}},
		{"cut", cut.URL, "ServerDisconnected", connector.Config{}},
		{"short", short.URL, "ContentLength", connector.Config{}},
		{"status", sick.URL, "500", connector.Config{}},
		{"proxy", sick.URL, "ClientProxyConnection", connector.Config{Proxy: "http://" + dead.Addr().String()}},
	} {
		t.Run(test.name, func(t *testing.T) {
			sdk := newSDK(t, otelaiolos.Config{Calls: true})
			s := open(t, sdk, test.conn, session.Config{})
			if resp, err := s.Get(t.Context(), test.url); err == nil {
				resp.Bytes()
			}
			attempts, _ := sdk.checkEnded(t)
			if len(attempts) != 1 {
				t.Fatalf("got %d attempts, want 1", len(attempts))
			}
			if got, _ := attr(attempts[0], semconv.ErrorTypeKey); got.AsString() != test.want {
				t.Errorf("got %v, want %v", got.AsString(), test.want)
			}
			if got := attempts[0].Status().Code; got != codes.Error {
				t.Errorf("got %v, want an error", got)
			}
			if n := total(sdk.collect(t)["http.client.request.duration"], semconv.ErrorTypeKey.String(test.want)); n != 1 {
				t.Errorf("counted %d times, want once", n)
			}
		})
	}
}

// A hook that panics ends the request, and the span.
func TestPanic(t *testing.T) {
	srv, conn := serve(t, "http", plain)
	sdk := newSDK(t, otelaiolos.Config{})
	c, err := sdk.NewConnector(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx := connector.WithSettings(t.Context(), connector.Settings{Trace: &connector.Trace{CreateStart: func() { panic("hook") }}})
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is gone")
			}
		}()
		sdk.Wrap(c).RoundTrip(req)
	}()
	if attempts, _ := sdk.checkEnded(t); len(attempts) != 1 {
		t.Errorf("got %d attempts, want 1", len(attempts))
	}
}

func TestPropagation(t *testing.T) {
	var headers []string
	other, conn := serve(t, "http", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		headers = append(headers, r.Header.Get("Traceparent"))
	}))
	srv, _ := serve(t, "http", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers = append(headers, r.Header.Get("Traceparent"))
		http.Redirect(w, r, other.URL, http.StatusFound)
	}))
	for _, test := range []struct {
		name string
		cfg  otelaiolos.Config
		want []bool
	}{
		{"all", otelaiolos.Config{}, []bool{true, true}},
		{"the same origin", otelaiolos.Config{SameOrigin: true}, []bool{true, false}},
		{"one", otelaiolos.Config{PropagateTo: []string{other.URL}}, []bool{false, true}},
		{"none", otelaiolos.Config{PropagateTo: []string{}}, []bool{false, false}},
	} {
		t.Run(test.name, func(t *testing.T) {
			headers = nil
			sdk := newSDK(t, test.cfg)
			s := open(t, sdk, conn, session.Config{})
			resp, err := s.Get(t.Context(), srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			resp.Bytes()
			attempts, _ := sdk.checkEnded(t)
			for i, want := range test.want {
				if got := strings.Contains(headers[i], attempts[i].SpanContext().SpanID().String()); got != want || !want && headers[i] != "" {
					t.Errorf("hop %d: got %q, want the span: %v", i, headers[i], want)
				}
			}
		})
	}
	for _, bad := range []string{"example.com", "https://user@host", "https://host/path", ":"} {
		if _, err := otelaiolos.New(otelaiolos.Config{PropagateTo: []string{bad}}); !errors.Is(err, errors.ErrInvalidRequest) {
			t.Errorf("%q: got %v, want an invalid request", bad, err)
		}
	}
}

// The caller's request is not changed, and its response says nothing of the wrapping.
func TestRequestUnchanged(t *testing.T) {
	srv, conn := serve(t, "http", plain)
	sdk := newSDK(t, otelaiolos.Config{})
	c, err := sdk.NewConnector(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	client := &http.Client{Transport: sdk.WrapCall(sdk.Wrap(c))}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, struct{ io.Reader }{strings.NewReader("body")})
	before := maps.Clone(req.Header)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if !maps.EqualFunc(before, req.Header, slices.Equal[[]string]) || len(resp.Request.Header) != len(before) {
		t.Errorf("got %v, want %v", req.Header, before)
	}
	if _, ok := resp.Body.(io.WriterTo); !ok {
		t.Error("the body has lost its WriteTo")
	}
	if n, err := io.Copy(io.Discard, resp.Body); n != 5 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	attempts, calls := sdk.checkEnded(t)
	if len(attempts) != 1 || len(calls) != 1 || attempts[0].Parent().SpanID() != calls[0].SpanContext().SpanID() {
		t.Errorf("got %d attempts in %d calls, want one in one", len(attempts), len(calls))
	}
	all := sdk.collect(t)
	if h := sum(all["http.client.request.body.size"]); h != 4 {
		t.Errorf("sent: got %d, want 4", h)
	}
	if h := sum(all["http.client.response.body.size"]); h != 5 {
		t.Errorf("received: got %d, want 5", h)
	}
}

// A Transport of somebody else's has spans and counts, too.
func TestForeignTransport(t *testing.T) {
	sdk := newSDK(t, otelaiolos.Config{})
	s, err := sdk.NewSession(session.Config{Transport: middleware.Answer(404, nil, "none"), Innermost: func(next http.RoundTripper) http.RoundTripper { return next }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	resp, err := s.Request(t.Context(), "brew", "http://example.com/pot")
	if err != nil {
		t.Fatal(err)
	}
	resp.Bytes()
	attempts, _ := sdk.checkEnded(t)
	if got := attempts[0]; got.Name() != "HTTP" {
		t.Errorf("got %v, want HTTP", got.Name())
	}
	if got, _ := attr(attempts[0], semconv.HTTPRequestMethodOriginalKey); got.AsString() != "BREW" {
		t.Errorf("got %v, want BREW", got.AsString())
	}
	if n := total(sdk.collect(t)["http.client.request.duration"], semconv.HTTPRequestMethodOther, semconv.HTTPResponseStatusCode(404)); n != 1 {
		t.Errorf("counted %d times, want once", n)
	}
}

func TestWebSocket(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(echo))
	defer srv.Close()
	sdk := newSDK(t, otelaiolos.Config{})
	s := open(t, sdk, connector.Config{}, session.Config{})
	c, err := s.WebSocket(t.Context(), srv.URL, sdk.WebSocket(&ws.Options{OnMessage: func(ws.MessageEvent) {}}))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := c.SendText(t.Context(), "hello"); err != nil {
			t.Fatal(err)
		}
		if got, err := c.ReceiveText(t.Context()); got != "hello" || err != nil {
			t.Fatal(got, err)
		}
	}
	if err := c.SendBytes(t.Context(), []byte{1, 2}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ReceiveBytes(t.Context()); err != nil {
		t.Fatal(err)
	}
	attempts, _ := sdk.checkEnded(t) // while the connection is open
	if got, _ := attr(attempts[0], semconv.HTTPResponseStatusCodeKey); got.AsInt64() != 101 {
		t.Errorf("got %v, want 101", got.AsInt64())
	}
	c.Close(ws.CloseNormal, "")
	all := sdk.collect(t)
	for _, direction := range []string{"sent", "received"} {
		d := attribute.String("aiolos.direction", direction)
		if n := total(all["aiolos.client.websocket.messages"], d, attribute.String("aiolos.message.type", "text")); n != 3 {
			t.Errorf("%s texts: got %d, want 3", direction, n)
		}
		if n := total(all["aiolos.client.websocket.io"], d); n != 17 {
			t.Errorf("%s bytes: got %d, want 17", direction, n)
		}
	}
}

func TestPolicies(t *testing.T) {
	srv, conn := serve(t, "http", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }))
	sdk := newSDK(t, otelaiolos.Config{Calls: true})
	breaker := middleware.NewBreaker(middleware.BreakerConfig{Failures: 2, OnEvent: sdk.OnEvent})
	limit := middleware.NewConcurrencyLimiter(middleware.ConcurrencyLimit{OnEvent: sdk.OnEvent})
	rate := middleware.NewRateLimiter(middleware.RateLimitConfig{Rate: 1000, MaxPause: -1, OnEvent: sdk.OnEvent})
	if err := sdk.Observe(breaker, limit, rate); err != nil {
		t.Fatal(err)
	}
	if err := sdk.Observe(1); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("got %v, want an invalid request", err)
	}
	s := open(t, sdk, conn, session.Config{Middleware: []middleware.Middleware{breaker.Wrap, limit.Wrap, rate.Wrap}})
	for range 4 {
		if resp, err := s.Get(t.Context(), srv.URL); err == nil {
			resp.Bytes()
		}
	}
	attempts, calls := sdk.checkEnded(t)
	if len(attempts) != 2 || len(calls) != 4 {
		t.Errorf("got %d attempts, %d calls, want 2, 4", len(attempts), len(calls))
	}
	if got, _ := attr(calls[3], semconv.ErrorTypeKey); got.AsString() != "CircuitOpen" {
		t.Errorf("got %v, want CircuitOpen", got.AsString())
	}
	if got := eventNames(calls[3]); !slices.Equal(got, []string{"circuit breaker: refused"}) {
		t.Errorf("got %v, want the refusal", got)
	}
	all := sdk.collect(t)
	for result, want := range map[string]int64{"opened": 1, "refused": 2} {
		if n := total(all["aiolos.client.circuit_breakers"], attribute.String("aiolos.result", result)); n != want {
			t.Errorf("%s: got %d, want %d", result, n, want)
		}
	}
	if n := total(all["aiolos.client.circuit_breaker.state"], attribute.String("aiolos.state", "open"), semconv.ServerAddress("127.0.0.1")); n != 1 {
		t.Errorf("open breakers: got %d, want 1", n)
	}
	if got, want := total(all["aiolos.client.limiter.duration"]), rate.Stats().Waited+limit.Stats().Waited; got != want {
		t.Errorf("waits: got %d, want %d", got, want)
	}
}

// What is secret is in no span and in no metric.
func TestNoSecrets(t *testing.T) {
	const canary = "c4n4ry"
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	mirror := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			w.Header().Set("Set-Cookie", "session="+canary)
			w.Header().Set("Location", "/end?code="+canary+"#"+canary)
			w.WriteHeader(302)
		case "/cut":
			panic(http.ErrAbortHandler)
		default:
			w.WriteHeader(500)
			io.WriteString(w, canary)
		}
	})
	for _, wire := range wires {
		srv, conn := serve(t, wire, mirror)
		for _, through := range []string{"", "http://user:" + canary + "@" + dead.Addr().String()} {
			sdk := newSDK(t, otelaiolos.Config{Calls: true})
			retry := middleware.NewRetrier(middleware.RetryPolicy{MinWait: -1, OnEvent: sdk.OnEvent})
			conn.Proxy = through
			s := open(t, sdk, conn, session.Config{Middleware: []middleware.Middleware{retry.Wrap}})
			u, _ := url.Parse(srv.URL)
			u.User = url.UserPassword(canary, canary)
			for _, path := range []string{"/redirect", "/cut", "/"} {
				resp, err := s.Post(t.Context(), u.String()+path+"?token="+canary+"&"+canary+"#"+canary,
					session.Header("X-Api-Key", canary), session.Header("Idempotency-Key", canary),
					session.Cookie("c", canary), session.Text(canary), session.CheckStatus())
				if err == nil {
					resp.Close()
				}
			}
			attempts, calls := sdk.checkEnded(t)
			if len(attempts) < 5 || len(calls) != 3 {
				t.Errorf("got %d attempts, %d calls", len(attempts), len(calls))
			}
			var all strings.Builder
			for _, span := range append(attempts, calls...) {
				fmt.Fprint(&all, span.Name(), span.Attributes(), span.Events(), span.Status(), span.SpanContext().TraceState())
			}
			metrics, err := json.Marshal(sdk.collect(t))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(all.String()+string(metrics), canary) {
				t.Errorf("%s through %q: a secret in %s %s", wire, through, all.String(), metrics)
			}
		}
	}
}

// The dropped body of a context that has ended ends its span, and so does one that is
// closed twice and read after that, once.
func TestEndOnce(t *testing.T) {
	srv, conn := serve(t, "http", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "some")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	sdk := newSDK(t, otelaiolos.Config{Calls: true})
	s := open(t, sdk, conn, session.Config{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	resp, err := s.Get(ctx, srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(sdk.spans.Ended()); n != 0 {
		t.Errorf("%d spans have ended before the body", n)
	}
	cancel()
	waitFor(t, func() bool { return len(sdk.spans.Ended()) == 2 })
	resp.Body.Read(make([]byte, 10))
	resp.Close()
	resp.Close()
	attempts, _ := sdk.checkEnded(t)
	if got, _ := attr(attempts[0], semconv.ErrorTypeKey); got.AsString() != "Canceled" {
		t.Errorf("got %v, want Canceled", got.AsString())
	}
	if n := total(sdk.collect(t)["http.client.request.duration"]); n != 1 {
		t.Errorf("counted %d times, want once", n)
	}
}

// An Observer that somebody above has put in hears of each attempt as without telemetry,
// and so does each of two telemetries.
func TestCallersObserver(t *testing.T) {
	for _, wire := range wires {
		n := 0
		srv, conn := serve(t, wire, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n++; n == 1 {
				panic(http.ErrAbortHandler)
			}
			io.WriteString(w, "body")
		}))
		first, second := newSDK(t, otelaiolos.Config{}), newSDK(t, otelaiolos.Config{})
		var observers []*connector.Recorder
		above := func(next http.RoundTripper) http.RoundTripper {
			return middleware.Func(func(req *http.Request) (*http.Response, error) {
				own := *connector.SettingsFrom(req.Context())
				own.Observer = new(connector.Recorder)
				observers = append(observers, own.Observer)
				return first.Wrap(next).RoundTrip(req.WithContext(connector.WithSettings(req.Context(), own)))
			})
		}
		retry := middleware.NewRetrier(middleware.RetryPolicy{MinWait: -1})
		s := open(t, second, conn, session.Config{Innermost: above, Middleware: []middleware.Middleware{retry.Wrap}})
		resp, err := s.Get(t.Context(), srv.URL, session.StaleRetry(false))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := resp.Bytes(); err != nil {
			t.Error(err)
		}
		if len(observers) != 2 {
			t.Fatalf("%s: got %d attempts, want 2", wire, len(observers))
		}
		for i, o := range observers {
			timing := o.Timing()
			if timing.Start.IsZero() || timing.Total <= 0 || (timing.Received > 0) != (i == 1 && wire != "https with HTTP/2") {
				t.Errorf("%s, attempt %d: got %+v", wire, i+1, timing)
			}
			if got := o.Conn(); got.Created.IsZero() {
				t.Errorf("%s, attempt %d: got %+v", wire, i+1, got)
			}
		}
		for _, sdk := range []*sdk{first, second} {
			attempts, _ := sdk.checkEnded(t)
			for _, span := range attempts {
				if names := eventNames(span); !slices.Contains(names, "connect") && !slices.Contains(names, "first byte") {
					t.Errorf("%s: got the phases %q of %s", wire, names, span.Name())
				}
			}
			if len(attempts) != 2 {
				t.Errorf("%s: got %d spans, want 2", wire, len(attempts))
			}
		}
	}
}
