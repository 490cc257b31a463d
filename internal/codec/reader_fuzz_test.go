package codec_test

import (
	"bytes"
	stdgzip "compress/gzip"
	"io"
	"testing"
	"testing/iotest"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/codec"
)

// fuzzLimit bounds what a fuzzed body may grow to.
const fuzzLimit = 1 << 20

// FuzzReader feeds foreign bytes to every decoder. They must end with an error
// of their class, must not depend on how the bytes arrive, and must agree with
// the standard library on what gzip is.
func FuzzReader(f *testing.F) {
	for encoder := range encoders {
		for _, text := range []string{"", "hello", sample(2000)} {
			data := encode(f, encoder, text)
			f.Add(data)
			f.Add(data[:len(data)-1])
			f.Add(append(data, data...))
			f.Add(append(data, 0))
		}
	}
	f.Add([]byte{})
	f.Add([]byte{0x78})
	f.Add([]byte{0x1f, 0x8b, 8, 0x1c})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, coding := range []string{"gzip", "deflate", "gzip, deflate"} {
			got, err := fuzzRead(t, coding, bytes.NewReader(data))
			again, errAgain := fuzzRead(t, coding, iotest.OneByteReader(bytes.NewReader(data)))
			if (err == nil) != (errAgain == nil) || !bytes.Equal(got, again) {
				t.Errorf("%s: got %d bytes, %v at once, %d bytes, %v by bytes", coding, len(got), err, len(again), errAgain)
			}
			if coding == "gzip" {
				compareGzip(t, data, got, err)
			}
		}
	})
}

func fuzzRead(t *testing.T, coding string, src io.Reader) ([]byte, error) {
	r, ok := codec.NewReader([]string{coding}, newBody(src))
	if !ok {
		t.Fatalf("NewReader(%q): got false", coding)
	}
	defer r.Close()
	got, err := io.ReadAll(io.LimitReader(r, fuzzLimit))
	if err != nil {
		wantCoding(t, err, nil)
	}
	if r.Decoded() != int64(len(got)) {
		t.Errorf("%s: Decoded: got %d, want %d", coding, r.Decoded(), len(got))
	}
	return got, err
}

// compareGzip knows where we are stricter: we take neither an end within a
// member's name nor a flood of empty members.
func compareGzip(t *testing.T, data, got []byte, err error) {
	z, zerr := stdgzip.NewReader(bytes.NewReader(data))
	if zerr != nil {
		if err == nil && len(data) > 0 {
			t.Errorf("got no error, want %v", zerr)
		}
		return
	}
	want, zerr := io.ReadAll(io.LimitReader(z, fuzzLimit))
	switch {
	case err == nil && zerr != nil:
		t.Errorf("got no error, want %v", zerr)
	case err == nil && !bytes.Equal(got, want):
		t.Errorf("got %d bytes, want %d", len(got), len(want))
	case err != nil && zerr == nil && len(want) < fuzzLimit && !errors.Is(err, io.ErrUnexpectedEOF):
		t.Errorf("got %v, want none", err)
	}
}
