package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// offline prints the bytes of a request: it sends them to a server that is at
// the other end of a pipe in this process.
func (s *send) offline(ctx context.Context, j job) error {
	if err := s.net.check(); err != nil {
		return usage(err)
	}
	if err := s.net.ask(ctx); err != nil {
		return err
	}
	out := s.app.safeOut()
	last := &lastByte{w: out}
	srv := &paper{out: last, done: make(chan error, 1)}
	conn, err := connector.New(connector.Config{DialContext: srv.dial, TrustEnv: s.net.proxy != noProxy && s.net.unix == ""})
	if err != nil {
		return err
	}
	sess, err := s.net.over(conn, []middleware.Middleware{inClear})
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	defer sess.Close()
	s.net.remember(j.url, j.req.Headers)
	proxy, unseen := s.net.onPaper(j.url)
	s.lost("HTTP/1.1 has no trace of", unseen)
	options := append(slices.Clone(j.options), session.Proxy(proxy), session.Timeouts(session.ClientTimeout{Total: -1}), session.NoRedirects())
	resp, err := sess.Request(ctx, j.method, j.url, options...)
	if err == nil {
		err = errors.Join(resp.Close(), <-srv.done)
	}
	if err = errors.Join(err, out.Close()); err == nil && s.app.OutTTY && last.b != '\n' {
		_, err = io.WriteString(s.app.Out, "\n")
	}
	return err
}

// onPaper returns the proxy whose presence shows in the bytes of a request, and the
// flags that do not show there. Through a tunnel, and SOCKS is one, the bytes are
// those without a proxy.
func (n *network) onPaper(url string) (proxy string, unseen []string) {
	given := n.proxy != "" && n.proxy != noProxy
	if given && strings.HasPrefix(url, "http:") && !strings.HasPrefix(n.proxy, "socks") {
		_, host, ok := strings.Cut(n.proxy, "://")
		if !ok {
			host = n.proxy
		}
		proxy = "http://" + host
	}
	for _, f := range []struct {
		is   bool
		name string
	}{
		{given && proxy == "", "--proxy"},
		{n.unix != "", "--unix"},
		{n.insecure, "--insecure"},
		{!n.pin.IsZero(), "--pin"},
		{n.http2, "--http2"},
		{n.keylog, "--keylog"},
		{n.retry > 0, "--retry"},
		{n.limit > 0, "--limit"},
		{n.perHost > 0, "--per-host"},
		{time.Duration(n.total) != session.DefaultTotal && n.total != 0, "--timeout"},
		{n.connect != 0, "--connect-timeout"},
		{n.read != 0, "--read-timeout"},
	} {
		if f.is {
			unseen = append(unseen, f.name)
		}
	}
	return proxy, unseen
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
