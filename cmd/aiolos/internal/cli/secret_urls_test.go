package cli_test

import (
	"strings"
	"testing"
)

// TestMistypedURLs: what is wrong with a URL is said without the password in it, in
// whatever shape it is typed, and with the place in a list.
func TestMistypedURLs(t *testing.T) {
	t.Parallel()
	for _, word := range []string{
		"http:/me:canary@h.example/x", "https:me:canary@h.example/x", "WS:/me:canary@h.example", "me:canary@", "http:/h.example/x?token=canary",
		"://me:canary@h.example", ":me:canary@h.example", "http://me:canary@h h/", "http://me:canary@[::1/", "me:canary@h.example:port/", "ftp://me:canary@h.example",
		"//me:canary@h h/", "me:canary@h h",
	} {
		for _, args := range [][]string{
			{word},
			{"POST", word, "a=b"},
			{"--curl", word},
			{"--offline", word},
			{"get", word},
			{"get", "-o", "f", word},
			{"put", word, "-"},
			{"time", word},
			{"time", "127.0.0.1:1", word},
			{"bench", "-n", "1", word},
			{"ws", word},
			{"--proxy", word, "127.0.0.1:1"},
		} {
			got := run(t.Context(), streams(), args...)
			if strings.Contains(got.out+got.err, "canary") || got.code == 0 && args[0][0] != '-' {
				t.Errorf("%q: %+v", args, got)
			}
		}
	}
	s := streams()
	s.In = strings.NewReader("h.example/1\n\nhttp://me:canary@[::1/\n")
	got := run(t.Context(), s, "get", "-i", "-")
	if want := "line 3: invalid url http://***@[::1/: not a URL"; got.code != 2 || !strings.Contains(got.err, want) || strings.Contains(got.err, "canary") {
		t.Errorf("got %+v, want %q", got, want)
	}
}
