package session_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestDocs: each piece of Go in the pages of docs is part of a file that compiles,
// and the pages' links lead somewhere. The guide to middlewares has a test of its
// own.
func TestDocs(t *testing.T) {
	t.Parallel()
	code := read(t, "example_docs_test.go")
	pages, err := filepath.Glob(filepath.Join("..", "docs", "*.md"))
	if err != nil || len(pages) < 8 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, page := range pages {
		if filepath.Base(page) == "middleware.md" {
			continue
		}
		for _, block := range strings.Split(read(t, page), "```go\n")[1:] {
			snippet, _, _ := strings.Cut(block, "```")
			if !strings.Contains(code, snippet) {
				t.Errorf("%s: not in an example:\n%s", page, snippet)
			}
		}
	}
}
