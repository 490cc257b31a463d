package syntax_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/textfile"
)

// FuzzBuild checks that any two items make either an error in one line or a
// valid body, and that escaping brings every name and value through.
func FuzzBuild(f *testing.F) {
	for _, seed := range []string{
		"n=v", "a[b][0]=v", `a\[b=c`, "X-A:1", "X-A;", "q==v", `n:={"a":[1]}`, `a\\=b`, "[]=1", "@f", "a[99]=1", `a[\1]=x`, "n:=1e999", "é=ü",
	} {
		f.Add(seed, "x=y", false)
		f.Add("a[b]=1", seed, true)
	}
	read := func(string) ([]byte, error) { return []byte(`"file"`), nil }
	f.Fuzz(func(t *testing.T, a, b string, form bool) {
		req, err := syntax.Build([]string{a, b}, syntax.Mode{Form: form}, read)
		if err != nil {
			return
		}
		switch req.ContentType {
		case "application/json":
			if !json.Valid(req.Body) {
				t.Errorf("items %q %q made %q, which is not JSON", a, b, req.Body)
			}
		case "application/x-www-form-urlencoded":
			if _, err := url.ParseQuery(string(req.Body)); err != nil {
				t.Errorf("items %q %q made %q: %v", a, b, req.Body, err)
			}
		}
	})
}

// FuzzEscape checks that a name and a value with every special character
// protected arrive as they are.
func FuzzEscape(f *testing.F) {
	f.Add("name", "value")
	f.Add("a:b;c=d@e", "@x")
	f.Add("[0]", `\`)
	escape := strings.NewReplacer(":", `\:`, ";", `\;`, "=", `\=`, "@", `\@`)
	f.Fuzz(func(t *testing.T, name, value string) {
		if name == "" || strings.Contains(name+value, `\`) {
			t.Skip("backslashes are not escaped: a pair stays a pair")
		}
		it, err := syntax.Parse(escape.Replace(name) + "=" + escape.Replace(value))
		if err != nil || it.Kind != syntax.Field || it.Name != name || it.Value != value {
			t.Errorf("name %q value %q came back as %+v, %v", name, value, it, err)
		}
	})
}

// FuzzJSON checks that a raw field is the same JSON value when it is sent.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"b":1,"a":[true,null,"x\u00e9"]}`))
	f.Add([]byte("1e400"))
	f.Add([]byte("\ufeff{\"a\":1,\"a\":2}"))
	f.Add([]byte(`"\ud800"`))
	f.Fuzz(func(t *testing.T, data []byte) {
		read := func(string) ([]byte, error) { return data, nil }
		req, err := syntax.Build([]string{"[]:=@f"}, syntax.Mode{}, read)
		data = textfile.UTF8(data)
		if (err == nil) != json.Valid(data) {
			t.Fatalf("%q: error %v, and valid is %v", data, err, json.Valid(data))
		}
		if err != nil {
			return
		}
		if got, want := decode(t, req.Body), decode(t, []byte("["+string(data)+"]")); !bytes.Equal(got, want) {
			t.Errorf("%q became %q", want, got)
		}
	})
}

// decode brings JSON into one form.
func decode(t *testing.T, data []byte) []byte {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%q: %v", data, err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
