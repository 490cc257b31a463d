//go:build unix

package ws_test

import "syscall"

// cpu is the time that the process has worked, both ends of the echo together.
func cpu() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
