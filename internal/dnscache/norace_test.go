//go:build !race

package dnscache_test

const raceEnabled = false
