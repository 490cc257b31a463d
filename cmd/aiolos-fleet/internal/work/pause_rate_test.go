package work_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/work"
)

// TestPauseThenRate: what has waited for the end of a pause does not go at once then: the rate
// holds, be the pause one that is waited for or one that has requests go back.
func TestPauseThenRate(t *testing.T) {
	for _, wait := range []time.Duration{5 * time.Second, 500 * time.Millisecond} {
		t.Run(wait.String(), func(t *testing.T) {
			t.Parallel() // with the other one alone, as it looks at times
			var mu sync.Mutex
			var arrivals []time.Time
			f := newFixture(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
				mu.Lock()
				defer mu.Unlock()
				if arrivals = append(arrivals, time.Now()); len(arrivals) == 1 {
					w.Header().Set("Retry-After", "2")
					w.WriteHeader(http.StatusTooManyRequests)
				}
			})
			for n := range 12 {
				f.push(fmt.Sprint("/", n))
			}
			cfg := f.config()
			cfg.PauseWait = wait
			cfg.Jobs, cfg.Limits = 12, work.Limits{PerHost: 12, Rate: 5, Burst: 1}
			if counts := f.work(cfg); counts.Done != 12 {
				t.Errorf("got %+v, want 12 done", counts)
			}
			// They are 200 ms apart when they set out; a machine that stands still for a
			// moment brings two or three together, and no more.
			first := 0
			for n, at := range arrivals {
				for at.Sub(arrivals[first]) > 150*time.Millisecond {
					first++
				}
				if n-first+1 > 3 {
					t.Fatalf("%d requests within 150 ms, %v after the pause began", n-first+1, at.Sub(arrivals[0]))
				}
			}
		})
	}
}
