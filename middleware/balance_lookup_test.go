package middleware_test

import (
	"context"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// registry is a Lookup that can be told what to find.
type registry struct {
	mu    sync.Mutex
	list  []middleware.Backend
	err   error
	takes time.Duration
	calls int
}

func (r *registry) lookUp(ctx context.Context) ([]middleware.Backend, error) {
	r.mu.Lock()
	list, err, takes := r.list, r.err, r.takes
	r.calls++
	r.mu.Unlock()
	select {
	case <-time.After(takes):
		return list, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (r *registry) set(err error, takes time.Duration, addrs ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list, r.err, r.takes = backends(addrs...), err, takes
}

// TestBalanceRefresh: a list that is too old is looked up by the way, and only when
// somebody asks.
func TestBalanceRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reg := &registry{}
		reg.set(nil, time.Second, "a", "b")
		r := newBalanceRig(middleware.BalanceConfig{Lookup: reg.lookUp, Refresh: time.Minute, Failures: 1})
		began := time.Now()
		ask(t, r.rt, 2)
		r.want(t, "the first list", "a b", "fetched  1s")
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %v, want a second: the first list is waited for", took)
		}
		r.servers.set("a", stubFail(errStub))
		ask(t, r.rt, 2)
		r.want(t, "one is out", "a b", "put out a 30s")
		r.servers.set("a", nil)

		time.Sleep(61 * time.Second)
		reg.set(nil, time.Second, "c", "b")
		began = time.Now()
		ask(t, r.rt, 2)
		r.want(t, "too old", "b a", "probed a, returned a")
		if took := time.Since(began); took != 0 {
			t.Errorf("took %v, want no time: nobody waits for the next list", took)
		}
		time.Sleep(2 * time.Second)
		ask(t, r.rt, 2)
		r.want(t, "the second list", "b c", "fetched  1s")

		reg.set(errStub, 0)
		time.Sleep(time.Minute)
		ask(t, r.rt, 2)
		synctest.Wait()
		r.want(t, "a failing look-up", "b c", "failed : stub: broken")
		if s := r.Stats(); s.Lookups != 3 || s.LookupsFailed != 1 || s.LookupError != "stub: broken" {
			t.Errorf("got %+v", s)
		}
		time.Sleep(4 * time.Second)
		ask(t, r.rt, 1)
		synctest.Wait()
		r.want(t, "not yet again", "b", "")
		time.Sleep(2 * time.Second)
		reg.set(nil, time.Second, "d") // so that it is not there before the request goes by the old one
		ask(t, r.rt, 1)
		time.Sleep(2 * time.Second)
		ask(t, r.rt, 1)
		r.want(t, "again", "c d", "fetched  1s")

		reg.set(nil, time.Second)
		time.Sleep(time.Minute)
		ask(t, r.rt, 1)
		time.Sleep(2 * time.Second)
		err := ask(t, r.rt, 1)
		r.want(t, "an empty list", "d", `fetched  1s, refused : no backend for "http://h:80": the list is empty`)
		if _, ok := errors.AsType[*middleware.NoBackendError](err); !ok {
			t.Errorf("got %v", err)
		}
		time.Sleep(24 * time.Hour) // nothing runs while nobody asks
		if got := reg.calls; got != 5 {
			t.Errorf("looked up %d times, want 5", got)
		}
	})
}

// TestBalanceNeverRefresh: a negative Refresh looks up once.
func TestBalanceNeverRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reg := &registry{}
		reg.set(nil, 0, "a")
		r := newBalanceRig(middleware.BalanceConfig{Lookup: reg.lookUp, Refresh: -1})
		for range 3 {
			ask(t, r.rt, 1)
			time.Sleep(time.Hour)
		}
		if reg.calls != 1 {
			t.Errorf("looked up %d times, want once", reg.calls)
		}
	})
}

// TestBalanceFirstLookup: all who come before there is a list wait for one look-up, each
// with its own context; its failure is theirs, and the next request tries again.
func TestBalanceFirstLookup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reg := &registry{}
		reg.set(&net.DNSError{Err: "no such host", Name: "_h", IsNotFound: true}, 2*time.Second)
		r := newBalanceRig(middleware.BalanceConfig{Lookup: reg.lookUp})
		var failed, left atomic.Int32
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				ctx, cancel := t.Context(), context.CancelFunc(func() {})
				if i%2 == 0 {
					ctx, cancel = context.WithTimeout(ctx, time.Second)
				}
				defer cancel()
				_, err := r.rt.RoundTrip(newRequest(t, "GET", "http://h/", nil).WithContext(ctx))
				switch {
				case i%2 == 0 && errors.Is(err, context.DeadlineExceeded):
					left.Add(1)
				case i%2 == 1 && errors.Is(err, errors.ErrClientConnectorDNS) && errors.Is(err, errors.ErrClientConnector):
					failed.Add(1)
				default:
					t.Errorf("%d: got %v", i, err)
				}
			})
		}
		wg.Wait()
		if failed.Load() != 5 || left.Load() != 5 || reg.calls != 1 {
			t.Errorf("got %d failed, %d left, %d look-ups, want 5, 5 and 1", failed.Load(), left.Load(), reg.calls)
		}
		reg.set(nil, 0, "a")
		if err := ask(t, r.rt, 1); err != nil {
			t.Error(err)
		}
	})
}

