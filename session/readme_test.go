package session_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadme: each piece of Go in the README is part of a file that compiles.
func TestReadme(t *testing.T) {
	t.Parallel()
	readme := read(t, filepath.Join("..", "README.md"))
	var compiled strings.Builder
	for _, name := range []string{"example_readme_test.go", filepath.Join("..", "internal", "first", "main.go")} {
		compiled.WriteString(read(t, name))
	}
	blocks := strings.Split(readme, "```go\n")[1:]
	if len(blocks) < 8 {
		t.Errorf("the README has %d pieces of Go", len(blocks))
	}
	for _, block := range blocks {
		code, _, ok := strings.Cut(block, "```")
		if !ok {
			t.Fatalf("no end: %q", block)
		}
		if !strings.Contains(compiled.String(), code) {
			t.Errorf("not in an example:\n%s", code)
		}
	}
}

// TestReadmeLinks: the files that the README links to are there.
func TestReadmeLinks(t *testing.T) {
	t.Parallel()
	readme := read(t, filepath.Join("..", "README.md"))
	links := regexp.MustCompile(`\]\(([\w./-]+)\)`).FindAllStringSubmatch(readme, -1)
	if len(links) < 10 {
		t.Errorf("the README has %d links to files", len(links))
	}
	for _, link := range links {
		if _, err := os.Stat(filepath.Join("..", filepath.FromSlash(link[1]))); err != nil {
			t.Error(err)
		}
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
