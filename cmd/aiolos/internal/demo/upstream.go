package demo

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/httpbin"
)

// upstreams are the servers of the demo. Ports are given by the system.
type upstreams struct {
	meter   *meter
	bin     string // host:port of httpbin
	slow    string // host:port of the slow server
	flaky   string // host:port of the server that fails
	refused string // host:port where nobody listens
	close   []func() error
}

// startUpstreams starts all servers. They run until Close.
func startUpstreams(ctx context.Context) (_ *upstreams, err error) {
	u := &upstreams{meter: newMeter()}
	defer func() {
		if err != nil {
			err = errors.Join(err, u.Close())
		}
	}()
	if u.bin, err = u.serveHTTP(ctx, bufferResponse(u.meter, httpbin.Handler())); err != nil {
		return nil, err
	}
	if u.slow, err = u.serveHTTP(ctx, slowHandler(u.meter)); err != nil {
		return nil, err
	}
	if err := u.serveFlaky(ctx); err != nil {
		return nil, err
	}
	// A port that was ours a moment ago and is closed now.
	ln, err := listenLoopback(ctx)
	if err != nil {
		return nil, err
	}
	u.refused = ln.Addr().String()
	return u, ln.Close()
}

// Close stops all servers.
func (u *upstreams) Close() error {
	errs := make([]error, 0, len(u.close))
	for _, c := range u.close {
		errs = append(errs, c())
	}
	u.close = nil
	return errors.Join(errs...)
}

// listenLoopback opens a port on the loopback interface.
func listenLoopback(ctx context.Context) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp4", "127.0.0.1:0")
}

// serveHTTP runs an HTTP server and returns its address.
func (u *upstreams) serveHTTP(ctx context.Context, h http.Handler) (string, error) {
	ln, err := listenLoopback(ctx)
	if err != nil {
		return "", err
	}
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				u.meter.countConn()
			}
		},
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ln) }()
	u.close = append(u.close, func() error {
		err := srv.Close()
		if serveErr := <-done; !errors.Is(serveErr, http.ErrServerClosed) {
			err = errors.Join(err, serveErr)
		}
		return err
	})
	return ln.Addr().String(), nil
}

// thinking is how long a request to httpbin takes, so that there are several at
// a time.
const thinking = 8 * time.Millisecond

// bufferResponse runs a handler to its end before the first byte of its response is sent,
// so that the meter knows exactly when the request is over.
func bufferResponse(m *meter, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leave := m.beginRequest(r.Host)
		defer leave()
		rec := &recorder{header: w.Header(), status: http.StatusOK}
		h.ServeHTTP(rec, r)
		if !waitFor(r, thinking) {
			return
		}
		leave()
		w.WriteHeader(rec.status)
		// The client may be gone; then nobody misses the body.
		_, _ = w.Write(rec.body.Bytes())
	})
}

// recorder is a ResponseWriter that keeps the response.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) { r.status = status }

// Write implements http.ResponseWriter.
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }
