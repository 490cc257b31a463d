package cli_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cli"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/hint"
)

// TestForeignFlags: what is said about a flag of another program names flags, commands
// and topics that are there.
func TestForeignFlags(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	commands := map[string]bool{"URL": true, "POST": true, "HEAD": true, "PUT": true}
	for _, cmd := range cli.Commands() {
		commands[cmd.Name()] = true
		for _, set := range []interface{ FlagUsages() string }{cmd.Flags(), cmd.PersistentFlags()} {
			for _, m := range regexp.MustCompile(`--?[a-zA-Z][a-z0-9.-]*`).FindAllString(set.FlagUsages(), -1) {
				known[m] = true
			}
		}
	}
	for name, text := range hint.ForeignFlags() {
		for _, flag := range regexp.MustCompile(`(^|[ (])(--?[a-zA-Z][a-z0-9.-]*)`).FindAllStringSubmatch(text, -1) {
			if word := strings.TrimRight(flag[2], "."); !known[word] && !slices.Contains([]string{"-ph", "-qq"}, word) {
				t.Errorf("%s: %q names %s, which no command has", name, text, word)
			}
		}
		for _, word := range regexp.MustCompile(`aiolos ([a-zA-Z]+)`).FindAllStringSubmatch(text, -1) {
			if !commands[word[1]] {
				t.Errorf("%s: %q names aiolos %s, which is not there", name, text, word[1])
			}
		}
		if strings.Contains(text, "\n") || len(text) > 120 {
			t.Errorf("%s: %q is long", name, text)
		}
	}
}

// TestForeignFlagsAreSaid: each is said where somebody writes it who does not find it.
func TestForeignFlagsAreSaid(t *testing.T) {
	t.Parallel()
	commands := map[string]*cobra.Command{}
	for _, cmd := range cli.Commands() {
		commands[cmd.Name()] = cmd
	}
	for name, text := range hint.ForeignFlags() {
		cmd := commands["aiolos"]
		var args []string
		if of, rest, ok := strings.Cut(name, ":"); ok {
			name, cmd, args = rest, commands[of], []string{of}
		}
		if cmd.Flags().Lookup(name) != nil || len(name) == 2 && cmd.Flags().ShorthandLookup(name[1:]) != nil {
			continue
		}
		arg := name
		if len(name) > 2 || name[0] != '-' {
			arg = "--" + name
		}
		got := run(t.Context(), streams(), append(args, arg, "h.example")...)
		if got.code != 2 || !strings.HasSuffix(got.err, "; "+text+"\n") || strings.Count(got.err, "\n") != 1 {
			t.Errorf("%s: %+v", arg, got)
		}
	}
}

// TestServeHosts: a page of the web that was led here by its name gets nothing.
func TestServeHosts(t *testing.T) {
	t.Parallel()
	url := startServe(t)
	for host, want := range map[string]int{"": 0, "localhost:1": 0, "[::1]": 0, "a.localhost": 0, "evil.example": 4, "localhost.evil.example": 4, "10.0.0.1": 4} {
		args := []string{url + "/get"}
		if host != "" {
			args = append(args, "Host:"+host)
		}
		got := run(t.Context(), streams(), args...)
		if got.code != want || want != 0 && !strings.Contains(got.out, "answers only for localhost") {
			t.Errorf("%q: %+v, want code %d", host, got, want)
		}
	}
}
