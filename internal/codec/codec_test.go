package codec_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/codec"
)

func gz(data ...string) string {
	var b bytes.Buffer
	for _, d := range data { // each a member of its own
		w := gzip.NewWriter(&b)
		io.WriteString(w, d)
		w.Close()
	}
	return b.String()
}

func zl(data string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	io.WriteString(w, data)
	w.Close()
	return b.String()
}

func raw(data string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	io.WriteString(w, data)
	w.Close()
	return b.String()
}

// source is a body that notes how it was treated.
type source struct {
	io.Reader
	eof, closed bool
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.eof = s.eof || err == io.EOF
	return n, err
}

func (s *source) Close() error {
	s.closed = true
	return nil
}

func decode(t *testing.T, encoding string, body io.Reader) (string, *source, error) {
	t.Helper()
	src := &source{Reader: body}
	r, ok := codec.NewReader([]string{encoding}, src)
	if !ok {
		t.Fatalf("%s: not decoded", encoding)
	}
	b, err := io.ReadAll(r)
	if cerr := r.Close(); cerr != nil || !src.closed {
		t.Errorf("%s: Close: %v, source closed: %v", encoding, cerr, src.closed)
	}
	return string(b), src, err
}

const plain = "the quick brown fox jumps over the lazy dog; "

var long = strings.Repeat(plain, 1000)

func TestDecode(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, encoding, body, want string }{
		{"gzip", "gzip", gz(plain), plain},
		{"case", "GZip", gz(plain), plain},
		{"x-gzip", "x-gzip", gz(plain), plain},
		{"members", "gzip", gz(plain, "", long, plain), plain + long + plain},
		{"of nothing", "gzip", gz(""), ""},
		{"deflate", "deflate", zl(long), long},
		{"raw deflate", "deflate", raw(long), long},
		{"raw deflate of nothing", "deflate", raw(""), ""},
		{"stacked", "deflate, gzip", gz(zl(long)), long},
		{"twice", "gzip,gzip", gz(gz(plain)), plain},
		{"identity beside", "identity, gzip ,", gz(plain), plain},
		{"empty body", "gzip", "", ""},
		{"empty body, deflate", "deflate", "", ""},
		{"empty body, stacked", "gzip, deflate", "", ""},
	} {
		for name, body := range map[string]io.Reader{
			"at once": strings.NewReader(test.body), "by bytes": oneByte{strings.NewReader(test.body)},
		} {
			got, src, err := decode(t, test.encoding, body)
			if err != nil || got != test.want {
				t.Errorf("%s, %s: got %d bytes, %v, want %d", test.name, name, len(got), err, len(test.want))
			}
			if !src.eof {
				t.Errorf("%s, %s: the end of the source was not read, so its connection is not free", test.name, name)
			}
		}
	}
}

type oneByte struct{ io.Reader }

func (r oneByte) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(len(p), 1)]) }

func TestNotDecoded(t *testing.T) {
	t.Parallel()
	for _, encodings := range [][]string{
		nil, {""}, {"identity"}, {"rot13"}, {"gzip, rot13"}, {"gzip,gzip,gzip", "gzip,gzip,gzip"}, {"gzip;q=1"},
	} {
		src := &source{Reader: strings.NewReader("x")}
		if r, ok := codec.NewReader(encodings, src); ok || r != nil || src.closed {
			t.Errorf("%q is decoded", encodings)
		}
	}
	for coding, want := range map[string]bool{"gzip": true, "DEFLATE": true, "x-gzip": true, "": true, "identity": true, "rot13": false} {
		if got := codec.Known(coding); got != want {
			t.Errorf("Known(%q) is %v", coding, got)
		}
	}
}

// TestTruncated cuts a body at every byte: it is an error at each.
func TestTruncated(t *testing.T) {
	t.Parallel()
	for encoding, body := range map[string]string{"gzip": gz(plain), "deflate": zl(plain)} {
		for n := 1; n < len(body); n++ {
			_, _, err := decode(t, encoding, strings.NewReader(body[:n]))
			if !errors.Is(err, errors.ErrContentEncoding) || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s, %d of %d bytes: got %v", encoding, n, len(body), err)
			}
		}
	}
	body := raw(long)
	if _, _, err := decode(t, "deflate", strings.NewReader(body[:len(body)-3])); !errors.Is(err, errors.ErrContentEncoding) {
		t.Errorf("raw deflate: got %v", err)
	}
}

