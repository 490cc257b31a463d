package codec_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aiolos-http/aiolos/errors"
)

func TestReaderDecode(t *testing.T) {
	t.Parallel()
	texts := map[string]string{"empty text": "", "short": "hello", "long": sample(200 << 10)}
	for encoder := range encoders {
		for name, text := range texts {
			data := encode(t, encoder, text)
			for how, wrap := range slowly {
				t.Run(encoder+"/"+name+"/"+how, func(t *testing.T) {
					t.Parallel()
					src := newBody(wrap(bytes.NewReader(data)))
					r := openReader(t, src, token(encoder))
					got, err := io.ReadAll(r)
					if err != nil || string(got) != text {
						t.Fatalf("got %d bytes, %v, want %d", len(got), err, len(text))
					}
					if r.Decoded() != int64(len(text)) {
						t.Errorf("Decoded: got %d, want %d", r.Decoded(), len(text))
					}
					if !src.ended {
						t.Error("source: not read to its end")
					}
					if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
						t.Errorf("Read after the end: got %d, %v, want 0, EOF", n, err)
					}
				})
			}
		}
	}
}

// TestReaderContract has the standard library check what Read does.
func TestReaderContract(t *testing.T) {
	t.Parallel()
	text := sample(5 << 10)
	for encoder := range encoders {
		r := openReader(t, newBody(bytes.NewReader(encode(t, encoder, text))), token(encoder))
		if err := iotest.TestReader(r, []byte(text)); err != nil {
			t.Errorf("%s: %v", encoder, err)
		}
	}
}

func TestReaderEmptyBody(t *testing.T) {
	t.Parallel()
	for _, encodings := range [][]string{{"gzip"}, {"deflate"}, {"gzip, deflate, gzip"}} {
		got, err := decodeAll(t, nil, encodings...)
		if got != "" || err != nil {
			t.Errorf("%q: got %q, %v, want nothing", encodings, got, err)
		}
	}
}

func TestReaderStacked(t *testing.T) {
	t.Parallel()
	const text = "layers"
	applied := []string{"gzip", "raw", "zlib", "gzip with a header", "zlib"}
	data := text
	for _, encoder := range applied {
		data = string(encode(t, encoder, data))
	}
	tests := map[string][]string{
		"one line":       {"gzip, deflate, deflate, gzip, deflate"},
		"many lines":     {"gzip", "deflate,deflate", "x-gzip", "deflate"},
		"with identity":  {"identity, gzip, deflate, identity, deflate", "GZIP, Deflate, identity"},
		"empty elements": {"gzip, , deflate, deflate,", "gzip", "", "deflate"},
	}
	for name, encodings := range tests {
		got, err := decodeAll(t, []byte(data), encodings...)
		if got != text || err != nil {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, text)
		}
	}
	if _, err := decodeAll(t, []byte(data), "deflate, gzip"); err == nil {
		t.Error("wrong order: got no error")
	}
}

func TestReaderMembers(t *testing.T) {
	t.Parallel()
	a, b, empty := encode(t, "gzip", "one "), encode(t, "gzip with a header", "two"), encode(t, "gzip", "")
	tests := []struct {
		name string
		data []byte
		want string
		ok   bool
	}{
		{"two", slices.Concat(a, b), "one two", true},
		{"empty ones between", slices.Concat(empty, a, empty, empty, b, empty), "one two", true},
		{"many with data", bytes.Repeat(a, 3000), strings.Repeat("one ", 3000), true},
		{"as many empty ones as may be", slices.Concat(bytes.Repeat(empty, 1023), a), "one ", true},
		{"too many empty ones", slices.Concat(a, bytes.Repeat(empty, 1024), b), "one ", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := decodeAll(t, tt.data, "gzip")
			if got != tt.want || (err == nil) != tt.ok {
				t.Errorf("got %d bytes, %v, want %d bytes, ok %v", len(got), err, len(tt.want), tt.ok)
			}
			if !tt.ok {
				wantCoding(t, err, nil)
			}
		})
	}
}

// TestReaderFlushed has a server that sends what it has, and then goes on later, or
// leaves the body open: what has arrived must be readable.
func TestReaderFlushed(t *testing.T) {
	t.Parallel()
	pr, pw := io.Pipe()
	served := make(chan error, 1)
	read := make(chan struct{})
	go func() {
		z := gzip.NewWriter(pw)
		io.WriteString(z, "first") // Flush reports it
		if err := z.Flush(); err != nil {
			served <- err
			return
		}
		<-read
		io.WriteString(z, "second") // Close reports it
		err := z.Close()
		<-read // the data has ended, but not the source
		pw.Close()
		served <- err
	}()
	r := openReader(t, pr, "gzip")
	buf := make([]byte, 100)
	for _, want := range []string{"first", "second"} {
		n, err := r.Read(buf)
		if got := string(buf[:n]); got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
		read <- struct{}{}
	}
	if n, err := r.Read(buf); n != 0 || err != io.EOF {
		t.Errorf("at the end: got %d, %v, want 0, EOF", n, err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestReaderWriteTo(t *testing.T) {
	t.Parallel()
	text := sample(100 << 10)
	data := encode(t, "gzip", text)
	var b bytes.Buffer
	r := openReader(t, newBody(bytes.NewReader(data)), "gzip")
	if n, err := io.Copy(&b, r); n != int64(len(text)) || err != nil || b.String() != text {
		t.Errorf("got %d, %v, want %d", n, err, len(text))
	}
	if n, err := r.WriteTo(&b); n != 0 || err != nil {
		t.Errorf("at the end: got %d, %v, want 0", n, err)
	}

	r = openReader(t, newBody(bytes.NewReader(data[:len(data)/2])), "gzip")
	_, err := r.WriteTo(io.Discard)
	wantCoding(t, err, io.ErrUnexpectedEOF)
	if _, again := r.WriteTo(io.Discard); again != err {
		t.Errorf("second error: got %v, want %v", again, err)
	}
}

// TestReaderWriteToWriter: a failing writer is not the body's fault.
func TestReaderWriteToWriter(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	tests := map[string]struct {
		w    io.Writer
		want error
	}{
		"error":       {writer(func(p []byte) (int, error) { return 1, full }), full},
		"short write": {writer(func(p []byte) (int, error) { return 1, nil }), io.ErrShortWrite},
	}
	for name, tt := range tests {
		r := openReader(t, newBody(bytes.NewReader(encode(t, "gzip", "hello"))), "gzip")
		if n, err := r.WriteTo(tt.w); n != 1 || err != tt.want {
			t.Errorf("%s: got %d, %v, want 1, %v", name, n, err, tt.want)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }
