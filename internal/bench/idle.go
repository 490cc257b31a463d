package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// idleConns is how many connections lie idle when the memory is looked at.
const idleConns = 1000

// idleJob is what the process that makes the connections is told.
type idleJob struct {
	Client    string    `json:"client"`
	URL       string    `json:"url"`
	Addresses addresses `json:"addresses"`
}

// idleRows measure what an idle connection keeps in the client: its heap and its
// stacks. The bare connections beside it have done the same exchange.
func idleRows(e env) []row {
	const bar = 2 << 10
	idle := func(name, url, bare string, r relation) row {
		by := func(name string) entrant {
			return entrant{name, func() (client, error) { return client{idle: idleJob{name, url, e.srv.addresses}}, nil }}
		}
		return row{
			name: "idle connection, " + name, family: "idle", rounds: 2, onePOnly: true,
			entrants: []entrant{by(bare), by(ours), by(transport)},
			budgets:  []budget{{kept, r, bar}, {objects, r, bar}, {goroutines, absolute, 0.01}},
			measure:  measureIdle,
		}
	}
	return []row{
		idle("plain", e.srv.Plain, "net.Conn", absolute),
		idle("TLS", e.srv.TLS, "tls.Conn", aboveBase),
	}
}

// measureIdle has a process of its own do it: a heap that others have used has
// holes, which new connections fill for nothing.
func measureIdle(ctx context.Context, c client) (sample, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	job, err := json.Marshal(c.idle)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-hold") //nolint:gosec // it is this program
	cmd.Stdin, cmd.Stderr = bytes.NewReader(job), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var s sample
	return s, json.Unmarshal(out, &s)
}

// holdConnections is that process.
func holdConnections(in io.Reader, out io.Writer) error {
	runtime.GOMAXPROCS(1)
	var job idleJob
	if err := json.NewDecoder(in).Decode(&job); err != nil {
		return err
	}
	open, err := job.openClient()
	if err != nil {
		return err
	}
	if err := awaitQuiet(job.Addresses.Plain); err != nil {
		return err
	}
	if err := openIdle(open, 1); err != nil { // what the first one sets up is not the connection's
		return err
	}
	before, stacks := readMemory(), runtime.NumGoroutine()
	if err := openIdle(open, idleConns+1); err != nil { // the first one is used again
		return err
	}
	after, more := readMemory(), runtime.NumGoroutine()
	n, err := countConnections(job.Addresses.Plain)
	if err != nil {
		return err
	}
	runtime.KeepAlive(open) // whose connections a collection would close
	if n != idleConns+1 {
		return fmt.Errorf("%s has %d connections instead of %d", job.Client, n, idleConns+1)
	}
	return json.NewEncoder(out).Encode(sample{
		kept:       (after.inUse - before.inUse) / idleConns,
		objects:    (after.objects - before.objects) / idleConns,
		goroutines: float64(more-stacks) / idleConns,
	})
}

// awaitQuiet waits until the server has noticed that the process before has gone.
func awaitQuiet(url string) error {
	n, err := 0, error(nil)
	for range 600 { // 30 s: a loaded machine is slow to close a thousand
		if n, err = countConnections(url); err != nil || n == 0 {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("others have %d connections to the server", n)
}

// openIdle has n connections in use at the same time, and then idle. The answers
// are read only when all of them have begun.
func openIdle(open func() (io.ReadCloser, error), n int) error {
	bodies := make([]io.ReadCloser, 0, n)
	for range n {
		body, err := open()
		if err != nil {
			return err
		}
		bodies = append(bodies, body)
	}
	for _, body := range bodies {
		_, err := io.Copy(io.Discard, body)
		if err := errors.Join(err, body.Close()); err != nil {
			return err
		}
	}
	return nil
}

// memory is heap and stacks, in bytes. In the heap's pages that are in use there are holes,
// which what was collected has left between the objects: how many depends on when the
// collector ran.
type memory struct{ inUse, objects float64 }

// readMemory reads it. What a pool of the sync package holds goes with the second collection.
func readMemory() memory {
	time.Sleep(200 * time.Millisecond) // for goroutines that are about to end
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return memory{float64(m.HeapInuse + m.StackInuse), float64(m.HeapAlloc + m.StackInuse)}
}
