package codec_test

import (
	"bytes"
	stdgzip "compress/gzip"
	"io"
	"strings"
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
			f.Add(append(data, "\x00\x00\x00\x00"...))
			f.Add(append(data, "\r\n"...))
			f.Add(append(data, "<!-- text -->"...))
			f.Add(append(data, "\x00\x1f\x8b"...))
		}
	}
	f.Add([]byte{})
	f.Add([]byte{0x78})
	f.Add([]byte{0x1f, 0x8b, 8, 0x1c})
	reserved := encode(f, "gzip", "hello")
	reserved[3] = 1 << 5
	f.Add(reserved)
	f.Add(append(encode(f, "gzip", ""), reserved...))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, coding := range []string{"gzip", "deflate", "br", "zstd", "gzip, deflate", "br, zstd"} {
			got, err := fuzzRead(t, coding, bytes.NewReader(data))
			again, errAgain := fuzzRead(t, coding, iotest.OneByteReader(bytes.NewReader(data)))
			same := bytes.Equal(got, again)
			if err != nil && (coding == "br" || coding == "br, zstd") {
				// It keeps what it has decoded from the piece with the error.
				same = bytes.HasPrefix(again, got) || bytes.HasPrefix(got, again)
			}
			if (err == nil) != (errAgain == nil) || !same {
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

// compareGzip knows where we are stricter than compress/gzip: we take neither a flood of
// empty members, nor a reserved flag; and where we are not: padding may follow.
func compareGzip(t *testing.T, data, got []byte, err error) {
	want, werr := stdGzip(data)
	switch {
	case len(data) == 0: // which was never encoded
		if err != nil {
			t.Errorf("no byte: got %v, want none", err)
		}
	case len(want) >= fuzzLimit:
	case errors.Is(err, stdgzip.ErrHeader) && hasReservedFlag(data):
	case err != nil && strings.Contains(err.Error(), "decodes to nothing"):
	case (err == nil) != (werr == nil):
		t.Errorf("got %v, want %v", err, werr)
	case err == nil && !bytes.Equal(got, want):
		t.Errorf("got %d bytes, want %d", len(got), len(want))
	case errors.Is(werr, errBehind) && !strings.Contains(err.Error(), errBehind.Error()):
		t.Errorf("got %v, want %v", err, werr)
	}
}

var errBehind = errors.New("data after the end of the gzip stream")

// stdGzip decodes with compress/gzip, member by member. What follows the last one may be
// zeros and line ends; what begins unlike a member is errBehind.
func stdGzip(data []byte) (decoded []byte, err error) {
	src := bytes.NewReader(data)
	z, err := stdgzip.NewReader(src)
	for err == nil {
		z.Multistream(false)
		var member []byte
		member, err = io.ReadAll(io.LimitReader(z, fuzzLimit))
		decoded = append(decoded, member...)
		if err != nil || len(decoded) >= fuzzLimit {
			return decoded, err
		}
		rest := data[len(data)-src.Len():]
		switch {
		case len(bytes.Trim(rest, "\x00\r\n")) == 0:
			return decoded, nil
		case rest[0] != 0x1f || len(rest) > 1 && rest[1] != 0x8b:
			return decoded, errBehind
		}
		err = z.Reset(src)
	}
	return decoded, err
}

// hasReservedFlag finds a member that sets a flag which must be zero (RFC 1952
// 2.3.1.2). The standard library does not look at it.
func hasReservedFlag(data []byte) bool {
	for {
		_, rest, found := bytes.Cut(data, []byte{0x1f, 0x8b, 8})
		if !found || len(rest) > 0 && rest[0] >= 1<<5 {
			return found
		}
		data = rest
	}
}

// FuzzLines feeds foreign headers to the parser. What it takes, it takes in any
// case, spacing and division into lines.
func FuzzLines(f *testing.F) {
	for _, seed := range []string{"gzip", "gzip, br", " GZIP ,\tzstd", ",,", "identity", "gzip;q=1", "a,b,c,d,e,f", "br,br,br,br,br", "br,br,br,br,br,br", "\x00", "gz ip"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		src := newBody(untouchable{t})
		r, ok := codec.NewReader([]string{line}, src)
		known, codings := true, 0
		for token := range strings.SplitSeq(line, ",") {
			token = strings.ToLower(strings.Trim(token, " \t"))
			known = known && codec.Known(token)
			if token != "" && token != "identity" {
				codings++
			}
		}
		if want := known && 0 < codings && codings <= 5; ok != want || (r != nil) != ok || src.closed != 0 {
			t.Errorf("%q: got %v, want %v", line, ok, want)
		}
		again := []string{strings.ReplaceAll(line, ",", " , ")}
		for _, lines := range [][]string{again, strings.Split(line, ","), {"identity", line}} {
			if _, same := codec.NewReader(lines, src); same != ok {
				t.Errorf("%q: got %v, want %v as for %q", lines, same, ok, line)
			}
		}
	})
}
