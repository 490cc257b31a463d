package codec_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/aiolos-http/aiolos/errors"
)

func zstdFrame(t testing.TB, text string, opts ...zstd.EOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, append(opts, zstd.WithEncoderConcurrency(1))...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if text != "" { // else it would be one segment, without a window
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestZstdFrames: frames in a row are one body (RFC 8878 3.1).
func TestZstdFrames(t *testing.T) {
	t.Parallel()
	one, two, empty := zstdFrame(t, "one "), zstdFrame(t, "two"), zstdFrame(t, "", zstd.WithZeroFrames(true))
	skip := append(binary.LittleEndian.AppendUint32([]byte{0x5a, 0x2a, 0x4d, 0x18}, 4), "note"...)
	for _, tt := range []struct {
		name  string
		data  []byte
		want  string
		cause error // nil: none
	}{
		{"two", slices.Concat(one, two), "one two", nil},
		{"empty and skipped ones", slices.Concat(skip, empty, one, skip, empty, two, skip), "one two", nil},
		{"nothing but a skipped one", skip, "", nil},
		{"many", bytes.Repeat(one, 3000), strings.Repeat("one ", 3000), nil},
		{"many empty ones", slices.Concat(bytes.Repeat(empty, 5000), two), "two", nil},
		{"cut in the second", slices.Concat(one, two[:len(two)-1]), "one two", io.ErrUnexpectedEOF},
		{"cut in the second's magic", slices.Concat(one, two[:3]), "one ", io.ErrUnexpectedEOF},
		{"cut in a skipped one", slices.Concat(one, skip[:10]), "one ", io.ErrUnexpectedEOF},
		{"junk behind", slices.Concat(one, []byte("junk")), "one ", zstd.ErrMagicMismatch},
	} {
		got, err := decodeAll(t, tt.data, "zstd")
		if !strings.HasPrefix(tt.want, got) || tt.cause == nil && (err != nil || got != tt.want) {
			t.Errorf("%s: got %d bytes, %v, want %d", tt.name, len(got), err, len(tt.want))
		}
		if tt.cause != nil {
			wantCoding(t, err, tt.cause)
		}
	}
}

// TestWindows: a window above 8 MiB is refused (RFC 9659 3), one of 8 MiB is not.
func TestWindows(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("0123456789abcdef", 1<<10)
	if got, err := decodeAll(t, zstdFrame(t, text, zstd.WithWindowSize(8<<20)), "zstd"); got != text || err != nil {
		t.Errorf("8 MiB: got %d bytes, %v, want %d", len(got), err, len(text))
	}
	_, err := decodeAll(t, zstdFrame(t, text, zstd.WithWindowSize(16<<20)), "zstd")
	wantCoding(t, err, zstd.ErrWindowSizeExceeded)

	segment := []byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0} // one segment, its size in four bytes
	_, err = decodeAll(t, append(binary.LittleEndian.AppendUint32(segment, 1<<30), 1, 0, 0), "zstd")
	wantCoding(t, err, nil)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a segment of 1 GiB: got %v", err)
	}

	// RFC 7932 9.1 has no window above 16 MiB; 0x11 starts another format.
	_, err = decodeAll(t, []byte{0x11, 0x1e, 0, 0, 0, 0}, "br")
	wantCoding(t, err, nil)
}

func TestFramesCorrupt(t *testing.T) {
	t.Parallel()
	frame := zstdFrame(t, strings.Repeat("hello", 100))
	last := bytes.Clone(frame)
	last[len(last)-1] ^= 0x55
	for _, tt := range []struct {
		name, coding string
		data         []byte
		cause        error
	}{
		{"zstd checksum", "zstd", last, zstd.ErrCRCMismatch},
		{"zstd magic", "zstd", append([]byte{0}, frame...), zstd.ErrMagicMismatch},
		{"zstd with a dictionary", "zstd", []byte{0x28, 0xb5, 0x2f, 0xfd, 0x01, 0x00, 0x2a, 0x01, 0, 0}, zstd.ErrUnknownDictionary},
		{"text as zstd", "zstd", []byte("<html>not compressed</html>"), zstd.ErrMagicMismatch},
		{"text as br", "br", []byte("<html>not compressed</html>"), nil},
		{"gzip as br", "br", encode(t, "gzip", "hello"), nil},
		{"zstd as br", "br", frame, nil},
		{"br as zstd", "zstd", encode(t, "br", "hello"), nil},
	} {
		_, err := decodeAll(t, tt.data, tt.coding)
		if err == nil {
			t.Errorf("%s: got no error", tt.name)
			continue
		}
		wantCoding(t, err, tt.cause)
	}
}

// flusher is what the encoders have that can send what they have so far.
type flusher interface {
	io.WriteCloser
	Flush() error
}

// TestFlushed has servers that send what they have and go on later, or leave the
// body open: what has arrived must be readable.
func TestFlushed(t *testing.T) {
	t.Parallel()
	for encoder, open := range encoders {
		t.Run(encoder, func(t *testing.T) {
			t.Parallel()
			pr, pw := io.Pipe()
			served, read := make(chan error, 1), make(chan struct{})
			go func() {
				z, _ := open(pw).(flusher)
				io.WriteString(z, "first") // Flush reports it
				served <- z.Flush()
				<-read
				io.WriteString(z, "second") // Close reports it
				served <- z.Close()
				<-read // the data has ended, but not the source
				pw.Close()
			}()
			r := openReader(t, pr, token(encoder))
			buf := make([]byte, 100)
			for _, want := range []string{"first", "second"} {
				n, err := io.ReadFull(r, buf[:len(want)])
				if got := string(buf[:n]); got != want || err != nil {
					t.Errorf("got %q, %v, want %q", got, err, want)
				}
				read <- struct{}{}
				if err := <-served; err != nil {
					t.Error(err)
				}
			}
			if n, err := r.Read(buf); n != 0 || err != io.EOF {
				t.Errorf("at the end: got %d, %v, want 0, EOF", n, err)
			}
		})
	}
}
