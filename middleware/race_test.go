//go:build race

package middleware_test

// raceEnabled: the race detector empties pools at random.
const raceEnabled = true
