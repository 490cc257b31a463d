package fleet_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

// rateAnswers is a RoundTripper that answers with the status and headers.
func rateAnswers(status int, header http.Header) http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: header, Body: http.NoBody, Request: req}, nil
	})
}

func rateRequest(ctx context.Context, t testing.TB, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// send sends a request to a server that says 200.
func send(ctx context.Context, t testing.TB, l *fleet.RateLimiter, url string) error {
	t.Helper()
	resp, err := l.Wrap(rateAnswers(200, nil)).RoundTrip(rateRequest(ctx, t, url))
	if err == nil {
		resp.Body.Close()
	}
	return err
}

// rateDump is what a server has of limits.
func rateDump(server *miniredis.Miniredis) string {
	var text strings.Builder
	for _, key := range server.Keys() {
		if strings.Contains(key, ":rate:") {
			value, err := server.Get(key)
			if err != nil {
				value = server.HGet(key, "next")
			}
			text.WriteString(key + "=" + value + "\n")
		}
	}
	return text.String()
}

// grants collects the times of the places of limiters, by key.
type grants struct {
	mu    sync.Mutex
	at    []int64
	byKey map[string][]int64
}

func (g *grants) watch(limiters ...*fleet.RateLimiter) *grants {
	g.byKey = map[string][]int64{}
	for _, l := range limiters {
		l.Grants(func(key string, _ bool, at []int64) {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.at = append(g.at, at...)
			g.byKey[key] = append(g.byKey[key], at...)
		})
	}
	return g
}

// checkWindows fails if any window has more places than the burst and one for every distance
// that is in it.
func checkWindows(t *testing.T, at []int64, every time.Duration, burst int) {
	t.Helper()
	if worst := worstWindow(at, every); worst > burst {
		t.Errorf("of %d grants there is a window with %d more than its time allows, want %d at most", len(at), worst, burst)
	}
}

// worstWindow is the smallest burst that allows the times: that of the generic cell rate
// algorithm, which has a credit that every grant takes one of.
func worstWindow(at []int64, every time.Duration) int {
	at = slices.Sorted(slices.Values(at))
	step, worst := every.Nanoseconds(), 0
	// From i to j there are j-i+1 grants, and (at[j]-at[i])/step may have come since i.
	lowest := int64(0)
	for i, t := range at {
		ahead := int64(i)*step - (t-at[0])*1000
		if i == 0 || ahead < lowest {
			lowest = ahead
		}
		worst = max(worst, int((ahead-lowest+step-1)/step)+1)
	}
	return worst
}

func TestWorstWindow(t *testing.T) {
	for _, tt := range []struct {
		at   []int64
		want int
	}{
		{nil, 0},
		{[]int64{5}, 1},
		{[]int64{0, 10, 20, 30}, 1},
		{[]int64{0, 9, 20, 30}, 2},
		{[]int64{0, 0, 0, 10}, 3},
		{[]int64{0, 0, 0, 5}, 4},
		{[]int64{0, 10, 20, 20, 20, 100}, 3},
	} {
		if got := worstWindow(tt.at, 10*time.Microsecond); got != tt.want {
			t.Errorf("%v: got %d, want %d", tt.at, got, tt.want)
		}
	}
}

// TestRateLimitScript: places of two processes, with the server's clock standing still.
func TestRateLimitScript(t *testing.T) {
	const ms = int64(1000)
	for _, tt := range []struct {
		name  string
		cfg   fleet.RateLimitConfig
		hosts []string
		want  []int64 // the places, in order
	}{
		{"total", fleet.RateLimitConfig{Rate: 10}, []string{"a", "b", "a"}, []int64{0, 100 * ms, 200 * ms}},
		{"burst", fleet.RateLimitConfig{Rate: 10, Burst: 3}, []string{"a", "b", "a", "b"}, []int64{0, 0, 0, 100 * ms}},
		{"per host", fleet.RateLimitConfig{PerHost: 10}, []string{"a", "b", "a"}, []int64{0, 0, 100 * ms}},
		{"per host, burst", fleet.RateLimitConfig{PerHost: 10, BurstPerHost: 2}, []string{"a", "a", "b", "a"}, []int64{0, 0, 0, 100 * ms}},
		{"both, all hold up", fleet.RateLimitConfig{Rate: 10, PerHost: 100}, []string{"a", "a", "b"}, []int64{0, 100 * ms, 200 * ms}},
		{"none", fleet.RateLimitConfig{}, []string{"a", "a"}, []int64{0, 0}},
		{"negative", fleet.RateLimitConfig{Rate: -1, PerHost: -3}, []string{"a", "a"}, []int64{0, 0}},
		{"whole microseconds", fleet.RateLimitConfig{Rate: 30_000}, []string{"a", "a"}, []int64{0, 34}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, server := newFleet(t, fleet.Config{})
			other, _ := newFleet(t, fleet.Config{Redis: redisOf(t, server)})
			begin := time.Unix(1_800_000_000, 0)
			server.SetTime(begin)
			limiters := []*fleet.RateLimiter{f.RateLimit(tt.cfg), other.RateLimit(tt.cfg)}
			g := (&grants{}).watch(limiters...)
			for i, host := range tt.hosts {
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				if err := send(ctx, t, limiters[i%2], "http://"+host+"/"); err != nil {
					t.Errorf("%d: %v", i, err)
				}
				cancel()
			}
			got := []int64{}
			for _, at := range g.at {
				got = append(got, at-begin.UnixMicro())
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// TestRateLimitBoth: a host that holds a request up does not take places of all.
func TestRateLimitBoth(t *testing.T) {
	f, _ := newFleet(t, fleet.Config{})
	cfg := fleet.RateLimitConfig{Rate: 200, PerHost: 20}
	l, other := f.RateLimit(cfg), f.RateLimit(cfg)
	g := (&grants{}).watch(l, other)
	began := time.Now()
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			host := []string{"a", "a", "a", "b"}[i%4]
			if err := send(t.Context(), t, []*fleet.RateLimiter{l, other}[i%2], "http://"+host+"/"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	checkWindows(t, g.at, 5*time.Millisecond, 1)
	checkWindows(t, g.byKey["http://a:80"], 50*time.Millisecond, 1)
	checkWindows(t, g.byKey["http://b:80"], 50*time.Millisecond, 1)
	if len(g.at) != 40 {
		t.Errorf("got %d grants, want 40", len(g.at))
	}
	if took := time.Since(began); took < 1450*time.Millisecond || took > 4*time.Second {
		t.Errorf("got %v, want about 1.5 s: 30 requests to one host, 50 ms apart", took)
	}
}

// TestRateLimitRefuses: what would have to wait too long takes no place.
func TestRateLimitRefuses(t *testing.T) {
	for _, tt := range []struct {
		name     string
		cfg      fleet.RateLimitConfig
		timeout  time.Duration
		deadline bool
		text     string
	}{
		{"fail fast", fleet.RateLimitConfig{Rate: 0.1, FailFast: true}, 0, false, `rate limit reached for "http://h:80": try again in `},
		{"max wait", fleet.RateLimitConfig{Rate: 0.1, MaxWait: time.Second}, 0, false, "try again in "},
		{"deadline", fleet.RateLimitConfig{PerHost: 0.1}, time.Second, true, "the deadline of the context is too soon for the place in the queue, which comes in "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, server := newFleet(t, fleet.Config{})
			var events []middleware.Event
			tt.cfg.OnEvent = func(_ context.Context, e middleware.Event) { events = append(events, e) }
			l := f.RateLimit(tt.cfg)
			ctx := t.Context()
			if tt.timeout > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, tt.timeout)
				defer cancel()
			}
			if err := send(ctx, t, l, "http://h/"); err != nil {
				t.Fatal(err)
			}
			before := rateDump(server)
			err := send(ctx, t, l, "http://h/")
			limit, ok := errors.AsType[*middleware.LimitError](err)
			if !ok || !errors.Is(err, middleware.ErrRateLimit) || limit.Wait < 9*time.Second || limit.Wait > 10*time.Second || limit.Deadline != tt.deadline {
				t.Fatalf("got %v, want a LimitError of about 10 s", err)
			}
			if !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %q, want %q in it", err, tt.text)
			}
			if rateDump(server) != before {
				t.Error("a place was taken")
			}
			if n := len(events); n == 0 || events[n-1].Kind != middleware.EventRefused || events[n-1].Policy != "fleet rate limit" || events[n-1].Host != "http://h:80" {
				t.Errorf("got %+v, want refused", events)
			}
			if s := l.Stats(); s.Sent != 1 || s.Refused != 1 || s.Waiting != 0 {
				t.Errorf("got %+v", s)
			}
		})
	}
}

// TestRateLimitGivesBack: the last place can be given back, another one not.
func TestRateLimitGivesBack(t *testing.T) {
	for _, tt := range []struct {
		name  string
		cfg   fleet.RateLimitConfig
		other bool // another process has taken one since
	}{
		// The place does not come before it is given up. Then it is lost when it comes.
		{"last, of all", fleet.RateLimitConfig{Rate: 0.01}, false},
		{"last, per host", fleet.RateLimitConfig{PerHost: 0.01}, false},
		{"not last, of all", fleet.RateLimitConfig{Rate: 0.25}, true},
		{"not last, per host", fleet.RateLimitConfig{PerHost: 0.25}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, server := newFleet(t, fleet.Config{})
			l := f.RateLimit(tt.cfg)
			if err := send(t.Context(), t, l, "http://h/"); err != nil {
				t.Fatal(err)
			}
			before := rateDump(server)
			ctx, cancel := context.WithCancelCause(t.Context())
			why := errors.New("why")
			done := make(chan error, 1)
			go func() { done <- send(ctx, t, l, "http://h/") }()
			await(t, func() bool { return rateDump(server) != before })
			if tt.other {
				next := f.RateLimit(tt.cfg)
				taken := (&grants{}).watch(next)
				ctx, stop := context.WithCancel(t.Context())
				t.Cleanup(stop)
				go send(ctx, t, next, "http://h/") // it takes a place, and is given up at the end
				await(t, func() bool { taken.mu.Lock(); defer taken.mu.Unlock(); return len(taken.at) == 1 })
			}
			await(t, func() bool { return l.Stats().Waiting == 1 })
			cancel(why)
			if err := <-done; !errors.Is(err, why) || !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want the cause", err)
			}
			if tt.other {
				await(t, func() bool { return l.Stats().Lost == 1 })
			} else {
				await(t, func() bool { return l.Stats().Returned == 1 })
				if got := rateDump(server); got != before {
					t.Errorf("got %s, want %s", got, before)
				}
			}
		})
	}
}

