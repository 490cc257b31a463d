package h1_test

import (
	"bytes"
	stderrors "errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
)

// socketPair is the two ends of a connection through the system.
func socketPair(t *testing.T, network string) (client, server net.Conn) {
	t.Helper()
	addr := "127.0.0.1:0"
	if network == "unix" {
		addr = filepath.Join(t.TempDir(), "s")
	}
	ln, err := new(net.ListenConfig).Listen(t.Context(), network, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err = new(net.Dialer).DialContext(t.Context(), network, ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if server, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

// resetBy closes nc so that the peer is reset.
func resetBy(nc net.Conn) {
	if tcp, ok := nc.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	nc.Close()
}

// addresses are the parts of an error's text that differ from one connection to the next.
var addresses = regexp.MustCompile(`127\.0\.0\.1:\d+|/[^ ]+/s\b`)

// A wrapped socket gives what the connection itself gives, errors with their texts and kinds
// included.
func TestSocketIsAsNet(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there is no peek, so nothing is wrapped")
	}
	soon := func() time.Time { return time.Now().Add(10 * time.Millisecond) }
	large := bytes.Repeat([]byte("x"), 8<<20)
	tests := map[string]func(nc, peer net.Conn) (int, error){
		"read": func(nc, peer net.Conn) (int, error) {
			io.WriteString(peer, "hello")
			return nc.Read(make([]byte, 9))
		},
		"read nothing": func(nc, _ net.Conn) (int, error) { return nc.Read(nil) },
		"read with much room": func(nc, peer net.Conn) (int, error) {
			io.WriteString(peer, "hello")
			return nc.Read(make([]byte, 1<<20))
		},
		"read the end": func(nc, peer net.Conn) (int, error) {
			peer.Close()
			return nc.Read(make([]byte, 9))
		},
		"read after a reset": func(nc, peer net.Conn) (int, error) {
			io.WriteString(nc, "x")
			peer.Read(make([]byte, 1))
			resetBy(peer)
			return nc.Read(make([]byte, 9))
		},
		"read too late": func(nc, _ net.Conn) (int, error) {
			nc.SetReadDeadline(soon())
			return nc.Read(make([]byte, 9))
		},
		"read once it is closed": func(nc, _ net.Conn) (int, error) {
			nc.Close()
			return nc.Read(make([]byte, 9))
		},
		"closed while it is read": func(nc, _ net.Conn) (int, error) {
			time.AfterFunc(10*time.Millisecond, func() { nc.Close() })
			return nc.Read(make([]byte, 9))
		},
		"write":         func(nc, _ net.Conn) (int, error) { return io.WriteString(nc, "hello") },
		"write nothing": func(nc, _ net.Conn) (int, error) { return nc.Write(nil) },
		"write after a reset": func(nc, peer net.Conn) (int, error) {
			resetBy(peer)
			nc.Read(make([]byte, 1)) // waits for it
			return nc.Write([]byte("x"))
		},
		"write once it is closed": func(nc, _ net.Conn) (int, error) {
			nc.Close()
			return nc.Write([]byte("x"))
		},
		"write too late": func(nc, _ net.Conn) (int, error) {
			nc.SetWriteDeadline(time.Unix(1, 0))
			return nc.Write([]byte("x"))
		},
		"write what nobody reads": func(nc, _ net.Conn) (int, error) {
			nc.SetWriteDeadline(soon())
			for {
				if n, err := nc.Write(large[:60<<10]); err != nil {
					return n / len(large), err // how much of it went out is chance
				}
			}
		},
		"closed while it is written": func(nc, _ net.Conn) (int, error) {
			time.AfterFunc(10*time.Millisecond, func() { nc.Close() })
			for {
				if n, err := nc.Write(large[:60<<10]); err != nil {
					return n / len(large), err
				}
			}
		},
		"write on a half-closed one": func(nc, _ net.Conn) (int, error) {
			nc.(interface{ CloseWrite() error }).CloseWrite()
			return nc.Write([]byte("x"))
		},
	}
	for _, network := range []string{"tcp", "unix"} {
		for name, run := range tests {
			t.Run(network+", "+name, func(t *testing.T) {
				t.Parallel()
				describe := func(wrap func(net.Conn) net.Conn) string {
					nc, peer := socketPair(t, network)
					n, err := run(wrap(nc), peer)
					timeout, _ := stderrors.AsType[net.Error](err)
					return fmt.Sprintf("%d, %T, %s, timeout: %v, closed: %v", n, err,
						addresses.ReplaceAllString(fmt.Sprint(err), "ADDR"),
						timeout != nil && timeout.Timeout(), stderrors.Is(err, net.ErrClosed))
				}
				got := describe(h1.WrapSocket)
				if want := describe(func(nc net.Conn) net.Conn { return nc }); got != want {
					t.Errorf("got %s\nwant %s", got, want)
				}
			})
		}
	}
}

// Whole writes come whole and in order, of every size, and the two directions do not
// disturb each other; a socket has several users, as any net.Conn.
func TestSocketBothWays(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp", "unix"} {
		nc, peer := socketPair(t, network)
		s := h1.WrapSocket(nc)
		go io.Copy(peer, peer) // an echo, which ends with the test
		const writers, rounds = 4, 200
		var writing sync.WaitGroup
		total := 0
		for w := range writers {
			for i := range rounds {
				total += 1 + (i*977*(w+1))%(100<<10)
			}
			writing.Go(func() {
				for i := range rounds {
					p := bytes.Repeat([]byte{byte(w)}, 1+(i*977*(w+1))%(100<<10))
					if n, err := s.Write(p); n != len(p) || err != nil {
						t.Errorf("%s: %d of %d, %v", network, n, len(p), err)
					}
				}
			})
		}
		var counts [writers]int
		buf := make([]byte, 64<<10)
		for got := 0; got < total; {
			n, err := s.Read(buf)
			if err != nil {
				t.Fatalf("%s: %v after %d", network, err, got)
			}
			for _, b := range buf[:n] {
				counts[b]++
			}
			got += n
		}
		writing.Wait()
		for w := range writers {
			want := 0
			for i := range rounds {
				want += 1 + (i*977*(w+1))%(100<<10)
			}
			if counts[w] != want {
				t.Errorf("%s: %d bytes of writer %d, want %d", network, counts[w], w, want)
			}
		}
	}
}
