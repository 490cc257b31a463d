//go:build !race

package netguard_test

const raceEnabled = false
