package simulate

import (
	stderrors "errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

// Soak runs plans in real time, half of them over sockets, and samples what the
// process holds between them. It is not safe for concurrent use.
type Soak struct {
	dir     string
	certs   *certificates
	rounds  int
	ops     int
	samples []sample
}

// sample is what the process holds between two rounds.
type sample struct {
	heap        int64
	goroutines  int
	descriptors int
}

// soakWidth is how many plans run at the same time.
const soakWidth = 8

// NewSoak prepares a soak with files below dir.
func NewSoak(dir string) (*Soak, error) {
	c, err := newCertificates(time.Now())
	return &Soak{dir: dir, certs: c}, err
}

// Rounds is how many there have been.
func (s *Soak) Rounds() int { return s.rounds }

// Round runs some plans beside each other, and returns the promises that they broke.
func (s *Soak) Round() (broken []string) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range soakWidth {
		p := hurried(Generate(uint64(1_000_000 + s.rounds*soakWidth + i)))
		s.ops += len(p.Ops)
		wg.Go(func() {
			text, err := s.run(p, i%2 == 0)
			if err != nil {
				text = append(text, err.Error())
			}
			mu.Lock()
			defer mu.Unlock()
			for _, line := range text {
				broken = append(broken, fmt.Sprintf("seed %d: %s", p.Seed, line))
			}
		})
	}
	wg.Wait()
	s.rounds++
	s.samples = append(s.samples, s.sample())
	return broken
}

// hurried is a plan for real time: nothing in it waits long, and what measures the
// process itself is left out.
func hurried(p *Plan) *Plan {
	kept := p.Ops[:0]
	for _, op := range p.Ops {
		if op.Kind == Growth {
			continue
		}
		op.At /= 10
		op.Total = min(op.Total, 2*time.Second)
		for i := range op.Answers {
			a := &op.Answers[i]
			a.Slow, a.Stall = a.Slow/10, min(a.Stall/10, 300*time.Millisecond)
			if a.Fault == Stall && a.Stall == 0 {
				a.Stall = time.Minute // until its client gives up
			}
		}
		kept = append(kept, op)
	}
	p.Ops = kept
	if p.Client.SockRead > 0 {
		p.Client.SockRead = 300 * time.Millisecond
	}
	return p
}

// run runs one plan. What is known exactly in a bubble only is not looked at: times,
// the order of the queue, and which error comes of what.
func (s *Soak) run(p *Plan, sockets bool) (broken []string, err error) {
	dir, err := os.MkdirTemp(s.dir, "soak")
	if err != nil {
		return nil, err
	}
	defer func() { err = stderrors.Join(err, os.RemoveAll(dir)) }()
	n := newNetwork(p)
	n.sockets, n.patience = sockets, time.Second // a moment is as long as the machine takes
	srv, err := newServer(p, n, s.certs)
	if err != nil {
		return nil, err
	}
	defer srv.close()
	k, err := newClient(p, n, s.certs, dir)
	if err != nil {
		return nil, err
	}
	v := &verdict{plan: p, server: srv, client: k, loose: true}
	var wg sync.WaitGroup
	for _, op := range p.sorted() {
		wg.Go(func() { k.run(op, n) })
	}
	wg.Wait()
	if k.cache != nil {
		err = k.cache.Close()
	}
	err = stderrors.Join(err, k.s.Close())
	v.check()
	v.checkFiles(dir)
	return v.broken, err
}

// sample waits for what is ending, and measures.
func (s *Soak) sample() sample {
	for range 100 {
		if len(s.samples) == 0 || runtime.NumGoroutine() <= s.samples[0].goroutines {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	entries, err := os.ReadDir("/proc/self/fd")
	descriptors := len(entries)
	if err != nil {
		descriptors = 0 // there is no such thing here
	}
	return sample{heap(), runtime.NumGoroutine(), descriptors}
}

const (
	soakHeap = 8 << 20 // bytes that the heap may differ by
	soakMore = 20      // goroutines and descriptors, likewise
)

// Grown says what the process holds more of at the end than at the start. The first
// rounds do not count: pools fill.
func (s *Soak) Grown() (grown []string) {
	n := len(s.samples)
	if n < 8 {
		return nil
	}
	first, last := least(s.samples[n/8:n/4+1]), least(s.samples[n-n/8-1:])
	if d := last.heap - first.heap; d > soakHeap {
		grown = append(grown, fmt.Sprintf("the heap has grown by %d KiB", d>>10))
	}
	if d := last.goroutines - first.goroutines; d > soakMore {
		grown = append(grown, fmt.Sprintf("%d goroutines more", d))
	}
	if d := last.descriptors - first.descriptors; d > soakMore {
		grown = append(grown, fmt.Sprintf("%d descriptors more", d))
	}
	return grown
}

// least are the smallest values of several samples: what is never given back.
func least(samples []sample) sample {
	l := samples[0]
	for _, s := range samples {
		l = sample{min(l.heap, s.heap), min(l.goroutines, s.goroutines), min(l.descriptors, s.descriptors)}
	}
	return l
}

// String is how the soak went.
func (s *Soak) String() string {
	if len(s.samples) == 0 {
		return "no round"
	}
	text := fmt.Sprintf("%d rounds, %d operations; in each eighth of the time:", s.rounds, s.ops)
	for eighth := range 8 {
		from, to := eighth*len(s.samples)/8, (eighth+1)*len(s.samples)/8
		if from < to {
			l := least(s.samples[from:to])
			text += fmt.Sprintf("\n  heap %d KiB, %d goroutines, %d descriptors", l.heap>>10, l.goroutines, l.descriptors)
		}
	}
	return text
}
