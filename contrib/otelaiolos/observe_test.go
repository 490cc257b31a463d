package otelaiolos_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/aiolos-http/aiolos/contrib/otelaiolos"
)

// The connections of a server are those of all connectors, however they are reached, and
// go when they are closed.
func TestOpenConnections(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	srv, conn := serve(t, "http", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			begun <- struct{}{}
			<-end
		}
	}))
	other, _ := serve(t, "http", plain)
	sdk := newSDK(t, otelaiolos.Config{})
	get := func(s *session.Session, u string, o ...session.Option) {
		resp, err := s.Get(t.Context(), u, o...)
		if err != nil {
			t.Error(err)
			return
		}
		resp.Bytes()
	}
	a, b := open(t, sdk, conn, session.Config{}), open(t, sdk, conn, session.Config{})
	get(a, srv.URL)
	get(a, srv.URL, session.Proxy(srv.URL))
	get(a, other.URL)
	get(b, srv.URL)
	done := make(chan struct{})
	go func() { get(b, srv.URL+"/slow"); close(done) }()
	<-begun
	check := func(when, server string, idle, active int64) {
		t.Helper()
		u, _ := url.Parse(server)
		port, _ := strconv.Atoi(u.Port())
		open := sdk.collect(t)["http.client.open_connections"]
		at := []attribute.KeyValue{semconv.ServerAddress(u.Hostname()), semconv.ServerPort(port)}
		gotIdle, gotActive := total(open, append(at, semconv.HTTPConnectionStateIdle)...), total(open, append(at, semconv.HTTPConnectionStateActive)...)
		if gotIdle != idle || gotActive != active {
			t.Errorf("%s: got %d idle, %d active of %s, want %d, %d", when, gotIdle, gotActive, server, idle, active)
		}
	}
	check("under way", srv.URL, 2, 1)
	check("under way", other.URL, 1, 0)
	close(end)
	<-done
	check("ended", srv.URL, 3, 0)
	a.Close()
	check("one is closed", srv.URL, 1, 0)
	check("one is closed", other.URL, 0, 0)
}

// A session that cannot be made leaves the connector to whom it belongs, as session.New
// does, and needs none.
func TestNewSessionRefuses(t *testing.T) {
	sdk := newSDK(t, otelaiolos.Config{})
	c, err := sdk.NewConnector(connector.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for name, cfg := range map[string]session.Config{
		"its own connector": {BaseURL: "::"},
		"a connector":       {BaseURL: "::", Connector: c, OwnConnector: true},
		"a Transport":       {BaseURL: "::", Transport: middleware.Answer(200, nil, ""), OwnConnector: true},
	} {
		if _, err := sdk.NewSession(cfg); !errors.Is(err, errors.ErrClient) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if c.Closed() {
		t.Error("the connector is closed")
	}
}

// What a foreign Transport quotes in its error has no secret in a span.
func TestForeignErrorText(t *testing.T) {
	sdk := newSDK(t, otelaiolos.Config{Calls: true})
	s, err := sdk.NewSession(session.Config{Transport: middleware.Func(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("no way to http://user:c4n4ry@h/?token=c4n4ry")
	})})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Get(t.Context(), "http://h/"); err == nil {
		t.Error("got no error")
	}
	attempts, calls := sdk.checkEnded(t)
	for _, span := range append(attempts, calls...) {
		if text := span.Status().Description; strings.Contains(text, "c4n4ry") || !strings.Contains(text, "no way to http://***@h/") {
			t.Errorf("%s: got %q", span.Name(), text)
		}
	}
}

// A balance is told of: requests by backend, and look-ups under the name of the host alone.
func TestBalance(t *testing.T) {
	srv, conn := serve(t, "http", plain)
	u, _ := url.Parse(srv.URL)
	sdk := newSDK(t, otelaiolos.Config{Calls: true})
	for _, cfg := range []middleware.BalanceConfig{
		{Host: "api.example", Backends: []middleware.Backend{{Addr: u.Host}}},
	} {
		cfg.OnEvent = sdk.OnEvent
		s := open(t, sdk, conn, session.Config{Middleware: []middleware.Middleware{middleware.NewBalancer(cfg).Wrap}})
		resp, err := s.Get(t.Context(), "http://api.example/")
		if err != nil {
			t.Fatal(err)
		}
		resp.Bytes()
	}
	sdk.OnEvent(t.Context(), middleware.Event{Policy: "balance", Kind: middleware.EventFetched, Host: "api.example"})
	attempts, calls := sdk.checkEnded(t)
	if len(attempts) != 1 || len(calls) != 1 {
		t.Fatalf("got %d attempts, %d calls, want 1 of each", len(attempts), len(calls))
	}
	if got, _ := attr(attempts[0], semconv.ServerAddressKey); got.AsString() != u.Hostname() {
		t.Errorf("the attempt went to %q, want %q", got.AsString(), u.Hostname())
	}
	balances := sdk.collect(t)["aiolos.client.balances"]
	for result, want := range map[string]int64{"chosen": 1, "fetched": 1} {
		if n := total(balances, attribute.String("aiolos.result", result), semconv.ServerAddress("api.example")); n != want {
			t.Errorf("%s: got %d, want %d", result, n, want)
		}
	}
	if n := total(balances, attribute.String("aiolos.backend", u.Host), semconv.ServerPort(80)); n != 1 {
		t.Errorf("of the backend: got %d, want 1", n)
	}
	if n := total(balances, semconv.ServerPort(0)); n != 0 {
		t.Errorf("got %d of port 0", n)
	}
}
