package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"runtime"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/session"
)

// The size of the comparison.
const (
	benchRequests = 2000
	benchRounds   = 7               // at most
	benchTime     = 2 * time.Second // after which no round begins, save the first
	benchBody     = "hello from the loopback\n"
)

// figures are the costs of one client.
type figures struct {
	time   time.Duration // for all requests, the best round
	allocs float64       // per request
	bytes  float64       // per request
}

// comparison is the result of the comparison.
type comparison struct{ aiolos, client figures }

// measureClients sends the same small requests one after the other through a
// session and through an http.Client with a jar and a timeout, in turns, so that
// a busy machine is unfair to both.
func measureClients(ctx context.Context) (c comparison, err error) {
	srv, err := serveSmall(ctx)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, srv.Close()) }()
	ours, stop, err := aiolosGet()
	if err != nil {
		return c, err
	}
	defer stop()
	theirs, stop2, err := clientGet()
	if err != nil {
		return c, err
	}
	defer stop2()
	start := time.Now()
	for round := range benchRounds {
		if round > 0 && time.Since(start) > benchTime {
			break
		}
		if err := measureRound(ctx, &c.aiolos, srv.url, ours); err != nil {
			return c, fmt.Errorf("aiolos: %w", err)
		}
		if err := measureRound(ctx, &c.client, srv.url, theirs); err != nil {
			return c, fmt.Errorf("http.Client: %w", err)
		}
	}
	return c, nil
}

// getter fetches a URL and returns the length of the body.
type getter func(ctx context.Context, url string) (int64, error)

// aiolosGet returns a getter that uses a session.
func aiolosGet() (getter, func(), error) {
	s, err := session.New(session.Config{})
	if err != nil {
		return nil, nil, err
	}
	get := func(ctx context.Context, url string) (int64, error) {
		resp, err := s.Get(ctx, url)
		if err != nil {
			return 0, err
		}
		n, err := io.Copy(io.Discard, resp.Body)
		return n, errors.Join(err, resp.Close())
	}
	return get, func() { _ = s.Close() }, nil
}

// clientGet returns a getter that uses net/http's client, with what a session
// has as well: a cookie jar and a timeout.
func clientGet() (getter, func(), error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, nil, err
	}
	client := &http.Client{Transport: &http.Transport{}, Jar: jar, Timeout: 5 * time.Minute}
	get := func(ctx context.Context, url string) (int64, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return 0, err
		}
		resp, err := client.Do(req)
		if err != nil {
			return 0, err
		}
		n, err := io.Copy(io.Discard, resp.Body)
		return n, errors.Join(err, resp.Body.Close())
	}
	return get, client.CloseIdleConnections, nil
}

// measureRound runs one round. The server allocates nothing, so that what is counted
// is the client's.
func measureRound(ctx context.Context, f *figures, url string, get getter) error {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	for range benchRequests {
		n, err := get(ctx, url)
		if err != nil {
			return err
		}
		if n != int64(len(benchBody)) {
			return fmt.Errorf("a body of %d bytes, want %d", n, len(benchBody))
		}
	}
	elapsed := time.Since(start)
	runtime.ReadMemStats(&after)
	allocs := float64(after.Mallocs-before.Mallocs) / benchRequests
	if f.time == 0 || elapsed < f.time {
		f.time = elapsed
	}
	if f.allocs == 0 || allocs < f.allocs {
		f.allocs = allocs
		f.bytes = float64(after.TotalAlloc-before.TotalAlloc) / benchRequests
	}
	return nil
}

// smallServer answers every request with the same bytes, and allocates nothing
// while it does.
type smallServer struct {
	url string
	ln  net.Listener

	mu    sync.Mutex
	conns []net.Conn
	wg    sync.WaitGroup
}

// serveSmall starts a smallServer.
func serveSmall(ctx context.Context) (*smallServer, error) {
	ln, err := listenLoopback(ctx)
	if err != nil {
		return nil, err
	}
	s := &smallServer{url: "http://" + ln.Addr().String() + "/small", ln: ln}
	s.wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, c)
			s.mu.Unlock()
			s.wg.Go(func() { answerConn(c) })
		}
	})
	return s, nil
}

// Close stops the server.
func (s *smallServer) Close() error {
	err := s.ln.Close()
	s.mu.Lock()
	for _, c := range s.conns {
		// Closed to wake its goroutine.
		_ = c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
	return err
}

// answerConn serves one connection whose client sends one request at a time.
func answerConn(c net.Conn) {
	reply := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", len(benchBody), benchBody)
	end := []byte("\r\n\r\n")
	buf := make([]byte, 4096)
	n := 0
	for n < len(buf) {
		m, err := c.Read(buf[n:])
		if err != nil {
			return
		}
		if n += m; bytes.HasSuffix(buf[:n], end) {
			if _, err := c.Write(reply); err != nil {
				return
			}
			n = 0
		}
	}
}
