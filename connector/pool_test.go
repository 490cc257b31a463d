package connector_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
)

// TestLimitsUnderLoad: 64 goroutines make 10,000 requests each, some of which
// give up while they wait, fail to dial or lose their connection. The limits
// hold at every moment and nothing is left in the end.
func TestLimitsUnderLoad(t *testing.T) {
	t.Parallel()
	const goroutines, requests, limit, perHost, hosts = 64, 10_000, 7, 3, 5
	s := connector.NewSlots(limit, perHost, time.Minute)
	var total atomic.Int32
	var each [hosts]atomic.Int32
	var wg sync.WaitGroup
	for g := range goroutines {
		rnd := rand.New(rand.NewPCG(uint64(g), 1))
		wg.Go(func() {
			for range requests {
				useSlot(t, s, rnd, &total, &each)
			}
		})
	}
	wg.Wait()
	inUse, _, waiting, _, _ := s.Stats()
	if inUse != 0 || waiting != 0 {
		t.Errorf("at the end: %d in use, %d waiting", inUse, waiting)
	}
	s.Close()
	if inUse, idle, waiting, hosts, open := s.Stats(); inUse+idle+waiting+hosts+open != 0 {
		t.Errorf("after Close: in use %d, idle %d, waiting %d, hosts %d, open %d", inUse, idle, waiting, hosts, open)
	}
}

func useSlot(t *testing.T, s *connector.Slots, rnd *rand.Rand, total *atomic.Int32, each *[5]atomic.Int32) {
	h := rnd.IntN(len(each))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	switch rnd.IntN(10) {
	case 0:
		go cancel() // at some moment before, while or after it waits
	case 1:
		if err := s.Fail(ctx, fmt.Sprint("host", h)); err != nil {
			t.Errorf("fail: %v", err)
		}
		return
	}
	slot, err := s.Acquire(ctx, fmt.Sprint("host", h))
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("acquire: %v", err)
		}
		return
	}
	if n := total.Add(1); n > 7 {
		t.Errorf("%d in use, the limit is 7", n)
	}
	if n := each[h].Add(1); n > 3 {
		t.Errorf("%d in use for one host, the limit is 3", n)
	}
	each[h].Add(-1)
	total.Add(-1)
	switch rnd.IntN(4) {
	case 0:
		slot.Cut()
		slot.Release(true) // too late: the slot was given back by the cut
	case 1:
		slot.Release(false)
	default:
		slot.Release(true)
	}
}

// TestWaitersInOrder: who came first to a host is served first, and of several
// hosts whose first waiter has waited longest.
func TestWaitersInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := connector.NewSlots(2, 0, time.Minute)
		a, err := s.Acquire(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		b, err := s.Acquire(t.Context(), "b")
		if err != nil {
			t.Fatal(err)
		}
		var order []string
		for i, host := range []string{"a", "b", "b", "c", "a", "c"} {
			go func() {
				slot, err := s.Acquire(t.Context(), host)
				if err != nil {
					t.Error(err)
					return
				}
				order = append(order, fmt.Sprint(host, i))
				time.Sleep(time.Second)
				slot.Release(true)
			}()
			synctest.Wait()
		}
		a.Release(true)
		time.Sleep(10 * time.Second)
		b.Release(true)
		synctest.Wait()
		if got, want := fmt.Sprint(order), "[a0 b1 b2 c3 a4 c5]"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		s.Close()
	})
}

// TestFullHostDelaysNobody: ten thousand who wait for a full host do not make a
// request to another host wait, nor its release slow.
func TestFullHostDelaysNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := connector.NewSlots(5, 1, time.Minute)
		full, err := s.Acquire(t.Context(), "full")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var waiters sync.WaitGroup
		for range 10_000 {
			waiters.Go(func() {
				if _, err := s.Acquire(ctx, "full"); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, want cancelled", err)
				}
			})
		}
		synctest.Wait()
		start := time.Now()
		for range 1000 {
			slot, err := s.Acquire(t.Context(), "free")
			if err != nil {
				t.Fatal(err)
			}
			slot.Release(true)
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("the free host waited %v", d)
		}
		cancel()
		waiters.Wait()
		full.Release(true)
		if inUse, _, waiting, _, _ := s.Stats(); inUse != 0 || waiting != 0 {
			t.Errorf("%d in use, %d waiting", inUse, waiting)
		}
		s.Close()
	})
}

// TestCloseFailsWaiters with the typed error, at once.
func TestCloseFailsWaiters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := connector.NewSlots(1, 0, time.Minute)
		slot, err := s.Acquire(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		var failed atomic.Int32
		for _, host := range []string{"a", "b", "b"} {
			go func() {
				if _, err := s.Acquire(t.Context(), host); errors.Is(err, errors.ErrConnectorClosed) {
					failed.Add(1)
				}
			}()
		}
		synctest.Wait()
		s.Close()
		s.Close()
		synctest.Wait()
		if n := failed.Load(); n != 3 {
			t.Errorf("%d of 3 waiters failed as they should", n)
		}
		if _, err := s.Acquire(t.Context(), "a"); !errors.Is(err, errors.ErrConnectorClosed) {
			t.Errorf("after Close: got %v", err)
		}
		slot.Release(true)
		if inUse, idle, waiting, hosts, open := s.Stats(); inUse+idle+waiting+hosts+open != 0 {
			t.Errorf("left: %d %d %d %d %d", inUse, idle, waiting, hosts, open)
		}
	})
}

// TestJanitor closes idle connections when their time is up, not before.
func TestJanitor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := connector.NewSlots(0, 0, 15*time.Second)
		defer s.Close()
		for i := range 3 {
			slot, err := s.Acquire(t.Context(), fmt.Sprint("h", i))
			if err != nil {
				t.Fatal(err)
			}
			slot.Release(true)
			time.Sleep(5 * time.Second)
		}
		for i, want := range []int{3, 2, 1, 0} {
			if i == 1 {
				time.Sleep(2 * time.Millisecond)
			} else if i > 1 {
				time.Sleep(5 * time.Second)
			}
			_, idle, _, hosts, open := s.Stats()
			if idle != want || hosts != want || open != want {
				t.Errorf("after %d s: %d idle, %d hosts, %d open, want %d", 10+5*i, idle, hosts, open, want)
			}
		}
	})
}

func TestAcquireAllocs(t *testing.T) {
	s := connector.NewSlots(100, 10, time.Minute)
	defer s.Close()
	slot, err := s.Acquire(t.Context(), "host")
	if err != nil {
		t.Fatal(err)
	}
	slot.Release(true)
	now := time.Now()
	if got := testing.AllocsPerRun(100, func() {
		if !s.Try("host", now) {
			t.Fatal("no idle connection")
		}
	}); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

// BenchmarkAcquireRelease shows that the cost does not grow with the hosts.
func BenchmarkAcquireRelease(b *testing.B) {
	for _, hosts := range []int{1, 1000, 100_000} {
		b.Run(fmt.Sprint("hosts=", hosts), func(b *testing.B) {
			s := connector.NewSlots(100, 10, time.Minute)
			defer s.Close()
			for i := range hosts {
				slot, err := s.Acquire(b.Context(), fmt.Sprint("host", i))
				if err != nil {
					b.Fatal(err)
				}
				slot.Release(true)
			}
			now := time.Now()
			b.ReportAllocs()
			for b.Loop() {
				if !s.Try("host0", now) {
					b.Fatal("no idle connection")
				}
			}
		})
	}
}