// TestBalanceLookupEnds: when the last who waited has left, and at its timeout.
func TestBalanceLookupEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reg := &registry{}
		reg.set(nil, time.Hour, "a")
		r := newBalanceRig(middleware.BalanceConfig{Lookup: reg.lookUp, LookupTimeout: time.Minute})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := r.rt.RoundTrip(newRequest(t, "GET", "http://h/", nil).WithContext(ctx))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's end", err)
		}
		synctest.Wait()
		began := time.Now()
		err = ask(t, r.rt, 1)
		if no, ok := errors.AsType[*middleware.NoBackendError](err); !ok || !no.Timeout() || time.Since(began) != time.Minute {
			t.Errorf("got %v after %v, want a timeout after a minute", err, time.Since(began))
		}
		if reg.calls != 2 {
			t.Errorf("looked up %d times, want twice", reg.calls)
		}
	})
}

// TestBalanceLookupBad: a list that makes no sense, a panic, and a look-up that asks the
// host itself.
func TestBalanceLookupBad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			name   string
			lookup func(context.Context) ([]middleware.Backend, error)
			want   string
		}{
			{"no address", func(context.Context) ([]middleware.Backend, error) { return backends("a", "b c"), nil }, "b c"},
			{"panic", func(context.Context) ([]middleware.Backend, error) { panic("boom") }, "the look-up has panicked: boom"},
		} {
			r := newBalanceRig(middleware.BalanceConfig{Lookup: tt.lookup})
			for range 2 {
				err := ask(t, r.rt, 1)
				if no, ok := errors.AsType[*middleware.NoBackendError](err); !ok || !strings.Contains(no.Error(), tt.want) {
					t.Errorf("%s: got %v, want it to say %q", tt.name, err, tt.want)
				}
			}
		}
		var r *balanceRig
		r = newBalanceRig(middleware.BalanceConfig{Lookup: func(ctx context.Context) ([]middleware.Backend, error) {
			_, addr, err := roundTrip(t, r.rt, newRequest(t, "GET", "http://h/list", nil).WithContext(ctx))
			return backends("of-" + addr), err
		}})
		if err := ask(t, r.rt, 1); err != nil {
			t.Error(err)
		}
		if got, want := r.servers.took(), "h of-h"; got != want {
			t.Errorf("took %q, want %q", got, want)
		}
	})
}

// srvRecords is an SRVResolver.
type srvRecords struct {
	records []*net.SRV
	err     error
	asked   []string
}

func (s *srvRecords) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	s.asked = append(s.asked, service+"|"+proto+"|"+name)
	return name, s.records, s.err
}

// TestBalanceSRV: RFC 2782, with priorities, weights, dots, and a service that is not there.
func TestBalanceSRV(t *testing.T) {
	t.Parallel()
	record := func(target string, port, priority, weight uint16) *net.SRV {
		return &net.SRV{Target: target, Port: port, Priority: priority, Weight: weight}
	}
	for _, tt := range []struct {
		name    string
		records []*net.SRV
		err     error
		want    string
		class   error
	}{
		{"in turn", []*net.SRV{record("a.test.", 81, 0, 0), record("b.test.", 82, 0, 0)}, nil, "a.test:81 b.test:82 a.test:81 b.test:82", nil},
		{"weights", []*net.SRV{record("a.test.", 81, 0, 2), record("b.test.", 82, 0, 1)}, nil, "a.test:81 b.test:82 a.test:81 a.test:81", nil},
		{"a weight of none", []*net.SRV{record("b.test.", 82, 0, 0), record("a.test.", 81, 0, 1)}, nil, "a.test:81 a.test:81 a.test:81 a.test:81", nil},
		{"priorities", []*net.SRV{record("b.test.", 82, 2, 9), record("a.test.", 81, 1, 0)}, nil, "a.test:81 a.test:81 a.test:81 a.test:81", nil},
		{"some are no names", []*net.SRV{record("a.test.", 81, 0, 0)}, &net.DNSError{Err: "invalid"}, "a.test:81 a.test:81 a.test:81 a.test:81", nil},
		{"not there", []*net.SRV{record(".", 0, 0, 0)}, nil, "", errors.ErrClientConnector},
		{"no records", nil, nil, "", errors.ErrClientConnector},
		{"no answer", nil, &net.DNSError{Err: "server misbehaving", IsTemporary: true}, "", errors.ErrClientConnectorDNS},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				res := &srvRecords{records: tt.records, err: tt.err}
				r := newBalanceRig(middleware.BalanceConfig{SRV: "_http._tcp.h", Resolver: res})
				err := ask(t, r.rt, 4)
				if got := r.servers.took(); got != tt.want || !errors.Is(err, tt.class) {
					t.Errorf("got %q, %v, want %q, %v", got, err, tt.want, tt.class)
				}
				if res.asked[0] != "||_http._tcp.h" {
					t.Errorf("asked for %q", res.asked)
				}
			})
		})
	}
}

// TestBalanceListIsBounded: backends that have left the list are forgotten.
func TestBalanceListIsBounded(t *testing.T) { //nolint:paralleltest // it measures memory
	synctest.Test(t, func(t *testing.T) {
		n := 0
		b := middleware.NewBalancer(middleware.BalanceConfig{Host: "h", Refresh: time.Second, Failures: 1, Lookup: func(context.Context) ([]middleware.Backend, error) {
			n++
			list := make([]middleware.Backend, 100)
			for i := range list {
				list[i].Addr = strings.Repeat("x", 200) + "." + time.Duration(n*100+i).String() + ".test"
			}
			return list, nil
		}})
		rt := b.Wrap(middleware.Func(stubFail(errStub)))
		heap := func() uint64 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		var before uint64
		for i := range 500 {
			ask(t, rt, 3)
			time.Sleep(2 * time.Second)
			if i == 50 {
				before = heap()
			}
		}
		if grown := int64(heap()) - int64(before); grown > 1<<20 || len(b.Stats().Backends) != 100 || n < 400 {
			t.Errorf("grown by %d bytes in %d lists, with %d backends", grown, n, len(b.Stats().Backends))
		}
	})
}
