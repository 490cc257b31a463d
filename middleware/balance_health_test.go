package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// balanceRig is a Balancer over a fleet, with what it tells.
type balanceRig struct {
	*middleware.Balancer
	servers *fleet
	rt      http.RoundTripper

	mu     sync.Mutex
	events []string
}

func newBalanceRig(cfg middleware.BalanceConfig) *balanceRig {
	r := &balanceRig{servers: &fleet{}}
	cfg.Host = "h"
	cfg.OnEvent = func(_ context.Context, e middleware.Event) {
		if e.Kind == middleware.EventChosen {
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		text := fmt.Sprint(e.Kind, " ", e.Backend)
		if e.Wait > 0 {
			text += fmt.Sprint(" ", e.Wait)
		}
		if e.Err != nil {
			text += ": " + e.Err.Error()
		}
		r.events = append(r.events, text)
	}
	r.Balancer = middleware.NewBalancerFrom(cfg, 0)
	r.rt = r.Wrap(r.servers)
	return r
}

// told returns the events since the last call, but for those of choices.
func (r *balanceRig) told() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := strings.Join(r.events, ", ")
	r.events = nil
	return text
}

// want checks which backends were asked since the last call, and what was told.
func (r *balanceRig) want(t *testing.T, when, took, told string) {
	t.Helper()
	if got := r.servers.took(); got != took {
		t.Errorf("%s: took %q, want %q", when, got, took)
	}
	if got := r.told(); got != told {
		t.Errorf("%s: told %q, want %q", when, got, told)
	}
}

// TestBalancePutOut: so many failures in a row put a backend out; one request tries it
// again after a while, and brings it back or not.
func TestBalancePutOut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		broken stubStep
	}{
		{"errors", stubFail(errStub)},
		{"status", stubStatus(503, "")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newBalanceRig(middleware.BalanceConfig{Backends: backends("a", "b"), Failures: 2, OutFor: time.Minute})
				r.servers.set("a", tt.broken)
				ask(t, r.rt, 1)
				r.servers.set("a", nil)
				ask(t, r.rt, 3)
				r.want(t, "one failure", "a b a b", "")
				r.servers.set("a", tt.broken)
				ask(t, r.rt, 6)
				r.want(t, "two in a row", "a b a b b b", "put out a 1m0s")
				if s := r.Stats(); s.Out != 1 || s.PutOut != 1 || s.Backends[0].Failed != 3 || s.Backends[0].Until.IsZero() || s.Sent != 10 {
					t.Errorf("got %+v", s)
				}
				time.Sleep(time.Minute)
				ask(t, r.rt, 3)
				r.want(t, "a probe that fails", "b a b", "probed a")
				time.Sleep(time.Minute)
				r.servers.set("a", nil)
				ask(t, r.rt, 4)
				r.want(t, "a probe that succeeds", "b a b a", "probed a, returned a")
				if s := r.Stats(); s.Out != 0 || s.Returned != 1 || !s.Backends[0].Until.IsZero() {
					t.Errorf("got %+v", s)
				}
			})
		})
	}
}

// TestBalanceOneProbe: while one request tries a backend, the others go elsewhere.
func TestBalanceOneProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newBalanceRig(middleware.BalanceConfig{Backends: backends("a", "b"), Failures: 1})
		r.servers.set("a", stubFail(errStub))
		ask(t, r.rt, 2)
		r.want(t, "failing", "a b", "put out a 30s")
		time.Sleep(30 * time.Second)
		ask(t, r.rt, 1)
		r.want(t, "the other's turn", "b", "")
		r.servers.set("a", stubHang)
		ctx, cancel := context.WithCancel(t.Context())
		probe := newRequest(t, "GET", "http://h/", nil).WithContext(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			if resp, err := r.rt.RoundTrip(probe); err == nil {
				resp.Body.Close()
			}
		}()
		synctest.Wait()
		ask(t, r.rt, 3)
		r.want(t, "meanwhile", "a b b b", "probed a")
		cancel() // which says nothing of it
		<-done
		r.servers.set("a", nil)
		ask(t, r.rt, 4)
		r.want(t, "afterwards", "b a b a", "probed a, returned a")
	})
}

// TestBalanceAllOut: then all are used, or, with FailFast, none.
func TestBalanceAllOut(t *testing.T) {
	t.Parallel()
	for _, failFast := range []bool{false, true} {
		t.Run(fmt.Sprint(failFast), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newBalanceRig(middleware.BalanceConfig{Backends: backends("a", "b"), Failures: 1, FailFast: failFast})
				r.servers.set("a", stubFail(errStub))
				r.servers.set("b", stubFail(errStub))
				ask(t, r.rt, 2)
				r.want(t, "failing", "a b", "put out a 30s, put out b 30s")
				time.Sleep(10 * time.Second)
				r.servers.set("a", nil)
				if !failFast {
					ask(t, r.rt, 3)
					r.want(t, "all out", "b a a", "probed b, probed a, returned a")
					return
				}
				err := ask(t, r.rt, 2)
				const text = `no backend for "http://h:80": all 2 are out, the first for 20s`
				r.want(t, "all out", "", "refused : "+text+", refused : "+text)
				no, ok := errors.AsType[*middleware.NoBackendError](err)
				if !ok || no.Wait != 20*time.Second || no.Backends != 2 || no.Host != "http://h:80" || !errors.Is(err, errors.ErrClientConnector) || errors.Is(err, errors.ErrClientConnectorDNS) {
					t.Errorf("got %#v", err)
				}
				if got := r.Stats().Refused; got != 2 {
					t.Errorf("refused: got %d, want 2", got)
				}
			})
		})
	}
}