// TestRateLimitPause: what one process is told all keep.
func TestRateLimitPause(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		header http.Header
		want   time.Duration
	}{
		{"Retry-After", 503, http.Header{"Retry-After": {"30"}}, 30 * time.Second},
		{"RateLimit", 200, http.Header{"Ratelimit": {`"a";r=0;t=20`}}, 20 * time.Second},
		{"bare 429", 429, nil, time.Second},
		{"longer than MaxPause", 429, http.Header{"Retry-After": {"86400"}}, time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, server := newFleet(t, fleet.Config{})
			other, _ := newFleet(t, fleet.Config{Redis: redisOf(t, server)})
			var events []middleware.Event
			l := f.RateLimit(fleet.RateLimitConfig{OnEvent: func(_ context.Context, e middleware.Event) { events = append(events, e) }})
			resp, err := l.Wrap(rateAnswers(tt.status, tt.header)).RoundTrip(rateRequest(t.Context(), t, "http://h/"))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if len(events) != 1 || events[0].Kind != middleware.EventPaused || events[0].Status != tt.status {
				t.Errorf("got %+v, want one pause", events)
			}
			for name, l := range map[string]*fleet.RateLimiter{"this": l, "other": other.RateLimit(fleet.RateLimitConfig{FailFast: true})} {
				ctx, cancel := context.WithTimeout(t.Context(), tt.want/2)
				err := send(ctx, t, l, "http://h/")
				cancel()
				limit, ok := errors.AsType[*middleware.LimitError](err)
				if !ok || limit.Wait > tt.want || limit.Wait < tt.want*8/10 {
					t.Errorf("%s: got %v, want a wait of %v", name, err, tt.want)
				}
				if err := send(t.Context(), t, l, "http://i/"); err != nil {
					t.Errorf("%s: another host: %v", name, err)
				}
			}
			if s := l.Stats(); len(s.Keys) != 1 || s.Keys[0].Key != "http://h:80" || s.Keys[0].PausedUntil.IsZero() {
				t.Errorf("got %+v, want a pause", s)
			}
		})
	}
}

