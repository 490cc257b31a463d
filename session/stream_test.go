package session_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// bodyOf is a response with a body of the test's.
func bodyOf(t *testing.T, body io.Reader) (resp *session.Response, closed *bool) {
	t.Helper()
	closed = new(bool)
	s := newSession(t, session.Config{Transport: middleware.Func(func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusOK, Status: "200 OK", Header: http.Header{}, ContentLength: -1, Body: &noted{body, closed},
		}, nil
	})})
	resp, err := s.Get(t.Context(), "http://mock.example/")
	if err != nil {
		t.Fatal(err)
	}
	return resp, closed
}

type noted struct {
	io.Reader
	closed *bool
}

func (n *noted) Close() error {
	*n.closed = true
	return nil
}

// readers deliver the same bytes in different pieces.
func readers(s string) map[string]io.Reader {
	return map[string]io.Reader{
		"at once": strings.NewReader(s), "by bytes": iotest.OneByteReader(strings.NewReader(s)),
		"by halves": iotest.HalfReader(strings.NewReader(s)), "with the end": iotest.DataErrReader(strings.NewReader(s)),
	}
}

func TestStreamPieces(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("0123456789", 5000) + "\nline\r\n\nlast"
	for name, r := range readers(text) {
		resp, _ := bodyOf(t, r)
		c := resp.Content()
		if got, err := c.ReadExactly(4); err != nil || string(got) != "0123" {
			t.Errorf("%s: ReadExactly: %q, %v", name, got, err)
		}
		if got, err := c.ReadExactly(0); err != nil || len(got) != 0 {
			t.Errorf("%s: ReadExactly(0): %q, %v", name, got, err)
		}
		if got, err := c.ReadUntil([]byte("78"), 100); err != nil || string(got) != "45678" {
			t.Errorf("%s: ReadUntil: %q, %v", name, got, err)
		}
		one := make([]byte, 1)
		if _, err := io.ReadFull(c, one); err != nil || one[0] != '9' {
			t.Errorf("%s: Read: %q, %v", name, one, err)
		}
		if got, err := c.ReadLine(); err != nil || len(got) != 49_991 {
			t.Errorf("%s: ReadLine: %d bytes, %v", name, len(got), err)
		}
		for _, want := range []string{"line\r\n", "\n", "last"} {
			if got, err := c.ReadLine(); err != nil || string(got) != want {
				t.Errorf("%s: ReadLine: %q, %v, want %q", name, got, err, want)
			}
		}
		if got, err := c.ReadLine(); err != io.EOF || got != nil || !c.AtEOF() {
			t.Errorf("%s: at the end: %q, %v", name, got, err)
		}
		if got, err := c.ReadAny(); err != io.EOF || got != nil {
			t.Errorf("%s: at the end: %q, %v", name, got, err)
		}
		if got := c.TotalBytes(); got != int64(len(text)) {
			t.Errorf("%s: %d bytes in total, want %d", name, got, len(text))
		}
	}
}

func TestStreamIterators(t *testing.T) {
	t.Parallel()
	for name, r := range readers("one\ntwo\r\n\r\nthree") {
		resp, _ := bodyOf(t, r)
		var lines []string
		for line, err := range resp.Content().Lines() {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			lines = append(lines, line)
		}
		if want := []string{"one", "two", "", "three"}; !slices.Equal(lines, want) {
			t.Errorf("%s: got %q, want %q", name, lines, want)
		}
	}
	text := strings.Repeat("abcdefg", 10_000)
	for name, r := range readers(text) {
		resp, _ := bodyOf(t, r)
		var got bytes.Buffer
		for piece, err := range resp.Content().Chunks(999) {
			if err != nil || len(piece) != 999 && got.Len()+len(piece) != len(text) {
				t.Errorf("%s: a piece of %d after %d, %v", name, len(piece), got.Len(), err)
			}
			got.Write(piece)
		}
		if got.String() != text {
			t.Errorf("%s: Chunks gave %d bytes", name, got.Len())
		}
	}
	for name, r := range readers(text) {
		resp, _ := bodyOf(t, r)
		var got bytes.Buffer
		for piece, err := range resp.Content().Any() {
			if err != nil || len(piece) == 0 {
				t.Errorf("%s: a piece of %d, %v", name, len(piece), err)
			}
			got.Write(piece)
		}
		if got.String() != text {
			t.Errorf("%s: Any gave %d bytes", name, got.Len())
		}
	}
	resp, _ := bodyOf(t, strings.NewReader(text))
	c := resp.Content()
	if _, err := c.ReadUntil([]byte("c"), 10); err != nil {
		t.Fatal(err)
	}
	var rest bytes.Buffer
	if n, err := c.WriteTo(&rest); err != nil || n != int64(len(text)-3) || rest.String() != text[3:] {
		t.Errorf("WriteTo: %d bytes, %v", n, err)
	}
}

// TestStreamBreak: a loop that is left closes the body.
func TestStreamBreak(t *testing.T) {
	t.Parallel()
	for name, loop := range map[string]func(*session.StreamReader){
		"Lines":  func(c *session.StreamReader) { first(c.Lines()) },
		"Chunks": func(c *session.StreamReader) { first(c.Chunks(2)) },
		"Any":    func(c *session.StreamReader) { first(c.Any()) },
	} {
		resp, closed := bodyOf(t, iotest.OneByteReader(strings.NewReader("a\nb\nc\n")))
		loop(resp.Content())
		if !*closed {
			t.Errorf("%s: the body is open", name)
		}
		if _, err := resp.Content().ReadLine(); !errors.Is(err, errors.ErrConnectionClosed) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func first[V any](seq func(func(V, error) bool)) {
	seq(func(V, error) bool { return false })
}

func TestStreamErrors(t *testing.T) {
	t.Parallel()
	mine := errors.New("mine")
	resp, _ := bodyOf(t, io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(mine)))
	var got []string
	for line, err := range resp.Content().Lines() {
		got = append(got, fmt.Sprint(line, err != nil, errors.Is(err, mine)))
	}
	if want := []string{"afalse false", "true true"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	resp, _ = bodyOf(t, strings.NewReader("short"))
	var inc *errors.IncompleteReadError
	if _, err := resp.Content().ReadExactly(10); !errors.As(err, &inc) || string(inc.Partial) != "short" || inc.Expected != 10 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %#v", inc)
	}
	for name, call := range map[string]func(*session.StreamReader) error{
		"negative length": func(c *session.StreamReader) error { _, err := c.ReadExactly(-1); return err },
		"empty separator": func(c *session.StreamReader) error { _, err := c.ReadUntil(nil, 5); return err },
		"pieces of nought": func(c *session.StreamReader) (err error) {
			for _, err = range c.Chunks(0) {
			}
			return err
		},
	} {
		resp, _ := bodyOf(t, strings.NewReader("text"))
		if err := call(resp.Content()); !errors.Is(err, errors.ErrInvalidRequest) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for name, r := range readers(strings.Repeat("x", 2<<20) + "\n") {
		if name == "by bytes" {
			continue // two million reads show nothing new
		}
		resp, _ := bodyOf(t, r)
		if _, err := resp.Content().ReadLine(); !errors.Is(err, errors.ErrBodyTooLarge) {
			t.Errorf("%s: an endless line: got %v", name, err)
		}
		resp, _ = bodyOf(t, strings.NewReader("12345;"))
		if _, err := resp.Content().ReadUntil([]byte(";"), 5); !errors.Is(err, errors.ErrBodyTooLarge) {
			t.Errorf("a separator behind the limit: got %v", err)
		}
	}
	resp, _ = bodyOf(t, readFunc(func([]byte) (int, error) { return 0, nil }))
	if _, err := resp.Content().ReadAny(); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that gives nothing: got %v", err)
	}
}

// FuzzReadUntil compares with a split of the whole.
func FuzzReadUntil(f *testing.F) {
	f.Add("a\nb\n", "\n", uint8(3))
	f.Add("ababab", "ba", uint8(1))
	f.Add("", "x", uint8(0))
	f.Fuzz(func(t *testing.T, text, sep string, size uint8) {
		if sep == "" {
			return
		}
		at := 0
		resp, _ := bodyOf(t, readFunc(func(p []byte) (int, error) {
			if at == len(text) {
				return 0, io.EOF
			}
			n := copy(p[:min(len(p), int(size)+1)], text[at:])
			at += n
			return n, nil
		}))
		var got []string
		for {
			piece, err := resp.Content().ReadUntil([]byte(sep), 0)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(piece))
		}
		want := strings.SplitAfter(text, sep)
		if n := len(want); want[n-1] == "" {
			want = want[:n-1]
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
