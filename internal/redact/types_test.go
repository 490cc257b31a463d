package redact_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
)

// packages are those whose types users get to see.
var packages = []string{"errors", "form", "jar", "connector", "session", "ws", "middleware", "middleware/cache", "middleware/cassette", "middleware/har", "session/curl", "session/debug"}

// harmless are types of fields that no secret fits into.
var harmless = []string{
	"bool", "int", "int64", "uint8", "float64", "time.Duration", "time.Time", "netip.AddrPort", "[]netip.Addr", "error",
}

// TestEveryTypeIsTried: who adds an exported struct that a secret fits into adds it
// to the table of values, or to that of types that hold what they are asked for.
func TestEveryTypeIsTried(t *testing.T) {
	t.Parallel()
	tried := make(map[string]bool)
	for _, v := range values(t) {
		tried[v.name] = true
	}
	known := make(map[string]bool)
	for _, pkg := range packages {
		for name, spec := range exported(t, "../../"+pkg) {
			name = path.Base(pkg) + "." + name
			known[name] = true
			_, excused := data[name]
			switch fits := secretFits(spec); {
			case fits && !tried[name] && !excused:
				t.Errorf("%s can hold a secret, and is not tried", name)
			case excused && tried[name]:
				t.Errorf("%s is excused and tried", name)
			}
		}
	}
	for name := range data {
		if !known[name] {
			t.Errorf("%s is excused, and does not exist", name)
		}
	}
	for name := range tried {
		if !known[name] {
			t.Errorf("%s is tried, and does not exist", name)
		}
	}
	if len(known) < 100 {
		t.Errorf("only %d types were found", len(known))
	}
}

// exported returns the exported types of a package.
func exported(t *testing.T, dir string) map[string]*ast.TypeSpec {
	t.Helper()
	notTest := func(info fs.FileInfo) bool { return !strings.HasSuffix(info.Name(), "_test.go") }
	found, err := parser.ParseDir(token.NewFileSet(), dir, notTest, parser.SkipObjectResolution) //nolint:staticcheck // build tags do not matter here
	if err != nil {
		t.Fatal(err)
	}
	types := make(map[string]*ast.TypeSpec)
	for _, pkg := range found {
		for _, file := range pkg.Files {
			for _, decl := range file.Decls {
				if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.TYPE {
					for _, spec := range d.Specs {
						if s, ok := spec.(*ast.TypeSpec); ok && s.Name.IsExported() && !s.Assign.IsValid() {
							types[s.Name.Name] = s
						}
					}
				}
			}
		}
	}
	return types
}

// secretFits reports whether a type is a struct with a field, exported or not, that
// a text fits into.
func secretFits(spec *ast.TypeSpec) bool {
	s, ok := spec.Type.(*ast.StructType)
	if !ok {
		return false
	}
	for _, field := range s.Fields.List {
		if _, isFunc := field.Type.(*ast.FuncType); !isFunc && !slices.Contains(harmless, typeText(field.Type)) {
			return true
		}
	}
	return false
}

func typeText(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return typeText(e.X) + "." + e.Sel.Name
	case *ast.ArrayType:
		return "[]" + typeText(e.Elt)
	}
	return "?"
}
