package syntax_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// TestParseUpload: a file's name, its type, and the name that is told.
func TestParseUpload(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]syntax.Item{
		"p@f":                                {Name: "p", Value: "f"},
		"p@-":                                {Name: "p", Value: "-"},
		"p@f;type=image/png":                 {Name: "p", Value: "f", Type: "image/png"},
		"p@f;filename=g":                     {Name: "p", Value: "f", As: "g"},
		"p@f;type=a/b;filename=g":            {Name: "p", Value: "f", Type: "a/b", As: "g"},
		"p@f;filename=g;type=a/b":            {Name: "p", Value: "f", Type: "a/b", As: "g"},
		"p@f;type=text/plain;charset=x":      {Name: "p", Value: "f", Type: "text/plain;charset=x"},
		"p@f;type=t/p;charset=x;filename=g":  {Name: "p", Value: "f", Type: "t/p;charset=x", As: "g"},
		"p@a;b":                              {Name: "p", Value: "a;b"},
		"p@a;typo=b":                         {Name: "p", Value: "a;typo=b"},
		`p@a\;type=b`:                        {Name: "p", Value: "a;type=b"},
		`p@a;type\=b`:                        {Name: "p", Value: "a;type=b"},
		`p@a\;type=b;type=c/d`:               {Name: "p", Value: "a;type=b", Type: "c/d"},
		`p@a;filename=b\;type=c`:             {Name: "p", Value: "a", As: "b;type=c"},
		`p\@q@f;type=a/b`:                    {Name: "p@q", Value: "f", Type: "a/b"},
		"p@dir/é f.png;type=a/b":             {Name: "p", Value: "dir/é f.png", Type: "a/b"},
		`p@C:\dir\f;type=a/b`:                {Name: "p", Value: `C:\dir\f`, Type: "a/b"},
		"@f;type=a/b":                        {Kind: syntax.Body, Value: "f", Type: "a/b"},
		"@-;type=application/json;charset=x": {Kind: syntax.Body, Value: "-", Type: "application/json;charset=x"},
	} {
		if want.Kind == 0 {
			want.Kind = syntax.Upload
		}
		if got, err := syntax.Parse(arg); err != nil || got != want {
			t.Errorf("Parse(%q) = %+v, %v, want %+v", arg, got, err, want)
		}
	}
	for arg, want := range map[string]string{
		"p@f;type=":                   "type is empty",
		"p@f;type=;filename=g":        "type is empty",
		"p@f;filename=":               "filename is empty",
		"p@f;type=a/b;type=c/d":       "type is given twice",
		"p@f;filename=a;filename=b":   "filename is given twice",
		"p@;type=a/b":                 "names no file",
		"@;type=a/b":                  "names no file",
		"@f;filename=g":               "no file name",
		"p@f;type=a/b;filename=;x":    "",
		"p@f;type=a/b;filename=g;t=x": "",
	} {
		got, err := syntax.Parse(arg)
		if want == "" {
			if err != nil {
				t.Errorf("Parse(%q): %v", arg, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %+v, %v, want an error with %q", arg, got, err, want)
		}
	}
}

// TestBuildMultipart: a file makes a multipart form of all fields, in their order,
// and so does the flag.
func TestBuildMultipart(t *testing.T) {
	t.Parallel()
	file := syntax.Part{Name: "pic", File: "cat.png"}
	for _, tt := range []struct {
		name string
		args []string
		mode syntax.Mode
		want []syntax.Part
	}{
		{"a file", []string{"pic@cat.png"}, syntax.Mode{}, []syntax.Part{file}},
		{"a file of a form", []string{"pic@cat.png"}, syntax.Mode{Form: true}, []syntax.Part{file}},
		{"order", []string{"a=1", "pic@cat.png", "b=2"}, syntax.Mode{}, []syntax.Part{{Name: "a", Value: "1"}, file, {Name: "b", Value: "2"}}},
		{"the flag", []string{"a=1"}, syntax.Mode{Multipart: true}, []syntax.Part{{Name: "a", Value: "1"}}},
		{"both flags", []string{"a=1"}, syntax.Mode{Multipart: true, Form: true}, []syntax.Part{{Name: "a", Value: "1"}}},
		{
			"all kinds",
			[]string{"a[b]=1", "t=@two", "n:=1", `s:="x"`, "l:=null", "b:=true", "pic@cat.png"},
			syntax.Mode{},
			[]syntax.Part{
				{Name: "a[b]", Value: "1"},
				{Name: "t", Value: "a\nb\n"},
				{Name: "n", Value: "1"},
				{Name: "s", Value: "x"},
				{Name: "l", Value: "null"},
				{Name: "b", Value: "true"},
				file,
			},
		},
		{"the same name", []string{"f@a", "f@b"}, syntax.Mode{}, []syntax.Part{{Name: "f", File: "a"}, {Name: "f", File: "b"}}},
		{"names that do not nest", []string{"a[=1", "f@a"}, syntax.Mode{}, []syntax.Part{{Name: "a[", Value: "1"}, {Name: "f", File: "a"}}},
		{
			"type and name",
			[]string{"f@a;type=b/c;filename=d"},
			syntax.Mode{},
			[]syntax.Part{{Name: "f", File: "a", Type: "b/c", As: "d"}},
		},
	} {
		req, err := syntax.Build(tt.args, tt.mode, files)
		if err != nil || !reflect.DeepEqual(req.Parts, tt.want) {
			t.Errorf("%s: got %+v, %v, want %+v", tt.name, req, err, tt.want)
			continue
		}
		if req.HasBody || req.Body != nil || req.ContentType != "" || !req.Sends() || req.Method() != "POST" {
			t.Errorf("%s: got %+v", tt.name, req)
		}
	}
	req, err := syntax.Build([]string{"X-A:1"}, syntax.Mode{Multipart: true}, files)
	if err != nil || req.Sends() || req.Method() != "GET" {
		t.Errorf("no fields: %+v, %v", req, err)
	}
	req, err = syntax.Build([]string{"@x.bin;type=a/b"}, syntax.Mode{}, files)
	if err != nil || req.BodyFile != "x.bin" || req.ContentType != "a/b" {
		t.Errorf("a whole body with a type: %+v, %v", req, err)
	}
}

func TestBuildMultipartErrors(t *testing.T) {
	t.Parallel()
	raw := "x"
	for _, tt := range []struct {
		args []string
		mode syntax.Mode
		want string
	}{
		{[]string{"a:=[1]", "f@a"}, syntax.Mode{}, `item "a:=[1]": a form has no nested values`},
		{[]string{"f@a", "@b"}, syntax.Mode{}, "one body"},
		{[]string{"f@a"}, syntax.Mode{Raw: &raw}, "one body"},
		{[]string{"@b"}, syntax.Mode{Multipart: true}, "--multipart is for fields"},
		{nil, syntax.Mode{Multipart: true, Raw: &raw}, "--multipart is for fields"},
		{[]string{"f@-", "g@-"}, syntax.Mode{}, "only once"},
		{[]string{"f@a", "n:=x"}, syntax.Mode{}, "not JSON"},
	} {
		req, err := syntax.Build(tt.args, tt.mode, files)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %+v, %v, want %q", tt.args, req, err, tt.want)
		}
	}
}

// FuzzUpload checks that every file name comes through once its semicolons are
// protected, and that nothing panics.
func FuzzUpload(f *testing.F) {
	f.Add("a;type=b", "c/d", "e")
	f.Add("a", "t/p;charset=x", ";filename=")
	f.Add("", "", "")
	f.Fuzz(func(t *testing.T, file, kind, as string) {
		_, _ = syntax.Parse("p@" + file + ";type=" + kind + ";filename=" + as)
		if strings.Contains(file+kind+as, `\`) || strings.Contains(kind, ";filename=") || strings.Contains(kind, ";type=") ||
			file == "" || kind == "" || as == "" {
			t.Skip("such a one cannot be written, or needs more protection")
		}
		escape := strings.NewReplacer(";", `\;`, ":", `\:`, "=", `\=`, "@", `\@`)
		want := syntax.Item{Kind: syntax.Upload, Name: "p", Value: file, Type: kind, As: as}
		it, err := syntax.Parse("p@" + escape.Replace(file) + ";type=" + kind + ";filename=" + escape.Replace(as))
		if err != nil || it != want {
			t.Errorf("got %+v, %v, want %+v", it, err, want)
		}
	})
}
