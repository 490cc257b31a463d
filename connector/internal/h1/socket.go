package h1

import (
	"crypto/tls"
	"io"
	"net"
	"syscall"
)

// socket is a TCP or Unix connection that can be peeked at without waiting, and whose calls
// into the kernel cost less than those of package net. Below TLS it stands in for the
// connection itself (see [WrapBelowTLS]), so that crypto/tls can be asked what it has without
// waiting, too.
type socket struct {
	net.Conn
	raw     syscall.RawConn
	instant bool // Read does not wait; only set while nobody else reads
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
	return &socket{Conn: nc, raw: raw}
}

// WrapSocket gives a plain socket the calls into the kernel that cost least; all else stays as
// it is. A Conn does the same by itself.
func WrapSocket(nc net.Conn) net.Conn {
	if s := newSocket(nc); s != nil {
		return s
	}
	return nc
}

// UnwrapSocket is the connection that WrapSocket was given.
func UnwrapSocket(nc net.Conn) net.Conn {
	if s, ok := nc.(*socket); ok {
		return s.Conn
	}
	return nc
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

// checkAlive returns an error if the peer has closed the connection or has sent unsolicited
// data. It uses Control and not Read of the RawConn: that one asks the poller first,
// whose deadline may have passed, and waits while somebody reads.
func (s *socket) checkAlive() error {
	k := newSocketCall(nil)
	defer k.free()
	switch n, err := s.readResult(k, s.raw.Control(k.peek)); {
	case n > 0:
		return ErrUnsolicited
	case err == errNothingThere:
		return nil
	default:
		return err
	}
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
