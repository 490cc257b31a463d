package form_test

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/form"
)

func TestFilesRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	missing := filepath.Join(dir, "none")
	for name, s := range map[string]source{
		"form":      form.New().File("a", missing),
		"multipart": form.NewMultipart("").File(missing),
		"nested":    form.NewMultipart("").Multipart(form.NewMultipart("").File(missing)),
	} {
		_, err := s.Length()
		checkInvalid(t, name, err, "file cannot be read")
		body, err := s.Open()
		checkInvalid(t, name, err, "file cannot be read")
		if !errors.Is(err, fs.ErrNotExist) || body != nil {
			t.Errorf("%s: got %v, %v", name, body, err)
		}
	}
	_, err := form.New().File("a", dir).Open()
	checkInvalid(t, "directory", err, "file is a directory")
	_, err = form.New().File("a", dir).Length()
	checkInvalid(t, "directory", err, "file is a directory")
}

// A file may change while it is sent, or between Length and Open.
func TestFileChanges(t *testing.T) {
	t.Parallel()
	byPath := func(_ *testing.T, path string) *form.Form { return form.New().File("a", path) }
	byFile := func(t *testing.T, path string) *form.Form {
		t.Helper()
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return form.New().OSFile("a", f)
	}
	for what, change := range map[string]func(string) error{
		"grows":   func(path string) error { return os.WriteFile(path, []byte("hello, world"), 0o600) },
		"shrinks": func(path string) error { return os.Truncate(path, 2) },
	} {
		for name, part := range map[string]func(*testing.T, string) *form.Form{"path": byPath, "file": byFile} {
			t.Run(name+" "+what, func(t *testing.T) {
				t.Parallel()
				changeWhileOpen(t, part, change)
			})
			t.Run(name+" "+what+" after Length", func(t *testing.T) {
				t.Parallel()
				changeAfterLength(t, part, change)
			})
		}
	}
}

// Without Length a file has the size that it has at Open.
func changeWhileOpen(t *testing.T, part func(*testing.T, string) *form.Form, change func(string) error) {
	t.Helper()
	for name, read := range map[string]func(io.Reader, io.Writer) error{
		"Read":    func(r io.Reader, w io.Writer) error { _, err := io.Copy(w, struct{ io.Reader }{r}); return err },
		"WriteTo": func(r io.Reader, w io.Writer) error { _, err := r.(io.WriterTo).WriteTo(w); return err },
	} {
		path := file(t, "a.txt", "hello")
		body := open(t, part(t, path))
		if err := change(path); err != nil {
			t.Fatal(err)
		}
		var sent strings.Builder
		checkSize(t, name, read(body, &sent))
		if strings.Contains(sent.String(), "--\r\n") {
			t.Errorf("%s: the body has an end: %q", name, sent.String())
		}
		body.Close()
	}
}

// What Length said is held to, until it is asked anew.
func changeAfterLength(t *testing.T, part func(*testing.T, string) *form.Form, change func(string) error) {
	t.Helper()
	path := file(t, "a.txt", "hello")
	f := part(t, path)
	first, err := f.Length()
	if err != nil {
		t.Fatal(err)
	}
	if err := change(path); err != nil {
		t.Fatal(err)
	}
	body, err := f.Open()
	checkSize(t, "open", err)
	if body != nil {
		t.Error("there is a body")
	}
	if second, err := f.Length(); err != nil || second == first {
		t.Errorf("length is %d, %v; was %d", second, err, first)
	}
	send(t, f)
}

func checkSize(t *testing.T, what string, err error) {
	t.Helper()
	se, ok := errors.AsType[*form.SizeError](err)
	if !ok || !errors.Is(err, errors.ErrContentLength) || !errors.Is(err, errors.ErrClientPayload) {
		t.Fatalf("%s: got %v, want a SizeError", what, err)
	}
	if se.Part != `form part "a"` || se.Expected != 5 || se.Received == 5 {
		t.Errorf("%s: got %+v", what, se)
	}
	if want := fmt.Sprintf(`form part "a": size changed: %d bytes, not 5`, se.Received); err.Error() != want {
		t.Errorf("%s: got %q, want %q", what, err, want)
	}
}

func TestReaderIsShort(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]*form.Form{
		"stream": form.New().Reader("a", once("hel"), form.Size(5)),
		"seeker": form.New().Reader("a", strings.NewReader("hel"), form.Size(5)),
		"file":   form.New().OSFile("a", osFile(t, "hel"), form.Size(5)),
	} {
		_, err := io.ReadAll(open(t, f))
		checkSize(t, name, err)
	}
}

// Files that were opened are closed: each at its end, the rest by Close, and
// also if a later one cannot be opened.
func TestFilesAreClosed(t *testing.T) {
	t.Parallel()
	if _, err := os.ReadDir("/proc/self/fd"); err != nil {
		t.Skip("no /proc to look at")
	}
	dir := t.TempDir()
	f := form.New()
	for i := range 5 {
		path := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		f.File("a", path)
	}
	body := open(t, f)
	if n := openIn(t, dir); n != 5 {
		t.Errorf("%d files are open, want 5", n)
	}
	if _, err := io.ReadAll(body); err != nil {
		t.Fatal(err)
	}
	if n := openIn(t, dir); n != 0 {
		t.Errorf("%d files are open at the end", n)
	}
	body.Close()

	body = open(t, f)
	body.Close()
	if n := openIn(t, dir); n != 0 {
		t.Errorf("%d files are open after Close", n)
	}
	if _, err := f.File("b", filepath.Join(dir, "none")).Open(); err == nil {
		t.Error("a missing file was opened")
	}
	if n := openIn(t, dir); n != 0 {
		t.Errorf("%d files are open after a failure", n)
	}
}

func openIn(t *testing.T, dir string) (n int) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if target, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(target, dir) {
			n++
		}
	}
	return n
}

// A device has no size, and is sent once.
func TestDevice(t *testing.T) {
	t.Parallel()
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Skip("no null device")
	}
	f := form.New().File("a", os.DevNull)
	if n, err := f.Length(); n != -1 || err != nil || f.Replayable() {
		t.Errorf("length %d, %v, replayable %v", n, err, f.Replayable())
	}
	send(t, f)
	if _, err := f.Open(); !errors.Is(err, errors.ErrBodyNotReplayable) {
		t.Errorf("opened again: %v", err)
	}
}
