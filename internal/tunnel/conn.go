package tunnel

import (
	"net"
	"sync"

	"github.com/aiolos-http/aiolos/errors"
)

// conn is a tunnel whose first bytes came with the proxy's answer.
type conn struct {
	net.Conn

	mu    sync.Mutex
	early []byte
}

// Read gives the early bytes first, deadline or not.
func (c *conn) Read(p []byte) (int, error) {
	c.mu.Lock()
	if len(c.early) > 0 {
		n := copy(p, c.early)
		if c.early = c.early[n:]; len(c.early) == 0 {
			c.early = nil // gives the memory back
		}
		c.mu.Unlock()
		return n, nil
	}
	c.mu.Unlock()
	return c.Conn.Read(p)
}

// CloseWrite ends the sending side, if the connection below can.
func (c *conn) CloseWrite() error {
	if below, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return below.CloseWrite()
	}
	return errors.ErrUnsupported
}

// NetConn is the connection below, without the early bytes.
func (c *conn) NetConn() net.Conn { return c.Conn }
