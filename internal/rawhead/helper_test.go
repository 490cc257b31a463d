package rawhead_test

import (
	stderrors "errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/rawhead"
)

// ok is the status line of most vectors.
const ok = "HTTP/1.1 200 OK\r\n"

// outcome is all that a scanner tells, as text, so that outcomes compare.
func outcome(s *rawhead.Scanner, err error) string {
	var b strings.Builder
	fmt.Fprintf(&b, "error %v, done %v, interim %d", err, s.Done(), s.Interim())
	for _, f := range s.Fields() {
		fmt.Fprintf(&b, "\n%q: %q", f.Name, f.Value)
	}
	return b.String()
}

// scan feeds a new scanner with the pieces, and overwrites each afterwards as the
// owner of the buffer may.
func scan(l rawhead.Limits, pieces ...string) (*rawhead.Scanner, error) {
	s := new(rawhead.Scanner)
	s.Reset(l)
	for _, p := range pieces {
		b := []byte(p)
		err := s.Feed(b)
		for i := range b {
			b[i] = '#'
		}
		if err != nil {
			return s, err
		}
	}
	return s, nil
}

// scanBytes feeds byte by byte and returns how many were taken without an error.
func scanBytes(l rawhead.Limits, head string) (s *rawhead.Scanner, n int, err error) {
	s = new(rawhead.Scanner)
	s.Reset(l)
	for n = range len(head) {
		if err = s.Feed([]byte{head[n]}); err != nil {
			return s, n, err
		}
	}
	return s, len(head), nil
}

// scanAll feeds the head whole, by bytes and in two pieces cut at every place, in
// pieces of three bytes too, and fails the test unless the outcome is the same.
func scanAll(t *testing.T, l rawhead.Limits, head string) (*rawhead.Scanner, error) {
	t.Helper()
	s, err := scan(l, head)
	want := outcome(s, err)
	check := func(how string, s *rawhead.Scanner, err error) {
		t.Helper()
		if got := outcome(s, err); got != want {
			t.Fatalf("%s: got %s\nwant as whole: %s\nhead %q", how, got, want, head)
		}
	}
	each, _, eachErr := scanBytes(l, head)
	check("by bytes", each, eachErr)
	for i := range head {
		two, twoErr := scan(l, head[:i], head[i:])
		check(fmt.Sprintf("cut at %d", i), two, twoErr)
	}
	var threes []string
	for rest := head; rest != ""; {
		n := min(3, len(rest))
		threes, rest = append(threes, rest[:n]), rest[n:]
	}
	three, threeErr := scan(l, threes...)
	check("by threes", three, threeErr)
	return s, err
}

// reason returns the rule that was broken, or "".
func reason(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *rawhead.Error
	if !stderrors.As(err, &e) {
		t.Fatalf("error of type %T, want *rawhead.Error", err)
	}
	return e.Reason
}
