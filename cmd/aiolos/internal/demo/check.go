package demo

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"time"

	"github.com/aiolos-http/aiolos/connector"
)

// check is one expectation and how it came out.
type check struct {
	name      string
	got, want string
	ok        bool
}

// checkEqual makes a check that two numbers are the same.
func checkEqual(name string, got, want int) check {
	return check{name, strconv.Itoa(got), strconv.Itoa(want), got == want}
}

// checkAtMost makes a check that a number is not above another.
func checkAtMost(name string, got, limit int) check {
	return check{name, strconv.Itoa(got), fmt.Sprintf("at most %d", limit), got <= limit}
}

// checkBetween makes a check that a number is in a range.
func checkBetween(name string, got, low, high int) check {
	return check{name, strconv.Itoa(got), fmt.Sprintf("%d to %d", low, high), low <= got && got <= high}
}

// checkOutcome compares what was seen with what has to be.
func checkOutcome(results []fetched, seen reading, stats connector.Stats) []check {
	var expected, cookies, gzips int
	kinds := map[string]int{}
	for _, f := range results {
		kinds[f.target.body]++
		if !f.asExpected() {
			continue
		}
		expected++
		switch f.target.body {
		case "cookie", "no cookie":
			cookies++
		case "text", "gzipped":
			gzips++
		}
	}
	highest := 0
	for _, peak := range seen.peak {
		highest = max(highest, peak)
	}
	return []check{
		checkEqual("URLs planned", len(results), planSize),
		checkEqual("URLs that ended as planned", expected, len(results)),
		checkEqual("cookie sent to its host and to no other", cookies, kinds["cookie"]+kinds["no cookie"]),
		checkEqual("gzip bodies decoded to the original", gzips, kinds["text"]+kinds["gzipped"]),
		checkBetween("requests at a time, as the servers saw them", seen.peakAll, limitPerHost+1, limit),
		checkBetween("of these, to one host", highest, 2, limitPerHost),
		checkEqual("connections in use at the end", stats.InUse, 0),
		checkEqual("requests still waiting at the end", stats.Waiting, 0),
		checkEqual("connections that the connector opened and the servers saw", clampInt(stats.Opened), seen.conns),
	}
}

// clampInt brings a counter into the range of an int.
func clampInt(n uint64) int { return int(min(n, math.MaxInt)) }

// awaitIdle waits until the last connections are given back. They are closed in
// the background when a request was cut off.
func awaitIdle(ctx context.Context, conn *connector.Connector, m *meter) (connector.Stats, reading) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		stats, seen := conn.Stats(), m.snapshot()
		if stats.InUse == 0 && clampInt(stats.Opened) == seen.conns {
			return stats, seen
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return stats, seen
		}
	}
}

// leftGoroutines waits until no more goroutines run than before, for a while,
// and returns how many are left.
func leftGoroutines(before int) int {
	deadline := time.NewTimer(2 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		left := runtime.NumGoroutine() - before
		if left <= 0 {
			return 0
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			return left
		}
	}
}
