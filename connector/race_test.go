//go:build race

package connector_test

// raceEnabled: the race detector allocates too, so that counts mean nothing.
const raceEnabled = true
