//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package h1

import "syscall"

const canLook = true

// lookAt reads into buf, or peeks, and does not wait.
func (s *socket) lookAt(fd uintptr) {
	for {
		if s.buf == nil {
			s.n, _, s.err = syscall.Recvfrom(int(fd), s.peeked[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		} else {
			s.n, s.err = syscall.Read(int(fd), s.buf) // sockets of package net do not block
		}
		switch s.err {
		case syscall.EINTR:
			continue
		case syscall.EAGAIN: // which EWOULDBLOCK is, too
			s.err = errNothingThere
		}
		return
	}
}
