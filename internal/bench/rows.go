package main

import (
	"context"
	"slices"
)

// allRows is everything that is compared, in the order of the tables. The budgets
// are those of a client with one P.
func allRows(e env) []row {
	return slices.Concat(
		selfRows(e), getRows(e), postRows(e), connectionRows(e), bulkRows(e), allocRows(e), http2Rows(e),
		[]row{stubRow()}, socketRows(e), idleRows(e), []row{formRow(e)}, cookieRows(),
	)
}

// getTask gets /small with a context that nobody can cancel.
func getTask(server string) func(context.Context, client) error {
	url := server + "/small"
	return func(_ context.Context, c client) error { return c.get(context.Background(), url, 64) } //nolint:contextcheck // that is what is measured
}

// getCancelableTask gets /small with a context that can end.
func getCancelableTask(server string) func(context.Context, client) error {
	url := server + "/small"
	return func(ctx context.Context, c client) error { return c.get(ctx, url, 64) }
}

// selfRows compare http.Client with itself, which tells what the rest is worth.
func selfRows(e env) []row {
	twice := func(s settings) []entrant {
		again := e.http1Clients(s)[0]
		again.name = "again"
		return []entrant{e.http1Clients(s)[0], again}
	}
	load := func(name string, goroutines, ops int, task func(context.Context, client) error) row {
		return row{
			name: "self, " + name, family: "self", goroutines: goroutines, ops: ops, rounds: 21, optional: true,
			entrants: twice(settings{}), task: task,
		}
	}
	bulks := bulkRows(e)
	all := append(make([]row, 0, 4+len(bulks)),
		load("small", 1, 2000, getTask(e.srv.Plain)),
		load("small", 16, 6000, getTask(e.srv.Plain)),
		load("small", 256, 6000, getTask(e.srv.Plain)),
		load("small over TLS", 16, 6000, getTask(e.srv.TLS)),
	)
	for _, bulk := range bulks {
		bulk.name, bulk.family, bulk.optional, bulk.budgets, bulk.rounds = "self, "+bulk.name, "self", true, nil, 21
		bulk.entrants = twice(settings{})
		all = append(all, bulk)
	}
	return all
}

func getRows(e env) []row {
	all := make([]row, 0, 5)
	for _, load := range []struct {
		goroutines, ops int
		budget          float64
	}{{1, 2000, 0.75}, {16, 6000, 0.62}, {256, 6000, 0.58}} {
		all = append(all, row{
			name: "GET 64 B", family: "HTTP/1.1", goroutines: load.goroutines, ops: load.ops, rounds: 17,
			entrants: e.http1Clients(settings{}), budgets: cpuBudget(load.budget), task: getTask(e.srv.Plain),
		})
	}
	return append(all, row{
		name: "GET 64 B, context that can be cancelled", family: "HTTP/1.1", goroutines: 16, ops: 6000, rounds: 9,
		entrants: e.http1Clients(settings{}), task: getCancelableTask(e.srv.Plain),
	}, row{
		name: "GET 64 B over TLS", family: "HTTP/1.1", goroutines: 16, ops: 6000, rounds: 15,
		entrants: e.http1Clients(settings{}), budgets: cpuBudget(0.70), task: getTask(e.srv.TLS),
	})
}

func postRows(e env) []row {
	v, url := newPayload(), e.srv.Plain+"/sink"
	return []row{{
		name: "POST JSON 1 KiB", family: "HTTP/1.1", goroutines: 16, ops: 5000, rounds: 15,
		entrants: e.http1Clients(settings{}), budgets: cpuBudget(0.70),
		task: func(_ context.Context, c client) error { return c.post(context.Background(), url, v) }, //nolint:contextcheck // as above
	}}
}

func connectionRows(e env) []row {
	return []row{{
		name: "GET 64 B, a new connection each", family: "HTTP/1.1", goroutines: 16, ops: 1200, rounds: 13,
		entrants: e.http1Clients(settings{forceClose: true}), budgets: cpuBudget(0.90), task: getTask(e.srv.Plain),
	}}
}

// bulkRows move big bodies.
func bulkRows(e env) []row {
	get := func(path string, atLeast int64) func(context.Context, client) error {
		return func(_ context.Context, c client) error { return c.get(context.Background(), e.srv.Plain+path, atLeast) } //nolint:contextcheck // as above
	}
	put := func(src source) func(context.Context, client) error {
		return func(_ context.Context, c client) error { return c.put(context.Background(), e.srv.Plain+"/sink", src) } //nolint:contextcheck // as above
	}
	all := e.http1Clients(settings{})
	without := func(names ...string) []entrant {
		return slices.DeleteFunc(slices.Clone(all), func(e entrant) bool { return slices.Contains(names, e.name) })
	}
	return []row{
		{
			name: "PUT 128 MiB from a file", family: "HTTP/1.1", goroutines: 1, ops: 4, rounds: 11, fresh: true,
			entrants: all, budgets: cpuBudget(1.00), task: put(source{file: e.file}),
		},
		{
			name: "PUT 128 MiB from a pipe", family: "HTTP/1.1", goroutines: 1, ops: 4, rounds: 11, fresh: true,
			entrants: without("go-retryablehttp"), // it keeps a pipe's bytes in memory
			budgets:  cpuBudget(1.00), task: put(source{}),
		},
		{
			name: "GET 128 MiB", family: "HTTP/1.1", goroutines: 1, ops: 4, rounds: 11, fresh: true,
			entrants: all, task: get("/big", bigSize),
		},
		{
			name: "GET gzip, 1 MiB of JSON", family: "HTTP/1.1", goroutines: 1, ops: 24, rounds: 13,
			entrants: without("connector"), // it hands on what comes
			task:     get("/gzip", 1<<20),
		},
	}
}

// allocRows count the allocations of one GET at a time, read and closed.
func allocRows(e env) []row {
	count := func(name string, limit float64, task func(context.Context, client) error) row {
		return row{
			name: "allocations of a GET" + name, family: "allocations", ops: 600, rounds: 3, onePOnly: true,
			entrants: e.http1Clients(settings{})[:3], budgets: []budget{{allocs, absolute, limit}}, task: task,
		}
	}
	return []row{
		count("", 22, getTask(e.srv.Plain)),
		count(", context that can be cancelled", 25, getCancelableTask(e.srv.Plain)),
	}
}
