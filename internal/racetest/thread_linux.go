package racetest

import (
	"syscall"
	"time"
	"unsafe"
)

// threadTime is the processor's time that this thread has had. That of getrusage(2) may be
// counted in ticks of the clock.
func threadTime() time.Duration {
	const threadClock = 3 // CLOCK_THREAD_CPUTIME_ID of clock_gettime(2)
	var now syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, threadClock, uintptr(unsafe.Pointer(&now)), 0); errno != 0 { //nolint:gosec // no other way to pass it
		return time.Since(began)
	}
	return time.Duration(now.Nano())
}
