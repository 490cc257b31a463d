package session_test

import (
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// zeroHash is a hash that finds everything equal.
func zeroHash() hash.Hash { return zero{} }

type zero struct{}

func (zero) Write(p []byte) (int, error) { return len(p), nil }
func (zero) Sum(b []byte) []byte         { return append(b, 0) }
func (zero) Reset()                      {}
func (zero) Size() int                   { return 1 }
func (zero) BlockSize() int              { return 1 }

// zeros is a body of n bytes that are nowhere.
type zeros struct{ n int64 }

func (z *zeros) Read(p []byte) (int, error) {
	if z.n == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), z.n)
	clear(p[:n])
	z.n -= n
	return int(n), nil
}

// TestSaveMemory: a large file goes to the disk without being held.
func TestSaveMemory(t *testing.T) {
	const size = 64 << 20
	s := newSession(t, session.Config{Transport: middleware.Func(func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{}, ContentLength: size, Body: io.NopCloser(&zeros{size}),
		}, nil
	})})
	path := filepath.Join(t.TempDir(), "f")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	saved, err := s.Save(t.Context(), "http://large.example/f", session.SaveConfig{Path: path, Hash: zeroHash, Sum: []byte{0}})
	runtime.ReadMemStats(&after)
	if err != nil || saved.Size != size {
		t.Fatalf("got %+v, %v", saved, err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != size {
		t.Errorf("the file has %d bytes, %v", info.Size(), err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 8<<20 {
		t.Errorf("%d bytes were allocated for %d", got, size)
	}
}
