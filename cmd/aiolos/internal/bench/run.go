// Package bench sends the same request many times and measures how long it
// takes.
package bench

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/session"
)

// Sample is what is known of one exchange.
type Sample struct {
	Status int
	Bytes  int64
	Timing session.Timing
}

// Config says what to do.
type Config struct {
	// Send makes one exchange. It is called by many goroutines.
	Send func(ctx context.Context) (Sample, error)
	// Requests is how many requests to send; 0 is no limit.
	Requests int64
	// Duration is how long requests are begun; 0 is no limit.
	Duration time.Duration
	// Workers is how many requests are under way at the same time, at most.
	Workers int
	// Rate is how many requests to begin in a second; 0 is as many as there can
	// be. With a rate, the latency of a request for which no worker was free when
	// it was due counts from that instant, so that a server that stalls is not
	// spared the requests that it kept from being sent. That a timer of ours goes
	// off late is not held against the server.
	Rate float64
	// Live is called every so often with what has happened so far, from one
	// goroutine; nil is nobody.
	Live func(Progress)
	// Every is how often; 0 is a quarter of a second.
	Every time.Duration
	// Timeline keeps what happened when, for Result.Timeline. It costs a lock for
	// each exchange.
	Timeline bool
}

// Progress is what has happened so far.
type Progress struct {
	Requests, Errors int64
	InFlight         int64
	Elapsed          time.Duration
	// Recent is what happened since the call before. It is the callee's.
	Recent *Slot
}

// Means are the mean phases of all exchanges with a response.
type Means struct{ DNS, Connect, TLS, FirstByte, Body time.Duration }

// Result is the outcome.
type Result struct {
	Elapsed  time.Duration
	Workers  int
	Target   float64 // the rate that was asked for, or 0
	Requests int64   // that were begun
	Unsent   int64   // that were due and not begun before the end
	Errors   int64   // without a complete response, or with a status of 400 and more
	Bytes    int64   // of all bodies, after decoding
	Latency  *Hist   // of all responses, from the instant when they were due
	Service  *Hist   // the same from the instant when they were sent; without a rate it is Latency
	Statuses map[int]int64
	Failures map[string]int64 // by class
	Texts    map[string]int64 // the same errors by what they say; of many kinds, some
	Reused   int64            // exchanges on a kept connection
	Means    Means
	Timeline []Point // in order; nil unless the Config asks for it
}

// worker is one of many senders and what it has seen.
type worker struct {
	begun, done, failed atomic.Int64 // read by others

	latency  Hist
	service  Hist
	statuses map[int]int64
	failures texts
	texts    texts
	bytes    int64
	reused   int64
	sums     Means
}

// run is one benchmark under way.
type run struct {
	cfg     Config
	start   time.Time
	next    atomic.Int64
	workers []*worker
	series  *series // nil: nobody looks
}

// Run sends requests until there are enough, the time is over, or ctx ends. What
// is under way at the end of the time is waited for, and counted; when ctx ends
// it is given up and not counted.
func Run(ctx context.Context, cfg Config) *Result {
	r := &run{cfg: cfg, start: time.Now()}
	if cfg.Timeline || cfg.Live != nil {
		r.series = newSeries(cfg.Timeline)
	}
	for range cfg.Workers {
		r.workers = append(r.workers, &worker{statuses: map[int]int64{}, failures: texts{}, texts: texts{}})
	}
	stopLive := r.startLive()
	var wg sync.WaitGroup
	for _, w := range r.workers {
		wg.Go(func() { r.sendRequests(ctx, w) })
	}
	wg.Wait()
	elapsed := time.Since(r.start)
	stopLive()
	return r.sumResult(elapsed)
}

// sendRequests sends requests one after the other.
func (r *run) sendRequests(ctx context.Context, w *worker) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		n := r.next.Add(1) - 1
		if r.cfg.Requests > 0 && n >= r.cfg.Requests {
			return
		}
		due, ok := r.awaitDue(ctx, timer, n)
		if !ok {
			return
		}
		began := time.Now()
		if due.IsZero() {
			due = began
		}
		w.begun.Add(1)
		sample, err := r.cfg.Send(ctx)
		now := time.Now()
		if ctx.Err() != nil {
			return
		}
		w.countSample(sample, err, now.Sub(due), now.Sub(began), r.cfg.Rate > 0)
		if r.series != nil {
			r.series.add(now.Sub(r.start), now.Sub(due), err != nil || sample.Status >= 400, err == nil)
		}
	}
}

