package cli_test

import (
	"go/format"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
)

// browserCommands are the commands that browsers have copied.
func browserCommands(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("../curlconv/testdata/browsers/*.txt")
	if err != nil || len(names) < 40 {
		t.Fatalf("%d commands, %v", len(names), err)
	}
	all := map[string]string{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		command, _, ok := strings.Cut(string(data), "\n===\n")
		if !ok {
			t.Fatalf("%s has no ===", name)
		}
		all[filepath.Base(name)] = command
	}
	return all
}

// TestTranslations: a command that a browser has copied, its translation for the bare
// form, and the curl command that this gives, send the same bytes; and there is a
// program for each.
func TestTranslations(t *testing.T) {
	t.Parallel()
	// The codings are those that are understood here, unless the command says others.
	coding := regexp.MustCompile(`(?mi)^accept-encoding: .*\r\n`)
	sent := func(args ...string) string {
		got := run(t.Context(), streams(), append(args, "--offline", "--show-secrets")...)
		if got.code != 0 {
			t.Fatalf("%q: %+v", args, got)
		}
		return coding.ReplaceAllString(got.out, "")
	}
	for name, command := range browserCommands(t) {
		want := sent("curl", command)
		if !strings.Contains(want, "HTTP/1.1\r\nHost: ") {
			t.Errorf("%s: %q", name, want)
		}
		line := run(t.Context(), streams(), "curl", "--print", "--show-secrets", command)
		words, err := curlconv.Split(line.out)
		if err != nil || line.code != 0 || len(words) < 2 || words[0] != "aiolos" {
			t.Errorf("%s: %+v, %v", name, line, err)
			continue
		}
		if got := sent(words[1:]...); got != want {
			t.Errorf("%s: %s sends\n%q\nwant\n%q", name, line.out, got, want)
		}
		again := run(t.Context(), streams(), append([]string{"--curl", "--show-secrets"}, words[1:]...)...)
		if got := sent("curl", again.out); got != want {
			t.Errorf("%s: %s sends\n%q\nwant\n%q", name, again.out, got, want)
		}
		program := run(t.Context(), streams(), append([]string{"--go", "--show-secrets"}, words[1:]...)...)
		if src, err := format.Source([]byte(program.out)); err != nil || string(src) != program.out {
			t.Errorf("%s: %v, not as gofmt has it:\n%s", name, err, program.out)
		}
	}
}

// TestTranslationsOfFiles: curl, too, leaves the file alone at 404, and so does the program,
// unless the body was asked for.
func TestTranslationsOfFiles(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args      []string
		curl      string // the flag for curl
		goChecked bool
	}{
		{[]string{"-o", "f"}, "-f", true},
		{[]string{"-o", "f", "--fail-with-body"}, "--fail-with-body", false},
		{[]string{"-o", "f", "--no-check"}, "", false},
		{[]string{"-o", "-"}, "", false},
		{nil, "", false},
	} {
		got := run(t.Context(), streams(), append(tt.args, "--curl", "http://h.example/x")...)
		words, err := curlconv.Split(got.out)
		flag := ""
		for _, word := range words {
			if word == "-f" || word == "--fail-with-body" {
				flag = word
			}
		}
		if err != nil || got.code != 0 || flag != tt.curl {
			t.Errorf("%q: %+v, %v, want %q", tt.args, got, err, tt.curl)
		}
		got = run(t.Context(), streams(), append(tt.args, "--go", "http://h.example/x")...)
		if got.code != 0 || strings.Contains(got.out, "session.CheckStatus()") != tt.goChecked {
			t.Errorf("%q: %+v, want a check: %v", tt.args, got, tt.goChecked)
		}
	}
}

// TestTranslationsHide: no translation of a command shows a secret that it was not
// asked for.
func TestTranslationsHide(t *testing.T) {
	t.Parallel()
	const command = `curl 'https://u:canary@h.example/?token=canary&q=1' -H 'Cookie: s=canary' -H 'X-Api-Key: canary' -F password=canary -F a=b -x http://u:canary@p`
	for _, args := range [][]string{{"curl", "--print"}, {"curl", "--curl"}, {"curl", "--go"}} {
		got := run(t.Context(), streams(), append(args, command)...)
		if got.code != 0 || strings.Contains(got.out+got.err, "canary") || !strings.Contains(got.err, "--show-secrets") {
			t.Errorf("%q: %+v", args, got)
		}
	}
}
