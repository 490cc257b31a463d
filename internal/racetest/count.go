package racetest

import "testing"

// Count is how often a test does what it does: full, or part with the race detector, which
// makes each time ten times as dear, or with -short. A test whose name ends in InFull runs
// again without the detector in `make test`, and every one that asks Count is named so:
// what part leaves out is tested all the same.
func Count(full, part int) int {
	if Enabled || testing.Short() {
		return part
	}
	return full
}