func TestCorrupt(t *testing.T) {
	t.Parallel()
	flip := func(s string, i int) string {
		b := []byte(s)
		b[(len(b)+i)%len(b)] ^= 0xff
		return string(b)
	}
	for name, test := range map[string]struct{ encoding, body string }{
		"checksum":          {"gzip", flip(gz(long), -6)},
		"length":            {"gzip", flip(gz(long), -1)},
		"header":            {"gzip", flip(gz(long), 0)},
		"method":            {"gzip", flip(gz(long), 2)},
		"second member":     {"gzip", gz(plain) + flip(gz(plain), 0)},
		"junk behind":       {"gzip", gz(plain) + "junk"},
		"checksum, deflate": {"deflate", flip(zl(long), -1)},
		"junk, deflate":     {"deflate", zl(plain) + "junk"},
		"junk, raw deflate": {"deflate", raw(plain) + "junk"},
		"text":              {"gzip", "this is no gzip at all"},
		"stacked":           {"deflate, gzip", gz("this is no deflate")},
	} {
		_, _, err := decode(t, test.encoding, strings.NewReader(test.body))
		pe, ok := errors.AsType[*errors.ClientPayloadError](err)
		if !ok || pe.Kind != errors.ErrContentEncoding {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestSourceError: what goes wrong below is not the decoder's.
func TestSourceError(t *testing.T) {
	t.Parallel()
	mine := errors.New("mine")
	for encoding, body := range map[string]string{"gzip": gz(long), "deflate": zl(long), "deflate, gzip": gz(zl(long))} {
		for _, n := range []int{0, 1, 5, len(body) / 2} {
			_, _, err := decode(t, encoding, io.MultiReader(strings.NewReader(body[:n]), failing{mine}))
			if !errors.Is(err, mine) || errors.Is(err, errors.ErrContentEncoding) {
				t.Errorf("%s after %d bytes: got %v", encoding, n, err)
			}
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestCloseEarly(t *testing.T) {
	t.Parallel()
	src := &source{Reader: strings.NewReader(gz(long))}
	r, _ := codec.NewReader([]string{"gzip"}, src)
	if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	r.Close()
	r.Close()
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, errors.ErrConnectionClosed) || !src.closed {
		t.Errorf("got %v", err)
	}
}

// TestPool: decoders that failed, were left or were finished serve others.
func TestPool(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{"gzip": gz(long), "deflate": zl(long)}
	var wg sync.WaitGroup
	for g := range 8 {
		rnd := rand.New(rand.NewPCG(uint64(g), 3))
		wg.Go(func() {
			for range 30 {
				encoding := []string{"gzip", "deflate"}[rnd.IntN(2)]
				body := bodies[encoding]
				switch rnd.IntN(3) {
				case 0:
					decode(t, encoding, strings.NewReader(body[:rnd.IntN(len(body))]))
				case 1:
					r, _ := codec.NewReader([]string{encoding}, &source{Reader: strings.NewReader(body)})
					r.Read(make([]byte, rnd.IntN(1000)))
					r.Close()
				default:
					if got, _, err := decode(t, encoding, strings.NewReader(body)); err != nil || got != long {
						t.Errorf("got %d bytes, %v", len(got), err)
					}
				}
			}
		})
	}
	wg.Wait()
}

func FuzzDecode(f *testing.F) {
	for _, body := range []string{"", gz(plain), gz(plain, plain), zl(plain), raw(plain), gz(zl(plain)), gz(plain)[:20], "text"} {
		f.Add("gzip", body)
		f.Add("deflate", body)
		f.Add("deflate, gzip", body)
	}
	f.Fuzz(func(t *testing.T, encoding, body string) {
		r, ok := codec.NewReader([]string{encoding}, &source{Reader: strings.NewReader(body)})
		if !ok {
			return
		}
		_, err := io.Copy(io.Discard, io.LimitReader(r, 1<<20))
		if err != nil && !errors.Is(err, errors.ErrContentEncoding) {
			t.Errorf("got %v", err)
		}
		r.Close()
	})
}

func BenchmarkDecode(b *testing.B) {
	body := gz(strings.Repeat(`{"name":"gopher","id":12345},`, 36_000))
	b.Run("codec", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			r, _ := codec.NewReader([]string{"gzip"}, io.NopCloser(strings.NewReader(body)))
			io.Copy(io.Discard, r)
			r.Close()
		}
	})
	b.Run("std", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			r, err := gzip.NewReader(strings.NewReader(body))
			if err != nil {
				b.Fatal(err)
			}
			io.Copy(io.Discard, r)
		}
	})
}
