package otelaiolos_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"

	"github.com/aiolos-http/aiolos/contrib/otelaiolos"
)

// Every class of package errors has its own name, which is that of the variable.
func TestErrorTypes(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../errors/class.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if call, ok := spec.Values[0].(*ast.CallExpr); !ok || call.Fun.(*ast.Ident).Name != "newClass" {
			return true
		}
		name := strings.TrimPrefix(spec.Names[0].Name, "Err")
		found++
		class := otelaiolos.ErrorClass(name)
		if class == nil {
			t.Errorf("%s: not in the table", name)
		} else if got := otelaiolos.ErrorType(class); got != name {
			t.Errorf("got %v, want %v", got, name)
		}
		return true
	})
	if found < 35 {
		t.Errorf("got %d classes: the source was not understood", found)
	}
	if got := otelaiolos.ErrorType(errors.New("other")); got != "_OTHER" {
		t.Errorf("got %v, want _OTHER", got)
	}
}
