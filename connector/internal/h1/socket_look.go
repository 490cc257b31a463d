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

// stepTurn is what the poller calls: once when a turn begins, and whenever there may be
// something to read.
func (s *socket) stepTurn(fd uintptr) (done bool) {
	t := &s.turn
	if t.waiting {
		s.buf = t.into
		s.lookAt(fd)
		s.buf = nil
		return !s.settleRead()
	}
	t.begun = true
	if s.lookAt(fd); s.err != errNothingThere {
		s.n, s.err = 0, ErrDied
		return true
	}
	s.n, s.err = 0, nil
	t.written, t.err = writeNow(fd, t.request.bytes)
	if t.written < len(t.request.bytes) {
		return true
	}
	t.request.release()
	t.waiting = true
	return false
}

// writeNow writes what the socket takes. Nothing is no error.
func writeNow(fd uintptr, p []byte) (int, error) {
	for {
		n, err := syscall.Write(int(fd), p)
		switch err {
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			err = nil
		}
		return max(n, 0), err
	}
}
