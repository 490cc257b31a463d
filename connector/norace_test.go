//go:build !race

package connector_test

// raceEnabled is for tests that count allocations.
const raceEnabled = false
