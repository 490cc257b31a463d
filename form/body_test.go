package form_test

import (
	"bytes"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/form"
	"github.com/aiolos-http/aiolos/internal/racetest"
)

// all has a part of each kind, small and large.
func all(t testing.TB) *form.Form {
	t.Helper()
	large := strings.Repeat("0123456789abcdef", 10_000)
	return form.New().Boundary("b").
		Field("a", "1").Bytes("b", []byte(large)).Bytes("c", []byte("small")).
		File("d", file(t, "d.bin", large)).OSFile("e", osFile(t, large)).
		Reader("f", strings.NewReader(large)).Field("g", "2")
}

// Read and WriteTo can take turns.
func TestReadThenWriteTo(t *testing.T) {
	t.Parallel()
	f := all(t)
	whole := send(t, f)
	for _, n := range []int{0, 1, 100, 100_000, 200_000, 500_000, len(whole) - 1, len(whole)} {
		body := open(t, f)
		var b bytes.Buffer
		if _, err := io.CopyN(&b, body, int64(n)); err != nil {
			t.Fatal(err)
		}
		rest, err := body.(io.WriterTo).WriteTo(&b)
		if err != nil || rest != int64(len(whole)-n) || b.String() != whole {
			t.Errorf("after %d bytes: %d more, %v", n, rest, err)
		}
		if n, err := body.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("at the end: %d, %v", n, err)
		}
		if n, err := body.(io.WriterTo).WriteTo(&b); n != 0 || err != nil {
			t.Errorf("WriteTo at the end: %d, %v", n, err)
		}
		body.Close()
	}
}

// The rules of io.Reader hold, as the standard library tests them.
func TestBodyIsAReader(t *testing.T) {
	t.Parallel()
	f := form.New().Boundary("b").File("a", file(t, "a.txt", "hello")).Reader("b", strings.NewReader("world")).Field("c", "1")
	want := send(t, f)
	if err := iotest.TestReader(open(t, f), []byte(want)); err != nil {
		t.Error(err)
	}
}

func TestClosedBody(t *testing.T) {
	t.Parallel()
	body := open(t, all(t))
	if n, err := body.Read(nil); n != 0 || err != nil {
		t.Errorf("an empty read: %d, %v", n, err)
	}
	if _, err := io.CopyN(io.Discard, body, 170_000); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := body.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if n, err := body.Read(make([]byte, 8)); n != 0 || !errors.Is(err, os.ErrClosed) {
		t.Errorf("read: %d, %v", n, err)
	}
	if n, err := body.(io.WriterTo).WriteTo(io.Discard); n != 0 || !errors.Is(err, os.ErrClosed) {
		t.Errorf("WriteTo: %d, %v", n, err)
	}
}

// A transport may close a body that is being read.
func TestCloseWhileReading(t *testing.T) {
	t.Parallel()
	f := form.NewMultipart("").Form(all(t)).File(file(t, "x", strings.Repeat("x", 1<<20)), form.ContentEncoding("gzip"))
	for i := range 20 {
		body := open(t, f)
		var wg sync.WaitGroup
		started := make(chan struct{})
		wg.Go(func() {
			buf := make([]byte, 1000)
			for n := 0; ; n++ {
				if n == i {
					close(started)
				}
				if _, err := body.Read(buf); err != nil {
					if n < i {
						close(started)
					}
					return
				}
			}
		})
		<-started
		body.Close()
		wg.Wait()
	}
}

// limited writes n bytes and then fails, or is short.
type limited struct {
	n     int
	short bool
}

func (l *limited) Write(p []byte) (int, error) {
	if len(p) <= l.n {
		l.n -= len(p)
		return len(p), nil
	}
	n := l.n
	l.n = 0
	if l.short {
		return n, nil
	}
	return n, errBroken
}

// A writer's error is reported with the count, wherever it comes, and what was
// not written is still there.
func TestWriterFails(t *testing.T) {
	t.Parallel()
	f := all(t)
	whole := send(t, f)
	for _, n := range []int{0, 50, 1000, 170_000, 400_000, len(whole) - 1} {
		body := open(t, f)
		written, err := body.(io.WriterTo).WriteTo(&limited{n: n})
		if written != int64(n) || err != errBroken {
			t.Errorf("after %d bytes: %d, %v", n, written, err)
		}
		body.Close()
	}
	body := open(t, form.New().Bytes("a", nil).File("b", file(t, "b", strings.Repeat("b", 1000))))
	defer body.Close()
	if _, err := body.(io.WriterTo).WriteTo(&limited{n: 500, short: true}); err != io.ErrShortWrite {
		t.Errorf("a short write: %v", err)
	}
}

// 100 MiB of a file pass through less than 1 MiB of memory, by Read as by
// WriteTo. Not parallel: it looks at the heap.
func TestStreamingMemory(t *testing.T) {
	const size = 100 << 20
	path := file(t, "sparse", "")
	if err := os.Truncate(path, size); err != nil {
		t.Skip("no sparse files")
	}
	f := form.New().Field("a", "1").File("b", path)
	length, err := f.Length()
	if err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func(body io.Reader, w io.Writer) (int64, error){
		"WriteTo": func(body io.Reader, w io.Writer) (int64, error) { return body.(io.WriterTo).WriteTo(w) },
		"Read": func(body io.Reader, w io.Writer) (int64, error) {
			return io.CopyBuffer(w, struct{ io.Reader }{body}, make([]byte, 32<<10))
		},
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		body := open(t, f)
		n, err := read(body, struct{ io.Writer }{io.Discard})
		body.Close()
		runtime.ReadMemStats(&after)
		if err != nil || n != length {
			t.Fatalf("%s: %d of %d bytes, %v", name, n, length, err)
		}
		// All that was allocated, whether or not it could be collected.
		if grown := after.TotalAlloc - before.TotalAlloc; grown >= 1<<20 {
			t.Errorf("%s: %d bytes of memory for %d", name, grown, size)
		} else {
			t.Logf("%s: %d bytes of memory for %d", name, grown, size)
		}
	}
}

func TestNoGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	body := open(t, form.NewMultipart("").Form(all(t)).Text("x", form.ContentEncoding("gzip")))
	if _, err := io.CopyN(io.Discard, body, 100_000); err != nil {
		t.Fatal(err)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines, %d before", n, before)
	}
	body.Close()
}

func TestFormAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	tests := []struct {
		name string
		f    *form.Form
		max  float64
	}{
		{"url-encoded", form.New().Field("a", "1").Field("b", "x y").Field("c", "é"), 20},
		{"multipart", form.New().Multipart().Field("a", "1").Field("b", "x y").Field("c", "é"), 34},
	}
	for _, tt := range tests {
		got := testing.AllocsPerRun(100, func() {
			body, err := tt.f.Open()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, body); err != nil {
				t.Fatal(err)
			}
			body.Close()
		})
		t.Logf("%s: %.0f", tt.name, got)
		if got > tt.max {
			t.Errorf("%s: %.0f allocations, want at most %.0f", tt.name, got, tt.max)
		}
	}
}
