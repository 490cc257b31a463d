package form_test

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/form"
)

var errBroken = errors.New("broken")

func TestReaders(t *testing.T) {
	t.Parallel()
	moved := func(r io.ReadSeeker, n int64) io.ReadSeeker {
		if _, err := r.Seek(n, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		return r
	}
	tests := []struct {
		name       string
		f          *form.Form
		value      string
		known      bool
		replayable bool
	}{
		{"seeker", form.New().Reader("a", strings.NewReader("hello")), "hello", true, true},
		{"seeker, moved", form.New().Reader("a", moved(strings.NewReader("hello"), 2)), "llo", true, true},
		{"seeker beyond its end", form.New().Reader("a", moved(strings.NewReader("hello"), 9)), "", true, true},
		{"seeker with a size", form.New().Reader("a", moved(strings.NewReader("hello"), 1), form.Size(3)), "ell", true, true},
		{"buffer", form.New().Reader("a", bytes.NewBufferString("hello")), "hello", true, true},
		{"buffer with a size", form.New().Reader("a", bytes.NewBufferString("hello"), form.Size(2)), "he", true, true},
		{"file", form.New().OSFile("a", osFile(t, "hello")), "hello", true, true},
		{"file, moved", form.New().Reader("a", moved(osFile(t, "hello"), 2)), "llo", true, true},
		{"file beyond its end", form.New().Reader("a", moved(osFile(t, "hello"), 9)), "", true, true},
		{"file with a size", form.New().OSFile("a", osFile(t, "hello"), form.Size(3)), "hel", true, true},
		{"stream", form.New().Reader("a", once("hello")), "hello", false, false},
		{"stream with a size", form.New().Reader("a", once("hello"), form.Size(5)), "hello", true, false},
		{"stream with a smaller size", form.New().Reader("a", once("hello"), form.Size(4)), "hell", true, false},
		{"stream of nothing", form.New().Reader("a", once(""), form.Size(0)), "", true, false},
		{"seeker that cannot", form.New().Reader("a", noSeek{strings.NewReader("hello")}), "hello", false, false},
		{"a byte at a time", form.New().Reader("a", iotest.OneByteReader(once("hello"))), "hello", false, false},
		{"data with its EOF", form.New().Reader("a", iotest.DataErrReader(once("hello")), form.Size(5)), "hello", true, false},
		{"half of what is asked for", form.New().Reader("a", iotest.HalfReader(once("hello"))), "hello", false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.f.Replayable(); got != tt.replayable {
				t.Errorf("replayable is %v, want %v", got, tt.replayable)
			}
			if n, err := tt.f.Length(); (n >= 0) != tt.known || err != nil {
				t.Errorf("length is %d, %v; want it known: %v", n, err, tt.known)
			}
			data := send(t, tt.f)
			if want := "\r\n\r\n" + tt.value + "\r\n--"; !strings.Contains(data, want) {
				t.Errorf("got %q, want %q", data, want)
			}
			checkAgain(t, tt.f, data, tt.replayable)
		})
	}
}

// checkAgain opens a form that was read before.
func checkAgain(t *testing.T, f *form.Form, data string, replayable bool) {
	t.Helper()
	if replayable {
		if again := send(t, f); again != data {
			t.Errorf("then %q, first %q", again, data)
		}
		return
	}
	body, err := f.Open()
	if _, ok := errors.AsType[*errors.BodyNotReplayableError](err); !ok || body != nil {
		t.Errorf("opened again: %v, %v", body, err)
	}
	if !errors.Is(err, errors.ErrBodyNotReplayable) || !strings.Contains(err.Error(), `form part "a"`) {
		t.Errorf("got %v, want it to name the part", err)
	}
}

// noSeek is a Seeker by its methods only, as the end of a pipe is.
type noSeek struct{ io.Reader }

func (noSeek) Seek(int64, int) (int64, error) { return 0, errBroken }

// halfSeek knows where it is and can go nowhere.
type halfSeek struct{ io.Reader }

func (halfSeek) Seek(_ int64, whence int) (int64, error) {
	if whence == io.SeekCurrent {
		return 0, nil
	}
	return 0, errBroken
}

func TestReadersRefused(t *testing.T) {
	t.Parallel()
	closed := osFile(t, "x")
	closed.Close()
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	tests := []struct {
		name   string
		f      source
		reason string
	}{
		{"nil reader", form.New().Reader("a", nil), "nil reader"},
		{"nil file", form.New().OSFile("a", nil), "nil reader"},
		{"nil file in a reader", form.New().Reader("a", (*os.File)(nil)), "nil file"},
		{"closed file", form.New().OSFile("a", closed), "file cannot be read"},
		{"directory", form.New().OSFile("a", dir), "file is a directory"},
		{"seeker that breaks", form.New().Reader("a", halfSeek{once("")}), "cannot seek"},
		{"negative size", form.New().Reader("a", once(""), form.Size(-1)), "negative size"},
		{"size of bytes", form.New().Bytes("a", nil, form.Size(0)), "Size is for readers"},
		{"size of a path", form.New().File("a", "x", form.Size(0)), "Size is for readers"},
		{"nil reader in a multipart", form.NewMultipart("").Reader(nil), "multipart part 1: nil reader"},
		{"nil file in a multipart", form.NewMultipart("").Text("").OSFile(nil), "multipart part 2: nil reader"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			refused(t, tt.f, tt.reason)
		})
	}
}