// TestBalanceNeutral: what says nothing of a backend puts none out.
func TestBalanceNeutral(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range []struct {
		name string
		step stubStep
		ctx  context.Context
		cfg  middleware.BalanceConfig
		out  int
	}{
		{"cancelled", stubHang, ended, middleware.BalanceConfig{}, 0},
		{"never sent", stubFail(&middleware.LimitError{Kind: middleware.ErrRateLimit}), t.Context(), middleware.BalanceConfig{}, 0},
		{"not a request", stubFail(&errors.InvalidRequestError{}), t.Context(), middleware.BalanceConfig{}, 0},
		{"501", stubStatus(501, ""), t.Context(), middleware.BalanceConfig{}, 0},
		{"a function says so", stubStatus(500, ""), t.Context(), middleware.BalanceConfig{IsFailure: func(*http.Response, error) bool { return false }}, 0},
		{"never", stubFail(errStub), t.Context(), middleware.BalanceConfig{Failures: -1}, 0},
		{"by default after five", stubFail(errStub), t.Context(), middleware.BalanceConfig{}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.cfg.Backends = backends("a")
			r := newBalanceRig(tt.cfg)
			r.servers.set("a", tt.step)
			for i := range 5 {
				if got := r.Stats().Out; got != 0 {
					t.Fatalf("out after %d", i)
				}
				resp, err := r.rt.RoundTrip(newRequest(t, "GET", "http://h/", nil).WithContext(tt.ctx))
				if err == nil {
					resp.Body.Close()
				}
			}
			if got := r.Stats(); got.Out != tt.out || got.Backends[0].UnderWay != 0 {
				t.Errorf("got %+v, want %d out", got, tt.out)
			}
		})
	}
}

// TestBalancePriority: those of a higher priority serve while the others are out.
func TestBalancePriority(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newBalanceRig(middleware.BalanceConfig{
			Backends: []middleware.Backend{{Addr: "c", Priority: 2}, {Addr: "a"}, {Addr: "b"}}, Failures: 1,
		})
		ask(t, r.rt, 4)
		r.want(t, "all well", "a b a b", "")
		r.servers.set("a", stubFail(errStub))
		ask(t, r.rt, 3)
		r.want(t, "one out", "a b b", "put out a 30s")
		r.servers.set("b", stubFail(errStub))
		ask(t, r.rt, 3)
		r.want(t, "both out", "b c c", "put out b 30s")
		time.Sleep(30 * time.Second)
		r.servers.set("a", nil)
		r.servers.set("b", nil)
		ask(t, r.rt, 4)
		r.want(t, "back", "b a b a", "probed b, returned b, probed a, returned a")
	})
}

// TestBalancePanics: a function that panics leaves nothing under way and nothing locked.
func TestBalancePanics(t *testing.T) {
	t.Parallel()
	boom := func() { panic("boom") }
	for name, change := range map[string]func(cfg *middleware.BalanceConfig, servers *fleet){
		"Sticky": func(cfg *middleware.BalanceConfig, _ *fleet) {
			cfg.Sticky = func(*http.Request) string { boom(); return "" }
		},
		"IsFailure": func(cfg *middleware.BalanceConfig, _ *fleet) {
			cfg.IsFailure = func(*http.Response, error) bool { boom(); return false }
		},
		"OnEvent": func(cfg *middleware.BalanceConfig, _ *fleet) {
			cfg.OnEvent = func(context.Context, middleware.Event) { boom() }
		},
		"Transport": func(_ *middleware.BalanceConfig, servers *fleet) {
			servers.set("a", func(*http.Request) (*http.Response, error) { boom(); return nil, nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers, cfg := &fleet{}, middleware.BalanceConfig{Host: "h", Backends: backends("a")}
			change(&cfg, servers)
			b := middleware.NewBalancer(cfg)
			rt := b.Wrap(servers)
			for range 2 {
				func() {
					defer func() {
						if v := recover(); v != "boom" {
							t.Errorf("got %v, want the panic", v)
						}
					}()
					ask(t, rt, 1)
				}()
			}
			if got := b.Stats().Backends[0].UnderWay; got != 0 {
				t.Errorf("under way: got %d, want 0", got)
			}
		})
	}
}

// TestBalanceConcurrent: many at once, with failures and new lists, lose no count.
func TestBalanceConcurrent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		turn := 0
		b := middleware.NewBalancer(middleware.BalanceConfig{
			Host: "h", By: middleware.LeastOfTwo, Failures: 3, OutFor: time.Millisecond, Refresh: time.Millisecond,
			Lookup: func(context.Context) ([]middleware.Backend, error) {
				turn++
				return backends([]string{"a", "b", "c", "d"}[turn%2:]...), nil
			},
		})
		servers := &fleet{}
		servers.set("b", stubFail(errStub))
		rt := middleware.Chain(servers, middleware.Retry(middleware.RetryPolicy{MinWait: -1, Budget: &middleware.RetryBudget{Ratio: -1}}), b.Wrap)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				for range 20 {
					if err := ask(t, rt, 1); err != nil {
						t.Error(err)
					}
					time.Sleep(time.Millisecond)
				}
			})
		}
		wg.Wait()
		for _, one := range b.Stats().Backends {
			if one.UnderWay != 0 {
				t.Errorf("got %+v, want none under way", one)
			}
		}
	})
}
