package rawhead_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/rawhead"
)

func TestFields(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, head, want string }{
		{"none", ok + "\r\n", ""},
		{
			"order and case", ok + "b: 1\r\nA: 2\r\nsEt-cOOkie: x\r\nB: 3\r\n\r\nbody: x\r\n",
			`"b": "1"|"A": "2"|"sEt-cOOkie": "x"|"B": "3"`,
		},
		{"blanks", ok + "A:b\r\nC:  d \t\r\nE:\r\nF: \t \r\n\r\n", `"A": "b"|"C": "d"|"E": ""|"F": ""`},
		{"bytes", ok + "A: \xff\xc3\xbc\t\x80\r\n\r\n", `"A": "\xffü\t\x80"`},
		{
			"folds", ok + "A: b \r\n  c\r\n\td \r\nE: f\r\n \r\nG:\r\n h\r\n\r\n",
			`"A": "b   c\td"|"E": "f"|"G": "h"`,
		},
		{"framing", ok + "CONTENT-length: 007 \r\nA: b\r\n\r\n", `"CONTENT-length": "007"|"A": "b"`},
		{"coding", ok + "transfer-encoding:Chunked\r\n\r\n", `"transfer-encoding": "Chunked"`},
		{"final head only", "HTTP/1.1 103 x\r\nLink: y\r\nA: b\r\n\r\n" + ok + "C: d\r\n\r\n", `"C": "d"`},
		{"switch", "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n", `"Upgrade": "websocket"`},
		{"not done", ok + "A: b\r\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, lenient := range []bool{false, true} {
				s, err := scanAll(t, rawhead.Limits{Keep: true, Lenient: lenient}, tt.head)
				if err != nil {
					t.Fatal(err)
				}
				if got := list(s.Fields()); got != tt.want {
					t.Errorf("lenient %v: got %s, want %s", lenient, got, tt.want)
				}
			}
		})
	}
}

func list(fields []rawhead.Field) string {
	texts := make([]string, 0, len(fields))
	for _, f := range fields {
		texts = append(texts, fmt.Sprintf("%q: %q", f.Name, f.Value))
	}
	return strings.Join(texts, "|")
}

// TestFieldsMany: fields that were kept before the memory grew stay as they were.
func TestFieldsMany(t *testing.T) {
	t.Parallel()
	var head strings.Builder
	head.WriteString(ok)
	want := make([]string, 0, 200)
	for i := range 200 {
		value := strings.Repeat("v", i)
		fmt.Fprintf(&head, "N%d: %s\r\n", i, value)
		want = append(want, fmt.Sprintf("%q: %q", fmt.Sprint("N", i), value))
	}
	head.WriteString("\r\n")
	whole, err := scan(rawhead.Limits{Keep: true}, head.String())
	if err != nil {
		t.Fatal(err)
	}
	each, _, err := scanBytes(rawhead.Limits{Keep: true}, head.String())
	if err != nil {
		t.Fatal(err)
	}
	if got := list(whole.Fields()); got != strings.Join(want, "|") {
		t.Errorf("got %s", got)
	}
	if list(each.Fields()) != list(whole.Fields()) {
		t.Errorf("by bytes: got %s", list(each.Fields()))
	}
}

// TestFieldsOwned: the caller's fields outlive Reset, and appending to one harms no
// other.
func TestFieldsOwned(t *testing.T) {
	t.Parallel()
	l := rawhead.Limits{Keep: true}
	s, err := scan(l, ok+"A: b\r\nC: d\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	fields := s.Fields()
	s.Reset(l)
	if err := s.Feed([]byte(ok + "X: y\r\nZ: z\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	_ = append(fields[0].Name, "!!!!"...)
	_ = append(fields[0].Value, "!!!!"...)
	if got, want := list(fields), `"A": "b"|"C": "d"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := list(s.Fields()), `"X": "y"|"Z": "z"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
