package fleet_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

// playedRedis is a Redis that gives out places at a distance, in the time of the bubble.
type playedRedis struct {
	mu     sync.Mutex
	every  time.Duration
	next   time.Time
	paused time.Time
	takes  time.Duration // a question
	asked  int
	given  int
}

func (p *playedRedis) answer(_ context.Context, ask fleet.Asked) (fleet.Answered, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if takes := p.takes; takes > 0 {
		p.mu.Unlock()
		time.Sleep(takes)
		p.mu.Lock()
	}
	p.asked++
	now := time.Now()
	if p.paused.After(now) {
		return fleet.Answered{Pause: p.paused.Sub(now)}, nil
	}
	var a fleet.Answered
	for i := range ask.Count {
		wait, longest := max(p.next.Sub(now), 0), ask.Others
		if i == 0 {
			longest = ask.Longest
		}
		if longest >= 0 && wait > longest {
			if i == 0 {
				a.Refused, a.Wait = true, wait
			}
			break
		}
		p.next = now.Add(wait + p.every)
		p.given++
		a.Places = append(a.Places, wait)
	}
	return a, nil
}

// playRate runs a test in a bubble, with a limiter over a played Redis.
func playRate(t *testing.T, p *playedRedis, cfg fleet.RateLimitConfig, test func(t *testing.T, l *fleet.RateLimiter)) {
	t.Helper()
	f, _ := newFleet(t, fleet.Config{})
	synctest.Test(t, func(t *testing.T) {
		l := f.RateLimit(cfg)
		l.Play(p.answer)
		test(t, l)
	})
}

// TestRateLimitOrder: requests go in the order of arrival, and who leaves lets those behind
// it move up.
func TestRateLimitOrder(t *testing.T) {
	p := &playedRedis{every: time.Second}
	var waited, left atomic.Int64
	listen := func(_ context.Context, e middleware.Event) {
		if e.Kind == middleware.EventWaited && e.Policy == "fleet rate limit" && e.Host == "http://h:80" {
			waited.Add(int64(e.Wait / time.Second))
			if e.Err != nil {
				left.Add(1)
			}
		}
	}
	playRate(t, p, fleet.RateLimitConfig{Rate: 1, OnEvent: listen}, func(t *testing.T, l *fleet.RateLimiter) {
		began := time.Now()
		var mu sync.Mutex
		var order []string
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				if i == 3 {
					time.AfterFunc(1500*time.Millisecond, cancel)
				}
				defer cancel()
				err := send(ctx, t, l, "http://h/")
				mu.Lock()
				defer mu.Unlock()
				order = append(order, fmt.Sprintf("%d:%v", i, time.Since(began).Truncate(time.Second)))
				if (err != nil) != (i == 3) {
					t.Errorf("%d: got %v", i, err)
				}
			})
			time.Sleep(time.Millisecond)
		}
		wg.Wait()
		want := "0:0s 1:1s 3:1s 2:2s 4:3s 5:4s 6:5s 7:6s"
		if got := strings.Join(order, " "); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if waited.Load() < 16 || waited.Load() > 22 || left.Load() != 1 {
			t.Errorf("got events of %d s and %d that left, want about 1+1+2+3+4+5+6 and 1", waited.Load(), left.Load())
		}
		if s := l.Stats(); s.Sent != 7 || s.Waited != 7 || s.Lost != 0 || s.Waiting != 0 {
			t.Errorf("got %+v, want 7 sent, 7 waited, none lost", s)
		}
	})
}

// TestRateLimitOutstanding: however many wait, a process has few places at a time.
func TestRateLimitOutstanding(t *testing.T) {
	for _, tt := range []struct {
		every time.Duration
		most  int
	}{
		{time.Second, 2},
		{10 * time.Millisecond, 12},
	} {
		p := &playedRedis{every: tt.every}
		playRate(t, p, fleet.RateLimitConfig{Rate: 1}, func(t *testing.T, l *fleet.RateLimiter) {
			var wg sync.WaitGroup
			most := 0
			for range 100 {
				wg.Go(func() {
					if err := send(t.Context(), t, l, "http://h/"); err != nil {
						t.Error(err)
					}
					p.mu.Lock()
					defer p.mu.Unlock()
					most = max(most, p.given-int(l.Stats().Sent))
				})
			}
			wg.Wait()
			if most > tt.most {
				t.Errorf("got %d places at a time, want %d at most", most, tt.most)
			}
			if p.asked > 105 {
				t.Errorf("got %d questions for 100 requests, want one each", p.asked)
			}
		})
	}
}

