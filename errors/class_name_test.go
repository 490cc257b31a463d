package errors_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
)

// TestClass: every class has its own name, whatever stands around it.
func TestClass(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range errors.Classes() {
		for _, err := range []error{c.Class, fmt.Errorf("around: %w", c.Class)} {
			if got := errors.Class(err); got != c.Name {
				t.Errorf("%v: got %q, want %q", err, got, c.Name)
			}
		}
		if seen[c.Name] {
			t.Errorf("%s is there twice", c.Name)
		}
		seen[c.Name] = true
	}
	file, err := parser.ParseFile(token.NewFileSet(), "class.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if name, isClass := strings.CutPrefix(spec.Names[0].Name, "Err"); isClass && !seen[name] {
				t.Errorf("Err%s has no name", name)
			}
		}
		return true
	})
	for _, tt := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{io.ErrUnexpectedEOF, "Other"},
		{context.Canceled, "Canceled"},
		{context.DeadlineExceeded, "DeadlineExceeded"},
		{&errors.TimeoutError{Kind: errors.ErrTotalTimeout}, "TotalTimeout"},
		{&errors.ClientConnectorDNSError{}, "ClientConnectorDNS"},
	} {
		if got := errors.Class(tt.err); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.err, got, tt.want)
		}
	}
}
