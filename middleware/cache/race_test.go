//go:build race

package cache_test

// raceEnabled: the race detector allocates too, so that counts mean nothing.
const raceEnabled = true
