package codec_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/aiolos-http/aiolos/errors"
)

// TestReaderTruncated cuts small bodies at every byte.
func TestReaderTruncated(t *testing.T) {
	t.Parallel()
	for encoder := range encoders {
		data := encode(t, encoder, "hello, hello, hello")
		for how, wrap := range slowly {
			t.Run(encoder+"/"+how, func(t *testing.T) {
				t.Parallel()
				for i := 1; i < len(data); i++ {
					src := newBody(wrap(bytes.NewReader(data[:i])))
					got, err := io.ReadAll(openReader(t, src, token(encoder)))
					if !strings.HasPrefix("hello, hello, hello", string(got)) {
						t.Errorf("cut at %d: got %q", i, got)
					}
					wantCoding(t, err, io.ErrUnexpectedEOF)
				}
			})
		}
	}
}

// TestReaderTruncatedMember cuts the second member of a gzip body at every byte.
func TestReaderTruncatedMember(t *testing.T) {
	t.Parallel()
	first, second := encode(t, "gzip", "one "), encode(t, "gzip with a header", "two")
	for i := 1; i < len(second); i++ {
		got, err := decodeAll(t, slices.Concat(first, second[:i]), "gzip")
		if !strings.HasPrefix(got, "one ") {
			t.Errorf("cut at %d: got %q", i, got)
		}
		wantCoding(t, err, io.ErrUnexpectedEOF)
	}
}

func TestReaderCorrupt(t *testing.T) {
	t.Parallel()
	flip := func(data []byte, at int) []byte {
		data = bytes.Clone(data)
		data[(at+len(data))%len(data)] ^= 0x55
		return data
	}
	gz, zl := encode(t, "gzip", "hello"), encode(t, "zlib", "hello")
	tests := []struct {
		name, coding string
		data         []byte
		cause        error
	}{
		{"gzip checksum", "gzip", flip(gz, -8), gzip.ErrChecksum},
		{"gzip size", "gzip", flip(gz, -1), gzip.ErrChecksum},
		{"gzip magic", "gzip", flip(gz, 0), gzip.ErrHeader},
		{"gzip method", "gzip", flip(gz, 2), gzip.ErrHeader},
		{"gzip reserved flags", "gzip", flip(gz, 3), nil},
		{"zlib checksum", "deflate", flip(zl, -1), zlib.ErrChecksum},
		{"zlib dictionary", "deflate", []byte{0x78, 0xbb, 1, 2, 3, 4, 0, 0}, zlib.ErrDictionary},
		{"bad block type", "deflate", []byte{0xff, 0xff, 0xff, 0xff}, nil},
		{"distance before the start", "deflate", []byte{0x4b, 0x04, 0x42, 0x00, 0x00}, nil},
		{"text as gzip", "gzip", []byte("<html>not compressed</html>"), gzip.ErrHeader},
		{"text as deflate", "deflate", []byte("<html>not compressed</html>"), nil},
		{"gzip as deflate", "deflate", gz, nil},
		{"deflate as gzip", "gzip", zl, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := decodeAll(t, tt.data, tt.coding)
			wantCoding(t, err, tt.cause)
		})
	}
	var corrupt flate.CorruptInputError
	if _, err := decodeAll(t, []byte{0xff}, "deflate"); !errors.As(err, &corrupt) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want what the decoder said", err)
	}
}

func TestReaderTrailing(t *testing.T) {
	t.Parallel()
	for encoder := range encoders {
		for _, junk := range []string{"\x00", "\r\n", "junk", "\r\njunk", strings.Repeat("\x00", 1024), strings.Repeat("junk", 10000)} {
			data := append(encode(t, encoder, "hello"), junk...)
			got, err := decodeAll(t, data, token(encoder))
			if got != "hello" {
				t.Errorf("%s: got %q, want what came before the junk", encoder, got)
			}
			if pads := token(encoder) == "gzip" || token(encoder) == "deflate"; pads && strings.Trim(junk, "\x00\r\n") == "" {
				if err != nil {
					t.Errorf("%s: got %v, want the padding to be passed over", encoder, err)
				}
				continue
			}
			wantCoding(t, err, nil)
		}
	}
}

