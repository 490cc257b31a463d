//go:build race

package middleware_test

// cacheRace: the race detector allocates too, so that counts mean nothing.
const cacheRace = true
