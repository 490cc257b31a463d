//go:build !race

package jar_test

const raceEnabled = false