// TestReaderBehindGzip: zeros and line ends may follow a gzip stream; anything else is
// named as what it is. The body comes before either.
func TestReaderBehindGzip(t *testing.T) {
	t.Parallel()
	const behind = "data after the end of the gzip stream"
	hello := string(encode(t, "gzip", "hello"))
	for _, tt := range []struct{ name, tail, body, fault string }{
		{"nothing", "", "hello", ""},
		{"four zeros", "\x00\x00\x00\x00", "hello", ""},
		{"a line end", "\r\n", "hello", ""},
		{"line feeds", "\n\n", "hello", ""},
		{"zeros and line ends", "\x00\r\n\x00", "hello", ""},
		{"a block of zeros", strings.Repeat("\x00", 64<<10), "hello", ""},
		{"more zeros than any block has", strings.Repeat("\x00", 2<<20), "hello", behind},
		{"text", "<!-- served by -->", "hello", behind},
		{"text behind padding", "\r\n<!-- served by -->", "hello", behind},
		{"a blank", " ", "hello", behind},
		{"a member", hello, "hellohello", ""},
		{"a member and padding", hello + "\x00\r\n", "hellohello", ""},
		{"a member behind padding", "\x00" + hello, "hello", behind},
		{"what begins like a member", "\x1fabc", "hello", behind},
		{"a byte of a member", "\x1f", "hello", "unexpected EOF"},
		{"a member that is cut", hello[:8], "hello", "unexpected EOF"},
		{"a member that is none", "\x1f\x8b\x09" + hello[3:], "hello", "gzip: invalid header"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, src := range []io.Reader{strings.NewReader(hello + tt.tail), iotest.OneByteReader(strings.NewReader(hello + tt.tail))} {
				got, err := io.ReadAll(openReader(t, newBody(src), "gzip"))
				if string(got) != tt.body || (err == nil) != (tt.fault == "") || err != nil && !strings.HasSuffix(err.Error(), tt.fault) {
					t.Errorf("got %q, %v, want %q, %v", got, err, tt.body, tt.fault)
				}
			}
		})
	}
}

// TestReaderSourceError has the source fail at every byte, also at the very end.
func TestReaderSourceError(t *testing.T) {
	t.Parallel()
	reset := errors.New("connection reset")
	for encoder := range encoders {
		data := encode(t, encoder, "hello, hello, hello")
		for i := range len(data) + 1 {
			for _, cause := range []error{reset, io.ErrUnexpectedEOF} {
				src := newBody(io.MultiReader(bytes.NewReader(data[:i]), iotest.ErrReader(cause)))
				r := openReader(t, src, "identity, "+token(encoder))
				got, err := io.ReadAll(r)
				if err != cause {
					t.Fatalf("%s at %d: got %v, want %v itself", encoder, i, err, cause)
				}
				if !strings.HasPrefix("hello, hello, hello", string(got)) {
					t.Errorf("%s at %d: got %q", encoder, i, got)
				}
				if _, err := r.Read(make([]byte, 1)); err != cause {
					t.Errorf("%s at %d: next Read: got %v, want %v", encoder, i, err, cause)
				}
			}
		}
	}
}

