package form_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"os"
	"path/filepath"
	"testing"

	"github.com/aiolos-http/aiolos/form"
)

const benchSize = 100 << 20

// sink is a writer as a connection is: it takes all, and has no ReadFrom.
type sink struct{ n int64 }

func (s *sink) Write(p []byte) (int, error) {
	s.n += int64(len(p))
	return len(p), nil
}

// BenchmarkMultipart sends 100 MiB of a file, against mime/multipart by hand:
// straight into the writer, and by a pipe and a goroutine, which is how one makes
// a body of it.
func BenchmarkMultipart(b *testing.B) {
	path := filepath.Join(b.TempDir(), "large")
	if err := os.WriteFile(path, bytes.Repeat([]byte("0123456789abcdef"), benchSize/16), 0o600); err != nil {
		b.Fatal(err)
	}
	f := form.New().Field("title", "cat").File("photo", path)
	runs := []struct {
		name string
		send func(w io.Writer) error
	}{
		{"aiolos/WriteTo", func(w io.Writer) error { return sendForm(f, w, true) }},
		{"aiolos/Read", func(w io.Writer) error { return sendForm(f, w, false) }},
		{"byhand/direct", func(w io.Writer) error { return writeByHand(w, path) }},
		{"byhand/pipe", func(w io.Writer) error { return pipeByHand(w, path) }},
	}
	for _, run := range runs {
		b.Run(run.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(benchSize)
			for b.Loop() {
				var s sink
				if err := run.send(&s); err != nil || s.n < benchSize {
					b.Fatal(s.n, err)
				}
			}
		})
	}
}

// BenchmarkMultipartMemory is the same with the data in memory.
func BenchmarkMultipartMemory(b *testing.B) {
	data := make([]byte, benchSize)
	f := form.New().Field("title", "cat").Bytes("photo", data)
	b.Run("aiolos", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(benchSize)
		for b.Loop() {
			if err := sendForm(f, &copying{}, false); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("byhand", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(benchSize)
		for b.Loop() {
			var buf bytes.Buffer // what most do by hand
			w := multipart.NewWriter(&buf)
			if err := fill(w, bytes.NewReader(data)); err != nil {
				b.Fatal(err)
			}
			if _, err := io.CopyBuffer(&copying{}, struct{ io.Reader }{&buf}, make([]byte, 32<<10)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// copying copies what it is given, as a socket does.
type copying struct{ buf [64 << 10]byte }

func (c *copying) Write(p []byte) (n int, err error) {
	for n < len(p) {
		n += copy(c.buf[:], p[n:])
	}
	return n, nil
}

// BenchmarkSmall is a form as most are.
func BenchmarkSmall(b *testing.B) {
	b.Run("urlencoded", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := sendForm(form.New().Field("user", "gopher").Field("note", "a b"), io.Discard, true); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("multipart", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := sendForm(form.New().Field("user", "gopher").Bytes("note", []byte("a b")), io.Discard, true); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("byhand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var buf bytes.Buffer
			w := multipart.NewWriter(&buf)
			if err := fill(w, bytes.NewReader([]byte("a b"))); err != nil {
				b.Fatal(err)
			}
			if _, err := buf.WriteTo(io.Discard); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func sendForm(f *form.Form, w io.Writer, fast bool) error {
	if _, err := f.ContentType(); err != nil {
		return err
	}
	length, err := f.Length()
	if err != nil {
		return err
	}
	body, err := f.Open()
	if err != nil {
		return err
	}
	defer body.Close()
	var n int64
	if fast {
		n, err = io.Copy(w, body)
	} else { // as net/http does
		n, err = io.CopyBuffer(w, struct{ io.Reader }{body}, make([]byte, 32<<10))
	}
	if err == nil && n != length {
		err = fmt.Errorf("%d bytes, not %d", n, length)
	}
	return err
}

func fill(w *multipart.Writer, r io.Reader) error {
	if err := w.WriteField("title", "cat"); err != nil {
		return err
	}
	part, err := w.CreateFormFile("photo", "large")
	if err != nil {
		return err
	}
	if _, err := io.Copy(part, r); err != nil {
		return err
	}
	return w.Close()
}

func writeByHand(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return fill(multipart.NewWriter(w), f)
}

func pipeByHand(w io.Writer, path string) error {
	pr, pw := io.Pipe()
	go func() { pw.CloseWithError(writeByHand(pw, path)) }()
	_, err := io.CopyBuffer(w, struct{ io.Reader }{pr}, make([]byte, 32<<10))
	return err
}
