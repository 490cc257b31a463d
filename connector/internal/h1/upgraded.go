package h1

import (
	"bufio"
	stderrors "errors"
	"net"
	"time"
)

// Upgraded is the connection after a 101, for another protocol: what the reader has of it
// already, and then the connection itself. It has no deadlines but those that are set here.
type Upgraded struct {
	conn *Conn
	br   *bufio.Reader // nil: it is empty
}

// Upgrade ends the exchange with its 101. The Exchange must not be used any more, and the
// conn is the Upgraded's, which does not close it by itself.
func (x *Exchange) Upgrade() *Upgraded {
	if x.unwatch != nil {
		x.unwatch()
	}
	x.conn.upgrade()
	u := &Upgraded{conn: x.conn, br: x.br}
	x.br = nil
	if u.br.Buffered() == 0 {
		putReader(u.br)
		u.br = nil
	}
	return u
}

func (u *Upgraded) Read(p []byte) (int, error) {
	if u.br == nil {
		return u.conn.readNet(p)
	}
	n, err := u.br.Read(p[:min(len(p), u.br.Buffered())])
	if u.br.Buffered() == 0 {
		putReader(u.br)
		u.br = nil
	}
	return n, err
}

func (u *Upgraded) Write(p []byte) (int, error) { return u.conn.writeNet(p) }

// Close closes the connection.
func (u *Upgraded) Close() error { return u.conn.Close() }

// NetConn is the connection below, for its addresses and the state of TLS.
func (u *Upgraded) NetConn() net.Conn { return u.conn.nc }

// SetReadDeadline is that of [net.Conn].
func (u *Upgraded) SetReadDeadline(t time.Time) error { return u.conn.nc.SetReadDeadline(t) }

// SetWriteDeadline is that of [net.Conn].
func (u *Upgraded) SetWriteDeadline(t time.Time) error { return u.conn.nc.SetWriteDeadline(t) }

// CloseWrite shuts the sending side down, if the connection can.
func (u *Upgraded) CloseWrite() error {
	if c, ok := u.conn.nc.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return stderrors.ErrUnsupported
}
