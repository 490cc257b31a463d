package connector_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

func dialHidden(ctx context.Context, network, addr string) (net.Conn, error) {
	nc, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return hidden{nc}, nil
}

// peerKinds are the kinds of connections that die in different ways.
var peerKinds = []struct {
	name        string
	secure      bool
	dialContext func(ctx context.Context, network, addr string) (net.Conn, error)
}{
	{"plain", false, nil},
	{"TLS", true, nil},
	{"not to be looked at", false, dialHidden},
	{"TLS, not to be looked at", true, dialHidden},
}

// crowd is a server that answers requests when so many are there, and closes all connections
// when it is told to.
type crowd struct {
	url   string
	bye   chan struct{}
	conns sync.WaitGroup // ends when all are closed
}

func newCrowd(t *testing.T, size int, cfg *tls.Config) *crowd {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &crowd{url: "http://" + ln.Addr().String(), bye: make(chan struct{})}
	if cfg != nil {
		ln, s.url = tls.NewListener(ln, cfg), "https://"+ln.Addr().String()
	}
	var here sync.WaitGroup
	here.Add(size)
	s.conns.Add(size)
	acceptAll(t, ln, func(nc net.Conn) {
		defer s.conns.Done()
		defer nc.Close()
		buf := make([]byte, 1024)
		if _, err := nc.Read(buf); err != nil { // a request is one segment
			t.Error(err)
		}
		here.Done()
		here.Wait()
		io.WriteString(nc, okResponse) // the client sees if that has failed
		<-s.bye
	})
	return s
}

// leave closes all connections.
func (s *crowd) leave() {
	close(s.bye)
	s.conns.Wait()
}

// fill makes so many requests at a time, which makes so many idle connections.
func (s *crowd) fill(t *testing.T, rt http.RoundTripper, size int) {
	t.Helper()
	var wg sync.WaitGroup
	for range size {
		wg.Go(func() { ask(t, rt, newRequest(t, context.Background(), "GET", s.url, nil)) })
	}
	wg.Wait()
}

// descriptors are those that the process has open; 0: who knows.
func descriptors() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

// A peer that closes very many idle connections is noticed soon, without any traffic, and
// their descriptors are free.
func TestIdleClosedByPeerInFull(t *testing.T) {
	soon := 2 * time.Second
	if racetest.Enabled {
		soon *= 2 // a busy machine
	}
	leaf := certs.For(t, certs.Options{})
	for _, tt := range peerKinds {
		t.Run(tt.name, func(t *testing.T) {
			size := racetest.Count(1000, 200)
			before := descriptors()
			var serverTLS *tls.Config
			if tt.secure {
				serverTLS = leaf.Server()
			}
			s := newCrowd(t, size, serverTLS)
			c := newConnector(t, connector.Config{
				Limit: -1, MaxIdle: -1, KeepAlive: -1, TLS: leaf.Client(), DialContext: tt.dialContext,
			})
			s.fill(t, c, size)
			if st := c.Stats(); st.Idle != size {
				t.Fatalf("before: %+v", st)
			}
			s.leave()
			start := time.Now()
			for c.Stats().Idle > 0 && time.Since(start) < 5*soon {
				<-time.After(time.Millisecond)
			}
			took := time.Since(start)
			t.Logf("noticed after %v", took.Round(time.Millisecond))
			if st := c.Stats(); took > soon || st.Idle != 0 || st.Closed != uint64(size) {
				t.Errorf("after %v: %+v", took, st)
			}
			// The listener and the poller are left.
			for start = time.Now(); descriptors() > before+8 && time.Since(start) < soon; {
				<-time.After(time.Millisecond)
			}
			if now := descriptors(); now > before+8 {
				t.Errorf("%d descriptors, %d before", now, before)
			}
		})
	}
}

