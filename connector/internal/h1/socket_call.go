package h1

import (
	stderrors "errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// socketCall is a call into the kernel, with its arguments and results, for the functions that
// the poller of package net calls. They are made once: a closure for each call would be
// an allocation.
type socketCall struct {
	peek, instantRead      func(fd uintptr)
	read, write, writeRead func(fd uintptr) bool

	buf    []byte
	n      int
	err    error
	peeked [1]byte
	waited bool // the poller was told to wait

	request *heldRequest // of a writeRead, until it is sent
	sent    heldWrite
}

var socketCalls = sync.Pool{New: func() any {
	k := new(socketCall)
	k.peek, k.instantRead = k.peekByte, k.readInstantly
	k.read, k.write, k.writeRead = k.stepRead, k.stepWrite, k.stepWriteRead
	return k
}}

func newSocketCall(buf []byte) *socketCall {
	k := socketCalls.Get().(*socketCall) //nolint:errcheck // it has nothing else
	k.buf, k.n, k.err, k.waited = buf, 0, nil, false
	return k
}

func (k *socketCall) free() {
	k.buf, k.err, k.request, k.sent = nil, nil, nil, heldWrite{}
	socketCalls.Put(k)
}

// maxDirect is how much is read or written at a time by calls that Go's scheduler does not
// hear of: what the kernel copies in some microseconds.
const maxDirect = 64 << 10

// Read is that of the connection, or one that does not wait.
func (s *socket) Read(p []byte) (int, error) {
	if len(p) == 0 || len(p) > maxDirect && !s.instant {
		return s.Conn.Read(p)
	}
	k := newSocketCall(p)
	defer k.free()
	if s.instant {
		return s.readResult(k, s.raw.Control(k.instantRead))
	}
	return s.readResult(k, s.raw.Read(k.read))
}

// Write is that of the connection.
func (s *socket) Write(p []byte) (int, error) {
	if len(p) == 0 || len(p) > maxDirect {
		return s.Conn.Write(p)
	}
	k := newSocketCall(p)
	defer k.free()
	err := s.raw.Write(k.write)
	if err == nil {
		err = k.err
	}
	if err == nil {
		return k.n, nil
	}
	return k.n, s.opError("write", err)
}

// readResult is what a Read returns, for the poller's error or, without one, the call's.
func (s *socket) readResult(k *socketCall, err error) (int, error) {
	if err == nil {
		err = k.err
	}
	switch {
	case err == errNothingThere, err == ErrDied:
		return 0, err
	case err != nil:
		return 0, s.opError("read", err)
	case k.n == 0:
		return 0, io.EOF
	}
	return k.n, nil
}

// opError is the error that the connection itself would have, for one of the poller's, which
// calls the operation by other names, or of the kernel's.
func (s *socket) opError(op string, err error) error {
	if e, ok := stderrors.AsType[*net.OpError](err); ok {
		err = e.Err
	}
	if errno, ok := err.(syscall.Errno); ok { //nolint:errorlint // what is wrapped has its text
		err = os.NewSyscallError(op, errno)
	}
	local, remote := s.LocalAddr(), s.RemoteAddr()
	e := &net.OpError{Op: op, Source: local, Addr: remote, Err: err}
	if remote != nil {
		e.Net = remote.Network()
	}
	return e
}
