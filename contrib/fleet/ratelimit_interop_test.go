//go:build interop && linux

package fleet_test

import (
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/contrib/fleet/internal/redistest"
)

// TestInteropRateLimit: four processes with 50 goroutines each. By the clock of Redis no
// window has more grants than the limit and the burst, and the rate at the server is that of
// the limit.
func TestInteropRateLimit(t *testing.T) {
	for _, tt := range []struct {
		name    string
		cluster bool
		limit   rateSettings
		rate    float64 // at the server
	}{
		{"total", false, rateSettings{Rate: 200, Burst: 10}, 200},
		{"per host, in a Cluster", true, rateSettings{PerHost: 100, BurstPerHost: 5}, 100},
		{"both, in a Cluster", true, rateSettings{Rate: 300, Burst: 10, PerHost: 100, BurstPerHost: 5}, 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := startRateServer(t)
			load := rateLoad{URLs: []string{server.URL}, Goroutines: 50, Processes: 4, Limit: tt.limit}
			if tt.cluster {
				for _, s := range redistest.StartCluster(t) {
					load.Cluster = append(load.Cluster, s.Addr)
				}
			} else {
				load.Redis = redistest.Start(t).Addr
			}
			run := startRateRun(t, load)
			began := time.Now()
			lasts := rateTime(t, 4)
			pass(t, lasts)
			run.end()
			checkRate(t, server, began, lasts, tt.rate)
			checkRun(t, run, tt.limit, lasts)
		})
	}
}

// checkRate compares the rate at the server with that of the limit, without the first half
// second, which has the burst.
func checkRate(t *testing.T, server *rateServer, began time.Time, lasts time.Duration, want float64) {
	t.Helper()
	from, to := began.Add(500*time.Millisecond), began.Add(lasts)
	got := float64(server.between(from, to)) / to.Sub(from).Seconds()
	if got < want*0.95 || got > want*1.05 {
		t.Errorf("got %.1f requests a second at the server, want %v ± 5 %%", got, want)
	}
	t.Logf("%.2f requests a second at the server, limit %v", got, want)
}

// checkRun checks the windows and the ends.
func checkRun(t *testing.T, run *rateRun, limit rateSettings, lasts time.Duration) {
	t.Helper()
	if len(run.local) != 0 {
		t.Errorf("got %d grants without Redis, want none", len(run.local))
	}
	if limit.Rate > 0 {
		checkWindows(t, run.shared, time.Duration(float64(time.Second)/limit.Rate), limit.Burst)
	}
	if limit.PerHost > 0 {
		for _, at := range run.byKey {
			checkWindows(t, at, time.Duration(float64(time.Second)/limit.PerHost), limit.BurstPerHost)
		}
	}
	var sent, calls, lost, failed int64
	for _, end := range run.ends {
		sent, calls, lost, failed = sent+end.Stats.Sent, calls+end.Fleet.Calls, lost+end.Stats.Lost, failed+end.Fleet.Failed
		if len(end.Errors) > 0 {
			t.Errorf("got errors %v", end.Errors)
		}
	}
	t.Logf("%d grants, %d sent, %d lost, %d questions (%.2f for each request), %d failed; per process %v", len(run.shared), sent, lost, calls, float64(calls)/float64(max(sent, 1)), failed, perProcess(run))
}

func perProcess(run *rateRun) (sent []int64) {
	for _, end := range run.ends {
		sent = append(sent, end.Stats.Sent)
	}
	return sent
}
