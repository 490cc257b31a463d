package stats_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/stats"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/task"
)

func newRedis(t *testing.T) (*redis.Client, *miniredis.Miniredis) {
	server := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr(), MaxRetries: -1})
	t.Cleanup(func() { client.Close() })
	return client, server
}

func TestRecord(t *testing.T) {
	t.Parallel()
	client, server := newRedis(t)
	now := time.Unix(1_800_000_000, 0)
	server.SetTime(now)
	one, two := stats.NewRecorder(client, "q"), stats.NewRecorder(client, "q")
	for range 20 {
		one.Done(1000)
	}
	one.Failed("ClientResponse 404", true)
	one.Failed("SocketTimeout", false)
	two.Failed("SocketTimeout", false)
	one.Host("slow.example", 3*time.Second)
	one.Host("fast.example", time.Millisecond)
	two.Host("slow.example", time.Second)
	two.Host("since", 2*time.Millisecond)
	for _, r := range []*stats.Recorder{one, two, one} {
		if err := r.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s, err := stats.Read(t.Context(), client, "q", 2)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%+v", s)
	want := "{Done:20 Bytes:20000 Failed:3 Rates:{Done:20 Failed:3 Bytes:20000} " +
		"Failures:[{Class:ClientResponse 404 Attempts:1 GaveUp:1} {Class:SocketTimeout Attempts:2 GaveUp:0}] " +
		"Hosts:[{Host:slow.example Requests:2 Mean:2000 Max:3000} {Host:since Requests:1 Mean:2 Max:2}]}"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// A minute later the rates are nil, and an hour later the hosts move on.
	for _, later := range []time.Duration{2 * time.Minute, 90 * time.Minute, 200 * time.Minute} {
		server.SetTime(now.Add(later))
		one.Host("new.example", time.Millisecond)
		if err := one.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if s, err = stats.Read(t.Context(), client, "q", 10); err != nil || s.Rates != (stats.Rates{}) || len(s.Hosts) != 1 || s.Done != 20 {
		t.Errorf("got %+v, %v", s, err)
	}
	for _, key := range []string{"counts", "rates", "hosts", "hosts:before"} {
		if name := task.OwnKey("q", key); server.Exists(name) && server.TTL(name) == 0 {
			t.Errorf("%s does not expire", name)
		}
	}
	if err := stats.Forget(t.Context(), client, "q"); err != nil || len(server.Keys()) != 0 {
		t.Errorf("left %v, %v", server.Keys(), err)
	}
}

// TestRecordBounds: so many hosts and classes are kept, and no more.
func TestRecordBounds(t *testing.T) {
	t.Parallel()
	client, server := newRedis(t)
	r := stats.NewRecorder(client, "q")
	for n := range 3000 {
		r.Failed(fmt.Sprint("class ", n), false)
		r.Host(fmt.Sprint("host", n), time.Millisecond)
		if n%1000 == 999 {
			if err := r.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for key, want := range map[string]int{"hosts": 1001, "counts": 2000} {
		fields, err := server.HKeys(task.OwnKey("q", key))
		if err != nil || len(fields) > want || len(fields) < want-1 {
			t.Errorf("%s: got %d, %v, want %d", key, len(fields), err, want)
		}
	}
}

// TestFlushAgain: a report that Redis does not take is not lost.
func TestFlushAgain(t *testing.T) {
	t.Parallel()
	client, server := newRedis(t)
	r := stats.NewRecorder(client, "q")
	r.Done(1)
	r.Host("h", time.Millisecond)
	server.SetError("LOADING")
	if err := r.Flush(context.Background()); err == nil {
		t.Fatal("got no error")
	}
	server.SetError("")
	r.Done(1)
	r.Host("h", time.Millisecond)
	if err := r.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if s, err := stats.Read(t.Context(), client, "q", 1); err != nil || s.Done != 2 || s.Hosts[0].Requests != 2 {
		t.Errorf("got %+v, %v", s, err)
	}
}
