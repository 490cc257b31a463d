package cli_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// smallSender is a listener whose connections hold little that was not read yet. They are
// those of a Unix socket: the other side of TCP would take megabytes on a busy machine that
// nobody has read, and that count as sent.
type smallSender struct{ net.Listener }

func (l smallSender) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if unix, ok := conn.(*net.UnixConn); ok {
		err = unix.SetWriteBuffer(4 << 10)
	}
	return conn, err
}

// listenUnix listens on a socket whose path is short enough for every system.
func listenUnix(t *testing.T) net.Listener {
	t.Helper()
	dir, err := os.MkdirTemp("", "aiolos") //nolint:usetesting // t.TempDir has the test's name in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// fileServer has files of random bytes at /0, /1 and so on, and counts what it sends.
// When as much as interruptAt was sent, it calls interrupt and sends nothing more to
// those who ask meanwhile.
type fileServer struct {
	socket      string
	files       [][]byte
	sent        atomic.Int64
	mu          sync.Mutex
	interruptAt int64
	interrupt   context.CancelFunc
}

func newFileServer(t *testing.T, n, size int) *fileServer {
	t.Helper()
	rng := rand.NewChaCha8([32]byte{1})
	s := &fileServer{files: make([][]byte, n)}
	for i := range s.files {
		s.files[i] = make([]byte, size+i)
		_, _ = rng.Read(s.files[i])
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	srv.Listener.Close()
	srv.Listener = smallSender{listenUnix(t)}
	srv.Start()
	t.Cleanup(srv.Close)
	s.socket = srv.Listener.Addr().String()
	return s
}

func (s *fileServer) serve(w http.ResponseWriter, r *http.Request) {
	var i int
	if _, err := fmt.Sscanf(r.URL.Path, "/%d", &i); err != nil || i >= len(s.files) {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("ETag", fmt.Sprintf(`"%d"`, i))
	http.ServeContent(&slowWriter{w, r, s}, r, "", time.Unix(1e9, 0), bytes.NewReader(s.files[i]))
}

// slowWriter counts, and stops when the time has come.
type slowWriter struct {
	http.ResponseWriter
	r *http.Request
	s *fileServer
}

func (w *slowWriter) Write(p []byte) (int, error) {
	for n := 0; n < len(p); {
		w.s.mu.Lock()
		interrupt := w.s.interrupt
		if w.s.sent.Load() < w.s.interruptAt {
			interrupt = nil
		}
		w.s.mu.Unlock()
		if interrupt != nil {
			interrupt()
			<-w.r.Context().Done()
			return n, w.r.Context().Err()
		}
		m, err := w.ResponseWriter.Write(p[n:min(n+4<<10, len(p))])
		w.s.sent.Add(int64(m))
		if n += m; err != nil {
			return n, err
		}
	}
	return len(p), nil
}

// interruptedRun is a call of the tool that is interrupted when the server has sent as much as
// at; zero is never.
func (s *fileServer) interruptedRun(t *testing.T, at int64, args ...string) call {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.mu.Lock()
	s.interruptAt, s.interrupt = at, cancel
	if at == 0 {
		s.interrupt = nil
	}
	s.mu.Unlock()
	return run(ctx, streams(), args...)
}

// writeLists writes the list of all URLs and that of all checksums.
func (s *fileServer) writeLists(t *testing.T) (urls, sums string) {
	t.Helper()
	dir := t.TempDir()
	var list, sumList strings.Builder
	for i, data := range s.files {
		sum := sha256.Sum256(data)
		fmt.Fprintf(&list, "http://files.test/%d?sig=canary f%d\n", i, i)
		fmt.Fprintf(&sumList, "%s  f%d\n", hex.EncodeToString(sum[:]), i)
	}
	urls, sums = filepath.Join(dir, "urls"), filepath.Join(dir, "sums")
	for name, text := range map[string]string{urls: list.String(), sums: sumList.String()} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return urls, sums
}

// wantFiles looks at the files and at what else is in the directory.
func (s *fileServer) wantFiles(t *testing.T, dir string) {
	t.Helper()
	for i, data := range s.files {
		got, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("f%d", i)))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("file %d: %d bytes, %v; want %d", i, len(got), err, len(data))
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != len(s.files) {
		t.Errorf("%d files in the directory, %v; want %d", len(entries), err, len(s.files))
	}
}

// TestGetListInterrupted: a list of which the same command is interrupted five times
// fetches each byte about once.
func TestGetListInterrupted(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"one request": nil, "parts": {"-x", "3", "-j", "2"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, size := 200, 128<<10
			if args != nil {
				n, size = 8, 4<<20
			}
			s, dir := newFileServer(t, n, size), t.TempDir()
			urls, sums := s.writeLists(t)
			total := int64(0)
			for _, data := range s.files {
				total += int64(len(data))
			}
			words := append([]string{"get", "-d", dir, "-i", urls, "--checksum", "@" + sums, "--unix", s.socket}, args...)
			for i := range int64(5) {
				got := s.interruptedRun(t, total*(i+1)/6, words...)
				if got.code != 130 && got.code != 1 || !strings.Contains(got.err, "run the same command") {
					t.Fatalf("interrupt %d: %+v", i, got)
				}
			}
			got := s.interruptedRun(t, 0, words...)
			if got.code != 0 || !strings.Contains(got.err, "  complete\n") || !strings.Contains(got.err, " skipped\n") {
				t.Errorf("got %+v, want files that are complete", got)
			}
			s.wantFiles(t, dir)
			if sent := s.sent.Load(); sent < total || sent > total*103/100 {
				t.Errorf("%d bytes were sent, want %d and at most 3 %% more", sent, total)
			}
			t.Logf("%d of %d bytes: %.2f %%", s.sent.Load(), total, 100*float64(s.sent.Load())/float64(total))
		})
	}
}