// deaths are the ways in which an idle connection becomes useless.
var deaths = []struct {
	name string
	end  func(c *wiretest.Conn)
}{
	{"close", (*wiretest.Conn).Close},
	{"reset", (*wiretest.Conn).Reset},
	{"half a close", (*wiretest.Conn).CloseWrite},
	{"a byte", func(c *wiretest.Conn) { c.Write("H") }},
	{"a response", func(c *wiretest.Conn) { c.Write(unaskedAnswer) }},
	{"408", func(c *wiretest.Conn) {
		c.Write("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	}},
	{"408 and close", func(c *wiretest.Conn) {
		c.Write("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		c.Close()
	}},
}

// A request that must not be repeated is never sent on a connection whose end has come, or
// on which something has come, before it: it goes to another, without a failure. Nobody has
// to have looked at the connection in between.
func TestIdleDeadForPOSTInFull(t *testing.T) {
	leaf := certs.For(t, certs.Options{})
	for _, kind := range peerKinds {
		for _, how := range deaths {
			t.Run(kind.name+", "+how.name, func(t *testing.T) {
				t.Parallel()
				next, ended := make(chan struct{}), make(chan struct{})
				script := func(c *wiretest.Conn) {
					for range 2 {
						if c.ReadRequest().Method == "POST" {
							c.Write(okResponse)
							continue
						}
						c.Write(okResponse)
						<-next
						how.end(c)
						ended <- struct{}{}
					}
				}
				srv := wiretest.New(t, script)
				if kind.secure {
					srv = wiretest.NewTLS(t, leaf.Server(), script)
				}
				c := newConnector(t, connector.Config{TLS: leaf.Client(), DialContext: kind.dialContext})
				for i := range racetest.Count(10, 4) {
					c.CloseIdleConnections()
					get(t, c, srv.URL())
					next <- struct{}{}
					<-ended
					if kind.dialContext != nil { // a waiter has to come to it
						waitForIdle(t, c, 0)
					}
					resp, err := c.RoundTrip(newRequest(t, t.Context(), "POST", srv.URL(), strings.NewReader("x")))
					if err != nil {
						t.Fatalf("POST %d: %v", i, err)
					}
					if got := read(t, resp); got != "ok" || resp.StatusCode != 200 {
						t.Fatalf("POST %d: got %s, %q", i, resp.Status, got)
					}
				}
				if st := c.Stats(); st.Retried != 0 {
					t.Errorf("sent again: %+v", st)
				}
			})
		}
	}
}

func waitForIdle(t *testing.T, c *connector.Connector, want int) {
	t.Helper()
	for start := time.Now(); c.Stats().Idle != want; <-time.After(time.Millisecond) {
		if time.Since(start) > 5*time.Second {
			t.Fatalf("got %+v, want %d idle", c.Stats(), want)
		}
	}
}

// lateConn is a connection whose Write returns a moment after the peer has it all.
type lateConn struct{ net.Conn }

func (c lateConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	time.Sleep(time.Millisecond)
	return n, err
}

// A 408 that closes a connection which has served before is no answer to the request that
// met it: what can be repeated is, and the rest fails as on a connection that has died.
func TestIdle408(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		method string
		again  bool
		late   bool // the answer is here before the last write has returned
	}{
		{"GET", true, false},
		{"PUT", true, false},
		{"POST", false, false},
		{"GET", true, true},
		{"PUT", true, true},
		{"POST", false, true},
	} {
		t.Run(fmt.Sprintf("%s %v", tt.method, tt.late), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := memnet.New()
				ln, err := n.Listen("h:80")
				if err != nil {
					t.Fatal(err)
				}
				srv := wiretest.NewOn(t, ln, func(c *wiretest.Conn) {
					c.ReadRequest()
					c.Write(okResponse)
					if c.ReadRequest(); c.N == 0 {
						c.Write("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
					}
				})
				c := newConnector(t, connector.Config{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
					nc, err := n.DialContext(ctx, network, addr)
					if err != nil || !tt.late {
						return nc, err
					}
					return lateConn{nc}, nil
				}})
				get(t, c, "http://h/")
				resp, err := c.RoundTrip(newRequest(t, t.Context(), tt.method, "http://h/", strings.NewReader("x")))
				if tt.again {
					if err != nil || resp.StatusCode != 200 || read(t, resp) != "ok" {
						t.Errorf("got %v, %v", resp, err)
					}
				} else if _, ok := errors.AsType[*errors.ServerDisconnectedError](err); !ok {
					t.Errorf("got %v, %v, want a ServerDisconnectedError", resp, err)
				}
				want := 1
				if tt.again {
					want = 2
				}
				if got := srv.Conns(); got != want {
					t.Errorf("%d connections, want %d", got, want)
				}
				time.Sleep(time.Second) // a Write may still be about to return
				c.Close()
			})
		})
	}
}
