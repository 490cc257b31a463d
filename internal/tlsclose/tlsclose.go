// Package tlsclose closes connections without the patience of crypto/tls, whose Close waits
// up to five seconds until a peer that reads nothing has taken the closing alert (RFC 8446
// 6.1). It knows a layer like TLS by its method NetConn, and closes all else as it is.
package tlsclose

import (
	"net"
	"time"
)

// Patience is how long [Close] lets the closing alert take.
const Patience = 250 * time.Millisecond

// Close closes nc. The closing alert is sent if that takes no longer than [Patience].
func Close(nc net.Conn) error {
	if below, ok := belowTLS(nc); ok {
		defer time.AfterFunc(Patience, func() { below.Close() }).Stop() // the error is that of nc
	}
	return nc.Close()
}

// Abort closes nc at once, without a closing alert. It is for a connection that has failed,
// or that nobody may wait for.
func Abort(nc net.Conn) error {
	if below, ok := belowTLS(nc); ok {
		below.Close() // the error is that of nc
	}
	return nc.Close()
}

func belowTLS(nc net.Conn) (net.Conn, bool) {
	layer, ok := nc.(interface{ NetConn() net.Conn })
	if !ok {
		return nil, false
	}
	return layer.NetConn(), true
}