// A file that its owner closed too early is told before anything is sent.
func TestFileClosedBeforeOpen(t *testing.T) {
	t.Parallel()
	file := osFile(t, "x")
	f := form.New().OSFile("a", file)
	file.Close()
	_, err := f.Length()
	checkInvalid(t, "length", err, "file cannot be read")
	_, err = f.Open()
	checkInvalid(t, "open", err, "file cannot be read")
	if !errors.Is(err, os.ErrClosed) {
		t.Errorf("the cause is lost: %v", err)
	}
}

// lateSeek breaks once it is to go back.
type lateSeek struct {
	*strings.Reader
	broken *bool
}

func (l lateSeek) Seek(offset int64, whence int) (int64, error) {
	if *l.broken {
		return 0, errBroken
	}
	return l.Reader.Seek(offset, whence)
}

func TestSeekFailsAtOpen(t *testing.T) {
	t.Parallel()
	broken := false
	f := form.New().Reader("a", lateSeek{strings.NewReader("x"), &broken})
	broken = true
	_, err := f.Open()
	checkInvalid(t, "open", err, "cannot seek: broken")
	if !errors.Is(err, errBroken) {
		t.Errorf("the cause is lost: %v", err)
	}
}

func TestReaderFails(t *testing.T) {
	t.Parallel()
	f := func() *form.Form {
		return form.New().Reader("a", io.MultiReader(once("hel"), iotest.ErrReader(errBroken)), form.Size(5))
	}
	body := open(t, f())
	data, err := io.ReadAll(body)
	if !errors.Is(err, errBroken) || err.Error() != `form part "a": read: broken` {
		t.Errorf("got %v", err)
	}
	if !strings.HasSuffix(string(data), "hel") {
		t.Errorf("got %q, want it to end where the reader broke", data)
	}
	if _, again := body.Read(make([]byte, 1)); again != err {
		t.Errorf("then %v, want the same", again)
	}
	n, err := open(t, f()).(io.WriterTo).WriteTo(io.Discard)
	if !errors.Is(err, errBroken) || n != int64(len(data)) {
		t.Errorf("WriteTo: %d, %v", n, err)
	}
}

// A reader that was given is not closed, and what follows its size is not read:
// it may be a connection that has more to say.
func TestReaderStaysItsOwners(t *testing.T) {
	t.Parallel()
	r := &tracked{Reader: strings.NewReader("hello, world")}
	if got := send(t, form.New().Reader("a", r, form.Size(5))); !strings.Contains(got, "\r\n\r\nhello\r\n") {
		t.Errorf("got %q", got)
	}
	if rest, _ := io.ReadAll(r.Reader); string(rest) != ", world" {
		t.Errorf("left are %q", rest)
	}
	f := osFile(t, "hello")
	send(t, form.New().OSFile("a", f))
	if at, err := f.Seek(0, io.SeekCurrent); at != 0 || err != nil {
		t.Errorf("the file is at %d, %v", at, err)
	}
	b := bytes.NewBufferString("hello")
	send(t, form.New().Reader("a", b))
	if b.String() != "hello" || r.closed {
		t.Errorf("the buffer has %q, the reader is closed: %v", b, r.closed)
	}
}

type tracked struct {
	io.Reader
	closed bool
}

func (t *tracked) Close() error {
	t.closed = true
	return nil
}

// A missing file does not use up what can be read once.
func TestFailedOpenKeepsTheStream(t *testing.T) {
	t.Parallel()
	path := file(t, "a", "1")
	f := form.New().Reader("r", once("stream")).File("f", path)
	if err := os.Rename(path, path+"x"); err != nil {
		t.Fatal(err)
	}
	_, err := f.Open()
	checkInvalid(t, "open", err, "file cannot be read")
	if err := os.Rename(path+"x", path); err != nil {
		t.Fatal(err)
	}
	if got := send(t, f); !strings.Contains(got, "\r\n\r\nstream\r\n") {
		t.Errorf("got %q", got)
	}
}

func TestPipe(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := w.WriteString("piped"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	f := form.New().OSFile("a", r, form.FileName("p"))
	if n, err := f.Length(); n != -1 || err != nil || f.Replayable() {
		t.Errorf("length %d, %v, replayable %v", n, err, f.Replayable())
	}
	if got := send(t, f); !strings.Contains(got, "\r\n\r\npiped\r\n") {
		t.Errorf("got %q", got)
	}
}
