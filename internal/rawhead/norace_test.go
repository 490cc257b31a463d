//go:build !race

package rawhead_test

const raceEnabled = false
