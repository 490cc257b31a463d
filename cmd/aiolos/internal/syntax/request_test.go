package syntax_test

import (
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// files is a ReadFile over a map.
func files(name string) ([]byte, error) {
	data, ok := map[string]string{
		"line":  "one line\r\n",
		"two":   "a\nb\n",
		"json":  ` {"z":1, "a":[2,3]} `,
		"bad":   "{",
		"bytes": "\xff\xfe",

		"marked":      "\ufeff" + `{"a":"é"}`,
		"wide":        "\xff\xfe[\x001\x00]\x00",
		"marked line": "\ufeffone line\n",
	}[name]
	if !ok {
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	}
	return []byte(data), nil
}

func TestBuildJSON(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"string", []string{"n=v"}, `{"n": "v"}`},
		{"order of the command line", []string{"z=1", "a=2", "m=3"}, `{"z": "1", "a": "2", "m": "3"}`},
		{"later wins in place", []string{"a=1", "b=2", "a=3"}, `{"a": "3", "b": "2"}`},
		{"no HTML escapes", []string{"a=<&>"}, `{"a": "<&>"}`},
		{"quotes", []string{`a="x"` + "\n"}, `{"a": "\"x\"\n"}`},
		{"raw", []string{"a:=1", "b:=true", "c:=null", `d:="s"`, "e:=[1, 2]", "f:=1.50e3"}, `{"a": 1, "b": true, "c": null, "d": "s", "e": [1, 2], "f": 1.50e3}`},
		{"raw keeps order and digits", []string{`o:={"z":12345678901234567890,"a":0.10}`}, `{"o": {"z": 12345678901234567890, "a": 0.10}}`},
		{"file", []string{"t=@two"}, `{"t": "a\nb\n"}`},
		{"json file", []string{"t:=@json"}, `{"t": {"z": 1, "a": [2, 3]}}`},
		{"nested", []string{"a[b][0]=v"}, `{"a": {"b": ["v"]}}`},
		{"nested shared", []string{"a[b]=1", "a[c]=2", "a[b]=3"}, `{"a": {"b": "3", "c": "2"}}`},
		{"append", []string{"a[]=1", "a[]:=2"}, `{"a": ["1", 2]}`},
		{"gap", []string{"a[2]=x"}, `{"a": [null, null, "x"]}`},
		{"gap filled", []string{"a[1]=x", "a[0][k]=y"}, `{"a": [{"k": "y"}, "x"]}`},
		{"append objects", []string{"a[][x]=1", "a[][x]=2"}, `{"a": [{"x": "1"}, {"x": "2"}]}`},
		{"top-level array", []string{"[]=1", "[]:=2", "[3]=4"}, `["1", 2, null, "4"]`},
		{"into raw", []string{`a:={"x":1}`, "a[y]=2"}, `{"a": {"x": 1, "y": "2"}}`},
		{"null gives way", []string{"a:=null", "a[b]=1"}, `{"a": {"b": "1"}}`},
		{"literal bracket", []string{`a\[b\]=v`}, `{"a[b]": "v"}`},
		{"literal backslash", []string{`a\\b=v`}, `{"a\\b": "v"}`},
		{"number as key", []string{`a[\0]=v`}, `{"a": {"0": "v"}}`},
		{"zeros in front", []string{"a[007]=v", "a[00]=w"}, `{"a": {"007": "v", "00": "w"}}`},
		{"zero", []string{"a[0]=v"}, `{"a": ["v"]}`},
		{"zeros behind a sign", []string{"a[-01]=v"}, `{"a": {"-01": "v"}}`},
		{"raw keeps doubles", []string{`o:={"x":1,"y":{"z":1,"z":[2]},"x":null}`}, `{"o": {"x": 1, "y": {"z": 1, "z": [2]}, "x": null}}`},
		{"into a double", []string{`o:={"x":1,"x":2}`, "o[x]=3"}, `{"o": {"x": 1, "x": "3"}}`},
		{"marked JSON file", []string{"t:=@marked"}, `{"t": {"a": "é"}}`},
		{"wide JSON file", []string{"t:=@wide"}, `{"t": [1]}`},
		{"number first", []string{"0=v"}, `{"0": "v"}`},
		{"word with digits", []string{"a[0x]=v"}, `{"a": {"0x": "v"}}`},
		{"separator in name", []string{`a\:b=v`}, `{"a:b": "v"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req, err := syntax.Build(tt.args, syntax.Mode{}, files)
			if err != nil {
				t.Fatalf("Build(%q): %v", tt.args, err)
			}
			if got := string(req.Body); got != tt.want {
				t.Errorf("body %s, want %s", got, tt.want)
			}
			if req.ContentType != "application/json" || !req.HasBody || req.Method() != "POST" {
				t.Errorf("type %q, has body %v, method %s", req.ContentType, req.HasBody, req.Method())
			}
		})
	}
}

func TestBuildForm(t *testing.T) {
	t.Parallel()
	req, err := syntax.Build([]string{"b=x y", "a=é&=", "b=2", "a[0]=z", "n:=1", `s:="q\"r"`, "t=@two"}, syntax.Mode{Form: true}, files)
	if err != nil {
		t.Fatal(err)
	}
	want := "b=x+y&a=%C3%A9%26%3D&b=2&a%5B0%5D=z&n=1&s=q%22r&t=a%0Ab%0A"
	if got := string(req.Body); got != want {
		t.Errorf("body %s, want %s", got, want)
	}
	if req.ContentType != "application/x-www-form-urlencoded" || req.Method() != "POST" {
		t.Errorf("type %q, method %s", req.ContentType, req.Method())
	}
	if req, err = syntax.Build(nil, syntax.Mode{Form: true}, files); err != nil || req.HasBody || req.Method() != "GET" {
		t.Errorf("a form without fields: %+v, %v, want no body", req, err)
	}
}

func TestBuildHeadersAndQuery(t *testing.T) {
	t.Parallel()
	req, err := syntax.Build([]string{"X-A: 1 ", "User-Agent:", "X-E;", "X-F:@line", "q==a b", "q==2", "l==@line", "m==@marked line", "X-M:@marked line"}, syntax.Mode{}, files)
	if err != nil {
		t.Fatal(err)
	}
	wantHeaders := []syntax.HeaderItem{{"X-A", "1", false}, {"User-Agent", "", true}, {"X-E", "", false}, {"X-F", "one line", false}, {"X-M", "one line", false}}
	if !reflect.DeepEqual(req.Headers, wantHeaders) {
		t.Errorf("headers %v, want %v", req.Headers, wantHeaders)
	}
	wantQuery := []syntax.Pair{{"q", "a b"}, {"q", "2"}, {"l", "one line"}, {"m", "one line"}}
	if !reflect.DeepEqual(req.Query, wantQuery) {
		t.Errorf("query %v, want %v", req.Query, wantQuery)
	}
	if req.HasBody || req.Method() != "GET" {
		t.Errorf("has body %v, method %s, want none and GET", req.HasBody, req.Method())
	}
}

func TestBuildWholeBody(t *testing.T) {
	t.Parallel()
	raw := func(s string) syntax.Mode { return syntax.Mode{Raw: &s} }
	for _, tt := range []struct {
		name string
		args []string
		mode syntax.Mode
		want syntax.Request
	}{
		{"file", []string{"@x.bin"}, syntax.Mode{}, syntax.Request{BodyFile: "x.bin", HasBody: true}},
		{"stdin", []string{"@-"}, syntax.Mode{}, syntax.Request{BodyFile: "-", HasBody: true}},
		{"raw text", nil, raw("hi"), syntax.Request{Body: []byte("hi"), HasBody: true, ContentType: "text/plain; charset=utf-8"}},
		{"raw JSON", nil, raw(`{"a":1}`), syntax.Request{Body: []byte(`{"a":1}`), HasBody: true, ContentType: "application/json"}},
		{"raw empty", nil, raw(""), syntax.Request{Body: []byte{}, HasBody: true, ContentType: "text/plain; charset=utf-8"}},
	} {
		req, err := syntax.Build(tt.args, tt.mode, files)
		if err != nil || !reflect.DeepEqual(*req, tt.want) {
			t.Errorf("%s: got %+v, %v, want %+v", tt.name, req, err, tt.want)
		}
	}
}

func TestBuildErrors(t *testing.T) {
	t.Parallel()
	raw := "x"
	for _, tt := range []struct {
		name string
		args []string
		mode syntax.Mode
		want string
	}{
		{"no separator", []string{"word"}, syntax.Mode{}, "no separator"},
		{"two bodies", []string{"@a", "@b"}, syntax.Mode{}, "already given"},
		{"fields and file", []string{"a=1", "@b"}, syntax.Mode{}, "one body"},
		{"fields and raw", []string{"a=1"}, syntax.Mode{Raw: &raw}, "one body"},
		{"missing file", []string{"a=@nope"}, syntax.Mode{}, "nope"},
		{"missing header file", []string{"a:@nope"}, syntax.Mode{}, "nope"},
		{"missing JSON file", []string{"a:=@nope"}, syntax.Mode{}, "nope"},
		{"bytes in a field", []string{"a=@bytes"}, syntax.Mode{}, "not UTF-8"},
		{"not JSON", []string{"a:=x"}, syntax.Mode{}, "not JSON"},
		{"not JSON file", []string{"a:=@bad"}, syntax.Mode{}, "not JSON"},
		{"two values", []string{"a:=1 2"}, syntax.Mode{}, "not JSON"},
		{"deep JSON", []string{"a:=" + strings.Repeat("[", 20000)}, syntax.Mode{}, "not JSON"},
		{"nested in a form", []string{"a:=[1]"}, syntax.Mode{Form: true}, "nested"},
		{"key of a string", []string{"a=1", "a[b]=2"}, syntax.Mode{}, "a plain value"},
		{"index of an object", []string{"a[b]=1", "a[0]=2"}, syntax.Mode{}, "object"},
		{"key of an array", []string{"a[]=1", "a[b]=2"}, syntax.Mode{}, "array"},
		{"key next to top-level array", []string{"[]=1", "a=2"}, syntax.Mode{}, "array"},
		{"unclosed", []string{"a[b=1"}, syntax.Mode{}, "missing ]"},
		{"text after bracket", []string{"a[b]c=1"}, syntax.Mode{}, "unexpected"},
		{"stray bracket", []string{"a]=1"}, syntax.Mode{}, "unexpected"},
		{"negative", []string{"a[-1]=1"}, syntax.Mode{}, "negative"},
		{"huge", []string{"a[10000]=1"}, syntax.Mode{}, "above"},
		{"huger", []string{"a[99999999999999999999]=1"}, syntax.Mode{}, "above"},
		{"deep", []string{"a" + strings.Repeat("[b]", 100) + "=1"}, syntax.Mode{}, "deeper"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req, err := syntax.Build(tt.args, tt.mode, files)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %+v, %v, want one line with %q", req, err, tt.want)
			}
		})
	}
}