// TestReaderSourceErrorStacked: an error passes through all decoders, and an error of
// an inner one through the outer ones.
func TestReaderSourceErrorStacked(t *testing.T) {
	t.Parallel()
	reset := errors.New("connection reset")
	data := encode(t, "zlib", string(encode(t, "gzip", sample(50<<10))))
	src := newBody(io.MultiReader(bytes.NewReader(data[:len(data)/2]), iotest.ErrReader(reset)))
	if _, err := io.ReadAll(openReader(t, src, "gzip, deflate")); err != reset {
		t.Errorf("got %v, want %v itself", err, reset)
	}
	_, err := decodeAll(t, data[:len(data)-1], "gzip, deflate")
	wantCoding(t, err, io.ErrUnexpectedEOF)
	var payload, inner *errors.ClientPayloadError
	if errors.As(err, &payload) && errors.As(payload.Err, &inner) {
		t.Errorf("got %v, want one ClientPayloadError", err)
	}
	if payload.Received != int64(len(data)-1) || payload.Expected != -1 {
		t.Errorf("got %d of %d, want %d of -1", payload.Received, payload.Expected, len(data)-1)
	}
}

func TestReaderClose(t *testing.T) {
	t.Parallel()
	text := sample(100 << 10)
	data := encode(t, "gzip", string(encode(t, "zlib", text)))
	for _, before := range []int{0, 1, 1000} {
		src := newBody(bytes.NewReader(data))
		r := openReader(t, src, "deflate, gzip")
		if _, err := io.ReadFull(r, make([]byte, before)); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil || src.closed != 1 {
			t.Errorf("Close: got %v, source closed %d times, want once", err, src.closed)
		}
		for range 2 {
			if n, err := r.Read(make([]byte, 10)); n != 0 || !errors.Is(err, errors.ErrConnectionClosed) {
				t.Errorf("Read after Close: got %d, %v, want %v", n, err, errors.ErrConnectionClosed)
			}
		}
		if n, err := r.WriteTo(io.Discard); n != 0 || !errors.Is(err, errors.ErrConnectionClosed) {
			t.Errorf("WriteTo after Close: got %d, %v, want %v", n, err, errors.ErrConnectionClosed)
		}
		if err := r.Close(); err != nil {
			t.Errorf("second Close: got %v", err)
		}
		if got := r.Decoded(); got != int64(before) {
			t.Errorf("Decoded: got %d, want %d", got, before)
		}
	}
}

// TestReaderCloseDuringRead wakes a Read that waits for the source.
func TestReaderCloseDuringRead(t *testing.T) {
	t.Parallel()
	pr, pw := io.Pipe()
	r := openReader(t, pr, "gzip")
	failed := make(chan error)
	go func() {
		_, err := io.ReadAll(r)
		failed <- err
	}()
	if _, err := pw.Write(encode(t, "gzip", "hello")[:15]); err != nil { // returns when it was read
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := <-failed; !errors.Is(err, io.ErrClosedPipe) && !errors.Is(err, errors.ErrConnectionClosed) {
		t.Errorf("got %v, want the source's error or %v", err, errors.ErrConnectionClosed)
	}
	if _, err := r.Read(make([]byte, 1)); err == nil || err == io.EOF {
		t.Errorf("next Read: got %v, want an error", err)
	}
}

// TestReaderPools decodes different texts at the same time, fails, and closes early:
// no decoder may serve two of them, or keep something of the one before.
func TestReaderPools(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	for i := range 4 {
		text := strings.Repeat(string(rune('a'+i)), 40<<10)
		bodies := map[string][]byte{}
		for encoder := range encoders {
			bodies[encoder] = encode(t, encoder, text)
		}
		wg.Go(func() {
			for range 8 {
				for encoder, data := range bodies {
					if got, err := decodeAll(t, data, token(encoder)); got != text || err != nil {
						t.Errorf("%s: got %d bytes, %v, want %d of %q", encoder, len(got), err, len(text), text[:1])
					}
					if _, err := decodeAll(t, data[:len(data)-2], token(encoder)); err == nil {
						t.Errorf("%s: cut off: got no error", encoder)
					}
					r := openReader(t, newBody(bytes.NewReader(data)), token(encoder))
					r.Read(make([]byte, 10)) // it is closed early
					wg.Go(func() { r.Close() })
					r.Read(make([]byte, 10)) // races with Close
				}
			}
		})
	}
	wg.Wait()
}
