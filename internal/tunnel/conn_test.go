package tunnel_test

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/tunnel"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// early is a proxy whose answer has the tunnel's first bytes with it.
func early(after func(*wiretest.Conn)) func(*wiretest.Conn) {
	return func(c *wiretest.Conn) {
		c.ReadHead()
		c.Write("HTTP/1.1 200 OK\r\n\r\nearly bytes")
		after(c)
	}
}

func TestConnEarly(t *testing.T) {
	t.Parallel()
	bubble(t, early(func(c *wiretest.Conn) {
		c.Write(" and late")
		c.ReadBody(1 << 10) // up to the client's end
		c.Write(" and last")
	}), func(t *testing.T, _ *wiretest.Server, w *watched) {
		nc, err := tunnel.Connect(t.Context(), w, target, nil)
		wantUsable(t, nc, err, w)
		small := make([]byte, 3)
		if n, err := nc.Read(small); n != 3 || err != nil || string(small) != "ear" {
			t.Errorf("got %q, %v, want ear", small[:n], err)
		}
		below, ok := nc.(interface{ NetConn() net.Conn })
		if !ok || below.NetConn() != net.Conn(w) {
			t.Error("the connection below is not the proxy's")
		}
		half, ok := nc.(interface{ CloseWrite() error })
		if !ok {
			t.Fatal("no CloseWrite")
		}
		if err := half.CloseWrite(); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("got %v, want ErrUnsupported from a connection that cannot", err)
		}
		w.Conn.(interface{ CloseWrite() error }).CloseWrite()
		if got, err := io.ReadAll(nc); string(got) != "ly bytes and late and last" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		if nc.Close(); !w.closed {
			t.Error("Close has not reached the connection below")
		}
	})
}

func TestConnCloseWrite(t *testing.T) {
	t.Parallel()
	bubble(t, early((*wiretest.Conn).Stall), func(t *testing.T, _ *wiretest.Server, w *watched) {
		nc, err := tunnel.Connect(t.Context(), w.Conn, target, nil)
		wantUsable(t, nc, err, w)
		if err := nc.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			t.Error(err)
		}
		// The proxy has seen the end, and so its script has ended.
		if got, err := io.ReadAll(nc); string(got) != "early bytes" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

// Readers side by side get each byte once, and a deadline reaches those who wait.
func TestConnConcurrent(t *testing.T) {
	t.Parallel()
	bubble(t, early((*wiretest.Conn).Stall), func(t *testing.T, _ *wiretest.Server, w *watched) {
		nc, err := tunnel.Connect(t.Context(), w, target, nil)
		wantUsable(t, nc, err, w)
		nc.SetReadDeadline(time.Now().Add(time.Minute))
		var wg sync.WaitGroup
		var mu sync.Mutex
		total := 0
		for range 4 {
			wg.Go(func() {
				for {
					n, err := nc.Read(make([]byte, 2))
					mu.Lock()
					total += n
					mu.Unlock()
					if err != nil {
						return
					}
				}
			})
		}
		wg.Wait()
		if total != len("early bytes") {
			t.Errorf("got %d bytes, want %d", total, len("early bytes"))
		}
	})
}
