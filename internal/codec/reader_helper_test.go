package codec_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/codec"
)

// encoders make test data, if they can with the standard library, which is not
// what decodes.
var encoders = map[string]func(w io.Writer) io.WriteCloser{
	"gzip": func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
	"gzip with a header": func(w io.Writer) io.WriteCloser {
		z := gzip.NewWriter(w)
		z.Name, z.Comment, z.Extra = "na\u00efve", "a comment", []byte("extra")
		return z
	},
	"zlib": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
	"raw": func(w io.Writer) io.WriteCloser {
		z, err := flate.NewWriter(w, flate.DefaultCompression)
		if err != nil {
			panic(err)
		}
		return z
	},
	"br": func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) },
	"zstd": func(w io.Writer) io.WriteCloser {
		z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
		if err != nil {
			panic(err)
		}
		return z
	},
}

// token is the coding for what encoders makes.
func token(encoder string) string {
	name, _, _ := strings.Cut(encoder, " ")
	if name == "zlib" || name == "raw" {
		return "deflate"
	}
	return name
}

func encode(t testing.TB, encoder, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := encoders[encoder](&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// body is a source that knows how it was used.
type body struct {
	io.Reader
	ended  bool
	closed int
}

func newBody(r io.Reader) *body { return &body{Reader: r} }

func (b *body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.ended = b.ended || err == io.EOF
	return n, err
}

func (b *body) Close() error { b.closed++; return nil }

func openReader(t testing.TB, src io.ReadCloser, encodings ...string) *codec.Reader {
	t.Helper()
	r, ok := codec.NewReader(encodings, src)
	if !ok {
		t.Fatalf("NewReader(%q): got false, want true", encodings)
	}
	return r
}

// decodeAll decodes data in one go.
func decodeAll(t testing.TB, data []byte, encodings ...string) (string, error) {
	t.Helper()
	r := openReader(t, newBody(bytes.NewReader(data)), encodings...)
	defer r.Close()
	got, err := io.ReadAll(r)
	return string(got), err
}

// slowly are the ways in which a source may hand out its data.
var slowly = map[string]func(io.Reader) io.Reader{
	"at once":      func(r io.Reader) io.Reader { return r },
	"by bytes":     iotest.OneByteReader,
	"with the EOF": iotest.DataErrReader,
}

// wantCoding checks the class and the cause of an error of the coding.
func wantCoding(t testing.TB, err, cause error) {
	t.Helper()
	var payload *errors.ClientPayloadError
	if !errors.As(err, &payload) || !errors.Is(err, errors.ErrContentEncoding) || !errors.Is(err, errors.ErrClientPayload) {
		t.Fatalf("got %v (%T), want a ClientPayloadError of ErrContentEncoding", err, err)
	}
	if payload.Err == nil || cause != nil && !errors.Is(err, cause) {
		t.Errorf("cause: got %v, want %v", payload.Err, cause)
	}
}

// sample is JSON of about size bytes.
func sample(size int) string {
	var b strings.Builder
	b.WriteByte('[')
	for i := 0; b.Len() < size-80; i++ {
		n := strconv.Itoa(i)
		b.WriteString(`{"id":` + n + `,"name":"user ` + strconv.Itoa(i*7919%10007) + `","tags":["a","b` + n + `"],"ok":true},` + "\n")
	}
	b.WriteString(`{}]`)
	return b.String()
}
