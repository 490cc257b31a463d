package codec_test

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/codec"
)

// TestWriteToFails: an error of the writer is returned as it is, and the rest is
// not taken for data.
func TestWriteToFails(t *testing.T) {
	t.Parallel()
	mine := errors.New("disk full")
	for _, coding := range []string{"gzip", "deflate"} {
		encoder := map[string]string{"gzip": "gzip", "deflate": "zlib"}[coding]
		src := io.NopCloser(bytes.NewReader(encode(t, encoder, sample(200<<10))))
		r, _ := codec.NewReader([]string{coding}, src)
		n, err := r.WriteTo(&brokenWriter{left: 1, err: mine})
		if !errors.Is(err, mine) || n != 32<<10 {
			t.Errorf("%s: got %d, %v", coding, n, err)
		}
		if err := r.Close(); err != nil {
			t.Errorf("%s: Close: %v", coding, err)
		}
		if _, err := r.Read(make([]byte, 1)); err == nil {
			t.Errorf("%s: Read after Close gave no error", coding)
		}
	}
}

// brokenWriter takes some writes and then fails.
type brokenWriter struct {
	left int
	err  error
}

func (f *brokenWriter) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, f.err
	}
	return len(p), nil
}

// TestWriteToMembers: members in a row are one body, and a long row of empty
// ones is refused.
func TestWriteToMembers(t *testing.T) {
	t.Parallel()
	one, empty := encode(t, "gzip", "one "), encode(t, "gzip", "")
	for _, tt := range []struct {
		name string
		data []byte
		want string
		ok   bool
	}{
		{"three", slices.Concat(one, one, one), "one one one ", true},
		{"empty between", slices.Concat(one, empty, one), "one one ", true},
		{"too many empty", bytes.Repeat(empty, 2000), "", false},
		{"cut in the second", slices.Concat(one, one[:len(one)-3]), "one one ", false},
		{"junk after", slices.Concat(one, []byte("junk")), "one ", false},
	} {
		r, _ := codec.NewReader([]string{"gzip"}, io.NopCloser(bytes.NewReader(tt.data)))
		var got bytes.Buffer
		_, err := r.WriteTo(&got)
		if (err == nil) != tt.ok || got.String() != tt.want {
			t.Errorf("%s: got %q, %v, want %q", tt.name, &got, err, tt.want)
		}
		if err != nil && !errors.Is(err, errors.ErrContentEncoding) {
			t.Errorf("%s: got %v, want a content encoding error", tt.name, err)
		}
	}
}
