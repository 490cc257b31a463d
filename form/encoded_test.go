package form_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"io"
	"mime/quotedprintable"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/form"
)

func samples() map[string]string {
	var binary strings.Builder
	for i := range 100_000 {
		binary.WriteByte(byte(i * i >> 3))
	}
	return map[string]string{
		"empty": "", "one": "a", "two": "ab", "three": "abc",
		"a line": strings.Repeat("x", 57), "and one": strings.Repeat("x", 58), "two lines": strings.Repeat("x", 114),
		"text":   "é = 1\nlone line feed\r\ntrailing space \r\n",
		"binary": binary.String(),
	}
}

// rawPart is the only part of s, undecoded, and its headers.
func rawPart(t *testing.T, s source) (string, map[string][]string) {
	t.Helper()
	p, err := reader(t, s).NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(data), p.Header
}

func TestContentEncoding(t *testing.T) {
	t.Parallel()
	decoders := map[string]func(io.Reader) (io.Reader, error){
		"gzip":        func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"deflate":     func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) },
		"deflate-raw": func(r io.Reader) (io.Reader, error) { return flate.NewReader(r), nil },
	}
	for coding, decoder := range decoders {
		for name, content := range samples() {
			t.Run(coding+" "+name, func(t *testing.T) {
				t.Parallel()
				for _, m := range []*form.Multipart{
					form.NewMultipart("").Bytes([]byte(content), form.ContentEncoding(coding)),
					form.NewMultipart("").File(file(t, "a", content), form.ContentEncoding(coding)),
				} {
					if n, err := m.Length(); n != -1 || err != nil {
						t.Errorf("length: %d, %v; want it unknown", n, err)
					}
					data, header := rawPart(t, m)
					r, err := decoder(strings.NewReader(data))
					if err != nil {
						t.Fatal(err)
					}
					if got, err := io.ReadAll(r); err != nil || string(got) != content {
						t.Errorf("got %d bytes, %v; want %d", len(got), err, len(content))
					}
					if got := header["Content-Encoding"]; len(got) != 1 || got[0] != strings.TrimSuffix(coding, "-raw") {
						t.Errorf("content encoding: %q", got)
					}
				}
			})
		}
	}
}

func TestTransferEncoding(t *testing.T) {
	t.Parallel()
	plain := func(r io.Reader) io.Reader { return r }
	decoders := map[string]struct {
		decode func(io.Reader) io.Reader
		sized  bool
	}{
		"base64":           {func(r io.Reader) io.Reader { return base64.NewDecoder(base64.StdEncoding, r) }, true},
		"quoted-printable": {func(r io.Reader) io.Reader { return quotedprintable.NewReader(r) }, false},
		"binary":           {plain, true},
		"8bit":             {plain, true},
		"7bit":             {plain, true},
	}
	for encoding, tt := range decoders {
		for name, content := range samples() {
			t.Run(encoding+" "+name, func(t *testing.T) {
				t.Parallel()
				for _, s := range []source{
					form.NewMultipart("").Bytes([]byte(content), form.TransferEncoding(encoding)),
					form.New().Field("a", content, form.TransferEncoding(encoding)),
					form.New().File("a", file(t, "a", content), form.TransferEncoding(encoding)),
					form.New().Reader("a", strings.NewReader(content), form.TransferEncoding(encoding)),
				} {
					if n, err := s.Length(); (n >= 0) != tt.sized || err != nil {
						t.Errorf("length: %d, %v", n, err)
					}
					data, header := rawPart(t, s)
					if got, err := io.ReadAll(tt.decode(strings.NewReader(data))); err != nil || string(got) != content {
						t.Errorf("got %q, %v; want %q", got, err, content)
					}
					if got := header["Content-Transfer-Encoding"]; len(got) != 1 || got[0] != encoding {
						t.Errorf("content transfer encoding: %q", got)
					}
					checkLines(t, encoding, data)
				}
			})
		}
	}
}

// checkLines is RFC 2045 6.7 (5) and 6.8.
func checkLines(t *testing.T, encoding, data string) {
	t.Helper()
	if encoding != "base64" && encoding != "quoted-printable" {
		return
	}
	for line := range strings.SplitSeq(data, "\r\n") {
		if len(line) > 76 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("a line of %d bytes: %.100q", len(line), line)
		}
	}
}

// The content is compressed first, and then written for mail.
func TestBothEncodings(t *testing.T) {
	t.Parallel()
	content := samples()["binary"]
	m := form.NewMultipart("").Bytes([]byte(content), form.ContentEncoding("gzip"), form.TransferEncoding("base64"))
	data, _ := rawPart(t, m)
	r, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(data)))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, []byte(content)) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}

func TestEncodedNestedBody(t *testing.T) {
	t.Parallel()
	inner := form.New().Boundary("in").Field("a", "1").Multipart()
	data, header := rawPart(t, form.NewMultipart("").Form(inner, form.ContentEncoding("gzip")))
	r, err := gzip.NewReader(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != send(t, inner) {
		t.Errorf("got %q, %v", got, err)
	}
	if got := header["Content-Type"]; len(got) != 1 || got[0] != "multipart/form-data; boundary=in" {
		t.Errorf("content type: %q", got)
	}
}

// An encoder passes on what is wrong with what it encodes.
func TestEncodedFaults(t *testing.T) {
	t.Parallel()
	for _, o := range []form.PartOption{form.ContentEncoding("gzip"), form.TransferEncoding("base64"), form.TransferEncoding("quoted-printable")} {
		short := form.NewMultipart("").Reader(once("hel"), form.Size(5), o)
		if _, err := io.ReadAll(open(t, short)); !errors.Is(err, errors.ErrContentLength) {
			t.Errorf("%v: %v", o, err)
		}
		if _, err := short.Open(); !errors.Is(err, errors.ErrBodyNotReplayable) {
			t.Errorf("%v, opened again: %v", o, err)
		}
		missing := form.NewMultipart("").File("no/such/file", o)
		_, err := missing.Length()
		checkInvalid(t, o.String(), err, "file cannot be read")
		_, err = missing.Open()
		checkInvalid(t, o.String(), err, "file cannot be read")
	}
}
