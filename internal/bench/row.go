package main

import (
	"context"
	"fmt"
)

// row is one kind of work.
type row struct {
	name       string
	family     string // whose columns it shares in the table of all clients
	goroutines int    // 0: that has no meaning here
	ops        int    // of one client in one round, all goroutines together
	rounds     int

	// entrants do the work. The first is the base, and the second is this library:
	// these two are the duel that the budgets are about. They have the machine for
	// themselves; the rest comes after, in a quarter of the rounds, with a new base.
	entrants []entrant
	budgets  []budget

	// fresh makes new clients for every round. The CPU time of a big body hangs on
	// what TCP has learnt about the connection, which lasts as long as it does.
	fresh    bool
	optional bool // run only if -run says so
	onePOnly bool // says the same with all Ps

	// task is what one goroutine does once. It is what is measured, unless measure
	// is set.
	task    func(ctx context.Context, c client) error
	measure func(ctx context.Context, c client) (sample, error)
}

// labelWithCount is the name with how many at a time.
func (r row) labelWithCount() string {
	if r.goroutines == 0 {
		return r.name
	}
	return fmt.Sprintf("%s (%d)", r.name, r.goroutines)
}

// entrant is a client that takes part in a row.
type entrant struct {
	name  string
	build func() (client, error)
}

// metric is one thing that is measured, per operation or connection.
type metric string

const (
	cpuTime    metric = "cpu"        // ns, user and system, of the client's process
	wallTime   metric = "wall"       // ns
	allocs     metric = "allocs"     // number
	allocBytes metric = "bytes"      // allocated
	kept       metric = "kept"       // bytes of heap and stacks in use by an idle connection, holes included
	objects    metric = "objects"    // bytes of them that something lies in
	goroutines metric = "goroutines" // of an idle connection
)

// sample is what one client took in one round.
type sample map[metric]float64

// relation is what a budget compares with.
type relation int

const (
	absolute  relation = iota // nothing
	ratioTo                   // the base in the same round
	aboveBase                 // the same, as a difference
)

// budget is the most that the second entrant of a row may take.
type budget struct {
	metric   metric
	relation relation
	limit    float64
}

func cpuBudget(limit float64) []budget { return []budget{{cpuTime, ratioTo, limit}} }
