// Package stats keeps, in small hashes beside the queue, what asynq does not: the failures
// by class, how much was done lately, and which hosts are slow.
package stats

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/task"
)

// The fields of the counters.
const (
	fieldDone    = "done"
	fieldBytes   = "bytes"
	fieldFailed  = "failed"  // attempts
	prefixFailed = "failed " // attempts, by class
	prefixGaveUp = "gave up "
)

// hostTimes are the times of one host: from when a request was sent until the head of its
// response was there.
type hostTimes struct {
	Requests int64   `json:"n"`
	Sum      float64 `json:"sum"` // milliseconds
	Max      float64 `json:"max"`
}

// report is what has happened since the last one.
type report struct {
	Counts map[string]int64     `json:"counts"`
	Hosts  map[string]hostTimes `json:"hosts"`
}

func newReport() report { return report{Counts: map[string]int64{}, Hosts: map[string]hostTimes{}} }

// Recorder collects what one worker does, and tells it to Redis from time to time. It is
// safe for concurrent use.
type Recorder struct {
	redis redis.UniversalClient
	queue string

	mu      sync.Mutex
	pending report
}

// NewRecorder makes a Recorder.
func NewRecorder(client redis.UniversalClient, queue string) *Recorder {
	return &Recorder{redis: client, queue: queue, pending: newReport()}
}

// Done counts a URL that was fetched and saved.
func (r *Recorder) Done(bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending.Counts[fieldDone]++
	r.pending.Counts[fieldBytes] += bytes
}

// Failed counts an attempt that has failed, and whether it was the last.
func (r *Recorder) Failed(class string, gaveUp bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending.Counts[fieldFailed]++
	r.pending.Counts[prefixFailed+class]++
	if gaveUp {
		r.pending.Counts[prefixGaveUp+class]++
	}
}

// maxHosts is how many hosts a worker notes between two reports, and how many are kept in
// an hour. Those that come after them are not counted.
const maxHosts = 1000

// Host counts a request to a host.
func (r *Recorder) Host(host string, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h, ok := r.pending.Hosts[host]
	if !ok && len(r.pending.Hosts) >= maxHosts {
		return
	}
	ms := float64(took.Microseconds()) / 1000
	r.pending.Hosts[host] = hostTimes{h.Requests + 1, h.Sum + ms, max(h.Max, ms)}
}

// Flush tells Redis. What it does not take is told the next time.
func (r *Recorder) Flush(ctx context.Context) error {
	r.mu.Lock()
	told := r.pending
	r.pending = newReport()
	r.mu.Unlock()
	if len(told.Counts) == 0 && len(told.Hosts) == 0 {
		return nil
	}
	data, err := json.Marshal(told)
	if err == nil {
		err = recordScript.Run(ctx, r.redis, keys(r.queue), data, maxHosts, bucketSeconds, buckets).Err()
	}
	if err != nil {
		r.putBack(told)
	}
	return err
}

// putBack adds a report that was not taken to what has come since.
func (r *Recorder) putBack(told report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for field, n := range told.Counts {
		r.pending.Counts[field] += n
	}
	for host, t := range told.Hosts {
		h := r.pending.Hosts[host]
		r.pending.Hosts[host] = hostTimes{h.Requests + t.Requests, h.Sum + t.Sum, max(h.Max, t.Max)}
	}
}

// keys are those of the script.
func keys(queue string) []string {
	return []string{task.OwnKey(queue, "counts"), task.OwnKey(queue, "rates"), task.OwnKey(queue, "hosts"), task.OwnKey(queue, "hosts:before")}
}
