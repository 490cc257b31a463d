//go:build race

package proxyenv_test

// raceEnabled: the race detector allocates too, so that counts mean nothing.
const raceEnabled = true
