package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// offline prints the bytes of a request: it sends them to a server that is at
// the other end of a pipe in this process.
func (s *send) offline(ctx context.Context, j job) error {
	out := s.app.safeOut()
	last := &lastByte{w: out}
	srv := &paper{out: last, done: make(chan error, 1)}
	conn, err := connector.New(connector.Config{DialContext: srv.dial})
	if err != nil {
		return err
	}
	sess, err := session.New(session.Config{
		Connector: conn, OwnConnector: true, Middleware: []middleware.Middleware{inClear},
		Timeout: session.ClientTimeout{Total: -1},
	})
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	defer sess.Close()
	resp, err := sess.Request(ctx, j.method, j.url, append(j.options, session.Proxy(""), session.Timeouts(session.ClientTimeout{Total: -1}))...)
	if err == nil {
		err = errors.Join(resp.Close(), <-srv.done)
	}
	if err = errors.Join(err, out.Close()); err == nil && s.app.OutTTY && last.b != '\n' {
		_, err = io.WriteString(s.app.Out, "\n")
	}
	return err
}

// inClear sends without TLS what else would be encrypted: the bytes inside are
// the same.
func inClear(next http.RoundTripper) http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		req = req.Clone(req.Context())
		if req.Host == "" {
			req.Host = req.URL.Host
		}
		req.URL.Scheme = "http"
		return next.RoundTrip(req)
	})
}

// paper is a server that writes down what it is sent.
type paper struct {
	out  io.Writer
	done chan error
}

// dial connects to the server.
func (p *paper) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	go func() { p.done <- p.serve(far) }()
	return near, nil
}

// serve reads one request to its end and answers it.
func (p *paper) serve(conn net.Conn) error {
	defer conn.Close()
	req, err := http.ReadRequest(bufio.NewReader(io.TeeReader(conn, p.out)))
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return err
	}
	_, err = io.WriteString(conn, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
	return err
}
