package items_test

import (
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/items"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		arg         string
		kind        items.Kind
		name, value string
	}{
		{"X-A:1", items.Header, "X-A", "1"},
		{"X-A: spaced", items.Header, "X-A", " spaced"},
		{"Host:example.org:8080", items.Header, "Host", "example.org:8080"},
		{"X-A:", items.HeaderUnset, "X-A", ""},
		{"X-A;", items.HeaderEmpty, "X-A", ""},
		{"X-A:@tok.txt", items.HeaderFile, "X-A", "tok.txt"},
		{"q==go", items.Query, "q", "go"},
		{"q==", items.Query, "q", ""},
		{"q==@words", items.QueryFile, "q", "words"},
		{"n=v", items.Field, "n", "v"},
		{"n=", items.Field, "n", ""},
		{"n=a=b", items.Field, "n", "a=b"},
		{"n=a==b", items.Field, "n", "a==b"},
		{"n=a:=b", items.Field, "n", "a:=b"},
		{"n=@f", items.FieldFile, "n", "f"},
		{"n:=1", items.JSON, "n", "1"},
		{`n:={"a":[1]}`, items.JSON, "n", `{"a":[1]}`},
		{"n:=@f.json", items.JSONFile, "n", "f.json"},
		{"a[b][0]=v", items.Field, "a[b][0]", "v"},
		{"pic@cat.png", items.Upload, "pic", "cat.png"},
		{"@body.json", items.Body, "", "body.json"},
		{"@-", items.Body, "", "-"},
		// The leftmost separator counts, be a longer one further right.
		{"a:b:=c", items.Header, "a", "b:=c"},
		{"a=b==c", items.Field, "a", "b==c"},
		{"a@b=c", items.Upload, "a", "b=c"},
		// Backslashes.
		{`a\:b=c`, items.Field, "a:b", "c"},
		{`a\=b=c`, items.Field, "a=b", "c"},
		{`a\==b`, items.Field, "a=", "b"},
		{`a=\@b`, items.Field, "a", "@b"},
		{`a:\=1`, items.Header, "a", "=1"},
		{`a\:=1`, items.Field, "a:", "1"},
		{`a\;b:1`, items.Header, "a;b", "1"},
		{`a\\=b`, items.Field, `a\\`, "b"},
		{`a\n=b\n`, items.Field, `a\n`, `b\n`},
		{`a=b\`, items.Field, "a", `b\`},
		{`a=b\=c`, items.Field, "a", "b=c"},
		{`a\[b=c`, items.Field, `a\[b`, "c"},
		{"n=é", items.Field, "n", "é"},
	} {
		t.Run(tt.arg, func(t *testing.T) {
			t.Parallel()
			got, err := items.Parse(tt.arg)
			want := items.Item{Kind: tt.kind, Name: tt.name, Value: tt.value}
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
		got, err := items.Parse(arg)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %+v, %v, want an error with %q", arg, got, err, want)
		}
	}
}
