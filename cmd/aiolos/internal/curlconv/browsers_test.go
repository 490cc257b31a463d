package curlconv_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
)

// vector is a command as a browser copies it, and the request that was copied.
type vector struct {
	name, line string
	want       wanted
}

// wanted is the request of a vector.
type wanted struct {
	Method     string      `json:"method"`
	URL        string      `json:"url"`
	Headers    [][2]string `json:"headers"`
	Body       *string     `json:"body"`
	Compressed bool        `json:"compressed"`
	Insecure   bool        `json:"insecure"`
	Version    string      `json:"version"`
}

// vectors reads testdata/browsers: the command, a line "===", the request.
func vectors(t *testing.T) []vector {
	t.Helper()
	names, err := filepath.Glob("testdata/browsers/*.txt")
	if err != nil || len(names) < 40 {
		t.Fatalf("%d vectors, %v", len(names), err)
	}
	var all []vector
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		line, text, ok := bytes.Cut(data, []byte("\n===\n"))
		v := vector{name: filepath.Base(name), line: string(line)}
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&v.want); err != nil || !ok {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, v)
	}
	return all
}

// request is the request of a vector as Parse should return it.
func (w wanted) request() curlconv.Request {
	r := curlconv.Request{Method: w.Method, URL: w.URL, Compressed: w.Compressed, Insecure: w.Insecure, Version: w.Version}
	for _, h := range w.Headers {
		r.Headers = append(r.Headers, curlconv.Header{Name: h[0], Value: h[1]})
	}
	if w.Body != nil {
		r.HasBody, r.Body = true, []byte(*w.Body)
	}
	return r
}

// TestBrowsers: the commands that browsers copy give the requests that were
// copied, also after they were written anew.
func TestBrowsers(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		got, err := curlconv.ParseLine(v.line, noFiles)
		if err != nil {
			t.Errorf("%s: %v", v.name, err)
			continue
		}
		if want := v.want.request(); !reflect.DeepEqual(*got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", v.name, *got, want)
		}
		text, err := got.Curl()
		if err != nil {
			t.Errorf("%s: %v", v.name, err)
			continue
		}
		if again, err := curlconv.ParseLine(text, noFiles); err != nil || !reflect.DeepEqual(got, again) {
			t.Errorf("%s became\n%s\n%+v\n%v", v.name, text, again, err)
		}
		if _, err := got.Items(); err != nil {
			t.Errorf("%s: %v", v.name, err)
		}
	}
}
