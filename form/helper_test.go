package form_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/form"
)

// source is what a client needs of a body: a Form and a Multipart have it.
type source interface {
	ContentType() (string, error)
	Length() (int64, error)
	Open() (io.ReadCloser, error)
	Replayable() bool
}

var (
	_ source = (*form.Form)(nil)
	_ source = (*form.Multipart)(nil)
)

// send reads the whole body, and checks its length and that it is the same by
// Read, byte for byte and in buffers, and by WriteTo, if it can be opened again.
func send(t testing.TB, s source) string {
	t.Helper()
	length, err := s.Length()
	if err != nil {
		t.Fatalf("length: %v", err)
	}
	body := open(t, s)
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	if err := body.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	if length >= 0 && length != int64(len(data)) {
		t.Fatalf("length is %d, want %d", length, len(data))
	}
	if !s.Replayable() {
		return string(data)
	}
	body = open(t, s)
	defer body.Close()
	if slow, err := io.ReadAll(iotest.OneByteReader(body)); err != nil || !bytes.Equal(slow, data) {
		t.Fatalf("by the byte: %q, %v; want %q", slow, err, data)
	}
	if fast := writeTo(t, s); fast != string(data) {
		t.Fatalf("by WriteTo: %q, want %q", fast, data)
	}
	return string(data)
}

func writeTo(t testing.TB, s source) string {
	t.Helper()
	body := open(t, s)
	defer body.Close()
	to, ok := body.(io.WriterTo)
	if !ok {
		t.Fatal("the body is no io.WriterTo")
	}
	var b bytes.Buffer
	n, err := to.WriteTo(&b)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("WriteTo: %d bytes of %d, %v", n, b.Len(), err)
	}
	return b.String()
}

func open(t testing.TB, s source) io.ReadCloser {
	t.Helper()
	body, err := s.Open()
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return body
}

func contentType(t testing.TB, s source) string {
	t.Helper()
	ct, err := s.ContentType()
	if err != nil {
		t.Fatalf("content type: %v", err)
	}
	return ct
}

// reader parses what s sends.
func reader(t testing.TB, s source) *multipart.Reader {
	t.Helper()
	_, params, err := mime.ParseMediaType(contentType(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return multipart.NewReader(strings.NewReader(send(t, s)), params["boundary"])
}

// sent is a part as it arrived.
type sent struct {
	name, fileName, contentType, value string
}

// arrived parses what s sends into its parts.
func arrived(t testing.TB, s source) []sent {
	t.Helper()
	r := reader(t, s)
	var parts []sent
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return parts
		}
		if err != nil {
			t.Fatal(err)
		}
		value, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, sent{p.FormName(), p.FileName(), p.Header.Get("Content-Type"), string(value)})
	}
}

// refused checks that nothing of s can be had, and returns the error.
func refused(t testing.TB, s source, reason string) {
	t.Helper()
	_, typeErr := s.ContentType()
	_, lengthErr := s.Length()
	body, openErr := s.Open()
	if body != nil {
		t.Error("a body that is not to be")
	}
	for what, err := range map[string]error{"content type": typeErr, "length": lengthErr, "open": openErr} {
		checkInvalid(t, what, err, reason)
	}
}

func checkInvalid(t testing.TB, what string, err error, reason string) {
	t.Helper()
	if _, ok := errors.AsType[*errors.InvalidRequestError](err); !ok || !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("%s: got %v, want an InvalidRequestError", what, err)
		return
	}
	if text := err.Error(); !strings.Contains(text, reason) || strings.ContainsAny(text, "\r\n") {
		t.Errorf("%s: got %q, want it to say %q", what, text, reason)
	}
}

// file makes a file and returns its path.
func file(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// osFile opens a file of the content.
func osFile(t testing.TB, content string) *os.File {
	t.Helper()
	f, err := os.OpenFile(file(t, "note.txt", content), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// once hides what a reader can do besides reading.
func once(s string) io.Reader { return struct{ io.Reader }{strings.NewReader(s)} }
