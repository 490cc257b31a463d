package connector

import (
	"net"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/pool"
)

// ClosedConn is a connection that has ended, for [Config].OnClose.
type ClosedConn struct {
	// Host is the origin that it led to, as scheme://host:port.
	Host string
	// Proto is "HTTP/1.1" or "HTTP/2.0".
	Proto string
	// Remote is its other end: the proxy's, if there is one.
	Remote net.Addr
	// Created is when it was made, and Age how long it has lived.
	Created time.Time
	Age     time.Duration
}

// tellClosed is the pool's OnGone; nil if nobody asks.
func (cfg *Config) tellClosed() func(key, pool.Conn) {
	tell := cfg.OnClose
	if tell == nil {
		return nil
	}
	return func(k key, gone pool.Conn) {
		c := gone.(*conn) //nolint:errcheck // the pool holds nothing else
		proto := "HTTP/1.1"
		if c.h2 != nil {
			proto = "HTTP/2.0"
		}
		tell(ClosedConn{
			Host: k.Scheme() + "://" + k.Addr(), Proto: proto, Remote: c.remote,
			Created: c.created, Age: time.Since(c.created),
		})
	}
}
