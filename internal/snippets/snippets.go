// Package snippets fills the Go code of a Markdown page from files that compile.
// A block of Go stands under a line that says where it is from:
//
//	<!-- go: session/example_readme_test.go readmePost -->
//
// That is the body of the function readmePost, or what stands in it between the
// lines //doc:begin and //doc:end. "func name" is the function with its comment,
// "type name" the type without one, and a path alone the file from its package
// clause on.
package snippets

import (
	stderrors "errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

const (
	fence  = "```"
	prefix = "<!-- go: "
	suffix = " -->"
	begin  = "//doc:begin"
	end    = "//doc:end"
)

// Fill returns the page with every block of Go replaced by its source, and how
// many there are. read returns the file of a path with slashes. A block that does
// not say where it is from is an error.
func Fill(page string, read func(path string) (string, error)) (filled string, blocks int, err error) {
	var out strings.Builder
	lines := strings.SplitAfter(page, "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSuffix(lines[i], "\n")
		out.WriteString(lines[i])
		if !strings.HasPrefix(line, fence) {
			continue
		}
		last := i + 1
		for last < len(lines) && strings.TrimSuffix(lines[last], "\n") != fence {
			last++
		}
		if last == len(lines) {
			return "", 0, fmt.Errorf("line %d: the block has no end", i+1)
		}
		code := strings.Join(lines[i+1:last], "")
		if line == fence+"go" {
			from, ok := "", false
			if i > 0 {
				from, ok = strings.CutPrefix(strings.TrimSuffix(lines[i-1], suffix+"\n"), prefix)
			}
			if !ok {
				return "", 0, fmt.Errorf("line %d: the line above a block of Go says where it is from: %spath name%s", i+1, prefix, suffix)
			}
			if code, err = findSource(from, read); err != nil {
				return "", 0, fmt.Errorf("line %d: %s: %w", i+1, from, err)
			}
			blocks++
		}
		out.WriteString(code)
		out.WriteString(lines[last])
		i = last
	}
	return out.String(), blocks, nil
}

// findSource returns the code that "path [func|type] [name]" stands for.
func findSource(from string, read func(path string) (string, error)) (string, error) {
	path, name, _ := strings.Cut(from, " ")
	text, err := read(path)
	if err != nil {
		return "", err
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	at := func(pos token.Pos) int { return fset.Position(pos).Offset }
	if name == "" {
		return text[at(file.Package):], nil
	}
	name, whole := strings.CutPrefix(name, "func ")
	name, typ := strings.CutPrefix(name, "type ")
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if typ || d.Name.Name != name {
				continue
			}
			if !whole {
				return shownBody(text[at(d.Body.Lbrace)+1 : at(d.Body.Rbrace)])
			}
			start := d.Pos()
			if d.Doc != nil {
				start = d.Doc.Pos()
			}
			return text[at(start):at(d.End())] + "\n", nil
		case *ast.GenDecl:
			if spec, ok := d.Specs[0].(*ast.TypeSpec); ok && typ && spec.Name.Name == name {
				return text[at(d.Pos()):at(d.End())] + "\n", nil
			}
		}
	}
	return "", stderrors.New("no such declaration")
}

// shownBody returns the part of a function's body that is shown, without the tab that
// every line of it begins with.
func shownBody(text string) (string, error) {
	if _, rest, ok := strings.Cut(text, "\n\t"+begin+"\n"); ok {
		text = rest
	}
	text, _, _ = strings.Cut(text, "\n\t"+end+"\n")
	if strings.Contains(text, begin) || strings.Contains(text, end) {
		return "", fmt.Errorf("%s and %s stand at one tab, once each", begin, end)
	}
	var out strings.Builder
	for line := range strings.Lines(strings.Trim(text, "\n") + "\n") {
		out.WriteString(strings.TrimPrefix(line, "\t"))
	}
	return out.String(), nil
}
