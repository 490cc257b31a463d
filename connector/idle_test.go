package connector_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/racetest"
)

// keepServer answers everything, and can close all of its connections.
type keepServer struct {
	addr  string
	mu    sync.Mutex
	conns map[net.Conn]bool
	posts int
}

func newKeepServer(t *testing.T, cfg *tls.Config) *keepServer {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &keepServer{addr: ln.Addr().String(), conns: map[net.Conn]bool{}}
	if cfg != nil {
		ln = tls.NewListener(ln, cfg)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns[nc] = true
			s.mu.Unlock()
			wg.Go(func() { s.serve(nc) })
		}
	})
	t.Cleanup(func() { ln.Close(); s.closeAll(); wg.Wait() })
	return s
}

func (s *keepServer) serve(nc net.Conn) {
	defer nc.Close()
	br := bufio.NewReaderSize(nc, 512)
	for {
		req, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		if req.Method == "POST" {
			s.mu.Lock()
			s.posts++
			s.mu.Unlock()
		}
		if _, err := io.WriteString(nc, okResponse); err != nil {
			return
		}
	}
}

func (s *keepServer) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for nc := range s.conns {
		nc.Close()
	}
	clear(s.conns)
}

// hidden is a connection that cannot be looked at.
type hidden struct{ net.Conn }

// idleKinds are the kinds of connections, each with its own way to notice its end.
func idleKinds(t *testing.T) map[string]func() (*keepServer, string, connector.Config) {
	t.Helper()
	leaf := certs.For(t, certs.Options{})
	server := leaf.Server()
	server.NextProtos = []string{"http/1.1"}
	return map[string]func() (*keepServer, string, connector.Config){
		"plain": func() (*keepServer, string, connector.Config) {
			s := newKeepServer(t, nil)
			return s, "http://" + s.addr, connector.Config{}
		},
		"TLS": func() (*keepServer, string, connector.Config) {
			s := newKeepServer(t, server)
			return s, "https://" + s.addr, connector.Config{TLS: leaf.Client()}
		},
		"hidden": func() (*keepServer, string, connector.Config) {
			s := newKeepServer(t, nil)
			return s, "http://" + s.addr, connector.Config{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				nc, err := new(net.Dialer).DialContext(ctx, network, addr)
				return hidden{nc}, err
			}}
		},
	}
}

// holdIdle leaves n idle connections.
func holdIdle(t *testing.T, c *connector.Connector, url string, n int) {
	t.Helper()
	bodies := make([]io.ReadCloser, n)
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			for i := worker; i < n; i += 16 {
				req, err := http.NewRequestWithContext(context.Background(), "GET", url, nil)
				if err != nil {
					t.Error(err)
					return
				}
				resp, err := c.RoundTrip(req)
				if err != nil {
					t.Error(err)
					return
				}
				bodies[i] = resp.Body
			}
		})
	}
	wg.Wait()
	for _, b := range bodies {
		if b != nil {
			io.Copy(io.Discard, b)
			b.Close()
		}
	}
	if st := c.Stats(); st.Idle != n {
		t.Fatalf("%+v, want %d idle", st, n)
	}
}

// TestIdleEndNoticedInFull: a peer that closes a thousand idle connections is noticed without
// traffic, and no request that must not be repeated is sent on one of them.
func TestIdleEndNoticedInFull(t *testing.T) { // not parallel: it counts seconds
	n := racetest.Count(1000, 200)
	for kind, start := range idleKinds(t) {
		t.Run(kind, func(t *testing.T) {
			s, url, cfg := start()
			cfg.Limit, cfg.MaxIdle = -1, -1
			c := newConnector(t, cfg)
			holdIdle(t, c, url, n)
			s.closeAll()
			if kind == "hidden" { // whoever waits on it needs a moment to be told
				waitFor(t, "the end of them", func() bool { return c.Stats().Idle == 0 })
			}
			// Else some are used at once, before anybody has looked.
			for range 20 {
				resp, err := c.RoundTrip(newRequest(t, t.Context(), "POST", url, nil))
				if err != nil {
					t.Fatal(err)
				}
				read(t, resp)
			}
			looks := 0
			waitFor(t, "the end of the others", func() bool { looks++; return c.Stats().Idle <= 1 })
			if looks > 800 { // of 5 ms, at which a machine that stands still does not look: 2 s, and a busy one
				t.Errorf("it took %d looks", looks)
			}
			if st := c.Stats(); st.Opened-st.Closed != uint64(st.Idle) || st.Retried != 0 {
				t.Errorf("%+v", st)
			}
			if s.posts != 20 {
				t.Errorf("the server had %d of 20", s.posts)
			}
		})
	}
}
