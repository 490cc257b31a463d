package demo

import "github.com/aiolos-http/aiolos/connector"

// Failed returns how many checks fail after a change to a run in which
// everything is as planned.
func Failed(change func(got map[int]string, peak map[string]int, stats *connector.Stats)) int {
	up := &upstreams{bin: "127.0.0.1:1", slow: "127.0.0.1:2", flaky: "127.0.0.1:3", refused: "127.0.0.1:4"}
	results := make([]fetched, planSize)
	for i, t := range planTargets(up) {
		results[i] = fetched{target: t, got: t.want.name}
	}
	got := map[int]string{}
	seen := reading{conns: 7, requests: 400, peak: map[string]int{"a": limitPerHost}, peakAll: limit}
	stats := connector.Stats{Opened: 7}
	change(got, seen.peak, &stats)
	for i, name := range got {
		results[i].got = name
	}
	r := report{checks: checkOutcome(results, seen, stats)}
	return r.addVerdict(0)
}

// ClassOf names the outcome of an error.
var ClassOf = classOf
