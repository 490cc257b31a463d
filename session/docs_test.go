package session_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// packages are the names of all packages, for a regular expression.
const packages = `(?:session|connector|errors|middleware|ws|form|jar|cache|cassette|har|curl|debug)`

// allDeclared are the exported identifiers of all packages.
func allDeclared(t *testing.T) map[string]bool {
	t.Helper()
	known, err := parseAll()
	if err != nil {
		t.Fatal(err)
	}
	return known
}

// parseAll reads all packages once. Its map is for reading.
var parseAll = sync.OnceValues(func() (map[string]bool, error) {
	known := map[string]bool{}
	for _, dir := range []string{
		"session", "connector", "errors", "middleware", "ws", "form", "jar",
		"middleware/cache", "middleware/cassette", "middleware/har", "session/curl", "session/debug",
	} {
		if err := declared(dir, known); err != nil {
			return nil, err
		}
	}
	return known, nil
})

// TestPageNames: the identifiers that the pages and the front pages of the packages
// name are there, tests among them. A bare one begins with Err and is a class.
func TestPageNames(t *testing.T) {
	t.Parallel()
	known := allDeclared(t)
	pages := []string{filepath.Join("..", "README.md"), filepath.Join("..", "SECURITY.md"), filepath.Join("..", "CONTRIBUTING.md")}
	for _, pattern := range []string{filepath.Join("..", "docs", "*.md"), filepath.Join("..", "*", "doc.go"), filepath.Join("..", "middleware", "*", "doc.go")} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	name := regexp.MustCompile(`\b` + packages + `(?:\.[A-Z]\w*)+|` + "`Err[A-Z]\\w+`")
	total := 0
	for _, page := range pages {
		for _, found := range name.FindAllString(read(t, page), -1) {
			total++
			if class, bare := strings.CutPrefix(found, "`"); bare {
				found = "errors." + strings.TrimSuffix(class, "`")
				if known[strings.Replace(found, "errors.", "ws.", 1)] {
					continue
				}
			}
			if !known[found] {
				t.Errorf("%s: %s does not exist", page, found)
			}
		}
	}
	if total < 400 {
		t.Errorf("%d names: the pages were not understood", total)
	}
}

// TestMigrationPage: every identifier in the right column of docs/aiohttp.md
// exists.
func TestMigrationPage(t *testing.T) {
	t.Parallel()
	known := allDeclared(t)
	name := regexp.MustCompile("`(" + packages + "\\.[A-Za-z.]+)(?:\\([^`]*\\))?`")
	rows, found := 0, 0
	for line := range strings.Lines(read(t, filepath.Join("..", "docs", "aiohttp.md"))) {
		cells := strings.Split(line, "|")
		right := line
		if len(cells) > 3 {
			rows++
			right = cells[2]
			if !strings.Contains(right, "`") && !strings.Contains(right, "Not needed: ") && !strings.Contains(right, "---") && !strings.Contains(right, "here") {
				t.Errorf("neither a name nor a reason: %s", line)
			}
		}
		for _, m := range name.FindAllStringSubmatch(right, -1) {
			found++
			if !known[m[1]] {
				t.Errorf("%s does not exist", m[1])
			}
		}
	}
	if rows < 150 || found < 200 {
		t.Errorf("%d rows and %d names: the page was not understood", rows, found)
	}
}

// declared notes the exported identifiers of a package: pkg.Name, pkg.Type.Method,
// pkg.Type.Field, and its tests.
func declared(dir string, known map[string]bool) error {
	pkg := filepath.Base(dir)
	files, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(dir), "*.go"))
	if err != nil {
		return err
	}
	for _, name := range files {
		isTest := strings.HasSuffix(name, "_test.go")
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if isTest && !strings.HasPrefix(d.Name.Name, "Test") {
					continue
				}
				known[pkg+"."+receiver(d)+d.Name.Name] = true
			case *ast.GenDecl:
				if isTest {
					continue
				}
				for _, spec := range d.Specs {
					declaredSpec(pkg, spec, known)
				}
			}
		}
	}
	return nil
}

func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if generic, ok := typ.(*ast.IndexExpr); ok {
		typ = generic.X
	}
	return typ.(*ast.Ident).Name + "."
}

func declaredSpec(pkg string, spec ast.Spec, known map[string]bool) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, n := range spec.Names {
			known[pkg+"."+n.Name] = true
		}
	case *ast.TypeSpec:
		known[pkg+"."+spec.Name.Name] = true
		fields, ok := spec.Type.(*ast.StructType)
		if !ok {
			break
		}
		for _, f := range fields.Fields.List {
			for _, n := range f.Names {
				known[pkg+"."+spec.Name.Name+"."+n.Name] = true
			}
		}
	}
	// session.ClientTimeout is the connector's.
	for _, field := range []string{"Total", "Connect", "SockConnect", "SockRead"} {
		known["session.ClientTimeout."+field] = true
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
