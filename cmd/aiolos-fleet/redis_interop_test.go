//go:build interop && linux

package main

import (
	"context"
	"net"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisServer is a redis-server of a test.
type redisServer struct {
	t       *testing.T
	addr    string
	program string
	dir     string
	options []string
	cmd     *exec.Cmd
	client  *redis.Client
}

// startRedis runs one with those options that writes what it has on the disk, and ends with
// the test.
func startRedis(t *testing.T, options ...string) *redisServer {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("not installed: redis-server")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &redisServer{t: t, addr: ln.Addr().String(), program: program, dir: t.TempDir(), options: options}
	ln.Close()
	s.client = redis.NewClient(&redis.Options{Addr: s.addr, MaxRetries: -1, ContextTimeoutEnabled: true})
	s.run()
	t.Cleanup(func() {
		s.client.Close()
		s.stop()
	})
	return s
}

func (s *redisServer) run() {
	s.t.Helper()
	host, port, _ := net.SplitHostPort(s.addr)
	args := append([]string{"--port", port, "--bind", host, "--dir", s.dir, "--save", "", "--appendonly", "yes", "--appendfsync", "no"}, s.options...)
	s.cmd = exec.Command(s.program, args...)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	await(s.t, "redis answers", func() bool { return s.client.Ping(context.Background()).Err() == nil })
}

// stop ends it in order.
func (s *redisServer) stop() {
	s.cmd.Process.Signal(syscall.SIGTERM)
	s.cmd.Wait()
}

// env is the environment of a program that uses it.
func (s *redisServer) env() []string { return []string{"AIOLOS_FLEET_REDIS=" + s.addr} }

// await waits until it holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	end := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(end) {
			t.Fatal("not within a minute: " + what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
