//go:build race

package pool_test

// raceEnabled: the race detector adds allocations of its own.
const raceEnabled = true