// TestRateLimitLook: a request that has waited asks again whether there is a pause, unless
// what it knows is new.
func TestRateLimitLook(t *testing.T) {
	for _, tt := range []struct {
		name         string
		every, pause time.Duration
		asked        int
		want         time.Duration
		lost         int64
	}{
		{"short wait", 90 * time.Millisecond, 0, 2, 90 * time.Millisecond, 0},
		{"long wait", time.Second, 0, 3, time.Second, 0},
		{"long wait and pause", time.Second, 5 * time.Second, 4, 5 * time.Second, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &playedRedis{every: tt.every}
			playRate(t, p, fleet.RateLimitConfig{Rate: 1}, func(t *testing.T, l *fleet.RateLimiter) {
				began := time.Now()
				if err := send(t.Context(), t, l, "http://h/"); err != nil {
					t.Fatal(err)
				}
				if tt.pause > 0 {
					time.AfterFunc(tt.every/2, func() {
						p.mu.Lock()
						defer p.mu.Unlock()
						p.paused = began.Add(tt.pause)
					})
				}
				if err := send(t.Context(), t, l, "http://h/"); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took != tt.want || p.asked != tt.asked || l.Stats().Lost != tt.lost {
					t.Errorf("got %v, %d questions, %d lost, want %v, %d and %d", took, p.asked, l.Stats().Lost, tt.want, tt.asked, tt.lost)
				}
			})
		})
	}
}

// TestRateLimitForecast: what is certain to be too late is refused on arrival.
func TestRateLimitForecast(t *testing.T) {
	p := &playedRedis{every: time.Second}
	playRate(t, p, fleet.RateLimitConfig{Rate: 1}, func(t *testing.T, l *fleet.RateLimiter) {
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { send(ctx, t, l, "http://h/") }) // some are given up
		}
		synctest.Wait()
		short, stop := context.WithTimeout(ctx, 4*time.Second)
		began := time.Now()
		err := send(short, t, l, "http://h/")
		stop()
		if limit, ok := errors.AsType[*middleware.LimitError](err); !ok || !limit.Deadline || limit.Wait != 5*time.Second || time.Since(began) != 0 {
			t.Errorf("got %v after %v, want a refusal at once, for 5 s", err, time.Since(began))
		}
		long, stop := context.WithTimeout(ctx, 6*time.Second)
		if err := send(long, t, l, "http://h/"); err != nil || time.Since(began) != 5*time.Second {
			t.Errorf("got %v after %v, want none after 5 s", err, time.Since(began))
		}
		stop()
		cancel()
		wg.Wait()
	})
}

// TestRateLimitMaxWait: nobody stands in the queue for longer.
func TestRateLimitMaxWait(t *testing.T) {
	p := &playedRedis{every: 10 * time.Second}
	playRate(t, p, fleet.RateLimitConfig{Rate: 1, MaxWait: 15 * time.Second}, func(t *testing.T, l *fleet.RateLimiter) {
		began := time.Now()
		var wg sync.WaitGroup
		var mu sync.Mutex
		sent, refused := 0, 0
		for range 5 {
			wg.Go(func() {
				err := send(t.Context(), t, l, "http://h/")
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					sent++
				} else if errors.Is(err, middleware.ErrRateLimit) {
					refused++
				}
			})
		}
		wg.Wait()
		if sent != 2 || refused != 3 || time.Since(began) > 15*time.Second {
			t.Errorf("got %d sent and %d refused after %v, want 2 and 3 within 15 s", sent, refused, time.Since(began))
		}
	})
}

// TestRateLimitFailFast: of many at once those are refused for whom there is no place.
func TestRateLimitFailFast(t *testing.T) {
	p := &playedRedis{every: time.Second, takes: time.Millisecond}
	playRate(t, p, fleet.RateLimitConfig{Rate: 1, FailFast: true}, func(t *testing.T, l *fleet.RateLimiter) {
		began := time.Now()
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { send(t.Context(), t, l, "http://h/") }) // they are counted
		}
		wg.Wait()
		if s := l.Stats(); s.Sent != 1 || s.Refused != 49 || p.asked > 3 || time.Since(began) > 5*time.Millisecond {
			t.Errorf("got %d sent, %d refused, %d questions, %v, want 1, 49, 3 at most, at once", s.Sent, s.Refused, p.asked, time.Since(began))
		}
	})
}

