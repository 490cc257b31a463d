package rawhead_test

import (
	stderrors "errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/rawhead"
)

// TestLimits has heads right at a limit, which pass, and a byte or a field over it.
func TestLimits(t *testing.T) {
	t.Parallel()
	const n = 40
	line, field := rawhead.Limits{MaxLine: n}, rawhead.Limits{MaxField: n}
	long := func(n int) string { return strings.Repeat("v", n) }
	tests := []struct {
		name       string
		limits     rawhead.Limits
		head, rest string // around what is at the limit
		over       string // what is over it
		reason     string
	}{
		{"status line", line, "HTTP/1.1 200 " + long(n-13), "\r\n\r\n", "v", "status line too long"},
		{"status line, bare LF", line, "HTTP/1.1 200 " + long(n-13), "\n\n", "v", "status line too long"},
		{
			"status line of spaces", line, "HTTP/1.1" + strings.Repeat(" ", n-11), "200\r\n\r\n", " ",
			"status line too long",
		},
		{
			"interim status line", line, "HTTP/1.1 103 " + long(n-13), "\r\n\r\n" + ok + "\r\n", "v",
			"status line too long",
		},
		{
			"second status line", line, "HTTP/1.1 100 x\r\n\r\nHTTP/1.1 200 " + long(n-13), "\r\n\r\n", "v",
			"status line too long",
		},
		{"value", field, ok + "Abc: " + long(n-3), "\r\n\r\n", "v", "header field too long"},
		{"value, bare LF", field, ok + "Abc: " + long(n-3), "\n\n", "v", "header field too long"},
		{"value without a blank", field, ok + "Abc:" + long(n-3), "\r\n\r\n", "v", "header field too long"},
		{"blanks", field, ok + "Abc: " + strings.Repeat(" ", n-3), "\r\n\r\n", "\t", "header field too long"},
		{"name", field, ok + long(n), ":\r\n\r\n", "v", "header field too long"},
		{"name, free blank", field, ok + long(n) + ": ", "\r\n\r\n", " ", "header field too long"},
		{"fold", field, ok + "A: b\r\n " + long(n-4) + "\r\n ", "\r\n\r\n", "v", "header field too long"},
		{
			"fold of blanks", field, ok + "A:\r\n" + strings.Repeat(" ", n-1), "\r\n\r\n", " ",
			"header field too long",
		},
		{"second field", field, ok + "A: b\r\nAbc: " + long(n-3), "\r\n\r\n", "v", "header field too long"},
		{
			"length", field, ok + "Content-Length: " + strings.Repeat("0", n-14), "\r\n\r\n", "1",
			"header field too long",
		},
		{
			"coding", field, ok + "Transfer-Encoding: chunked" + strings.Repeat(" ", n-24), "\r\n\r\n", " ",
			"header field too long",
		},
		{
			"interim field", field, "HTTP/1.1 103 x\r\nAbc: " + long(n-3), "\r\n\r\n" + ok + "\r\n", "v",
			"header field too long",
		},
		{
			"fields",
			rawhead.Limits{MaxHeaders: n},
			ok + strings.Repeat("A: b\r\n", n), "\r\n", "A: b\r\n",
			"too many header fields",
		},
		{
			"fields with folds",
			rawhead.Limits{MaxHeaders: 2},
			ok + "A: b\r\n c\r\nA: b\r\n c\r\n d\r\n", "\r\n",
			"A: b\r\n", "too many header fields",
		},
		{"fields of each head", rawhead.Limits{MaxHeaders: 2}, "HTTP/1.1 103 x\r\nA: b\r\nA: b\r\n\r\n" + ok +
			"A: b\r\nA: b\r\n", "\r\n", "A: b\r\n", "too many header fields"},
		{
			"interim fields",
			rawhead.Limits{MaxHeaders: 2},
			"HTTP/1.1 103 x\r\nA: b\r\nA: b\r\n",
			"\r\n" + ok + "\r\n", "A: b\r\n", "too many header fields",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, lenient := range []bool{false, true} {
				l := tt.limits
				l.Lenient = lenient
				if s, err := scanAll(t, l, tt.head+tt.rest); err != nil || !s.Done() {
					t.Errorf("at the limit: got %s", outcome(s, err))
				}
				_, err := scanAll(t, l, tt.head+tt.over+tt.rest)
				if got := reason(t, err); got != tt.reason {
					t.Errorf("over the limit: got %q, want %q", got, tt.reason)
				}
				var e *rawhead.Error
				if want := l.MaxLine + l.MaxField + l.MaxHeaders; stderrors.As(err, &e) && e.Limit != want {
					t.Errorf("got limit %d, want %d", e.Limit, want)
				}
				// Without the limit there is none.
				off := rawhead.Limits{MaxLine: -1, MaxField: 0, MaxHeaders: -5, Lenient: lenient}
				if s, err := scan(off, tt.head+tt.over+tt.rest); err != nil || !s.Done() {
					t.Errorf("no limit: got %s", outcome(s, err))
				}
			}
		})
	}
}

