package main

import (
	"cmp"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestDocs runs the command lines of the README and of docs, letter by letter, in
// a shell. The hosts that they name are on this machine: a proxy in the
// environment leads every name to one server, which has a certificate for each.
func TestDocs(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("SSL_CERT_FILE and the shell's tools are not the same everywhere")
	}
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash")
	}
	hosts := startHosts(t)
	_, port, _ := strings.Cut(hosts.direct, ":")
	// What is not literal: a port of its own, and less patience.
	hasty := strings.NewReplacer(":8080", ":"+port, "-z 30s", "-z 300ms", "-z 10s", "-z 300ms", "-n 20000", "-n 500", "-n 5000", "-n 500", "--warm-up 5s", "--warm-up 50ms", "p99>200ms", "p99>20s")
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "docs"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("SERVER", hosts.direct)
			env.Setenv("SSL_CERT_FILE", hosts.authority)
			for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "WS_PROXY", "WSS_PROXY"} {
				env.Setenv(name, "http://"+hosts.proxy)
			}
			bin := filepath.Join(env.WorkDir, "bin")
			env.Setenv("PATH", bin+string(filepath.ListSeparator)+env.Getenv("PATH"))
			return os.MkdirAll(bin, 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"doc": func(ts *testscript.TestScript, neg bool, args []string) {
				want := "0"
				if len(args) == 2 {
					want, args = args[0], args[1:]
				}
				if neg || len(args) != 1 {
					ts.Fatalf("usage: doc [CODE] 'LINE'")
				}
				exits(ts, false, []string{want, "bash", "-c", "set -o pipefail; " + hasty.Replace(args[0])})
			},
		},
	})
}

// docLine is a command line of a page.
type docLine struct {
	page, text string
}

var (
	// fenced and indented are the blocks of a page, span is code in a sentence.
	fenced   = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")
	indented = regexp.MustCompile(`(?m)^ {4}(\S.*)$`)
	span     = regexp.MustCompile("`([^`\n]+)`")
	remark   = regexp.MustCompile(`\s{2,}# .*$`)
)

// docLines are the lines of a page that are for a shell: those of the blocks of
// sh, those that are indented, and code in a sentence.
func docLines(t *testing.T, page string) []docLine {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var lines []docLine
	add := func(text string) {
		if text = strings.TrimSpace(remark.ReplaceAllString(text, "")); text != "" {
			lines = append(lines, docLine{filepath.Base(page), text})
		}
	}
	for _, block := range fenced.FindAllStringSubmatch(string(data), -1) {
		if block[1] == "sh" {
			for line := range strings.Lines(block[2]) {
				add(line)
			}
		}
	}
	prose := fenced.ReplaceAllString(string(data), "")
	for _, line := range indented.FindAllStringSubmatch(prose, -1) {
		add(line[1])
	}
	for _, code := range span.FindAllStringSubmatch(prose, -1) {
		add(code[1])
	}
	return lines
}

// docPages are the pages with command lines. CONTRIBUTING.md and RELEASE.md have
// some for the maintainers.
func docPages(t *testing.T) []docLine {
	t.Helper()
	root := filepath.Join("..", "..")
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "RELEASE.md"} {
		pages = append(pages, filepath.Join(root, name))
	}
	var lines []docLine
	for _, page := range pages {
		lines = append(lines, docLines(t, page)...)
	}
	return lines
}

// ours is a line that runs aiolos, in whatever place of a pipe.
var ours = regexp.MustCompile(`(?:^|[|(] *)aiolos(?: |$)`)

// TestDocsAreRun: each command line of a page is in a script of testdata/docs, and
// each of the scripts is in a page.
func TestDocsAreRun(t *testing.T) {
	t.Parallel()
	run := map[string]bool{}
	literal := regexp.MustCompile(`(?m)^(?:doc (?:\d+ )?'(.*)'|# doc: (.*))$`)
	for _, name := range must(filepath.Glob(filepath.Join("testdata", "docs", "*.txtar"))) {
		for _, m := range literal.FindAllStringSubmatch(string(must(os.ReadFile(name))), -1) {
			run[cmp.Or(strings.ReplaceAll(m[1], "''", "'"), m[2])] = true
		}
	}
	shown := map[string]bool{}
	for _, line := range docPages(t) {
		if !ours.MatchString(line.text) || line.text == "aiolos" {
			continue
		}
		shown[line.text] = true
		if !run[line.text] {
			t.Errorf("%s: no script of testdata/docs runs\n%s", line.page, line.text)
		}
	}
	for _, line := range slices.Sorted(maps.Keys(run)) {
		if !shown[line] {
			t.Errorf("no page shows\n%s", line)
		}
	}
	if len(shown) < 40 {
		t.Errorf("%d command lines: the pages were not understood", len(shown))
	}
}

// TestDocsNames: the targets of make, the packages, tests, directories and the
// repository that the pages name are there.
func TestDocsNames(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	makefile := string(must(os.ReadFile(filepath.Join(root, "Makefile"))))
	seen := map[string]int{}
	for _, line := range docPages(t) {
		for command := range strings.SplitSeq(line.text, " && ") {
			words := strings.Fields(command)
			name := words[0]
			if name == "go" && len(words) > 1 {
				name += " " + words[1]
			}
			bad := ""
			switch name {
			case "make":
				bad = badMake(makefile, words[1:])
			case "cd":
				// aiolos is the clone.
				if _, err := os.Stat(filepath.Join(root, strings.TrimPrefix(words[1], "aiolos"))); err != nil {
					bad = err.Error()
				}
			case "git":
				if words[1] == "clone" && words[2] != "https://github.com/aiolos-http/aiolos" {
					bad = "another repository"
				}
			case "go get":
				if words[2] != "github.com/aiolos-http/aiolos" {
					bad = "another module"
				}
			case "go test":
				bad = badTest(root, words[2:])
			default:
				continue
			}
			seen[name]++
			if bad != "" {
				t.Errorf("%s: %s: %s", line.page, command, bad)
			}
		}
	}
	for _, name := range []string{"make", "cd", "git", "go get", "go test"} {
		if seen[name] == 0 {
			t.Errorf("no line with %s: the pages were not understood", name)
		}
	}
}

// badMake says which of the targets the Makefile does not have.
func badMake(makefile string, words []string) string {
	for _, target := range words {
		if strings.Contains(target, "=") {
			continue
		}
		if !strings.Contains(makefile, "\n"+target+":") {
			return "no target " + strconv.Quote(target)
		}
	}
	return ""
}

// badTest says what is wrong with the words behind "go test": a package that is
// not there, or a name that none of its tests has.
func badTest(root string, words []string) string {
	dir, name := "", ""
	for i, word := range words {
		switch {
		case strings.HasPrefix(word, "./"):
			dir = filepath.Join(root, filepath.FromSlash(word))
		case i > 0 && (words[i-1] == "-run" || words[i-1] == "-bench"):
			name = word
		}
	}
	if _, err := os.Stat(dir); err != nil {
		// The manual's line is for the module of the tool.
		dir = strings.Replace(dir, root, ".", 1)
	}
	text := ""
	for _, file := range must(filepath.Glob(filepath.Join(dir, "*_test.go"))) {
		text += string(must(os.ReadFile(file)))
	}
	if ok, err := regexp.MatchString(`\nfunc (?:Test|Benchmark)?\w*?`+name, text); err != nil || !ok {
		return "no such test in " + dir
	}
	return ""
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
