package racetest

import (
	"runtime"
	"testing"
	"time"
)

// CheckLinear fails the test if the work for so many bytes takes longer for each of them
// than that for a sixteenth does, as what is quadratic would. The processor's time counts, where
// the system tells that of a thread, and of several runs the fastest: neither a slow machine
// nor a busy one does harm. The work must stay on its goroutine.
func CheckLinear(tb testing.TB, bytes int, work func(bytes int)) {
	tb.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const part, slack = 16, 4
	// Less than this shows the cost of memory that is touched for the first time, and no
	// square: that of 16 KiB takes longer.
	const quick = 20 * time.Millisecond
	small, large := time.Hour, time.Hour
	for range 10 {
		small = min(small, timeOf(work, bytes/part))
		if large = min(large, timeOf(work, bytes)); large < max(slack*part*small, quick) {
			return
		}
	}
	tb.Errorf("%d bytes took %v, and %d took %v", bytes/part, small, bytes, large)
}

var began = time.Now()

func timeOf(work func(bytes int), bytes int) time.Duration {
	start := threadTime()
	work(bytes)
	return threadTime() - start
}