// TestRateLimitBackOff: bare 429 double for all, those that were under way together count
// once, and a success forgets them.
func TestRateLimitBackOff(t *testing.T) {
	f, server := newFleet(t, fleet.Config{})
	other, _ := newFleet(t, fleet.Config{Redis: redisOf(t, server)})
	limiters := []*fleet.RateLimiter{f.RateLimit(fleet.RateLimitConfig{}), other.RateLimit(fleet.RateLimitConfig{})}
	now := time.Unix(1_800_000_000, 0)
	server.SetTime(now)
	pauseOf := func() time.Duration {
		until := server.HGet(limiters[0].RedisKeys("http://h:80")[0], "pause")
		at, err := time.ParseDuration(until + "us")
		if err != nil {
			t.Fatal(err)
		}
		return at - time.Duration(now.UnixNano())
	}
	full := func(i, under int) {
		arrived, gate := make(chan struct{}, under), make(chan struct{})
		rt := limiters[i].Wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
			arrived <- struct{}{}
			<-gate
			return rateAnswers(429, nil).RoundTrip(req)
		}))
		var wg sync.WaitGroup
		for range under {
			wg.Go(func() {
				if resp, err := rt.RoundTrip(rateRequest(t.Context(), t, "http://h/")); err == nil {
					resp.Body.Close()
				}
			})
		}
		for range under {
			<-arrived
		}
		close(gate)
		wg.Wait()
	}
	full(0, 3)
	if got := pauseOf(); got != time.Second {
		t.Errorf("got %v, want a second", got)
	}
	now = now.Add(time.Second)
	server.SetTime(now)
	full(1, 2)
	if got := pauseOf(); got != 2*time.Second {
		t.Errorf("got %v, want two", got)
	}
	now = now.Add(2 * time.Second)
	server.SetTime(now)
	if err := send(t.Context(), t, other.RateLimit(fleet.RateLimitConfig{}), "http://h/"); err != nil {
		t.Fatal(err)
	}
	if got := server.HGet(limiters[0].RedisKeys("http://h:80")[0], "refused"); got != "0" {
		t.Errorf("got %q refusals after a success, want 0", got)
	}
}

