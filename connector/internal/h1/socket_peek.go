//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package h1

import "syscall"

const canPeek = true

// readNow reads into buf, or peeks, and does not wait.
func (s *socket) readNow(fd uintptr) {
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

// stepWriteRead is called by the poller: once at the begin of a writeRead, and whenever there
// may be something to read.
func (s *socket) stepWriteRead(fd uintptr) (done bool) {
	t := &s.writeRead
	if t.waiting {
		s.buf = t.into
		s.readNow(fd)
		s.buf = nil
		return !s.finishRead()
	}
	t.begun = true
	if s.readNow(fd); s.err != errNothingThere {
		s.n, s.err = 0, ErrDied
		return true
	}
	s.n, s.err = 0, nil
	t.written, t.err = writeNow(fd, t.request.bytes)
	if t.written < len(t.request.bytes) {
		return true
	}
	t.request.discard()
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
