package promaiolos_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"github.com/aiolos-http/aiolos/contrib/promaiolos"
)

var hostMetrics = []string{
	"aiolos_host_requests_in_use", "aiolos_host_requests_waiting", "aiolos_host_oldest_wait_seconds", "aiolos_host_connections",
	"aiolos_host_connections_opened_total", "aiolos_host_connections_closed_total",
	"aiolos_host_connections_reused_total", "aiolos_host_connections_stale_total",
}

// TestConnectorHosts: the numbers of a host are those of HostStats, and a host that is
// reached both directly and with a TLS policy of its own is one.
func TestConnectorHosts(t *testing.T) {
	begun, end := make(chan struct{}, 3), make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			begun <- struct{}{}
			<-end
		}
	}))
	defer srv.Close()
	conn, err := connector.New(connector.Config{LimitPerHost: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s, err := session.New(session.Config{Connector: conn})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	get := func(path string, o ...session.Option) error {
		resp, err := s.Get(t.Context(), srv.URL+path, o...)
		if err == nil {
			_, err = resp.Bytes()
		}
		return err
	}
	for _, o := range []session.Option{session.Header("A", "b"), session.Proxy(srv.URL), session.Header("A", "b")} {
		if err := get("/", o); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan error, 2)
	for range 2 {
		go func() { done <- get("/slow") }()
	}
	<-begun
	for end := time.Now().Add(5 * time.Second); conn.Stats().Waiting == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nobody waits")
		}
	}
	c := promaiolos.New(promaiolos.Config{})
	if err := c.Add("api", s); err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(c)
	got := map[string]float64{}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name, host := strings.TrimPrefix(f.GetName(), "aiolos_host_"), ""
			for _, l := range m.GetLabel() {
				switch l.GetName() {
				case "host":
					host = l.GetValue()
				case "state":
					name += " " + l.GetValue()
				}
			}
			if host == srv.URL {
				got[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	if oldest := got["oldest_wait_seconds"]; oldest <= 0 || oldest > 60 {
		t.Errorf("the oldest waits for %v s", oldest)
	}
	delete(got, "oldest_wait_seconds")
	want := map[string]float64{
		"requests_in_use": 1, "requests_waiting": 1, "connections active": 1, "connections idle": 1,
		"connections_opened_total": 2, "connections_closed_total": 0, "connections_reused_total": 2, "connections_stale_total": 0,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	close(end)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestConnectorHostsAreBounded: however many hosts there are, and others have no counters,
// which would fall when a host is forgotten.
func TestConnectorHostsAreBounded(t *testing.T) {
	conn, err := connector.New(connector.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s, err := session.New(session.Config{Connector: conn})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const hosts = 5
	for range hosts {
		srv := httptest.NewServer(http.NotFoundHandler())
		defer srv.Close()
		resp, err := s.Get(t.Context(), srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := resp.Bytes(); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ limit, states, counters int }{{0, hosts, hosts}, {hosts, hosts, hosts}, {3, 4, 3}, {-1, 0, 0}} {
		c := promaiolos.New(promaiolos.Config{MaxHosts: test.limit})
		if err := c.Add("many", conn); err != nil {
			t.Fatal(err)
		}
		for _, name := range hostMetrics {
			want := test.states
			if strings.HasSuffix(name, "_total") {
				want = test.counters
			} else if name == "aiolos_host_connections" {
				want *= 2 // states
			}
			if n := testutil.CollectAndCount(c, name); n != want {
				t.Errorf("%d: got %d of %s, want %d", test.limit, n, name, want)
			}
		}
		if test.limit == 3 {
			text, err := testutil.CollectAndFormat(c, expfmt.TypeTextPlain, "aiolos_host_connections")
			if err != nil || !strings.Contains(string(text), `{client="many",host="other",state="idle"} 2`) {
				t.Errorf("%v, got %s", err, text)
			}
		}
	}
}

// TestBalance: what a balance has sent and how its backends stand.
func TestBalance(t *testing.T) {
	balancer := middleware.NewBalancer(middleware.BalanceConfig{
		Host: "h", Failures: 1, Backends: []middleware.Backend{{Addr: "a:80"}, {Addr: "b:80"}},
	})
	rt := balancer.Wrap(middleware.Func(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host == "b:80" {
			return &http.Response{StatusCode: 503, Body: http.NoBody, Request: r}, nil
		}
		return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
	}))
	for range 2 {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://h/", nil)
		if resp, err := rt.RoundTrip(req); err != nil {
			t.Fatal(err)
		} else {
			resp.Body.Close()
		}
	}
	c := promaiolos.New(promaiolos.Config{})
	if err := c.Add("api", balancer); err != nil {
		t.Fatal(err)
	}
	const want = `
# HELP aiolos_balance_backends Backends of the list, by state: out or in_service.
# TYPE aiolos_balance_backends gauge
aiolos_balance_backends{client="api",state="in_service"} 1
aiolos_balance_backends{client="api",state="out"} 1
# HELP aiolos_balance_changes_total Backends that have changed, by state: out or in_service.
# TYPE aiolos_balance_changes_total counter
aiolos_balance_changes_total{client="api",state="in_service"} 0
aiolos_balance_changes_total{client="api",state="out"} 1
# HELP aiolos_balance_requests_total Requests at the balance, by result: sent or refused.
# TYPE aiolos_balance_requests_total counter
aiolos_balance_requests_total{client="api",result="refused"} 0
aiolos_balance_requests_total{client="api",result="sent"} 2
`
	if err := testutil.CollectAndCompare(c, strings.NewReader(want), "aiolos_balance_backends", "aiolos_balance_changes_total", "aiolos_balance_requests_total"); err != nil {
		t.Error(err)
	}
}
