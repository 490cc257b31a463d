package h1

import (
	"crypto/tls"
	"io"
	"net"
	"syscall"
)

// socket is a TCP or Unix connection that can be peeked at without waiting. Below TLS it
// stands in for the connection itself (see [WrapBelowTLS]), so that crypto/tls can be asked
// what it has without waiting, too.
type socket struct {
	net.Conn
	raw       syscall.RawConn
	instant   bool             // Read does not wait; only set while nobody else reads
	peek      func(fd uintptr) // made once: a closure for each peek would be an allocation
	buf       []byte           // what peek reads into; nil: it peeks at one byte
	peeked    [1]byte
	n         int
	err       error
	writeRead writeRead
}

// errNothingThere is what a Read that does not wait has when there is nothing. crypto/tls
// goes on after it, because it is temporary. It is of a kind of its own: the poller's
// deadline error may mean another thing.
var errNothingThere error = &nothingError{}

type nothingError struct{}

func (*nothingError) Error() string   { return "nothing to read" }
func (*nothingError) Timeout() bool   { return true }
func (*nothingError) Temporary() bool { return true }

// newSocket returns nil if nc is no plain socket, or the system cannot peek.
//
// Exact types only: what embeds a *net.TCPConn has its SyscallConn, too, but may have read
// ahead.
func newSocket(nc net.Conn) *socket {
	if !canPeek {
		return nil
	}
	var raw syscall.RawConn
	var err error
	switch nc := nc.(type) {
	case *net.TCPConn:
		raw, err = nc.SyscallConn()
	case *net.UnixConn:
		raw, err = nc.SyscallConn()
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	return socketFrom(nc, raw)
}

func socketFrom(nc net.Conn, raw syscall.RawConn) *socket {
	s := &socket{Conn: nc, raw: raw}
	s.peek, s.writeRead.step = s.readNow, s.stepWriteRead
	return s
}

// socketOf finds the socket of a connection; nil: it cannot be peeked at.
func socketOf(nc net.Conn) (s *socket, secure bool) {
	if _, secure = nc.(*tls.Conn); !secure {
		return newSocket(nc), false
	}
	s, _ = belowTLS(nc).(*socket)
	return s, true
}

// belowTLS is what lies below all TLS: in the tunnel of a proxy that is spoken to over TLS
// there are two layers of it.
func belowTLS(nc net.Conn) net.Conn {
	for {
		tc, ok := nc.(*tls.Conn)
		if !ok {
			return nc
		}
		nc = tc.NetConn()
	}
}

// promptWriter reports whether a small write ends at once: into a socket's buffer.
func promptWriter(nc net.Conn) bool {
	if tc, ok := nc.(*tls.Conn); ok {
		nc = tc.NetConn()
	}
	switch nc.(type) {
	case *net.TCPConn, *net.UnixConn, *socket:
		return true
	}
	return false
}

// NetConn is the connection itself.
func (s *socket) NetConn() net.Conn { return s.Conn }

// CloseWrite shuts the sending side down.
func (s *socket) CloseWrite() error {
	return s.Conn.(interface{ CloseWrite() error }).CloseWrite() //nolint:errcheck // TCP and Unix have it
}

// Read is the connection's, or one that does not wait.
func (s *socket) Read(p []byte) (int, error) {
	if !s.instant {
		return s.Conn.Read(p)
	}
	if len(p) == 0 {
		return 0, nil
	}
	s.buf = p
	err := s.raw.Control(s.peek)
	s.buf = nil
	if err != nil {
		return 0, err
	}
	s.finishRead()
	return s.n, s.err
}

// finishRead turns what readNow has left in n and err into the results of a Read, and reports
// whether there was nothing yet.
func (s *socket) finishRead() (nothing bool) {
	switch {
	case s.err != nil:
		s.n = 0
	case s.n == 0:
		s.err = io.EOF
	}
	return s.err == errNothingThere
}

// checkAlive returns an error if the peer has closed the connection or has sent unsolicited
// data. It uses Control and not Read of the RawConn: that one asks the poller first,
// whose deadline may have passed, and waits while somebody reads.
func (s *socket) checkAlive() error {
	if err := s.raw.Control(s.peek); err != nil {
		return err
	}
	switch {
	case s.err == errNothingThere:
		return nil
	case s.err != nil:
		return s.err
	case s.n == 0:
		return io.EOF
	}
	return ErrUnsolicited
}

// checkAliveTLS does the same above TLS. Data is no verdict there: session tickets come
// after the handshake, and are taken in.
func (s *socket) checkAliveTLS(tc *tls.Conn) error {
	s.instant = true
	defer func() { s.instant = false }()
	return checkInstant(tc)
}

// checkInstant is the verdict of a TLS connection, of which what lies below does not wait.
func checkInstant(tc *tls.Conn) error {
	var b [1]byte
	n, err := tc.Read(b[:])
	switch {
	case n > 0:
		return ErrUnsolicited
	case err == errNothingThere:
		return nil
	case err == nil:
		return io.ErrNoProgress
	}
	return err
}
