//go:build !race

package happyeyeballs_test

const raceEnabled = false
