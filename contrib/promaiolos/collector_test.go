package promaiolos_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/leak"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"github.com/aiolos-http/aiolos/contrib/promaiolos"
)

func TestMain(m *testing.M) { leak.Main(m) }

// everything is one of each kind that can be added.
func everything(t testing.TB) []any {
	t.Helper()
	s, err := session.New(session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	store := cache.New(cache.Config{})
	t.Cleanup(func() { store.Close() })
	return []any{
		s, middleware.NewRetrier(middleware.RetryPolicy{}), middleware.NewHedger(middleware.HedgePolicy{}),
		middleware.NewDeduper(middleware.DedupeConfig{}), middleware.NewRateLimiter(middleware.RateLimitConfig{}),
		middleware.NewConcurrencyLimiter(middleware.ConcurrencyLimit{}), middleware.NewBreaker(middleware.BreakerConfig{}),
		middleware.NewBalancer(middleware.BalanceConfig{Host: "h"}), middleware.NewTokens(middleware.TokenConfig{}), store, new(ws.ReconnectCounter), new(session.EventSourceCounter),
	}
}

// Every family is emitted, and its name is after Prometheus' conventions.
func TestLint(t *testing.T) {
	c := promaiolos.New(promaiolos.Config{ConstLabels: prometheus.Labels{"service": "test"}})
	list := everything(t)
	if err := c.Add("all", list...); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	if resp, err := list[0].(*session.Session).Get(t.Context(), srv.URL); err != nil { // the connector knows a host then
		t.Fatal(err)
	} else if _, err := resp.Bytes(); err != nil {
		t.Fatal(err)
	}
	problems, err := testutil.CollectAndLint(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(c)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	described := make(chan *prometheus.Desc, 100)
	c.Describe(described)
	if got, want := len(families), len(described)-1; got != want { // there is no breaker of a host
		t.Errorf("got %d families, want %d", got, want)
	}
}

func TestAdd(t *testing.T) {
	c := promaiolos.New(promaiolos.Config{})
	list := everything(t)
	foreign, err := session.New(session.Config{Transport: middleware.Answer(200, nil, "")})
	if err != nil {
		t.Fatal(err)
	}
	defer foreign.Close()
	for _, test := range []struct {
		name   string
		client string
		add    any
		bad    bool
	}{
		{"a session", "a", list[0], false},
		{"its connector again", "a", list[0].(*session.Session).Connector(), false},
		{"a policy", "a", list[1], false},
		{"another of the kind", "a", middleware.NewRetrier(middleware.RetryPolicy{}), true},
		{"of another client", "b", middleware.NewRetrier(middleware.RetryPolicy{}), false},
		{"without numbers", "b", 1, true},
		{"nil", "b", nil, true},
		{"a Transport", "b", foreign, true},
	} {
		err := c.Add(test.client, test.add)
		if bad := errors.Is(err, errors.ErrInvalidRequest); bad != test.bad || !bad && err != nil {
			t.Errorf("%s: got %v, want an error: %v", test.name, err, test.bad)
		}
	}
	if n := testutil.CollectAndCount(c, "aiolos_retries_total"); n != 2 {
		t.Errorf("got %d, want 2", n)
	}
	c.Remove("a")
	if n := testutil.CollectAndCount(c, "aiolos_retries_total"); n != 1 {
		t.Errorf("got %d, want 1", n)
	}
}

// The numbers are those of what has happened.
func TestNumbers(t *testing.T) {
	came := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if came++; r.URL.Path == "/flaky" && came == 1 {
			w.WriteHeader(503)
			return
		}
		w.Header().Set("Cache-Control", "max-age=100")
		io.WriteString(w, "ok")
	}))
	defer srv.Close()
	store := cache.New(cache.Config{})
	defer store.Close()
	retry := middleware.NewRetrier(middleware.RetryPolicy{MinWait: -1})
	s, err := session.New(session.Config{Middleware: []middleware.Middleware{store.Wrap, retry.Wrap}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, path := range []string{"/flaky", "/a", "/a"} {
		resp, err := s.Get(t.Context(), srv.URL+path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := resp.Bytes(); err != nil {
			t.Fatal(err)
		}
	}
	c := promaiolos.New(promaiolos.Config{})
	if err := c.Add("api", s, retry, store); err != nil {
		t.Fatal(err)
	}
	const want = `
# HELP aiolos_cache_requests_total Requests at the cache, by result: hit, miss, validated or replaced.
# TYPE aiolos_cache_requests_total counter
aiolos_cache_requests_total{client="api",result="hit"} 1
aiolos_cache_requests_total{client="api",result="miss"} 2
aiolos_cache_requests_total{client="api",result="replaced"} 0
aiolos_cache_requests_total{client="api",result="validated"} 0
# HELP aiolos_connections Connections, by state: active or idle.
# TYPE aiolos_connections gauge
aiolos_connections{client="api",state="active"} 0
aiolos_connections{client="api",state="idle"} 1
# HELP aiolos_connections_opened_total Connections that were made.
# TYPE aiolos_connections_opened_total counter
aiolos_connections_opened_total{client="api"} 1
# HELP aiolos_connections_reused_total Requests that found a connection.
# TYPE aiolos_connections_reused_total counter
aiolos_connections_reused_total{client="api"} 2
# HELP aiolos_retries_total Of these, that failed and were followed by another.
# TYPE aiolos_retries_total counter
aiolos_retries_total{client="api"} 1
# HELP aiolos_retry_attempts_total Attempts that the retries have sent.
# TYPE aiolos_retry_attempts_total counter
aiolos_retry_attempts_total{client="api"} 3
`
	if err := testutil.CollectAndCompare(c, strings.NewReader(want), "aiolos_cache_requests_total", "aiolos_connections",
		"aiolos_connections_opened_total", "aiolos_connections_reused_total", "aiolos_retries_total", "aiolos_retry_attempts_total"); err != nil {
		t.Error(err)
	}
}

// However many hosts there are, the labels are few.
func TestHostsAreBounded(t *testing.T) {
	down := middleware.Func(func(*http.Request) (*http.Response, error) { return nil, errors.New("down") })
	for _, test := range []struct{ limit, want int }{{0, promaiolos.DefaultMaxHosts + 1}, {3, 4}, {-1, 1}, {1000, 150}} {
		breaker := middleware.NewBreaker(middleware.BreakerConfig{Failures: 1})
		rt := breaker.Wrap(down)
		for i := range 150 {
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://user:c4n4ry@host%d/?c4n4ry", i), nil)
			rt.RoundTrip(req)
		}
		c := promaiolos.New(promaiolos.Config{MaxHosts: test.limit})
		if err := c.Add("many", breaker); err != nil {
			t.Fatal(err)
		}
		if n := testutil.CollectAndCount(c, "aiolos_circuit_breaker_hosts"); n != test.want {
			t.Errorf("%d: got %d, want %d", test.limit, n, test.want)
		}
		text, err := testutil.CollectAndFormat(c, expfmt.TypeTextPlain, "aiolos_circuit_breaker_hosts")
		if err != nil || strings.Contains(string(text), "c4n4ry") {
			t.Errorf("%v, a secret in %s", err, text)
		}
	}
}
