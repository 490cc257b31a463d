//go:build interop && linux

package main

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// lockedBuffer is one that is read while a process writes it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestInteropDemoInterrupted: whenever a demo is interrupted, it says so, and leaves neither
// a process nor a file.
func TestInteropDemoInterrupted(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("not installed: redis-server")
	}
	for _, said := range []string{"redis-server on", "3 workers", "kill -9"} {
		t.Run(said, func(t *testing.T) {
			dir := t.TempDir()
			cmd := command(t, []string{"TMPDIR=" + dir}, "demo")
			var errs lockedBuffer
			cmd.Stderr = &errs
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			await(t, "the demo says "+said, func() bool { return strings.Contains(errs.String(), said) })
			start := time.Now()
			cmd.Process.Signal(os.Interrupt)
			err := cmd.Wait()
			exit, ok := errors.AsType[*exec.ExitError](err)
			if !ok || exit.ExitCode() != 130 || !strings.HasSuffix(errs.String(), "aiolos-fleet: interrupted\n") || time.Since(start) > 10*time.Second {
				t.Errorf("got %v after %v:\n%s", err, time.Since(start), errs.String())
			}
			_, rest, _ := strings.Cut(errs.String(), "redis-server on ")
			addr, _, _ := strings.Cut(rest, "\n")
			if conn, err := net.Dial("tcp", addr); err == nil {
				conn.Close()
				t.Error("the redis-server is there still")
			}
			left, err := os.ReadDir(dir)
			if err != nil || len(left) > 0 {
				t.Errorf("got %v, %v, want nothing left", left, err)
			}
		})
	}
}
