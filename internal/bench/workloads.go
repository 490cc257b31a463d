package main

import "context"

// payload is the JSON of about a kilobyte that is posted.
type payload struct {
	ID    int      `json:"id"`
	Name  string   `json:"name"`
	Notes []string `json:"notes"`
}

// answer is what comes back.
type answer struct {
	Received int64 `json:"received"`
}

// workloads is everything that is compared, in the order of the tables.
func workloads(srv *server, file string) []workload {
	var all []workload
	for _, scheme := range []struct {
		name, url string
		rounds    int
	}{{"GET 64 B", srv.Plain, 13}, {"GET 64 B over TLS", srv.addresses.TLS, 7}} {
		url := scheme.url + "/small"
		for _, size := range []struct{ goroutines, ops int }{{1, 1024}, {16, 2048}, {256, 2048}} {
			all = append(all, workload{
				name: scheme.name, goroutines: size.goroutines, ops: size.ops, rounds: scheme.rounds,
				task: func(_ context.Context, c client) error { return c.get(context.Background(), url, 64) }, //nolint:contextcheck // that nobody can cancel it is what is measured
			})
		}
	}
	small := srv.Plain + "/small"
	all = append(all, workload{
		name: "GET 64 B, context that can be cancelled", goroutines: 16, ops: 1024, rounds: 9,
		task: func(ctx context.Context, c client) error { return c.get(ctx, small, 64) },
	})
	post := payload{ID: 1, Name: "a kilobyte"}
	for range 16 {
		post.Notes = append(post.Notes, "sixty characters or so of text that is neither long nor short")
	}
	plain := srv.Plain
	all = append(all,
		workload{
			name: "POST JSON 1 KiB", goroutines: 1, ops: 1024, rounds: 7,
			task: func(ctx context.Context, c client) error { return c.post(ctx, plain+"/sink", &post) },
		},
		workload{
			name: "POST JSON 1 KiB", goroutines: 16, ops: 1024, rounds: 9,
			task: func(ctx context.Context, c client) error { return c.post(ctx, plain+"/sink", &post) },
		},
		workload{
			name: "GET gzip, 1 MiB of JSON", goroutines: 1, ops: 32, rounds: 9,
			without: []string{"connector"}, // it hands on what comes
			task:    func(ctx context.Context, c client) error { return c.get(ctx, plain+"/gzip", 1<<20) },
		},
		workload{
			name: "GET 1 GiB", goroutines: 1, ops: 1, rounds: 3, base: "Transport",
			task: func(ctx context.Context, c client) error { return c.get(ctx, plain+"/big", bigSize) },
		},
		workload{
			name: "PUT 1 GiB from a file", goroutines: 1, ops: 1, rounds: 3, base: "Transport",
			task: func(ctx context.Context, c client) error { return c.put(ctx, plain+"/sink", file) },
		},
		workload{
			name: "GET 64 B, a new connection each", goroutines: 4, ops: 512, rounds: 7, settings: settings{forceClose: true},
			task: func(ctx context.Context, c client) error { return c.get(ctx, plain+"/small", 64) },
		},
		formWorkload(file),
	)
	all = append(all, socketWorkloads(srv)...)
	return append(all, cookieWorkloads()...)
}
