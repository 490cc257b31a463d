package codec_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/codec"
)

func randomReader() io.Reader { return rand.NewChaCha8([32]byte{1}) }

// upper is a codec for tests: it decodes by upper case.
func upper(closed *int) codec.Codec {
	return codec.Codec{Name: "Upper", NewReader: func(src io.Reader) (io.ReadCloser, error) {
		return &upperReader{src, closed}, nil
	}}
}

type upperReader struct {
	src    io.Reader
	closed *int
}

func (u *upperReader) Read(p []byte) (int, error) {
	n, err := u.src.Read(p)
	copy(p, bytes.ToUpper(p[:n]))
	return n, err
}

func (u *upperReader) Close() error { *u.closed++; return nil }

func openWith(t *testing.T, d codec.Decoding, list, data string) *codec.Reader {
	t.Helper()
	r, ok := d.NewReader([]string{list}, newBody(strings.NewReader(data)))
	if !ok {
		t.Fatalf("%s: not decoded", list)
	}
	return r
}

func TestCodecs(t *testing.T) {
	t.Parallel()
	var closed int
	d := codec.Decoding{Codecs: []codec.Codec{upper(&closed)}}
	for list, data := range map[string]string{
		"upper": "text", "UPPER, identity": "text", "upper, gzip": gz("text"), "gzip": gz("TEXT"),
	} {
		before := closed
		r := openWith(t, d, list, data)
		if got, err := io.ReadAll(r); err != nil || string(got) != "TEXT" {
			t.Errorf("%s: got %q, %v", list, got, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if want := before + strings.Count(strings.ToLower(list), "upper"); closed != want {
			t.Errorf("%s: the codec's reader was closed %d times, want once", list, closed-before)
		}
	}
	if _, ok := codec.NewReader([]string{"upper"}, newBody(untouchable{t})); ok {
		t.Error("the codec is known to others")
	}
	closed = 0
	r := openWith(t, d, "upper", "text")
	r.Read(make([]byte, 1)) // it is left alone
	r.Close()
	if r.Close(); closed != 1 {
		t.Errorf("left alone: closed %d times, want once", closed)
	}
}

// TestCodecsReplace takes the standard library's gzip in the place of ours.
func TestCodecsReplace(t *testing.T) {
	t.Parallel()
	opened := 0
	mine := codec.Codec{Name: "gzip", NewReader: func(src io.Reader) (io.ReadCloser, error) {
		opened++
		return gzip.NewReader(src)
	}}
	var closed int
	second := upper(&closed)
	second.Name = "GZIP"
	d := codec.Decoding{Codecs: []codec.Codec{mine, second}}
	got, err := io.ReadAll(openWith(t, d, "gzip, deflate", zl(gz("text"))))
	if err != nil || string(got) != "text" || opened != 1 || closed != 0 {
		t.Errorf("got %q, %v, opened %d times", got, err, opened)
	}
	if n, err := openWith(t, d, "gzip", "").Read(make([]byte, 1)); n != 0 || err != io.EOF || opened != 1 {
		t.Errorf("empty body: got %d, %v, opened %d times", n, err, opened)
	}
	_, err = io.ReadAll(openWith(t, d, "gzip", "no gzip at all"))
	wantCoding(t, err, gzip.ErrHeader)
	_, err = io.ReadAll(openWith(t, d, "gzip", gz("text")[:20]))
	wantCoding(t, err, io.ErrUnexpectedEOF)
}

func TestCodecsFault(t *testing.T) {
	t.Parallel()
	mine := errors.New("mine")
	codecs := map[string]func(io.Reader) (io.ReadCloser, error){
		"refuses": func(io.Reader) (io.ReadCloser, error) { return nil, mine },
		"fails": func(src io.Reader) (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(src, broken{mine})), nil
		},
		"stops early": func(src io.Reader) (io.ReadCloser, error) { return io.NopCloser(io.LimitReader(src, 2)), nil },
		"idles":       func(io.Reader) (io.ReadCloser, error) { return io.NopCloser(idle{}), nil },
		"is endless":  func(io.Reader) (io.ReadCloser, error) { return io.NopCloser(randomReader()), nil },
	}
	for name, open := range codecs {
		d := codec.Decoding{Codecs: []codec.Codec{{Name: "x", NewReader: open}}}
		got, err := io.ReadAll(openWith(t, d, "x", "text"))
		var cause error
		switch name {
		case "refuses", "fails":
			cause = mine
		case "is endless":
			cause = errors.ErrBodyTooLarge
		}
		wantCoding(t, err, cause)
		if len(got) > codec.FreeBytes {
			t.Errorf("%s: got %d bytes", name, len(got))
		}
	}
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// idle never gets anywhere.
type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }
