//go:build linux && !386 && !s390x && !race && !msan && !asan

package h1

import (
	"syscall"
	"unsafe"
)

// Go's scheduler does not hear of these calls, which end at once. To tell it costs more than
// they do: the first call that it hears of, after all goroutines have waited, wakes the
// thread that watches over long ones (runtime.entersyscall), and in a program with little
// else to do that is every response. The detectors want to hear of them: for the race
// detector, what happens before a write happens before the read of it. 386 and s390x have
// one call for all that sockets do, with its arguments in memory.

// receiveNow is recv(2) that does not wait. p is not empty.
func receiveNow(fd uintptr, p []byte, flags int) (int, error) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&p[0])), //nolint:gosec // kept alive by the call
		uintptr(len(p)), uintptr(flags|syscall.MSG_DONTWAIT), 0, 0)
	return kernelResult(n, errno)
}

// sendNow is send(2) that does not wait. p is not empty.
func sendNow(fd uintptr, p []byte) (int, error) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, fd, uintptr(unsafe.Pointer(&p[0])), //nolint:gosec // as above
		uintptr(len(p)), syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
	return kernelResult(n, errno)
}

func kernelResult(n uintptr, errno syscall.Errno) (int, error) {
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
