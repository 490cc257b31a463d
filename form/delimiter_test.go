package form_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/form"
)

// TestBoundaryInData: a boundary that the caller chose is looked for in what lies in
// memory.
func TestBoundaryInData(t *testing.T) {
	t.Parallel()
	chosen := func() *form.Form { return form.New().Boundary("frontier") }
	mixed := func() *form.Multipart { return form.NewMultipart("").Boundary("frontier") }
	long := strings.Repeat("x", 100_000) + "\r\n--frontier"
	for name, s := range map[string]source{
		"alone":              chosen().Bytes("a", []byte("--frontier")),
		"in a line":          chosen().Bytes("a", []byte("x\r\n--frontier--\r\n")),
		"after LF":           chosen().Bytes("a", []byte("x\n--frontier")),
		"after CR":           chosen().Bytes("a", []byte("x\r--frontier")),
		"longer":             chosen().Bytes("a", []byte("x\r\n--frontiers")),
		"the second":         chosen().Bytes("a", []byte("x--frontier\n--frontier")),
		"field":              chosen().Multipart().Field("a", "x\r\n--frontier"),
		"second part":        chosen().Field("a", "x").Bytes("b", []byte("\n--frontier")),
		"more than a piece":  chosen().Bytes("a", []byte(long)),
		"reader of bytes":    chosen().Reader("a", bytes.NewReader([]byte(long))),
		"reader of a string": chosen().Reader("a", strings.NewReader("--frontier")),
		"buffer":             chosen().Reader("a", bytes.NewBufferString(long)),
		"quoted-printable":   chosen().Reader("a", strings.NewReader(strings.Repeat("x", 75)+"--frontier"), form.TransferEncoding("quoted-printable")),
		"multipart":          mixed().Text("x\r\n--frontier"),
		"header":             mixed().Text("x", form.Header("--frontier", "x")),
		"nested":             mixed().Multipart(form.NewMultipart("").Text("x\n--frontier")),
		"deeper":             mixed().Multipart(form.NewMultipart("").Multipart(form.NewMultipart("").Text(long))),
		"nested form":        mixed().Form(form.New().Multipart().Field("a", "x\n--frontier")),
		"chosen within":      form.NewMultipart("").Multipart(form.NewMultipart("").Boundary("in").Text("--in")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, s, "holds the boundary that was chosen")
		})
	}
}

// TestBoundaryNotInData: what no reader takes for a boundary is sent, and so is what
// does not lie in memory.
func TestBoundaryNotInData(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("x\r\n--frontier"), 0o600); err != nil {
		t.Fatal(err)
	}
	stream := func() io.Reader { return io.MultiReader(strings.NewReader("x\r\n--frontier")) }
	read := strings.NewReader("--frontier\r\nrest")
	if _, err := read.Seek(12, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	chosen := func() *form.Form { return form.New().Boundary("frontier") }
	for name, s := range map[string]source{
		"within a line":    chosen().Bytes("a", []byte("x--frontier -frontier\n-frontier frontier")),
		"quoted-printable": chosen().Reader("a", strings.NewReader("\n--frontier"), form.TransferEncoding("quoted-printable")),
		"base64":           chosen().Reader("a", strings.NewReader("\n--frontier"), form.TransferEncoding("base64")),
		"url-encoded":      chosen().Field("a", "\n--frontier"),
		"before the start": chosen().Reader("a", read),
		"beyond the size":  chosen().Reader("a", strings.NewReader("ab\n--frontier"), form.Size(2)),
		"file":             chosen().File("a", path),
		"stream":           chosen().Reader("a", stream()),
		"random":           form.New().Bytes("a", []byte("\r\n--frontier\r\n--aiolos-")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := send(t, s); got == "" {
				t.Error("nothing is sent")
			}
		})
	}
	if read.Len() != 4 {
		t.Errorf("the reader was moved: %d bytes left, want 4", read.Len())
	}
}

// FuzzBoundaryInData: what is sent with a boundary of the caller's arrives as it was.
func FuzzBoundaryInData(f *testing.F) {
	f.Add("b", []byte("--b"), []byte("\n--b"))
	f.Add("b", []byte("x\r\n--b--\r\n"), []byte("--"))
	f.Add("-", []byte("\r--"), []byte("---"))
	f.Add("frontier", []byte("x--frontier"), []byte("\r\n--frontie"))
	f.Fuzz(func(t *testing.T, boundary string, a, b []byte) {
		s := form.New().Boundary(boundary).Bytes("a", a).Reader("b", bytes.NewReader(b))
		body, err := s.Open()
		if err != nil {
			return // refused
		}
		defer body.Close()
		r := multipart.NewReader(body, boundary)
		for _, want := range [][]byte{a, b} {
			p, err := r.NextRawPart()
			if err != nil {
				t.Fatalf("boundary %q: %v", boundary, err)
			}
			if got, err := io.ReadAll(p); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("boundary %q: got %q, %v, want %q", boundary, got, err, want)
			}
		}
		if _, err := r.NextRawPart(); err != io.EOF {
			t.Errorf("boundary %q: a part too many: %v", boundary, err)
		}
	})
}
