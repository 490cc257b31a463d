//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package h1

import "syscall"

const canPeek = true

// receive reads without waiting, or peeks.
func (k *socketCall) receive(fd uintptr, into []byte, flags int) {
	for {
		k.n, k.err = receiveNow(fd, into, flags)
		switch k.err {
		case syscall.EINTR:
			continue
		case syscall.EAGAIN: // which EWOULDBLOCK is, too
			k.err = errNothingThere
		}
		return
	}
}

// peekByte looks whether there is anything to read.
func (k *socketCall) peekByte(fd uintptr) { k.receive(fd, k.peeked[:], syscall.MSG_PEEK) }

// readInstantly reads what there is.
func (k *socketCall) readInstantly(fd uintptr) { k.receive(fd, k.buf, 0) }

// stepRead is called by the poller, whenever there may be something to read.
func (k *socketCall) stepRead(fd uintptr) (done bool) {
	k.noteWake()
	k.receive(fd, k.buf, 0)
	return k.err != errNothingThere
}

// noteWake is for a step: all but the first come after a wait.
func (k *socketCall) noteWake() {
	if k.waited {
		noteWoken()
	}
	k.waited = true
}

// stepWrite is called by the poller, whenever there may be room.
func (k *socketCall) stepWrite(fd uintptr) (done bool) {
	k.noteWake()
	for k.n < len(k.buf) {
		n, err := sendNow(fd, k.buf[k.n:])
		k.n += n
		switch err {
		case nil, syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			k.err = err
			return true
		}
	}
	return true
}

// stepWriteRead is called by the poller: once at the begin of a writeRead, and whenever there
// may be something to read.
func (k *socketCall) stepWriteRead(fd uintptr) (done bool) {
	t := &k.sent
	if k.request == nil {
		return k.stepRead(fd)
	}
	t.begun = true
	if k.peekByte(fd); k.err != errNothingThere {
		k.n, k.err = 0, ErrDied
		return true
	}
	k.n, k.err = 0, nil
	t.written, t.err = writeOnce(fd, k.request.bytes)
	if t.written < len(k.request.bytes) {
		return true
	}
	k.request.discard()
	k.request, k.waited = nil, true
	return false
}

// writeOnce writes what the socket takes. Nothing is no error.
func writeOnce(fd uintptr, p []byte) (int, error) {
	for {
		n, err := sendNow(fd, p)
		switch err {
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			err = nil
		}
		return n, err
	}
}
