package httprule_test

import (
	"testing"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

func TestCutCookiePair(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ in, pair, rest string }{
		{"", "", ""},
		{"a=1", "a=1", ""},
		{" a=1 ; b=2", "a=1", " b=2"},
		{`a="x;y"; b=2`, `a="x;y"`, " b=2"},
		{"a=\"x;y\" \t; b=2", `a="x;y"`, " b=2"},
		{`a= "x;y";b`, `a= "x;y"`, "b"},
		{`a="x\";y"`, `a="x\";y"`, ""},
		{`a="x;y"z; b`, `a="x`, `y"z; b`},
		{`a="x;y`, `a="x`, "y"},
		{`a="x\`, `a="x\`, ""},
		{`a;b="x;y"`, "a", `b="x;y"`},
		{";;", "", ";"},
	} {
		if pair, rest := httprule.CutCookiePair(test.in); pair != test.pair || rest != test.rest {
			t.Errorf("%q: got %q, %q, want %q, %q", test.in, pair, rest, test.pair, test.rest)
		}
	}
}
