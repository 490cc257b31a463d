//go:build unix

// Package redistest starts real Redis servers for tests, on loopback, and stops, kills and
// cuts them off.
package redistest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Server is a redis-server of a test.
type Server struct {
	// Addr is its address on loopback. It stays the same over Restart.
	Addr string
	// Dir is its directory.
	Dir string

	t       testing.TB
	program string
	options []string
	cmd     *exec.Cmd
}

// Start runs a server with those options, as on its command line ("--maxmemory", "1mb"),
// and waits until it answers. It keeps nothing on the disk unless the options say so. It
// ends with the test. Without a redis-server or valkey-server the test is skipped.
func Start(tb testing.TB, options ...string) *Server {
	tb.Helper()
	s := &Server{t: tb, program: findProgram(tb, "redis-server", "valkey-server"), options: options, Dir: shortDir(tb), Addr: freeAddr(tb)}
	s.run()
	tb.Cleanup(s.Kill)
	return s
}

// findProgram is the path of the first that is installed.
func findProgram(tb testing.TB, names ...string) string {
	tb.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	tb.Skip("not installed: " + strings.Join(names, ", "))
	return ""
}

// freeAddr is an address that nobody listens on now.
func freeAddr(tb testing.TB) string {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
	if err != nil {
		tb.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// shortDir is a directory for the test.
func shortDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "redistest") //nolint:usetesting // a socket has a short name
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (s *Server) run() {
	s.t.Helper()
	host, port, _ := net.SplitHostPort(s.Addr)
	args := append([]string{"--port", port, "--bind", host, "--dir", s.Dir, "--save", "", "--appendonly", "no", "--logfile", filepath.Join(s.Dir, "log")}, s.options...)
	s.start(args...)
}

// runSentinel runs a sentinel with that configuration.
func (s *Server) runSentinel(config string) {
	s.t.Helper()
	host, port, _ := net.SplitHostPort(s.Addr)
	path := filepath.Join(s.Dir, "sentinel.conf")
	if err := os.WriteFile(path, []byte(config+"\n"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.start(path, "--port", port, "--bind", host, "--dir", s.Dir, "--logfile", filepath.Join(s.Dir, "log"))
}

func (s *Server) start(args ...string) {
	s.t.Helper()
	s.cmd = exec.Command(s.program, args...) //nolint:gosec,noctx // of the test, as long as it runs
	endWithParent(s.cmd)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	awaitPong(s.t, s.Addr)
}

// awaitPong waits until the server answers.
func awaitPong(tb testing.TB, addr string) {
	tb.Helper()
	client := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1, DialTimeout: time.Second})
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		err := client.Ping(ctx).Err()
		if err == nil || strings.HasPrefix(err.Error(), "NOAUTH") {
			return
		}
		select {
		case <-ctx.Done():
			tb.Fatalf("redis does not answer: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Client is a new client of the server, which is closed with the test. It gives up calls
// with their contexts.
func (s *Server) Client() *redis.Client {
	client := redis.NewClient(&redis.Options{Addr: s.Addr, ContextTimeoutEnabled: true})
	s.t.Cleanup(func() { client.Close() })
	return client
}

// Stop makes the server stand still.
func (s *Server) Stop() { s.signal(syscall.SIGSTOP) }

// Continue lets it go on.
func (s *Server) Continue() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// Kill ends the server at once. It may have ended.
func (s *Server) Kill() {
	s.cmd.Process.Kill() //nolint:errcheck // it may have ended
	s.cmd.Wait()         //nolint:errcheck // it was killed
}

// Restart runs it once more at the same address, after Kill: empty, but for what it has
// kept on the disk.
func (s *Server) Restart() { s.t.Helper(); s.run() }
