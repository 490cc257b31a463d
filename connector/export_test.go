package connector

import (
	"net"

	"github.com/aiolos-http/aiolos/connector/internal/pool"
)

type silentConn struct{ net.Conn }

func (*silentConn) Close() error { return nil }

// ReadFrames has pieces of what a server of HTTP/2 sends read along, and tells how
// many streams it takes by then (1 if it has not said), and whether it goes away.
func ReadFrames(pieces ...[]byte) (streams int, goesAway bool) {
	c := &conn{nc: &silentConn{}, pool: pool.New(pool.Config[key]{})}
	m := &muxConn{conn: c}
	for _, p := range pieces {
		m.frames.read(p, m)
	}
	streams, goesAway = c.notes.Streams()
	return max(streams, 1), goesAway
}
