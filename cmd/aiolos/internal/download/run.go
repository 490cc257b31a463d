package download

import (
	"context"
	"sync"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// Limits bound what runs at the same time. Both are at least one.
type Limits struct{ Total, PerHost int }

// Run downloads all jobs, within limits, and calls done for each, one at a time,
// in the order in which they end. When ctx ends, what runs is stopped and what
// has not begun is reported with the context's error.
//
// A host that is busy does not hold up the others: the next job is the first one
// whose host has room.
func Run(ctx context.Context, f *Fetcher, jobs []Job, limits Limits, done func(Result)) {
	q := newQueue(jobs, max(1, limits.PerHost))
	results := make(chan Result)
	var workers sync.WaitGroup
	for range min(max(1, limits.Total), len(jobs)) {
		workers.Go(func() {
			for {
				job, host, ok := q.nextJob()
				if !ok {
					return
				}
				results <- fetchUnlessDone(ctx, f, job)
				q.finishJob(host)
			}
		})
	}
	go func() {
		workers.Wait()
		close(results)
	}()
	for r := range results {
		done(r)
	}
}

// fetchUnlessDone does not begin what would be stopped at once.
func fetchUnlessDone(ctx context.Context, f *Fetcher, job Job) Result {
	if err := ctx.Err(); err != nil {
		return Result{Job: job, Err: err}
	}
	return f.Fetch(ctx, job)
}

// queue hands out jobs in order, but none to a host that has its share.
type queue struct {
	perHost int

	mu    sync.Mutex
	freed *sync.Cond
	jobs  []Job
	hosts []string // of jobs
	busy  map[string]int
}

// newQueue makes a queue of all jobs.
func newQueue(jobs []Job, perHost int) *queue {
	q := &queue{perHost: perHost, jobs: append([]Job(nil), jobs...), busy: map[string]int{}}
	q.freed = sync.NewCond(&q.mu)
	for _, j := range q.jobs {
		q.hosts = append(q.hosts, hostOf(j.URL))
	}
	return q
}

// nextJob waits for a job that may begin; ok is false when none is left.
func (q *queue) nextJob() (job Job, host string, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		for i, host := range q.hosts {
			if q.busy[host] >= q.perHost {
				continue
			}
			job := q.jobs[i]
			q.jobs = append(q.jobs[:i], q.jobs[i+1:]...)
			q.hosts = append(q.hosts[:i], q.hosts[i+1:]...)
			q.busy[host]++
			return job, host, true
		}
		if len(q.jobs) == 0 {
			return Job{}, "", false
		}
		q.freed.Wait()
	}
}

// finishJob ends a job of host.
func (q *queue) finishJob(host string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy[host]--
	q.freed.Broadcast()
}

// hostOf returns what the limit per host counts by.
func hostOf(raw string) string {
	u, err := session.ParseURL(raw)
	if err != nil {
		return raw
	}
	return middleware.Origin(u)
}
