package demo

import (
	"context"
	"net"
	"sync"
)

// rawServer hands its connections to a function, which reads and writes bytes.
type rawServer struct {
	ln    net.Listener
	serve func(net.Conn)

	mu    sync.Mutex
	conns map[net.Conn]bool
	wg    sync.WaitGroup
}

// serveConns starts a server on a port of the system's choice. Serve is called for
// each connection on a goroutine of its own; the connection is closed behind it.
func serveConns(ctx context.Context, serve func(net.Conn)) (*rawServer, error) {
	ln, err := listenLoopback(ctx)
	if err != nil {
		return nil, err
	}
	s := &rawServer{ln: ln, serve: serve, conns: map[net.Conn]bool{}}
	s.wg.Go(s.acceptConns)
	return s, nil
}

// address is HOST:PORT.
func (s *rawServer) address() string { return s.ln.Addr().String() }

// Close stops the server and waits for its goroutines.
func (s *rawServer) Close() error {
	err := s.ln.Close()
	s.mu.Lock()
	for c := range s.conns {
		// Closed to wake its goroutine; what that costs the peer is meant.
		_ = c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
	return err
}

// acceptConns takes connections until the listener is closed.
func (s *rawServer) acceptConns() {
	for {
		c, err := s.ln.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[c] = true
		s.mu.Unlock()
		s.wg.Go(func() {
			s.serve(c)
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.conns, c)
			_ = c.Close()
		})
	}
}
