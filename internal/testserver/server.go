package testserver

import (
	"context"
	"net"
	"net/http"

	"github.com/aiolos-http/aiolos/internal/memnet"
)

// host is where the server is on its network.
const host = "test.example"

// Server is the handler on a network in memory, for examples and for bubbles.
type Server struct {
	// URL is http://test.example, without a path.
	URL string

	net  *memnet.Network
	srv  *http.Server
	done chan struct{}
}

// Start starts a server. The caller closes it.
func Start() (*Server, error) {
	s := &Server{
		URL:  "http://" + host,
		net:  memnet.New(),
		srv:  &http.Server{Handler: Handler()}, // nobody else reaches it: no timeouts
		done: make(chan struct{}),
	}
	ln, err := s.net.Listen(host + ":80")
	if err != nil {
		return nil, err
	}
	go func() {
		defer close(s.done)
		s.srv.Serve(ln) // ends by Close only
	}()
	return s, nil
}

// DialContext connects to the server, and to nobody else.
func (s *Server) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return s.net.DialContext(ctx, network, addr)
}

// Close ends the server and its connections.
func (s *Server) Close() error {
	err := s.srv.Close()
	<-s.done
	return err
}
