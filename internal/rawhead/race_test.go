//go:build race

package rawhead_test

// raceEnabled: the race detector adds allocations of its own.
const raceEnabled = true
