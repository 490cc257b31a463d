//go:build interop && linux

package fleet_test

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/contrib/fleet/internal/procs"
	"github.com/aiolos-http/aiolos/contrib/fleet/internal/redistest"
)

// The load of the faults, and the bound at a seam: what Redis forgets is a burst, and the
// places that are out, which are two for a process and those of the time that it looks ahead;
// who does not know yet that Redis is back has its share for RetryAfter and Timeout, in
// which the others have the whole rate; and every process begins and ends its share once.
const (
	faultRate      = 100
	faultBurst     = 5
	faultProcesses = 4
	faultRetry     = 500 * time.Millisecond
	faultTimeout   = 250 * time.Millisecond
	faultAhead     = 300 * time.Millisecond // lookAhead and round trips of a busy machine

	boundFlush = 2*faultBurst + 2*faultProcesses + int(faultRate*faultAhead/time.Second)
	boundSeam  = boundFlush + 2*faultProcesses + int(faultRate*(faultRetry+faultTimeout)/time.Second)
)

// rateFault is a kind of fault: what happens, and how it ends.
type rateFault struct {
	name        string
	begin, end  func(e *rateFaults)
	start       func(t *testing.T, e *rateFaults) // instead of a single server
	bound       int
	local       bool    // there are grants without Redis
	least, most float64 // part of the rate that there is meanwhile
	lasts       time.Duration
}

type rateFaults struct {
	server   *redistest.Server
	sentinel *redistest.Sentinel
	proxy    *delayProxy
	load     rateLoad
	run      *rateRun
	killed   []*procs.Process
}

func TestInteropRateLimitFaults(t *testing.T) {
	do := func(args ...any) func(*rateFaults) {
		return func(e *rateFaults) {
			if err := e.server.Client().Do(context.Background(), args...).Err(); err != nil {
				t.Error(err)
			}
		}
	}
	nothing := func(*rateFaults) {}
	for _, tt := range []rateFault{
		{name: "server killed and started again", local: true, bound: boundSeam, least: 0.4, most: 1.3, begin: func(e *rateFaults) { e.server.Kill() }, end: func(e *rateFaults) { e.server.Restart() }},
		{name: "server stands still", local: true, bound: boundSeam, least: 0.4, most: 1.3, begin: func(e *rateFaults) { e.server.Stop() }, end: func(e *rateFaults) { e.server.Continue() }},
		{name: "full memory", local: true, bound: boundSeam, least: 0.4, most: 1.3, begin: do("CONFIG", "SET", "maxmemory", "1"), end: do("CONFIG", "SET", "maxmemory", "0")},
		{name: "read-only", local: true, bound: boundSeam, least: 0.4, most: 1.3, begin: do("REPLICAOF", "127.0.0.1", "1"), end: do("REPLICAOF", "NO", "ONE")},
		{name: "latency of 500 ms", local: true, bound: boundSeam, least: 0.4, most: 1.3, start: startDelayed, begin: func(e *rateFaults) { e.proxy.delay.Store(int64(250 * time.Millisecond)) }, end: func(e *rateFaults) { e.proxy.delay.Store(0) }},
		{name: "latency of 500 ms, with time for it", bound: faultBurst, least: 0.7, most: 1.3, lasts: 3 * time.Second, start: func(t *testing.T, e *rateFaults) {
			startDelayed(t, e)
			e.load.Timeout, e.load.Goroutines = 5*time.Second, 50 // each waits for two answers
		}, begin: func(e *rateFaults) { e.proxy.delay.Store(int64(250 * time.Millisecond)) }, end: func(e *rateFaults) { e.proxy.delay.Store(0) }},
		{name: "flush", bound: boundFlush, least: 0.85, most: 1.3, begin: do("FLUSHALL"), end: nothing},
		{name: "failover", local: true, bound: boundSeam, least: 0.3, most: 1.3, lasts: 4 * time.Second, start: func(t *testing.T, e *rateFaults) {
			e.sentinel = redistest.StartSentinel(t)
			e.load.Sentinel = e.sentinel.Addr
		}, begin: func(e *rateFaults) { e.sentinel.Master.Kill() }, end: nothing},
		{name: "process killed", bound: faultBurst, least: 0.85, most: 1.15, begin: func(e *rateFaults) {
			e.killed = e.run.procs[:1]
			e.killed[0].Cmd.Process.Kill() // it runs
		}, end: nothing},
		{name: "process killed, both limits", bound: faultBurst, least: 0.85, most: 1.15, start: func(t *testing.T, e *rateFaults) {
			e.server = redistest.Start(t)
			e.load.Redis = e.server.Addr
			e.load.Limit = rateSettings{Rate: 4 * faultRate, Burst: faultBurst, PerHost: faultRate, BurstPerHost: faultBurst}
		}, begin: func(e *rateFaults) {
			e.killed = e.run.procs[:1]
			e.killed[0].Cmd.Process.Kill() // it runs
		}, end: nothing},
		{name: "process stands still", bound: faultBurst, least: 0.85, most: 1.15, lasts: 3 * time.Second, begin: func(e *rateFaults) { e.run.procs[0].Cmd.Process.Signal(syscall.SIGSTOP) }, end: func(e *rateFaults) { e.run.procs[0].Cmd.Process.Signal(syscall.SIGCONT) }},
	} {
		t.Run(tt.name, func(t *testing.T) { testRateFault(t, tt) })
	}
}

