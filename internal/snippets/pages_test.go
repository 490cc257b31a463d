package snippets_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

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

// TestLinks: the files that the pages link to are there.
func TestLinks(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([\w./-]+)(?:#[\w-]+)?\)`)
	total := 0
	for _, name := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, name), -1) {
			total++
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if total < 30 {
		t.Errorf("%d links to files: the pages were not understood", total)
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
