package connector

import (
	"encoding/binary"
	"net"
)

// muxConn is a connection of HTTP/2 as net/http sees it, above TLS. It reads along
// to learn what net/http keeps to itself: how many streams the server takes, and
// that it takes none any more.
type muxConn struct {
	net.Conn
	conn   *conn
	frames frameReader
}

// Read reads, and looks at what has come.
func (m *muxConn) Read(p []byte) (int, error) {
	n, err := m.Conn.Read(p)
	m.frames.read(p[:n], m)
	return n, err
}

// Close closes the conn.
func (m *muxConn) Close() error { return m.conn.closeSocket() }

// settings are those of the server. The first may say nothing of the number of
// streams; then net/http has a bound of its own.
func (m *muxConn) settings(streams uint32, said bool) {
	switch first := !m.frames.settled; {
	case said:
		m.conn.pool.SetStreams(m.conn, int(min(streams, maxStreams)))
	case first:
		m.conn.pool.SetStreams(m.conn, maxStreams)
	}
	m.frames.settled = true
}

// goAway is the server's announcement that it closes the connection.
func (m *muxConn) goAway() { m.conn.pool.Retire(m.conn) }

// maxStreams is how many streams net/http has where the server sets no bound.
const maxStreams = 1000

// RFC 9113 4.1, 6 and 6.5.1.
const (
	frameHead      = 9
	frameSettings  = 4
	frameGoAway    = 7
	flagAck        = 1
	settingSize    = 6
	settingStreams = 3
)

// frameReader finds the frames that say something about the connection in what
// comes from it, in pieces of any size. It trusts nothing: net/http checks.
type frameReader struct {
	buf     [frameHead]byte // the present head or setting, as far as it is there
	have    int
	left    int  // of the payload
	reads   bool // the payload is of settings
	streams uint32
	said    bool
	settled bool
}

func (f *frameReader) read(p []byte, m *muxConn) {
	for len(p) > 0 {
		switch {
		case f.left > 0 && !f.reads:
			n := min(f.left, len(p))
			f.left -= n
			p = p[n:]
		case f.left > 0:
			p = f.setting(p)
		default:
			n := copy(f.buf[f.have:], p)
			f.have += n
			p = p[n:]
			if f.have < frameHead {
				return
			}
			f.have = 0
			f.head(m)
		}
		if f.reads && f.left == 0 {
			f.reads = false
			m.settings(f.streams, f.said)
		}
	}
}

// head is the begin of a frame.
func (f *frameReader) head(m *muxConn) {
	f.left = int(f.buf[0])<<16 | int(f.buf[1])<<8 | int(f.buf[2])
	switch {
	case f.buf[3] == frameGoAway:
		m.goAway()
	case f.buf[3] == frameSettings && f.buf[4]&flagAck == 0:
		f.reads, f.said = true, false
	}
}

// setting takes a part of a setting from p and returns the rest.
func (f *frameReader) setting(p []byte) []byte {
	n := copy(f.buf[f.have:settingSize], p[:min(len(p), f.left)])
	f.have += n
	f.left -= n
	if f.have == settingSize || f.left == 0 {
		if f.have == settingSize && binary.BigEndian.Uint16(f.buf[:]) == settingStreams {
			f.streams, f.said = binary.BigEndian.Uint32(f.buf[2:]), true
		}
		f.have = 0
	}
	return p[n:]
}
