package work_test

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/work"
)

// TestFewerAttempts: what has failed more often than a worker tries is given up with the error
// that it had, and not asked for again.
func TestFewerAttempts(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusInternalServerError) })
	f.push("/a?token=secret")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cfg := f.config()
	cfg.Attempts = 50
	cfg.Progress = func(c work.Counts) {
		if c.Retried >= 2 {
			cancel()
		}
	}
	if counts, err := work.Run(ctx, cfg); err != nil || counts.Retried < 2 {
		t.Fatalf("got %+v, %v", counts, err)
	}
	asked := f.times("/a")
	cfg = f.config()
	cfg.Attempts = 2
	want := []string{"ClientResponse 500: get /a?token=***: 500 Internal Server Error"}
	if counts := f.work(cfg); counts.GaveUp != 1 || f.times("/a") != asked || !slices.Equal(f.archived(), want) {
		t.Errorf("got %+v, %d more requests, %q, want %q", counts, f.times("/a")-asked, f.archived(), want)
	}
}
