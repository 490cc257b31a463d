package reqbody_test

import (
	"bytes"
	stderrors "errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector/internal/reqbody"
)

type counted struct {
	io.Reader
	closed int
}

func (c *counted) Close() error { c.closed++; return nil }

func newRequest(t *testing.T, body io.Reader, length int64) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://host/", body)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = length
	return req
}

// What can block is told from what cannot, and only from its exact type.
func TestKinds(t *testing.T) {
	t.Parallel()
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer r.Close()
	for _, tt := range []struct {
		name                      string
		body                      io.Reader
		present, memory, mayBlock bool
	}{
		{"none", nil, false, false, false},
		{"NoBody", http.NoBody, false, false, false},
		{"string", strings.NewReader("x"), true, true, false},
		{"bytes", bytes.NewReader([]byte("x")), true, true, false},
		{"buffer", bytes.NewBufferString("x"), true, true, false},
		{"file", file, true, false, false},
		{"pipe of the system", r, true, false, true},
		{"in a struct", struct{ *strings.Reader }{strings.NewReader("x")}, true, false, true},
	} {
		b := reqbody.New(newRequest(t, tt.body, -1))
		if b.Present() != tt.present || b.InMemory() != tt.memory || b.MayBlock() != tt.mayBlock {
			t.Errorf("%s: got present %v, memory %v, may block %v", tt.name, b.Present(), b.InMemory(), b.MayBlock())
		}
	}
}

// A body gives no more than was announced, its last byte not before its end, and remembers
// what was wrong.
func TestLength(t *testing.T) {
	t.Parallel()
	errMine := stderrors.New("mine")
	for _, tt := range []struct {
		name   string
		body   io.Reader
		length int64
		got    string
		more   bool // than announced
		short  bool
		err    error
	}{
		{name: "exact", body: strings.NewReader("abc"), length: 3, got: "abc"},
		{name: "byte by byte", body: oneByOne{strings.NewReader("abc")}, length: 3, got: "abc"},
		{name: "unknown", body: strings.NewReader("abc"), length: -1, got: "abc"},
		{name: "short", body: strings.NewReader("ab"), length: 3, got: "ab", short: true},
		{name: "long", body: strings.NewReader("abcd"), length: 3, got: "ab", more: true},
		{name: "long, byte by byte", body: oneByOne{strings.NewReader("abcd")}, length: 3, got: "ab", more: true},
		{name: "fails behind its end", body: io.MultiReader(strings.NewReader("abc"), fails{errMine}), length: 3, got: "ab", err: errMine},
		{name: "fails", body: io.MultiReader(strings.NewReader("ab"), fails{errMine}), length: 3, got: "ab", err: errMine},
	} {
		src := &counted{Reader: tt.body}
		b := reqbody.New(newRequest(t, src, tt.length))
		got, err := io.ReadAll(b.ForWire())
		bad, ok := stderrors.AsType[*reqbody.LengthError](err)
		if string(got) != tt.got || tt.more != (ok && bad.More) || tt.short != (ok && !bad.More) || !ok && !stderrors.Is(err, tt.err) {
			t.Errorf("%s: got %q, %v", tt.name, got, err)
		}
		if b.Sent() != (err == nil) || (b.Err() == nil) != (err == nil) {
			t.Errorf("%s: sent %v, %v", tt.name, b.Sent(), b.Err())
		}
		for range 3 {
			b.Close()
		}
		if src.closed != 1 {
			t.Errorf("%s: closed %d times", tt.name, src.closed)
		}
	}
}

type oneByOne struct{ r io.Reader }

func (o oneByOne) Read(p []byte) (int, error) { return o.r.Read(p[:min(len(p), 1)]) }

type fails struct{ err error }

func (f fails) Read([]byte) (int, error) { return 0, f.err }

// What Hold says comes before the body, which is not touched if that is an error.
func TestHold(t *testing.T) {
	t.Parallel()
	errRefused := stderrors.New("refused")
	src := &counted{Reader: strings.NewReader("abc")}
	b := reqbody.New(newRequest(t, src, 3))
	asked := 0
	b.Wrap(3).Hold = func(<-chan struct{}) error { asked++; return errRefused }
	for range 2 {
		if n, err := b.ForWire().Read(make([]byte, 3)); n != 0 || !stderrors.Is(err, errRefused) {
			t.Errorf("got %d, %v", n, err)
		}
	}
	b.Blocking().Hold = func(closed <-chan struct{}) error { <-closed; return errRefused }
	b.Close()
	if _, err := b.ForWire().Read(make([]byte, 3)); !stderrors.Is(err, errRefused) || asked != 2 {
		t.Errorf("got %v, asked %d times", err, asked)
	}
	if left, _ := io.ReadAll(src.Reader); string(left) != "abc" {
		t.Errorf("%q is left of the body", left)
	}
}

// A body is replaced by what GetBody gives, and then closed; one that cannot be replaced
// stays.
func TestRewind(t *testing.T) {
	t.Parallel()
	src := &counted{Reader: strings.NewReader("abc")}
	req := newRequest(t, src, 3)
	b := reqbody.New(req)
	if b.Rewind(req) || src.closed != 0 {
		t.Errorf("without GetBody: closed %d times", src.closed)
	}
	req.GetBody = func() (io.ReadCloser, error) { return nil, io.ErrUnexpectedEOF }
	if b.Rewind(req) || src.closed != 0 {
		t.Errorf("with one that fails: closed %d times", src.closed)
	}
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("new")), nil }
	if !b.Rewind(req) || src.closed != 1 || !b.InMemory() {
		t.Errorf("closed %d times, in memory %v", src.closed, b.InMemory())
	}
	if got, _ := io.ReadAll(b.ForWire()); string(got) != "new" {
		t.Errorf("got %q", got)
	}
}
