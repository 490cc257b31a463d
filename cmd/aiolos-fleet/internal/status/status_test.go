package status_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/stats"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/status"
)

var update = flag.Bool("update", false, "write the golden files")

// TestText compares what a reader gets with the golden files.
func TestText(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	many := make([]stats.Failure, 0, 20)
	for n := range 20 {
		many = append(many, stats.Failure{Class: fmt.Sprint("ClientResponse ", 500+n), Attempts: int64(20 - n)})
	}
	for name, s := range map[string]status.Status{
		"empty": {Queue: "default"},
		"busy": {
			Queue: "default", Pending: 1_234_567, Active: 40, Retry: 12, Archived: 3, Completed: 54_321, Memory: 612_345_678,
			Workers: []status.Worker{{Host: "one", PID: 7, State: "active", Active: 32, Jobs: 32, Started: now.Add(-2 * time.Hour)}, {Host: "two", PID: 12345, State: "closed", Active: 8, Jobs: 32, Started: now.Add(-50 * time.Second)}},
			Summary: stats.Summary{
				Done: 54_321, Bytes: 987_654_321, Failed: 33, Rates: stats.Rates{Done: 120.44, Failed: 0.5, Bytes: 3_100_000},
				Failures: []stats.Failure{{Class: "ClientResponse 404", Attempts: 3, GaveUp: 3}, {Class: "SocketTimeout", Attempts: 30}},
				Hosts:    []stats.Host{{Host: "slow.example", Requests: 412, Mean: 1234.5, Max: 9000}, {Host: "evil\x1b[2J", Requests: 1, Mean: 0.5, Max: 0.5}},
			},
		},
		"paused":     {Queue: "q", Paused: true, Pending: 5},
		"no workers": {Queue: "q", Retry: 5},
		"many":       {Queue: "q", Summary: stats.Summary{Failures: many}},
	} {
		got := s.Text(now)
		file := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil || got != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s\n%v", name, got, want, err)
		}
	}
}

// TestReadNothing: a queue that nobody has pushed to is empty, and no error.
func TestReadNothing(t *testing.T) {
	t.Parallel()
	client := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	defer client.Close()
	s, err := status.Read(t.Context(), client, "q", 10)
	if err != nil || s.Left() != 0 || s.Workers == nil {
		t.Errorf("got %+v, %v", s, err)
	}
}
