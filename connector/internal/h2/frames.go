package h2

import (
	"encoding/binary"
	"net"
)

// wire is a connection as net/http sees it, above TLS. It reads along to learn what net/http
// keeps to itself: how many streams the server takes, and that it takes none any more.
type wire struct {
	net.Conn
	conn   *Conn
	frames frameReader
}

// Read reads for net/http, and scans what has come.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.frames.scanFrames(p[:n], w.conn.owner)
	return n, err
}

// Close closes the conn.
func (w *wire) Close() error { return w.conn.closeSocket() }

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

// frameReader finds the frames that say something about the connection in what comes from
// it, in pieces of any size. It trusts nothing: net/http checks.
//
//	       9 bytes            SETTINGS, no ACK              6 bytes, again and again
//	head ──────────► payload ──────────────────► settings ───────────────────────────┐
//	 ▲                  │ any other: skipped by its length                           │
//	 └──────────────────┴──────────────────◄──── the end: setStreams ────────────────┘
type frameReader struct {
	buf        [frameHead]byte // the present head or setting, as far as it is there
	have       int
	left       int  // of the payload
	inSettings bool // the payload is of settings
	streams    uint32
	hasStreams bool // these settings have the number of streams
	settled    bool // there were settings before
}

// scanFrames scans p, the next bytes of the connection.
func (f *frameReader) scanFrames(p []byte, owner Owner) {
	for len(p) > 0 {
		switch {
		case f.left > 0 && !f.inSettings:
			n := min(f.left, len(p))
			f.left -= n
			p = p[n:]
		case f.left > 0:
			p = f.readSetting(p)
		case f.have == 0 && len(p) >= frameHead: // nearly always: no copy
			f.readHead(p, owner)
			p = p[frameHead:]
		default:
			n := copy(f.buf[f.have:], p)
			f.have += n
			p = p[n:]
			if f.have < frameHead {
				return
			}
			f.have = 0
			f.readHead(f.buf[:], owner)
		}
		if f.inSettings && f.left == 0 {
			f.inSettings = false
			f.setStreams(owner)
		}
	}
}

// readHead takes the head of a frame.
func (f *frameReader) readHead(h []byte, owner Owner) {
	f.left = int(h[0])<<16 | int(h[1])<<8 | int(h[2])
	switch {
	case h[3] == frameGoAway:
		owner.Retire()
	case h[3] == frameSettings && h[4]&flagAck == 0:
		f.inSettings, f.hasStreams = true, false
	}
}

// readSetting takes a part of a setting from p and returns the rest.
func (f *frameReader) readSetting(p []byte) []byte {
	n := copy(f.buf[f.have:settingSize], p[:min(len(p), f.left)])
	f.have += n
	f.left -= n
	if f.have == settingSize || f.left == 0 {
		if f.have == settingSize && binary.BigEndian.Uint16(f.buf[:]) == settingStreams {
			f.streams, f.hasStreams = binary.BigEndian.Uint32(f.buf[2:]), true
		}
		f.have = 0
	}
	return p[n:]
}

// setStreams tells the owner how many streams the settings allow. If the first SETTINGS have
// no such number, net/http's own bound counts.
func (f *frameReader) setStreams(owner Owner) {
	switch {
	case f.hasStreams:
		owner.SetStreams(int(min(f.streams, maxStreams)))
	case !f.settled:
		owner.SetStreams(maxStreams)
	}
	f.settled = true
}
