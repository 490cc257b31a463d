package main

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// result is what one entrant took in all rounds, and the base in the same ones.
type result struct {
	name    string
	rounds  []sample
	against []sample
}

// runRow measures the duel, and then the others.
func runRow(ctx context.Context, r row) ([]result, error) {
	duel := min(2, len(r.entrants))
	if r.measure != nil { // by a process of its own each
		duel = len(r.entrants)
	}
	results, err := runRounds(ctx, r, r.entrants[:duel], r.rounds)
	if err != nil || len(r.entrants) == duel {
		return results, err
	}
	others := append([]entrant{r.entrants[0]}, r.entrants[duel:]...)
	more, err := runRounds(ctx, r, others, max(min(3, r.rounds), r.rounds/3))
	if err != nil {
		return nil, err
	}
	return append(results, more[1:]...), nil
}

// runRounds runs all entrants in every round; who begins changes.
func runRounds(ctx context.Context, r row, entrants []entrant, rounds int) ([]result, error) {
	results := make([]result, len(entrants))
	for i, e := range entrants {
		results[i].name = e.name
	}
	var clients []client
	defer func() { closeClients(clients) }()
	for round := range rounds {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if round == 0 || r.fresh {
			closeClients(clients)
			var err error
			if clients, err = buildClients(ctx, r, entrants); err != nil {
				return nil, err
			}
		}
		got := make([]sample, len(entrants))
		for i := range entrants {
			i = (i + round) % len(entrants)
			var err error
			if got[i], err = measureOnce(ctx, r, clients[i]); err != nil {
				return nil, fmt.Errorf("%s: %w", entrants[i].name, err)
			}
		}
		for i := range results {
			results[i].rounds = append(results[i].rounds, got[i])
			results[i].against = append(results[i].against, got[0])
		}
	}
	return results, nil
}

// buildClients makes the clients. Those that live for all rounds have made their
// connections when it returns.
func buildClients(ctx context.Context, r row, entrants []entrant) ([]client, error) {
	var clients []client
	for _, e := range entrants {
		c, err := e.build()
		if err != nil {
			closeClients(clients)
			return nil, fmt.Errorf("%s: %w", e.name, err)
		}
		clients = append(clients, c)
		if r.fresh || r.task == nil {
			continue
		}
		warm := r
		warm.ops = max(r.goroutines, r.ops/10)
		if _, err := measureTask(ctx, warm, c); err != nil {
			closeClients(clients)
			return nil, fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return clients, nil
}

func closeClients(clients []client) {
	for _, c := range clients {
		if c.close != nil {
			c.close()
		}
	}
}

func measureOnce(ctx context.Context, r row, c client) (sample, error) {
	if r.measure != nil {
		return r.measure(ctx, c)
	}
	return measureTask(ctx, r, c)
}

// measureTask does the row's task r.ops times.
func measureTask(ctx context.Context, r row, c client) (sample, error) {
	runtime.GC() // nobody pays for another one's garbage
	var left atomic.Int64
	left.Store(int64(r.ops))
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, start := readCPUTime(), time.Now()
	for range max(1, r.goroutines) {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := r.task(ctx, c); err != nil {
					failed.Store(&err)
					return
				}
			}
		})
	}
	wg.Wait()
	wall, cpu := time.Since(start), readCPUTime()-cpu
	runtime.ReadMemStats(&after)
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	n := float64(r.ops)
	return sample{
		wallTime: float64(wall) / n, cpuTime: float64(cpu) / n,
		allocs:     float64(after.Mallocs-before.Mallocs) / n,
		allocBytes: float64(after.TotalAlloc-before.TotalAlloc) / n,
	}, nil
}

// readCPUTime is the time that this process has had of all CPUs.
func readCPUTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it has no way to fail for the process itself
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
