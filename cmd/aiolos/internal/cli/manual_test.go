package cli_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cli"
)

var update = flag.Bool("update", false, "write docs/cli.md anew")

// TestManual keeps docs/cli.md in step with the commands.
func TestManual(t *testing.T) {
	t.Parallel()
	name := filepath.Join("..", "..", "..", "..", "docs", "cli.md")
	want := writeMarkdown(cli.Root())
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the commands say: run go test ./internal/cli -run TestManual -update", name)
	}
}

// TestHelpIsComplete: every command and every flag says what it is for, and
// examples are of the program.
func TestHelpIsComplete(t *testing.T) {
	t.Parallel()
	for _, cmd := range cli.Commands() {
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: short text %q", cmd.CommandPath(), cmd.Short)
		}
		for line := range strings.SplitSeq(cmd.Long+"\n"+cmd.Example, "\n") {
			if n := len([]rune(line)); n > 90 {
				t.Errorf("%s: a line of %d characters: %s", cmd.CommandPath(), n, line)
			}
		}
		if cmd.Runnable() && cmd.Example != "" && !strings.Contains(cmd.Example, "aiolos") {
			t.Errorf("%s: examples are of something else: %s", cmd.CommandPath(), cmd.Example)
		}
	}
}

func TestComplete(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"b.json", "b.txt", ".hidden"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "bdir"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{[]string{"P"}, []string{"POST", "PUT", "PATCH"}},
		{[]string{"p"}, []string{"POST", "PUT", "PATCH"}},
		{[]string{"h.example", "Auth"}, []string{"Authorization:"}},
		{[]string{"POST", "h.example", "accept-l"}, []string{"Accept-Language:"}},
		{[]string{"h.example", "file@" + dir + "/b"}, []string{"file@" + dir + "/b.json", "file@" + dir + "/b.txt", "file@" + dir + "/bdir/"}},
		{[]string{"h.example", "@" + dir + "/"}, []string{"@" + dir + "/b.json", "@" + dir + "/b.txt", "@" + dir + "/bdir/"}},
		{[]string{"h.example", "@/does/not/exist/"}, nil},
		{[]string{"completion", "z"}, []string{"zsh"}},
		{[]string{"--color", "a"}, []string{"auto", "always"}},
		{[]string{"har", "c"}, []string{"convert"}},
	} {
		got := run(t.Context(), streams(), append([]string{"__complete"}, tt.args...)...)
		var words []string
		for line := range strings.SplitSeq(got.out, "\n") {
			word, _, _ := strings.Cut(line, "\t")
			if line != "" && !strings.HasPrefix(line, ":") {
				words = append(words, word)
			}
		}
		for _, w := range tt.want {
			if !slices.Contains(words, w) {
				t.Errorf("%q: got %q, want %q", tt.args, words, tt.want)
			}
		}
		if tt.want == nil && len(words) > 0 {
			t.Errorf("%q: got %q", tt.args, words)
		}
	}
}
