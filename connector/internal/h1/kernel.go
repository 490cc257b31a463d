//go:build (linux && (386 || s390x || race || msan || asan)) || darwin || freebsd || netbsd || openbsd || dragonfly

package h1

import "syscall"

// receiveNow is recv(2) that does not wait. p is not empty.
func receiveNow(fd uintptr, p []byte, flags int) (int, error) {
	if flags == 0 { // sockets of package net do not block, and the race detector hears of it
		n, err := syscall.Read(int(fd), p)
		return max(n, 0), err
	}
	n, _, err := syscall.Recvfrom(int(fd), p, flags|syscall.MSG_DONTWAIT)
	return max(n, 0), err
}

// sendNow is send(2) that does not wait. p is not empty.
func sendNow(fd uintptr, p []byte) (int, error) {
	n, err := syscall.Write(int(fd), p)
	return max(n, 0), err
}

// noteWoken is called by a goroutine that the poller has woken: the scheduler hears of the
// calls above.
func noteWoken() {}
