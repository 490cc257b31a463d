package snippets_test

import (
	stderrors "errors"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/snippets"
)

const goFile = `// Package p is an example.
package p

// T is a type.
type T = func(int) int

// f does it.
func f() int {
	x := 1
	//doc:begin
	if x > 0 {
		x++
	}
	//doc:end
	return x
}

func g() {
	f()
}

func bad() {
	if true {
		//doc:begin
		g()
	}
}
`

func readFile(path string) (string, error) {
	switch path {
	case "dir/p.go":
		return goFile, nil
	case "broken.go":
		return "package", nil
	}
	return "", stderrors.New("no such file")
}

func TestFill(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, from, want string }{
		{"part of a body", "dir/p.go f", "if x > 0 {\n\tx++\n}\n"},
		{"a body", "dir/p.go g", "f()\n"},
		{"a function", "dir/p.go func g", "func g() {\n\tf()\n}\n"},
		{"its comment", "dir/p.go func f", goFile[strings.Index(goFile, "// f does"):strings.Index(goFile, "\nfunc g")]},
		{"a type", "dir/p.go type T", "type T = func(int) int\n"},
		{"a file", "dir/p.go", goFile[strings.Index(goFile, "package p"):]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			head, tail := "# Page\n\n```sh\nls\n```\n\n<!-- go: "+tt.from+" -->\n```go\n", "```\n\nThe end."
			got, n, err := snippets.Fill(head+"old := code\n\nmore()\n"+tail, readFile)
			if err != nil || n != 1 || got != head+tt.want+tail {
				t.Errorf("got %d, %v\n%s\nwant\n%s", n, err, got, head+tt.want+tail)
			}
			again, _, err := snippets.Fill(got, readFile)
			if err != nil || again != got {
				t.Errorf("the second time is another one: %v\n%s", err, again)
			}
		})
	}
}

func TestFillErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, page, want string }{
		{"no source", "text\n```go\nx\n```\n", "line 2: the line above"},
		{"at the very start", "```go\nx\n```\n", "line 1: the line above"},
		{"no end", "<!-- go: dir/p.go g -->\n```go\nx\n", "line 2: the block has no end"},
		{"no file", "<!-- go: q.go g -->\n```go\n```\n", "q.go g: no such file"},
		{"no Go", "<!-- go: broken.go g -->\n```go\n```\n", "broken.go g: "},
		{"no function", "<!-- go: dir/p.go T -->\n```go\n```\n", "no such declaration"},
		{"no type", "<!-- go: dir/p.go type f -->\n```go\n```\n", "no such declaration"},
		{"a part of a part", "<!-- go: dir/p.go bad -->\n```go\n```\n", "stand at one tab"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, _, err := snippets.Fill(tt.page, readFile); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