// awaitDue waits until request n is due, and reports whether it is to be sent. It
// returns the instant if that was in the past.
func (r *run) awaitDue(ctx context.Context, timer *time.Timer, n int64) (due time.Time, ok bool) {
	if ctx.Err() != nil {
		return due, false
	}
	if r.cfg.Rate <= 0 {
		return due, r.cfg.Duration <= 0 || time.Since(r.start) < r.cfg.Duration
	}
	at := float64(n) / r.cfg.Rate * float64(time.Second)
	if at >= math.MaxInt64 {
		return due, false
	}
	due = r.start.Add(time.Duration(at))
	if r.cfg.Duration > 0 && due.Sub(r.start) >= r.cfg.Duration {
		return due, false
	}
	wait := time.Until(due)
	if wait > 0 {
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			return due, false
		}
		due = time.Time{}
	}
	return due, r.cfg.Duration <= 0 || time.Since(r.start) < r.cfg.Duration
}

// countSample takes note of one exchange.
func (w *worker) countSample(s Sample, err error, latency, service time.Duration, rated bool) {
	if err != nil {
		w.failures[Class(err)]++
		w.texts.add(ErrorText(err), 1)
		w.failed.Add(1)
		w.done.Add(1)
		return
	}
	w.latency.Add(latency)
	if rated {
		w.service.Add(service)
	}
	w.statuses[s.Status]++
	w.bytes += s.Bytes
	if s.Status >= 400 {
		w.failed.Add(1)
	}
	t := &s.Timing
	if t.Reused {
		w.reused++
	}
	w.sums.DNS += t.DNS
	w.sums.Connect += t.Connect
	w.sums.TLS += t.TLS
	w.sums.FirstByte += t.FirstByte
	w.sums.Body += t.Body
	w.done.Add(1)
}

// startLive tells of the progress until the function that it returns is called.
func (r *run) startLive() (stop func()) {
	if r.cfg.Live == nil {
		return func() {}
	}
	every := r.cfg.Every
	if every <= 0 {
		every = 250 * time.Millisecond
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
				r.cfg.Live(r.readProgress())
			}
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}

// readProgress is what has happened so far.
func (r *run) readProgress() Progress {
	p := Progress{Elapsed: time.Since(r.start), Recent: r.series.takeRecent()}
	for _, w := range r.workers {
		done := w.done.Load() // before begun, which is never less
		p.Requests += done
		p.InFlight += w.begun.Load() - done
		p.Errors += w.failed.Load()
	}
	return p
}

// sumResult adds up what the workers have seen.
func (r *run) sumResult(elapsed time.Duration) *Result {
	res := &Result{
		Elapsed: elapsed, Workers: r.cfg.Workers, Target: max(r.cfg.Rate, 0),
		Latency: &Hist{}, Service: &Hist{}, Statuses: map[int]int64{}, Failures: map[string]int64{}, Texts: map[string]int64{},
	}
	if r.cfg.Timeline {
		res.Timeline = r.series.points(elapsed)
	}
	var sums Means
	for _, w := range r.workers {
		res.Requests += w.done.Load()
		res.Errors += w.failed.Load()
		res.Bytes += w.bytes
		res.Reused += w.reused
		res.Latency.Merge(&w.latency)
		res.Service.Merge(&w.service)
		for status, n := range w.statuses {
			res.Statuses[status] += n
		}
		for class, n := range w.failures {
			res.Failures[class] += n
		}
		for text, n := range w.texts {
			texts(res.Texts).add(text, n)
		}
		sums.DNS += w.sums.DNS
		sums.Connect += w.sums.Connect
		sums.TLS += w.sums.TLS
		sums.FirstByte += w.sums.FirstByte
		sums.Body += w.sums.Body
	}
	if res.Target == 0 {
		res.Service = res.Latency
	}
	if n := time.Duration(res.Latency.n); n > 0 { //nolint:gosec // a count of requests
		res.Means = Means{sums.DNS / n, sums.Connect / n, sums.TLS / n, sums.FirstByte / n, sums.Body / n}
	}
	res.Unsent = r.countUnsent(res.Requests, elapsed)
	return res
}

// countUnsent is how many requests were due when the last one ended and had not been
// begun.
func (r *run) countUnsent(done int64, elapsed time.Duration) int64 {
	if r.cfg.Rate <= 0 || r.cfg.Duration <= 0 {
		return 0
	}
	due := int64(math.Ceil(min(elapsed, r.cfg.Duration).Seconds() * r.cfg.Rate))
	if r.cfg.Requests > 0 {
		due = min(due, r.cfg.Requests)
	}
	return max(0, due-done)
}
