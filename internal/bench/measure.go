package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"text/tabwriter"
	"time"
)

// workload is one kind of work, for all clients.
type workload struct {
	name       string
	goroutines int
	ops        int // of one client in one round, all goroutines together
	rounds     int
	without    []string // clients that do not do this
	base       string   // whom the others are compared with; empty: http.Client
	settings   settings
	clients    func() ([]client, error) // instead of all clients of HTTP
	// task is what one goroutine does once.
	task func(ctx context.Context, c client) error
}

// cost is what one client took for one round, per operation.
type cost struct {
	wall, cpu     time.Duration
	allocs, bytes float64
}

// result is one line of a table.
type result struct {
	client string
	wall   []time.Duration
	cpu    []time.Duration
	allocs []float64
	bytes  []float64
}

type table struct {
	workload
	results []*result
}

// baseline is the client that the others are compared with, if the workload does
// not say another.
const baseline = "http.Client"

// run measures all clients. They live as long as the workload, so that their
// connections are there after the first, unmeasured round.
func run(ctx context.Context, srv *server, w workload) (*table, error) {
	build := w.clients
	if build == nil {
		build = func() ([]client, error) { return newClients(srv, w.settings) }
	}
	clients, err := build()
	if err != nil {
		return nil, err
	}
	clients = slices.DeleteFunc(clients, func(c client) bool { return slices.Contains(w.without, c.name) })
	if w.base == "" {
		w.base = baseline
	}
	t := &table{workload: w}
	for _, c := range clients {
		defer c.close()
		t.results = append(t.results, &result{client: c.name})
		warm := w
		warm.ops = max(w.goroutines, w.ops/10)
		if _, err := measure(ctx, c, warm); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	for round := range w.rounds {
		for i := range clients {
			i = (i + round) % len(clients)
			got, err := measure(ctx, clients[i], w)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", clients[i].name, err)
			}
			r := t.results[i]
			r.wall = append(r.wall, got.wall)
			r.cpu = append(r.cpu, got.cpu)
			r.allocs = append(r.allocs, got.allocs)
			r.bytes = append(r.bytes, got.bytes)
		}
	}
	return t, nil
}

// measure runs the workload once with one client.
func measure(ctx context.Context, c client, w workload) (cost, error) {
	runtime.GC() // nobody pays for another one's garbage
	var left atomic.Int64
	left.Store(int64(w.ops))
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, start := cpuTime(), time.Now()
	for range w.goroutines {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := w.task(ctx, c); err != nil {
					failed.Store(&err)
					return
				}
			}
		})
	}
	wg.Wait()
	wall, cpu := time.Since(start), cpuTime()-cpu
	runtime.ReadMemStats(&after)
	if err := failed.Load(); err != nil {
		return cost{}, *err
	}
	n := time.Duration(w.ops)
	return cost{
		wall: wall / n, cpu: cpu / n,
		allocs: float64(after.Mallocs-before.Mallocs) / float64(w.ops),
		bytes:  float64(after.TotalAlloc-before.TotalAlloc) / float64(w.ops),
	}, nil
}

// cpuTime is the time that this process has had of all CPUs.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it has no way to fail for the process itself
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// print writes the table.
func (t *table) print(out io.Writer) {
	base := t.results[slices.IndexFunc(t.results, func(r *result) bool { return r.client == t.base })]
	fmt.Fprintf(out, "\n%s: %d at a time, %d rounds of %d, ratios to %s\n", t.name, t.goroutines, t.rounds, t.ops, t.base)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  client\ttime\tratio\tclient CPU\tratio\tallocs\tkB")
	for _, r := range t.results {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\t%.1f\t%.1f\n", r.client,
			text(median(r.wall)), ratio(r.wall, base.wall), text(median(r.cpu)), ratio(r.cpu, base.cpu),
			median(r.allocs), median(r.bytes)/1e3)
	}
	_ = w.Flush()
}

func text(d time.Duration) string {
	switch {
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.0f ms", float64(d)/1e6)
	case d >= time.Millisecond:
		return fmt.Sprintf("%.2f ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.1f µs", float64(d)/1e3)
}

func median[V int64 | float64 | time.Duration](all []V) V {
	all = slices.Sorted(slices.Values(all))
	if n := len(all); n%2 == 0 {
		return (all[n/2-1] + all[n/2]) / 2
	}
	return all[len(all)/2]
}

// ratio compares round by round.
func ratio(of, base []time.Duration) string {
	all := make([]float64, len(of))
	for i := range of {
		all[i] = float64(of[i]) / float64(base[i])
	}
	return fmt.Sprintf("%.2f (%.2f to %.2f)", median(all), slices.Min(all), slices.Max(all))
}
