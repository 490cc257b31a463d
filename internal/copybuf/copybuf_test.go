package copybuf_test

import (
	"bytes"
	stderrors "errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aiolos-http/aiolos/internal/copybuf"
)

// limitedWriter takes so many bytes, and then fails with err or takes less without a word.
type limitedWriter struct {
	bytes.Buffer
	left int
	err  error
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	n := min(len(p), w.left)
	w.left -= n
	w.Buffer.Write(p[:n])
	if n < len(p) {
		return n, w.err
	}
	return n, nil
}

// TestCopy: what was read before an error, or together with the end, is written.
func TestCopy(t *testing.T) {
	t.Parallel()
	broken := stderrors.New("broken")
	for name, tt := range map[string]struct {
		src  io.Reader
		room int
		werr error
		want string
		err  error
	}{
		"whole":            {strings.NewReader("0123456789"), 99, nil, "0123456789", nil},
		"empty":            {strings.NewReader(""), 99, nil, "", nil},
		"end with data":    {iotest.DataErrReader(strings.NewReader("01234")), 99, nil, "01234", nil},
		"read error":       {io.MultiReader(strings.NewReader("012"), iotest.ErrReader(broken)), 99, nil, "012", broken},
		"write error":      {strings.NewReader("0123456789"), 6, broken, "012345", broken},
		"short write":      {strings.NewReader("0123456789"), 6, nil, "012345", io.ErrShortWrite},
		"write error wins": {iotest.DataErrReader(strings.NewReader("0123")), 2, broken, "01", broken},
	} {
		w := &limitedWriter{left: tt.room, err: tt.werr}
		n, err := copybuf.Copy(w, tt.src, make([]byte, 4))
		if got := w.String(); got != tt.want || n != int64(len(tt.want)) || err != tt.err {
			t.Errorf("%s: got %q, %d, %v, want %q, %v", name, got, n, err, tt.want, tt.err)
		}
	}
}

// TestGet: a buffer has its size, whoever had it before.
func TestGet(t *testing.T) {
	t.Parallel()
	for range 3 {
		b := copybuf.Get()
		if len(*b) != copybuf.Size {
			t.Errorf("got %d bytes, want %d", len(*b), copybuf.Size)
		}
		copybuf.Put(b)
	}
}
