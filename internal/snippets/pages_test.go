package snippets_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/aiolos-http/aiolos/internal/snippets"
)

var update = flag.Bool("update", false, "write the code into the pages anew")

// pages are the README and the pages of docs.
func pages(t *testing.T) []string {
	t.Helper()
	root := filepath.Join("..", "..")
	all, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(all) < 10 {
		t.Fatalf("%d pages, %v", len(all), err)
	}
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "RELEASE.md"} {
		all = append(all, filepath.Join(root, name))
	}
	return all
}

// TestPages: the Go code of every page is that of the examples, which compile.
func TestPages(t *testing.T) {
	t.Parallel()
	total := 0
	for _, name := range pages(t) {
		got := read(t, name)
		want, blocks, err := snippets.Fill(got, func(path string) (string, error) {
			data, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(path)))
			return string(data), err
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		total += blocks
		if got == want {
			continue
		}
		if !*update {
			t.Errorf("%s shows other code than the examples: run make readme", name)
			continue
		}
		if err := os.WriteFile(name, []byte(want), 0o600); err != nil {
			t.Error(err)
		}
	}
	if total < 20 {
		t.Errorf("%d blocks of Go in all: the pages were not understood", total)
	}
}

// TestLinks: the files that the pages link to are there, and the headings in them.
func TestLinks(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([\w./#-]+)\)`) // neither code nor what is elsewhere
	files, inside := 0, 0
	for _, name := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, name), -1) {
			path, anchor, deep := strings.Cut(m[1], "#")
			target := name
			if path != "" {
				files++
				target = filepath.Join(filepath.Dir(name), filepath.FromSlash(path))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if deep {
				inside++
				if !slices.Contains(anchors(read(t, target)), anchor) {
					t.Errorf("%s: no heading #%s in %s", name, anchor, target)
				}
			}
		}
	}
	if files < 30 || inside == 0 {
		t.Errorf("%d links to files, %d to headings: the pages were not understood", files, inside)
	}
}

// anchors are the headings of a page as links name them: in lower case, without
// punctuation, with dashes for spaces.
func anchors(page string) []string {
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(page, -1) {
		names = append(names, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, m[1]))
	}
	return names
}

// TestModules: the README counts the modules of go.mod, which are all that a
// program that uses the library is built with.
func TestModules(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	required := regexp.MustCompile(`(?m)^(?:require |\t)[\w./-]+ v`).FindAllString(read(t, filepath.Join(root, "go.mod")), -1)
	row := regexp.MustCompile(`(?m)^\| modules in a user.*\[(\d+)\]\(go\.mod\) \|$`).FindStringSubmatch(read(t, filepath.Join(root, "README.md")))
	if row == nil || row[1] != strconv.Itoa(len(required)) {
		t.Errorf("go.mod requires %d modules; the README says %v", len(required), row)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
