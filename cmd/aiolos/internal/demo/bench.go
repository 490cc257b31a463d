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
	"time"

	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/bench"
)

// The size of the comparison.
const (
	benchRequests = 2000
	benchRounds   = 7               // at most
	benchTime     = 2 * time.Second // after which no round begins, save the first
	benchBody     = "hello from the loopback\n"
)

// figures are the costs of one client, those of its best round.
type figures struct {
	round  *bench.Result
	allocs float64 // per request
	bytes  float64 // per request
}

// comparison is the result of the comparison.
type comparison struct{ aiolos, client figures }

// measureClients sends the same small requests one after the other through a
// session and through an http.Client with what a session has as well, a jar and a
// timeout. They take turns, so that a busy machine is unfair to both.
func measureClients(ctx context.Context) (c comparison, err error) {
	srv, err := serveConns(ctx, answerConn)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, srv.Close()) }()
	url := "http://" + srv.address() + "/small"
	s, err := session.New(session.Config{})
	if err != nil {
		return c, err
	}
	defer s.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		return c, err
	}
	client := &http.Client{Transport: &http.Transport{}, Jar: jar, Timeout: 5 * time.Minute}
	defer client.CloseIdleConnections()
	start := time.Now()
	for round := range benchRounds {
		if round > 0 && time.Since(start) > benchTime {
			break
		}
		if err := c.aiolos.measureRound(ctx, sessionSender(s, url)); err != nil {
			return c, fmt.Errorf("aiolos: %w", err)
		}
		if err := c.client.measureRound(ctx, clientSender(client, url)); err != nil {
			return c, fmt.Errorf("http.Client: %w", err)
		}
	}
	return c, nil
}

// sender makes one exchange.
type sender func(ctx context.Context) (bench.Sample, error)

func sessionSender(s *session.Session, url string) sender {
	return func(ctx context.Context) (bench.Sample, error) {
		resp, err := s.Get(ctx, url)
		if err != nil {
			return bench.Sample{}, err
		}
		n, err := io.Copy(io.Discard, resp.Body)
		return bench.Sample{Status: resp.StatusCode, Bytes: n}, errors.Join(err, resp.Close())
	}
}

func clientSender(client *http.Client, url string) sender {
	return func(ctx context.Context) (bench.Sample, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return bench.Sample{}, err
		}
		resp, err := client.Do(req)
		if err != nil {
			return bench.Sample{}, err
		}
		n, err := io.Copy(io.Discard, resp.Body)
		return bench.Sample{Status: resp.StatusCode, Bytes: n}, errors.Join(err, resp.Body.Close())
	}
}

// measureRound runs one round. The server allocates nothing, so that what is counted
// is the client's.
func (f *figures) measureRound(ctx context.Context, send sender) error {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	round := bench.Run(ctx, bench.Config{Requests: benchRequests, Workers: 1, Send: send})
	runtime.ReadMemStats(&after)
	switch want := int64(benchRequests * len(benchBody)); {
	case ctx.Err() != nil:
		return ctx.Err()
	case round.Errors > 0:
		return fmt.Errorf("%d of %d requests failed: %v", round.Errors, round.Requests, round.Failures)
	case round.Bytes != want:
		return fmt.Errorf("bodies of %d bytes, want %d", round.Bytes, want)
	}
	if f.round == nil || round.Elapsed < f.round.Elapsed {
		f.round = round
	}
	if allocs := float64(after.Mallocs-before.Mallocs) / benchRequests; f.allocs == 0 || allocs < f.allocs {
		f.allocs = allocs
		f.bytes = float64(after.TotalAlloc-before.TotalAlloc) / benchRequests
	}
	return nil
}

// answerConn answers every request of a connection whose client sends one at a time
// with the same bytes, and allocates nothing while it does.
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