// TestRateLimitLate: a place that was missed, since the process stood still, is not used.
func TestRateLimitLate(t *testing.T) {
	p := &playedRedis{every: 500 * time.Millisecond}
	playRate(t, p, fleet.RateLimitConfig{Rate: 2}, func(t *testing.T, l *fleet.RateLimiter) {
		if err := send(t.Context(), t, l, "http://h/"); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(100*time.Millisecond, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.takes = 5 * time.Second
		})
		if err := send(t.Context(), t, l, "http://h/"); err != nil {
			t.Fatal(err)
		}
		if s := l.Stats(); s.Lost != 1 || p.given != 3 {
			t.Errorf("got %d lost of %d places, want 1 of 3", s.Lost, p.given)
		}
	})
}

// TestRateLimitKeysBounded: many hosts with a pause each are forgotten.
func TestRateLimitKeysBounded(t *testing.T) {
	p := &playedRedis{}
	playRate(t, p, fleet.RateLimitConfig{FailFast: true}, func(t *testing.T, l *fleet.RateLimiter) {
		p.paused = time.Now().Add(time.Minute)
		for i := range 10_000 {
			send(t.Context(), t, l, fmt.Sprintf("http://h%d/", i)) // it is refused
		}
		if n := len(l.Stats().Keys); n > 9300 {
			t.Errorf("got %d keys, want about 8,000 at most", n)
		}
	})
}

// TestRateLimitTotal: the error names the total timeout of the session.
func TestRateLimitTotal(t *testing.T) {
	p := &playedRedis{every: time.Minute}
	playRate(t, p, fleet.RateLimitConfig{Rate: 1}, func(t *testing.T, l *fleet.RateLimiter) {
		s, err := session.New(session.Config{Transport: rateAnswers(200, nil), Mock: true, Middleware: []middleware.Middleware{l.Wrap}, Timeout: session.ClientTimeout{Total: 2 * time.Second}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var texts []string
		for range 2 {
			resp, err := s.Get(t.Context(), "http://h/")
			if err != nil {
				texts = append(texts, err.Error())
				continue
			}
			resp.Close()
		}
		if len(texts) != 1 || !strings.Contains(texts[0], "the total timeout of 2s is too short for the place in the queue, which comes in 1m0s") {
			t.Errorf("got %q", texts)
		}
	})
}

// TestRateLimitRefusesAll: with Refuse all who wait fail when Redis does not answer.
func TestRateLimitRefusesAll(t *testing.T) {
	f, _ := newFleet(t, fleet.Config{Unavailable: fleet.Refuse})
	synctest.Test(t, func(t *testing.T) {
		l := f.RateLimit(fleet.RateLimitConfig{Rate: 1})
		gone := errors.New("gone")
		l.Play(func(context.Context, fleet.Asked) (fleet.Answered, error) { return fleet.Answered{}, gone })
		var errs []error
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				err := send(t.Context(), t, l, "http://h/")
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			})
		}
		wg.Wait()
		if slices.ContainsFunc(errs, func(err error) bool { return !errors.Is(err, gone) }) || len(errs) != 5 {
			t.Errorf("got %v, want five times gone", errs)
		}
	})
}

// TestRateLimitShare: without Redis each process has its share, which goes on while Redis is
// asked, and ends when it answers.
func TestRateLimitShare(t *testing.T) {
	p := &playedRedis{every: 10 * time.Millisecond}
	f, _ := newFleet(t, fleet.Config{Redis: deadRedis(t), Processes: 4})
	synctest.Test(t, func(t *testing.T) {
		l := f.RateLimit(fleet.RateLimitConfig{Rate: 100, Burst: 8})
		var gone atomic.Bool
		gone.Store(true)
		l.Play(func(ctx context.Context, ask fleet.Asked) (fleet.Answered, error) {
			if gone.Load() {
				time.Sleep(250 * time.Millisecond)
				return fleet.Answered{}, errors.New("gone")
			}
			return p.answer(ctx, ask)
		})
		sentIn := func(d time.Duration) int64 {
			before := l.Stats().Sent
			time.Sleep(d)
			return l.Stats().Sent - before
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				for ctx.Err() == nil {
					send(ctx, t, l, "http://h/") // the last are given up
				}
			})
		}
		time.Sleep(time.Second)
		if got := sentIn(4 * time.Second); got < 90 || got > 102 {
			t.Errorf("got %d in 4 s, want 100: a quarter of the rate", got)
		}
		gone.Store(false)
		time.Sleep(time.Second)
		local := l.Stats().Local
		if got := sentIn(4 * time.Second); got < 390 || got > 410 || l.Stats().Local != local {
			t.Errorf("got %d in 4 s, %d of them by the share, want 400 and none", got, l.Stats().Local-local)
		}
		cancel()
		wg.Wait()
	})
}