// TestRateLimitKey: the key of a function, and the names that Redis sees.
func TestRateLimitKey(t *testing.T) {
	f, server := newFleet(t, fleet.Config{})
	l := f.RateLimit(fleet.RateLimitConfig{
		Name: "tenants", Rate: 1000, Burst: 10, PerHost: 0.1, FailFast: true,
		Key: func(req *http.Request) string { return req.URL.Query().Get("tenant") },
	})
	for _, url := range []string{"http://h/?tenant=secret", "http://h/?tenant=two", "http://h/", "http://h/", "http://other/"} {
		if err := send(t.Context(), t, l, url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	err := send(t.Context(), t, l, "http://other/?tenant=secret")
	if limit, ok := errors.AsType[*middleware.LimitError](err); !ok || limit.Host != "http://other:80" {
		t.Errorf("got %v, want a LimitError", err)
	}
	if dump := server.Dump(); strings.Contains(dump, "secret") {
		t.Errorf("got %s with the secret", dump)
	}
	for _, key := range server.Keys() {
		if strings.Contains(key, ":rate:") && (!strings.HasPrefix(key, "aiolos:rate:{tenants}") || server.TTL(key) <= 0) {
			t.Errorf("got key %s with a TTL of %v", key, server.TTL(key))
		}
	}
}

// TestRateLimitNodes: of a limit without one for all the hosts are by themselves.
func TestRateLimitNodes(t *testing.T) {
	f, _ := newFleet(t, fleet.Config{})
	for _, tt := range []struct {
		cfg  fleet.RateLimitConfig
		want string
	}{
		{fleet.RateLimitConfig{Rate: 1}, "aiolos:rate:{default}:host:http://h:80 aiolos:rate:{default}"},
		{fleet.RateLimitConfig{PerHost: 1}, "aiolos:rate:{default/http://h:80}:host"},
	} {
		if got := strings.Join(f.RateLimit(tt.cfg).RedisKeys("http://h:80"), " "); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func TestRateLimitConfig(t *testing.T) {
	f, _ := newFleet(t, fleet.Config{})
	if err := send(t.Context(), t, f.RateLimit(fleet.RateLimitConfig{Name: "a{b}"}), "http://h/"); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("got %v, want an invalid request", err)
	}
	_, err := f.RateLimit(fleet.RateLimitConfig{}).Wrap(nil).RoundTrip(rateRequest(t.Context(), t, "http://h/"))
	if !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("got %v, want an invalid request", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := send(ctx, t, f.RateLimit(fleet.RateLimitConfig{}), "http://h/"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
}

// deadRedis is a client that nobody answers.
func deadRedis(t testing.TB) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1})
	t.Cleanup(func() { client.Close() })
	return client
}

// TestRateLimitUnavailable: with Refuse requests fail, with Local they go with the share.
func TestRateLimitUnavailable(t *testing.T) {
	refuse, _ := newFleet(t, fleet.Config{Redis: deadRedis(t), Unavailable: fleet.Refuse})
	err := send(t.Context(), t, refuse.RateLimit(fleet.RateLimitConfig{Rate: 1}), "http://h/")
	if unavailable, ok := errors.AsType[*fleet.UnavailableError](err); !ok || unavailable.Part != "fleet rate limit" {
		t.Errorf("got %v, want an UnavailableError", err)
	}
	for _, tt := range []struct {
		name string
		cfg  fleet.RateLimitConfig
		want time.Duration
	}{
		{"total", fleet.RateLimitConfig{Rate: 40}, 600 * time.Millisecond},
		{"per host", fleet.RateLimitConfig{PerHost: 40}, 600 * time.Millisecond},
		{"both", fleet.RateLimitConfig{Rate: 400, PerHost: 40}, 600 * time.Millisecond},
		{"none", fleet.RateLimitConfig{}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, _ := newFleet(t, fleet.Config{Redis: deadRedis(t), Processes: 4})
			l := f.RateLimit(tt.cfg)
			began := time.Now()
			for range 7 {
				if err := send(t.Context(), t, l, "http://h/"); err != nil {
					t.Fatal(err)
				}
			}
			if took := time.Since(began); took < tt.want || took > tt.want+2*time.Second {
				t.Errorf("got %v, want %v: a quarter of the rate", took, tt.want)
			}
			if s := l.Stats(); s.Sent != 7 || tt.want > 0 && s.Local != 7 {
				t.Errorf("got %+v, want 7 by the share", s)
			}
		})
	}
}

// TestRateListens: without a rate nothing waits, but for the pause that a host has asked
// another process for.
func TestRateListens(t *testing.T) {
	one, server := newFleet(t, fleet.Config{})
	two, _ := newFleet(t, fleet.Config{Redis: redisOf(t, server)})
	here, there := one.RateLimit(fleet.RateLimitConfig{FailFast: true}), two.RateLimit(fleet.RateLimitConfig{FailFast: true})
	for range 100 {
		if err := errors.Join(send(t.Context(), t, here, "http://a/"), send(t.Context(), t, there, "http://a/")); err != nil {
			t.Fatal(err)
		}
	}
	if got := rateDump(server); got != "" {
		t.Errorf("got %q in Redis, want nothing", got)
	}
	asks := here.Wrap(rateAnswers(429, http.Header{"Retry-After": {"30"}}))
	if _, err := asks.RoundTrip(rateRequest(t.Context(), t, "http://a/")); err != nil {
		t.Fatal(err)
	}
	limit, ok := errors.AsType[*middleware.LimitError](send(t.Context(), t, there, "http://a/"))
	if !ok || limit.Wait < 25*time.Second || limit.Wait > 30*time.Second {
		t.Errorf("got %v, want a pause of 30 s", limit)
	}
	if err := send(t.Context(), t, there, "http://b/"); err != nil {
		t.Errorf("another host: got %v", err)
	}
}
