//go:build race

package chunkends_test

// raceEnabled: the race detector adds allocations of its own.
const raceEnabled = true
