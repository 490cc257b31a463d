//go:build interop && linux

package interop_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

const (
	startTime = 20 * time.Second // for a server to accept
	stopTime  = 5 * time.Second  // for a server to end when it is asked to
	pollStep  = 20 * time.Millisecond
	logTail   = 4 << 10
)

// program finds an installed program, or skips the test.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range []string{"", "/usr/sbin/", "/usr/local/sbin/"} {
		if path, err := exec.LookPath(dir + name); err == nil {
			return path
		}
	}
	t.Skipf("%s is not installed", name)
	return ""
}

// server is a program that runs in the foreground until the test ends.
type server struct {
	cmd  *exec.Cmd
	dir  string
	done chan struct{}
}

// start runs a program and waits until it accepts connections at all of the
// addresses: "host:port", or the path of a Unix socket. What it prints, and the
// files *.log in dir, are shown if the test fails.
func start(t *testing.T, dir string, addrs []string, name string, args ...string) *server {
	t.Helper()
	out, err := os.Create(filepath.Join(dir, "output.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	s := &server{cmd: exec.Command(program(t, name), args...), dir: dir, done: make(chan struct{})}
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = dir, out, out
	// A group of its own, for servers that have children; and a test binary that
	// is killed leaves nothing behind.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.done)
		s.cmd.Wait() // it ends by a signal, which is no failure
	}()
	t.Cleanup(func() {
		s.stop(syscall.SIGTERM)
		if t.Failed() {
			s.showLogs(t)
		}
	})
	timeout := time.After(startTime)
	for _, addr := range addrs {
		if err := s.accepts(addr, timeout); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return s
}

// accepts waits until somebody listens at addr.
func (s *server) accepts(addr string, timeout <-chan time.Time) error {
	network := "tcp"
	if strings.HasPrefix(addr, "/") {
		network = "unix"
	}
	for {
		nc, err := net.DialTimeout(network, addr, time.Second)
		if err == nil {
			return nc.Close()
		}
		select {
		case <-s.done:
			return fmt.Errorf("ended: %v", s.cmd.ProcessState)
		case <-timeout:
			return err
		case <-time.After(pollStep):
		}
	}
}

// stop sends a signal to the server and its children, and kills them if that does
// not end it in time.
func (s *server) stop(sig syscall.Signal) {
	group := -s.cmd.Process.Pid
	select {
	case <-s.done: // its number may be another's by now
		return
	default:
	}
	syscall.Kill(group, sig)
	select {
	case <-s.done:
	case <-time.After(stopTime):
		syscall.Kill(group, syscall.SIGKILL)
		<-s.done
	}
}

// signal is for the server alone.
func (s *server) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

func (s *server) showLogs(t *testing.T) {
	t.Helper()
	names, _ := filepath.Glob(filepath.Join(s.dir, "*.log")) // the pattern is good
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			continue // it may be gone with its server
		}
		if info, err := f.Stat(); err == nil {
			f.Seek(max(info.Size()-logTail, 0), io.SeekStart)
		}
		text, _ := io.ReadAll(f)
		f.Close()
		t.Logf("%s: %s:\n%s", filepath.Base(s.cmd.Path), filepath.Base(name), text)
	}
}

// workDir is a temporary directory that servers can enter which drop root's
// rights.
func workDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// file writes a file for a server and returns its name.
func file(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// loopback is an address of 127.0.0.0/8 that most likely nobody else uses, so
// that nobody takes a port of it between the search for one and its use.
func loopback() string {
	return fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
}

// freePort is a port of a host where nobody listens.
func freePort(t *testing.T, host string) string {
	t.Helper()
	ln, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// freeAddr is a loopback address where nobody listens.
func freeAddr(t *testing.T) string {
	t.Helper()
	host := loopback()
	return net.JoinHostPort(host, freePort(t, host))
}

// expand puts values in the place of $(name) in a configuration.
func expand(text string, values map[string]string) string {
	for name, value := range values {
		text = strings.ReplaceAll(text, "$("+name+")", value)
	}
	return text
}