// testRateFault runs a load before, in and after the fault.
func testRateFault(t *testing.T, f rateFault) {
	t.Parallel()
	server := startRateServer(t)
	e := &rateFaults{load: rateLoad{
		URLs: []string{server.URL}, Goroutines: 10, Processes: faultProcesses, Timeout: faultTimeout, RetryAfter: faultRetry,
		Limit: rateSettings{Rate: faultRate, Burst: faultBurst},
	}}
	if f.start != nil {
		f.start(t, e)
	} else {
		e.server = redistest.Start(t)
		e.load.Redis = e.server.Addr
	}
	e.run = startRateRun(t, e.load)
	pass(t, time.Second)
	f.begin(e)
	from := time.Now()
	pass(t, max(f.lasts, 2*time.Second))
	part := float64(server.between(from, time.Now())) / time.Since(from).Seconds() / faultRate
	f.end(e)
	pass(t, faultRetry+faultTimeout+500*time.Millisecond) // in which all notice that it is over
	shared, local := e.run.count()
	after := awaitFaultRate(t, server)
	sharedAfter, localAfter := e.run.count()
	e.run.end(e.killed...)
	if part < f.least || part > f.most {
		t.Errorf("got %.2f of the rate meanwhile, want %v to %v", part, f.least, f.most)
	}
	if after < 0.85 || after > 1.15 || localAfter != local || sharedAfter == shared {
		t.Errorf("got %.2f of the rate afterwards, %d grants of Redis and %d without, want all shared", after, sharedAfter-shared, localAfter-local)
	}
	if (len(e.run.local) > 0) != f.local {
		t.Errorf("got %d grants without Redis, want some: %v", len(e.run.local), f.local)
	}
	checkWindows(t, e.run.all(), time.Second/faultRate, f.bound)
	t.Logf("%.2f of the rate meanwhile, %.2f afterwards, worst window %d of %d; %d grants, %d without Redis; per process %v", part, after,
		worstWindow(e.run.all(), time.Second/faultRate), f.bound, len(e.run.all()), len(e.run.local), perProcess(e.run))
	for _, end := range e.run.ends {
		if len(end.Errors) > 0 {
			t.Errorf("got errors %v", end.Errors)
		}
	}
}

// awaitFaultRate waits for a second that has the rate, and returns the last one's: the
// machine may have stood still in another one.
func awaitFaultRate(t *testing.T, server *rateServer) (part float64) {
	for range 3 {
		from := time.Now()
		pass(t, time.Second)
		part = float64(server.between(from, time.Now())) / time.Since(from).Seconds() / faultRate
		if part > 0.9 && part < 1.1 {
			break
		}
	}
	return part
}

// delayProxy passes bytes on, after the delay.
type delayProxy struct {
	net.Listener
	to    string
	delay atomic.Int64 // each way
}

func startDelayed(t *testing.T, e *rateFaults) {
	e.server = redistest.Start(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e.proxy = &delayProxy{Listener: ln, to: e.server.Addr}
	e.load.Redis = ln.Addr().String()
	var conns sync.WaitGroup
	conns.Go(func() { e.proxy.serve(&conns) })
	t.Cleanup(func() {
		ln.Close()
		conns.Wait()
	})
}

func (p *delayProxy) serve(conns *sync.WaitGroup) {
	for {
		near, err := p.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", p.to)
		if err != nil {
			near.Close()
			continue
		}
		conns.Go(func() { p.copy(near, far) })
		conns.Go(func() { p.copy(far, near) })
	}
}

// copy passes pieces on when their time has come, in order.
func (p *delayProxy) copy(from, to net.Conn) {
	type piece struct {
		due  time.Time
		data []byte
	}
	pieces := make(chan piece, 1024)
	go func() {
		defer close(pieces)
		for {
			data := make([]byte, 4096)
			n, err := from.Read(data)
			if err != nil {
				return
			}
			pieces <- piece{time.Now().Add(time.Duration(p.delay.Load())), data[:n]}
		}
	}()
	for piece := range pieces {
		time.Sleep(time.Until(piece.due))
		if _, err := to.Write(piece.data); err != nil {
			break
		}
	}
	from.Close()
	to.Close()
	for range pieces {
		// The reader ends.
	}
}
