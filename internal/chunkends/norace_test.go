//go:build !race

package chunkends_test

const raceEnabled = false
