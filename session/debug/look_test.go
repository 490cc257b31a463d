package debug_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/session/debug"
)

// counting is a page of a session without calls, which counts how often somebody looks, and
// for how long that takes.
func counting(t *testing.T, takes time.Duration) (*debug.Handler, *atomic.Int64) {
	t.Helper()
	s, err := session.New(session.Config{Transport: middleware.Answer(200, nil, "")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	looks := new(atomic.Int64)
	page, err := debug.New(debug.Config{Session: s, Stats: map[string]func() any{"looks": func() any {
		time.Sleep(takes)
		return looks.Add(1)
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return page, looks
}

// TestPollers: whoever asks without a pause, and in whichever format, costs a tenth of the
// time at most, or a look in two seconds; each gets what is not older than the question, and nobody waits for long.
func TestPollers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		takes time.Duration
		most  int64 // looks in ten seconds
		wait  time.Duration
	}{
		{"next to nothing", 0, 202, 110 * time.Millisecond},
		{"a little", 20 * time.Millisecond, 52, 420 * time.Millisecond},
		{"long", time.Second, 5, 7 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				page, looks := counting(t, tt.takes)
				until := time.Now().Add(10 * time.Second)
				var wg sync.WaitGroup
				var answers atomic.Int64
				for _, target := range []string{"/?format=json", "/?format=json", "/?format=html", "/?format=html", "/?format=json"} {
					wg.Go(func() {
						for time.Now().Before(until) {
							asked := time.Now()
							rec := ask(t, page, "GET", target)
							if took := time.Since(asked); rec.Code != 200 || took > tt.wait {
								t.Errorf("got %d after %v", rec.Code, took)
							}
							var state debug.State
							if strings.HasSuffix(target, "json") {
								if err := json.Unmarshal(rec.Body.Bytes(), &state); err != nil || state.Time.Before(asked) {
									t.Errorf("got %v, of %v, asked at %v", err, state.Time, asked)
								}
							}
							answers.Add(1)
						}
					})
				}
				wg.Wait()
				if n := looks.Load(); n > tt.most || n < tt.most/3 || answers.Load() < 2*n {
					t.Errorf("got %d looks for %d answers, want %d at most", n, answers.Load(), tt.most)
				}
				time.Sleep(time.Minute)
				asked := time.Now()
				if ask(t, page, "GET", "/"); time.Since(asked) != tt.takes {
					t.Errorf("who asks alone waited %v, want %v", time.Since(asked), tt.takes)
				}
			})
		})
	}
}

// TestPollerLeaves: a request that ends while it waits leaves its turn to the next.
func TestPollerLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		page, looks := counting(t, 0)
		ask(t, page, "GET", "/")
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				rec := httptest.NewRecorder()
				page.ServeHTTP(rec, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
				if rec.Body.Len() != 0 {
					t.Errorf("who has left got %d bytes", rec.Body.Len())
				}
			})
		}
		synctest.Wait()
		wg.Go(func() {
			if rec := ask(t, page, "GET", "/"); rec.Code != 200 || rec.Body.Len() == 0 {
				t.Errorf("got %d", rec.Code)
			}
		})
		synctest.Wait()
		cancel()
		wg.Wait()
		if n := looks.Load(); n != 2 {
			t.Errorf("got %d looks, want 2", n)
		}
	})
}

// TestPollersPanic: numbers that panic are no look, for whoever waits, and the next can.
func TestPollersPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := session.New(session.Config{Transport: middleware.Answer(200, nil, "")})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		broken := true
		page, err := debug.New(debug.Config{Session: s, Stats: map[string]func() any{"broken": func() any {
			time.Sleep(time.Second)
			if broken {
				panic("no numbers")
			}
			return 1
		}}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var panicked, refused atomic.Int64
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				defer func() {
					if recover() != nil {
						panicked.Add(1)
					}
				}()
				rec := httptest.NewRecorder()
				page.ServeHTTP(rec, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
				if rec.Code == 500 {
					refused.Add(1)
				}
			})
		}
		wg.Wait()
		if panicked.Load()+refused.Load() != 3 || panicked.Load() == 0 {
			t.Errorf("got %d panics and %d refusals", panicked.Load(), refused.Load())
		}
		broken = false
		if rec := ask(t, page, "GET", "/"); rec.Code != 200 {
			t.Errorf("got %d", rec.Code)
		}
	})
}

// TestPageAllocs: a call costs the page a bounded number of objects, each with its host and
// its response that nobody has read; in a template it was 340.
func TestPageAllocs(t *testing.T) {
	few, many := busy(t, 50), busy(t, 250)
	for format, most := range map[string]float64{"html": 20, "json": 20} {
		write := func(page *debug.Handler) float64 {
			return testing.AllocsPerRun(5, func() {
				if _, err := debug.Write(page, format); err != nil {
					t.Error(err)
				}
			})
		}
		if got := (write(many) - write(few)) / 200; got > most {
			t.Errorf("%s: got %v allocations for each call, want %v at most", format, got, most)
		}
	}
}
