package cli_test

import (
	"strings"
	"testing"
)

// TestInsteadOnTerminal: what is printed in place of a request has nothing that
// a terminal acts on, and what a shell or a compiler reads stays the same.
func TestInsteadOnTerminal(t *testing.T) {
	t.Parallel()
	const evil = "a\x1b[2J\x07\u202eb\u009b"
	for _, args := range [][]string{
		{"--offline", "--raw", evil, "h.example"},
		{"--curl", "--raw", evil, "h.example"},
		{"--go", "--raw", evil, "h.example"},
		{"curl", "--print", "curl h.example --data-raw '" + evil + "'"},
		{"curl", "--offline", "curl h.example --data-raw '" + evil + "'"},
	} {
		s := streams()
		s.OutTTY = true
		got := run(t.Context(), s, args...)
		if got.code != 0 || strings.ContainsAny(got.out, "\x1b\x07\u202e\u009b") || !strings.Contains(got.out, "[2J") {
			t.Errorf("%q: %+v", args, got)
		}
		plain := run(t.Context(), streams(), args...)
		if args[0] != "--offline" && args[1] != "--offline" && plain.out != got.out {
			t.Errorf("%q: %q is no terminal, and gets another text than %q", args, plain.out, got.out)
		}
		if (args[0] == "--offline" || args[1] == "--offline") && !strings.Contains(plain.out, evil) {
			t.Errorf("%q: got %q", args, plain.out)
		}
	}
}

// TestOfflineEnds: the printed bytes of a terminal end in a line, and large
// bodies go through.
func TestOfflineEnds(t *testing.T) {
	t.Parallel()
	s := streams()
	s.OutTTY = true
	if got := run(t.Context(), s, "--offline", "--raw", "x", "h.example"); !strings.HasSuffix(got.out, "\nx\n") {
		t.Errorf("got %q", got.out)
	}
	s = streams()
	s.In = strings.NewReader(strings.Repeat("0123456789", 100_000))
	got := run(t.Context(), s, "--offline", "PUT", "h.example", "@-")
	if got.code != 0 || strings.Count(got.out, "0123456789") != 100_000 || !strings.Contains(got.out, "Content-Length: 1000000\r\n") {
		t.Errorf("code %d, %d bytes, %q", got.code, len(got.out), got.err)
	}
}
