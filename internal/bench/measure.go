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
	more, err := runRounds(ctx, r, others, max(min(3, r.rounds), r.rounds/4))
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
		var err error
		if round == 0 || r.fresh {
			closeClients(clients)
			if clients, err = buildClients(ctx, r, entrants); err != nil {
				return nil, err
			}
		}
		got, err := measureRound(ctx, r, clients, round)
		if err != nil {
			return nil, err
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
		c.name = e.name
		clients = append(clients, c)
		if r.fresh || r.task == nil {
			continue
		}
		if _, err := measureSlice(ctx, r, c, max(2*r.goroutines, r.ops/10)); err != nil {
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

// measureRound has the clients take turns, a slice of the work each: in one order,
// and then backwards, so that what changes steadily strikes all of them alike. The
// next round begins with another client.
//
// The heap is collected before the round and not between the slices. Whoever fills
// it starts a collection, with what the one before has left; on average that is as
// much as this one leaves to the next. A collection before each slice would give
// away what a slice has allocated since its last one.
func measureRound(ctx context.Context, r row, clients []client, round int) ([]sample, error) {
	runtime.GC()
	got := make([]sample, len(clients))
	slices := min(sliceCount, max(1, r.ops))
	for slice := range slices {
		for i := range clients {
			if slice%2 == 1 {
				i = len(clients) - 1 - i
			}
			i = (i + round) % len(clients)
			s, err := measureSlice(ctx, r, clients[i], max(1, r.ops/slices))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", clients[i].name, err)
			}
			got[i] = got[i].add(s, slices)
		}
	}
	return got, nil
}

// sliceCount is in how many slices a round does a client's work.
const sliceCount = 4

// add adds the share of a slice.
func (s sample) add(slice sample, slices int) sample {
	if s == nil {
		s = sample{}
	}
	for m, v := range slice {
		s[m] += v / float64(slices)
	}
	return s
}

// measureSlice does the row's task, or its own measurement. What it returns is of one
// operation.
func measureSlice(ctx context.Context, r row, c client, ops int) (sample, error) {
	if r.measure != nil {
		return r.measure(ctx, c)
	}
	var left atomic.Int64
	left.Store(int64(ops))
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
	n := float64(ops)
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
