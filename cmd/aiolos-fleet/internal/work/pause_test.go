package work_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/stats"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/work"
)

// TestPause: Retry-After is for the whole host, with a rate and without one, and what has to
// wait for long goes back and leaves its place to other hosts.
func TestPause(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		rate    float64
		wait    time.Duration
		putBack bool
	}{
		{"a short one is waited for", 0, 5 * time.Second, false},
		{"a long one", 0, time.Millisecond, true},
		{"a long one, with a rate", 1000, time.Millisecond, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var began time.Time
			early := 0
			f := newFixture(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
				mu.Lock()
				defer mu.Unlock()
				switch {
				case began.IsZero():
					began = time.Now()
					w.Header().Set("Retry-After", "1")
					w.WriteHeader(http.StatusTooManyRequests)
				case time.Since(began) < time.Second:
					early++
				}
			})
			f.push("/a", "/b", "/c", "/d")
			cfg := f.config()
			cfg.PauseWait = tt.wait
			cfg.Jobs, cfg.Limits = 1, work.Limits{PerHost: 1, Rate: tt.rate, Burst: 1}
			counts := f.work(cfg)
			if early != 0 || counts.Done != 4 || counts.Retried != 1 || counts.PutBack > 0 != tt.putBack {
				t.Errorf("got %+v and %d requests within the pause, want 4 done, 1 tried again, 0, put back %v", counts, early, tt.putBack)
			}
		})
	}
}

// TestPauseOtherHost: a host that wants a long pause holds no place of the others.
func TestPauseOtherHost(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(w http.ResponseWriter, req *http.Request, n int) {
		if strings.HasPrefix(req.Host, "127.") && n == 1 {
			w.Header().Set("Retry-After", "2")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	u, err := url.Parse(f.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	f.push("/a", "/b")
	f.pushURL(fmt.Sprintf("http://localhost:%s/other", u.Port()))
	cfg := f.config()
	cfg.Jobs, cfg.PauseWait = 1, time.Millisecond
	var mu sync.Mutex
	told := ""
	cfg.Notice = func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		told += fmt.Sprintf(format, args...) + "\n"
	}
	if counts := f.work(cfg); counts.Done != 3 || counts.PutBack == 0 {
		t.Errorf("got %+v, want 3 done", counts)
	}
	if !strings.Contains(told, f.server.URL+" has answered 429: nothing goes there for 2.00 s") {
		t.Errorf("got %q", told)
	}
}

// TestUntilDoneNothing: a queue that nobody has pushed to has nothing left, and so has one
// that was flushed away.
func TestUntilDoneNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(http.ResponseWriter, *http.Request, int) {})
	if counts := f.work(f.config()); counts != (work.Counts{}) {
		t.Errorf("got %+v", counts)
	}
	f = newFixture(t, func(http.ResponseWriter, *http.Request, int) { f.redis.FlushAll() })
	f.push("/a")
	f.work(f.config())
}

// TestLimitsDiffer: a worker tells of others with other limits, and forgets its own.
func TestLimitsDiffer(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(http.ResponseWriter, *http.Request, int) {})
	cfg := f.config()
	if _, err := stats.SayLimits(t.Context(), f.client, "--per-host 9 --rate 0"); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	told := ""
	cfg.Notice = func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		told += fmt.Sprintf(format, args...) + "\n"
	}
	f.push("/a")
	f.work(cfg)
	if want := "--per-host 9 --rate 0; here --per-host 2 --rate 1000 --burst 10\n"; !strings.Contains(told, want) {
		t.Errorf("got %q, want %q", told, want)
	}
	left, err := stats.ReadLimits(t.Context(), f.client)
	if err != nil || len(left) != 1 {
		t.Errorf("got %q, %v, want the other one", left, err)
	}
	now := time.Now()
	f.redis.SetTime(now.Add(time.Minute))
	if left, err := stats.ReadLimits(t.Context(), f.client); err != nil || len(left) != 0 {
		t.Errorf("got %q, %v, want that a worker which says nothing is forgotten", left, err)
	}
}

// TestForeign: a task of another program is left alone, which is told once.
func TestForeign(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(http.ResponseWriter, *http.Request, int) {})
	client := asynq.NewClientFromRedisClient(f.client)
	for range 2 {
		if _, err := client.Enqueue(asynq.NewTask("email:send", []byte(`{"url":"http://h/"}`)), asynq.Queue("q"), asynq.MaxRetry(3)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cfg := f.config()
	var told atomic.Int64
	cfg.Notice = func(format string, args ...any) {
		if strings.Contains(fmt.Sprintf(format, args...), "another program in this queue, email:send,") {
			told.Add(1)
		}
	}
	cfg.Progress = func(c work.Counts) {
		if c.PutBack == 2 {
			cancel()
		}
	}
	if counts, err := work.Run(ctx, cfg); err != nil || counts != (work.Counts{PutBack: 2}) || told.Load() != 1 {
		t.Errorf("got %+v, %v, told %d times", counts, err, told.Load())
	}
	tasks, err := asynq.NewInspectorFromRedisClient(f.client).ListRetryTasks("q")
	if err != nil || len(tasks) != 2 || tasks[0].Retried != 0 {
		t.Errorf("got %+v, %v, want both there, with nothing counted", tasks, err)
	}
}
