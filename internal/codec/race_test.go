//go:build race

package codec_test

// raceEnabled: the race detector empties pools at random.
const raceEnabled = true
