package syntax_test

import (
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		arg         string
		kind        syntax.Kind
		name, value string
	}{
		{"X-A:1", syntax.Header, "X-A", "1"},
		{"X-A: spaced", syntax.Header, "X-A", " spaced"},
		{"Host:example.org:8080", syntax.Header, "Host", "example.org:8080"},
		{"X-A:", syntax.HeaderUnset, "X-A", ""},
		{"X-A;", syntax.HeaderEmpty, "X-A", ""},
		{"X-A:@tok.txt", syntax.HeaderFile, "X-A", "tok.txt"},
		{"q==go", syntax.Query, "q", "go"},
		{"q==", syntax.Query, "q", ""},
		{"q==@words", syntax.QueryFile, "q", "words"},
		{"n=v", syntax.Field, "n", "v"},
		{"n=", syntax.Field, "n", ""},
		{"n=a=b", syntax.Field, "n", "a=b"},
		{"n=a==b", syntax.Field, "n", "a==b"},
		{"n=a:=b", syntax.Field, "n", "a:=b"},
		{"n=@f", syntax.FieldFile, "n", "f"},
		{"n:=1", syntax.JSON, "n", "1"},
		{`n:={"a":[1]}`, syntax.JSON, "n", `{"a":[1]}`},
		{"n:=@f.json", syntax.JSONFile, "n", "f.json"},
		{"a[b][0]=v", syntax.Field, "a[b][0]", "v"},
		{"pic@cat.png", syntax.Upload, "pic", "cat.png"},
		{"@body.json", syntax.Body, "", "body.json"},
		{"@-", syntax.Body, "", "-"},
		// The leftmost separator counts, be a longer one further right.
		{"a:b:=c", syntax.Header, "a", "b:=c"},
		{"a=b==c", syntax.Field, "a", "b==c"},
		{"a@b=c", syntax.Upload, "a", "b=c"},
		// Backslashes.
		{`a\:b=c`, syntax.Field, "a:b", "c"},
		{`a\=b=c`, syntax.Field, "a=b", "c"},
		{`a\==b`, syntax.Field, "a=", "b"},
		{`a=\@b`, syntax.Field, "a", "@b"},
		{`a:\=1`, syntax.Header, "a", "=1"},
		{`a\:=1`, syntax.Field, "a:", "1"},
		{`a\;b:1`, syntax.Header, "a;b", "1"},
		{`a\\=b`, syntax.Field, `a\\`, "b"},
		{`a\n=b\n`, syntax.Field, `a\n`, `b\n`},
		{`a=b\`, syntax.Field, "a", `b\`},
		{`a=b\=c`, syntax.Field, "a", "b=c"},
		{`a\[b=c`, syntax.Field, `a\[b`, "c"},
		{"n=é", syntax.Field, "n", "é"},
	} {
		t.Run(tt.arg, func(t *testing.T) {
			t.Parallel()
			got, err := syntax.Parse(tt.arg)
			want := syntax.Item{Kind: tt.kind, Name: tt.name, Value: tt.value}
			if err != nil || got != want {
				t.Errorf("Parse(%q) = %+v, %v, want %+v", tt.arg, got, err, want)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]string{
		"":         "no separator",
		"word":     "no separator",
		`a\=b`:     "no separator",
		"=v":       "no name",
		":v":       "no name",
		"==v":      "no name",
		"X-A;true": `written "X-A;"`,
		"@":        "names no file",
		"n=@":      "names no file",
		"n@":       "names no file",
	} {
		got, err := syntax.Parse(arg)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %+v, %v, want an error with %q", arg, got, err, want)
		}
	}
}
