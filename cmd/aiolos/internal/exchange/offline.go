package exchange

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
)

// printBytes prints the bytes of a request: it sends them to a server that is at
// the other end of a pipe in this process.
func (s *Sender) printBytes(ctx context.Context, j Job) error {
	if err := s.Net.CheckConflicts(); err != nil {
		return exitcode.AsUsage(err)
	}
	if err := s.Net.AskPassword(ctx); err != nil {
		return err
	}
	out := s.App.SafeOut()
	last := &lastByte{w: out}
	srv := &requestPrinter{out: last, done: make(chan error, 1)}
	cfg := s.Net.PipeConfig()
	cfg.DialContext = srv.dialPipe
	conn, err := connector.New(cfg)
	if err != nil {
		return err
	}
	sess, err := s.Net.SessionOver(conn, []middleware.Middleware{sendWithoutTLS})
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	defer sess.Close()
	s.Net.RememberHeaders(j.URL, j.Request.Headers)
	proxy, unseen := s.Net.Unseen(j.URL)
	s.noticeLost("HTTP/1.1 has no trace of", unseen)
	options := append(slices.Clone(j.Options), session.Proxy(proxy), session.Timeouts(session.ClientTimeout{Total: -1}), session.NoRedirects())
	resp, err := sess.Request(ctx, j.Method, j.URL, options...)
	if err == nil {
		err = errors.Join(resp.Close(), <-srv.done)
	}
	if last.err != nil {
		err = last.err // the server was broken off by it
	}
	if err = errors.Join(err, out.Close()); err == nil && s.App.OutTTY && last.b != '\n' {
		_, err = io.WriteString(s.App.Out, "\n")
	}
	return err
}

// sendWithoutTLS sends without TLS what else would be encrypted: the bytes inside are
// the same.
func sendWithoutTLS(next http.RoundTripper) http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		req = req.Clone(req.Context())
		if req.Host == "" {
			req.Host = req.URL.Host
		}
		req.URL.Scheme = "http"
		return next.RoundTrip(req)
	})
}

// requestPrinter is a server that writes down what it is sent.
type requestPrinter struct {
	out  io.Writer
	done chan error
}

// dialPipe connects to the server.
func (p *requestPrinter) dialPipe(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	go func() { p.done <- p.readRequest(far) }()
	return near, nil
}

// readRequest reads one request to its end and answers it.
func (p *requestPrinter) readRequest(conn net.Conn) error {
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
