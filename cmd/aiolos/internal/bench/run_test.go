package bench_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	aioerrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/bench"
)

// wait passes the time, or gives up with ctx.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// steady is a server that takes a while for everything.
func steady(d time.Duration) func(context.Context) (bench.Sample, error) {
	return func(ctx context.Context) (bench.Sample, error) {
		return bench.Sample{Status: 200, Bytes: 10, Timing: session.Timing{Reused: true, FirstByte: d}}, wait(ctx, d)
	}
}

func TestRunCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := bench.Run(t.Context(), bench.Config{Send: steady(10 * time.Millisecond), Requests: 100, Workers: 10})
		if r.Requests != 100 || r.Elapsed != 100*time.Millisecond || r.Rate() != 1000 || r.Errors != 0 || r.Bytes != 1000 || r.Reused != 100 {
			t.Errorf("got %+v", r)
		}
		if r.Statuses[200] != 100 || r.Latency.Len() != 100 || r.Latency.Max() != 10*time.Millisecond || r.Service != r.Latency {
			t.Errorf("got %+v", r)
		}
		if r.Means.FirstByte != 10*time.Millisecond {
			t.Errorf("got %+v", r.Means)
		}
	})
}

func TestRunDuration(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := bench.Run(t.Context(), bench.Config{Send: steady(30 * time.Millisecond), Duration: 100 * time.Millisecond, Workers: 2})
		// Begun at 0, 30, 60 and 90 ms; the last ones are waited for.
		if r.Requests != 8 || r.Elapsed != 120*time.Millisecond {
			t.Errorf("got %+v", r)
		}
		if r = bench.Run(t.Context(), bench.Config{Send: steady(30 * time.Millisecond), Duration: time.Hour, Requests: 3, Workers: 2}); r.Requests != 3 {
			t.Errorf("got %+v", r)
		}
	})
}

// TestRunRate: the requests are begun on the schedule.
func TestRunRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := bench.Run(t.Context(), bench.Config{Send: steady(time.Millisecond), Duration: time.Second, Workers: 5, Rate: 100})
		if r.Requests != 100 || r.Unsent != 0 || r.Elapsed < 990*time.Millisecond || r.Elapsed > time.Second+time.Millisecond {
			t.Errorf("got %+v", r)
		}
		if r.Latency.Max() != time.Millisecond || r.Service.Max() != time.Millisecond || r.Target != 100 {
			t.Errorf("latency %v, service %v", r.Latency.Max(), r.Service.Max())
		}
	})
}

// TestRunCorrected: a server that stalls once for a second is charged with what
// the requests that were due meanwhile have waited.
func TestRunCorrected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		send := func(ctx context.Context) (bench.Sample, error) {
			d := time.Millisecond
			if n.Add(1) == 1 {
				d = time.Second
			}
			return bench.Sample{Status: 200}, wait(ctx, d)
		}
		r := bench.Run(t.Context(), bench.Config{Send: send, Requests: 200, Workers: 1, Rate: 100})
		// One worker: 100 requests were due during the stall, and the backlog of
		// about a second shrinks by 9 ms with each request.
		if got := r.Service.Percentile(99); got > 2*time.Millisecond {
			t.Errorf("uncorrected p99 is %v", got)
		}
		if got := r.Latency.Percentile(90); got < 700*time.Millisecond || got > time.Second {
			t.Errorf("corrected p90 is %v", got)
		}
		if got := r.Latency.Percentile(60); got < 100*time.Millisecond || got > 600*time.Millisecond {
			t.Errorf("corrected p60 is %v", got)
		}
		if got := r.Latency.Percentile(40); got > 2*time.Millisecond {
			t.Errorf("corrected p40 is %v, after the backlog", got)
		}
	})
}

// TestRunTooSlow: what was due and never sent is counted.
func TestRunTooSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := bench.Run(t.Context(), bench.Config{Send: steady(100 * time.Millisecond), Duration: time.Second, Workers: 1, Rate: 100})
		if r.Requests != 10 || r.Unsent != 90 {
			t.Errorf("got %d requests, %d unsent", r.Requests, r.Unsent)
		}
		r = bench.Run(t.Context(), bench.Config{Send: steady(100 * time.Millisecond), Duration: time.Second, Requests: 30, Workers: 1, Rate: 100})
		if r.Requests != 10 || r.Unsent != 20 {
			t.Errorf("got %d requests, %d unsent", r.Requests, r.Unsent)
		}
	})
}

func TestRunErrors(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	send := func(context.Context) (bench.Sample, error) {
		switch n.Add(1) % 4 {
		case 0:
			return bench.Sample{}, aioerrors.ErrServerDisconnected
		case 1:
			return bench.Sample{Status: 503}, nil
		case 2:
			return bench.Sample{}, errors.New("x")
		}
		return bench.Sample{Status: 200}, nil
	}
	r := bench.Run(t.Context(), bench.Config{Send: send, Requests: 400, Workers: 3})
	if r.Requests != 400 || r.Errors != 300 || r.Statuses[503] != 100 || r.Failures["cut"] != 100 || r.Failures["other"] != 100 || r.Latency.Len() != 200 {
		t.Errorf("got %+v", r)
	}
}

// TestRunInterrupted: the requests under way are given up and not counted.
func TestRunInterrupted(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0, 1, 1e-300} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
			defer cancel()
			r := bench.Run(ctx, bench.Config{Send: steady(time.Second), Workers: 1, Rate: rate})
			if r.Requests > 2 || r.Elapsed != 2500*time.Millisecond && rate > 1e-100 || r.Errors != 0 {
				t.Errorf("rate %v: got %+v", rate, r)
			}
		})
	}
}

func TestRunLive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []bench.Progress
		r := bench.Run(t.Context(), bench.Config{
			Send: steady(99 * time.Millisecond), Requests: 10, Workers: 1,
			Live: func(p bench.Progress) { seen = append(seen, p) },
		})
		if len(seen) != 3 || seen[0].Requests != 2 || seen[0].Elapsed != 250*time.Millisecond || seen[0].InFlight != 1 || seen[2].Requests != 7 {
			t.Fatalf("got %+v for %+v", seen, r)
		}
		// What is recent is what happened since the call before.
		for i, want := range []int64{2, 3, 2} {
			if got := seen[i].Recent; got.Requests != want || got.Errors != 0 || got.Latency.Max() != 99*time.Millisecond {
				t.Errorf("call %d: got %d requests, %d errors, at most %v", i, got.Requests, got.Errors, got.Latency.Max())
			}
		}
	})
}

func TestClass(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{
		aioerrors.ErrTotalTimeout: "timeout", aioerrors.ErrConnectionTimeout: "timeout connecting",
		aioerrors.ErrClientConnectorDNS: "name not found", aioerrors.ErrClientConnectorSSL: "TLS",
		aioerrors.ErrClientConnector: "no connection", aioerrors.ErrContentLength: "incomplete body",
		aioerrors.ErrClientConnectionReset: "connection lost", aioerrors.ErrBadHTTPMessage: "not HTTP",
	} {
		if got := bench.Class(err); got != want {
			t.Errorf("%v: got %q, want %q", err, got, want)
		}
	}
}