// TestLimitBeforeEnd: a line that never ends is refused with its first byte over the
// limit, so that no peer can keep a reader busy for ever.
func TestLimitBeforeEnd(t *testing.T) {
	t.Parallel()
	l := rawhead.Limits{MaxLine: 100, MaxField: 100, MaxHeaders: 2}
	for start, free := range map[string]int{
		"HTTP/1.1 200 ": 13, "HTTP/1.1": 8, ok: 0, ok + "A:": 1, ok + "A: ": 1, ok + "A: b\r\n ": 3,
		ok + "Content-Length: ": 14, ok + "Content-Length: 0\r\n ": 16,
	} {
		fill := " "
		if start == ok {
			fill = "A"
		}
		want := len(start) + 100 - free
		if strings.HasSuffix(start, "A:") {
			want++ // the free blank
		}
		_, n, err := scanBytes(l, start+strings.Repeat(fill, 200))
		if err == nil || n != want {
			t.Errorf("%q: got %v at byte %d, want an error at %d", start, err, n, want)
		}
	}
}

// TestFirstRule: of two rules the one that is broken first is reported, however the
// bytes come.
func TestFirstRule(t *testing.T) {
	t.Parallel()
	l := rawhead.Limits{MaxLine: 20, MaxField: 20, MaxHeaders: 2}
	tests := []struct{ name, head, reason string }{
		{"control before the limit", ok + "A: bb\x00" + strings.Repeat("b", 30), ctlValue},
		{"limit before a control", ok + "A: " + strings.Repeat("b", 30) + "\x00", "header field too long"},
		{"both at one byte", ok + "A: " + strings.Repeat("b", 19) + "\x00", ctlValue},
		{"CR at the limit", ok + "A: " + strings.Repeat("b", 19) + "\rb", ctlValue},
		{"limit before a bad name", ok + strings.Repeat("A", 21) + "[: b\r\n", "header field too long"},
		{"bad name at the limit", ok + strings.Repeat("A", 20) + "[: b\r\n", badName},
		{"limit before a control, status", ok[:15] + strings.Repeat("b", 30) + "\x00", "status line too long"},
		{"status at the limit", "HTTP/1.1" + strings.Repeat(" ", 12) + "x", badLine},
		{"too many before a bad name", ok + "A: b\r\nA: b\r\n[: b\r\n", "too many header fields"},
		{"no length before too many", ok + "A: b\r\nContent-Length:\r\nA: b\r\n", badCL},
		{"name before value", ok + "A : \x00\r\n", blank},
		{"digits before the limit", ok + "Content-Length: x" + strings.Repeat("1", 30), badCL},
		{"limit before a letter", ok + "Content-Length: 000001x\r\n\r\n", badCL},
	}
	for _, tt := range tests {
		_, err := scanAll(t, l, tt.head+"\r\n\r\n")
		if got := reason(t, err); got != tt.reason {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.reason)
		}
	}
}

// TestDefaults has the limits that a session sets, at their boundaries.
func TestDefaults(t *testing.T) {
	t.Parallel()
	for over, want := range []string{"", "header field too long"} {
		_, err := scan(usual, ok+"Name: "+strings.Repeat("v", 8190-4+over)+"\r\n\r\n")
		if got := reason(t, err); got != want {
			t.Errorf("field %d over: got %q, want %q", over, got, want)
		}
	}
	for over, want := range []string{"", "too many header fields"} {
		_, err := scan(usual, ok+strings.Repeat("A: b\r\n", 128+over)+"\r\n")
		if got := reason(t, err); got != want {
			t.Errorf("fields, %d over: got %q, want %q", over, got, want)
		}
	}
}

func TestCheckTrailer(t *testing.T) {
	t.Parallel()
	l := rawhead.Limits{MaxLine: 1, MaxField: 10, MaxHeaders: 3}
	tests := []struct {
		name   string
		h      http.Header
		limits rawhead.Limits
		want   string
	}{
		{"none", nil, l, ""},
		{"at the limits", http.Header{"Abc": {"1234567", "", "x"}}, l, ""},
		{"announced, not sent", http.Header{"A": nil, "B": {}, "C": {"1", "2", "3"}}, l, ""},
		{"too long", http.Header{"Abc": {"", "12345678"}}, l, "trailer field longer than 10 bytes"},
		{"long name", http.Header{"Abcdefghijk": {""}}, l, "trailer field longer than 10 bytes"},
		{"too many", http.Header{"A": {"1", "2"}, "B": {"1", "2"}}, l, "more than 3 trailer fields"},
		{
			"too many and too long",
			http.Header{"A": {"1", "2", "3", "0123456789"}},
			l,
			"more than 3 trailer fields",
		},
		{"no limits", http.Header{"A": {"1", "2", "3", "0123456789"}}, rawhead.Limits{MaxField: -1}, ""},
	}
	for _, tt := range tests {
		err := rawhead.CheckTrailer(tt.h, tt.limits)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
