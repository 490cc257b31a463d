package download_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
)

// named answers every request with a file under a name of the server's choice.
type named string

func (n named) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Request: req, ContentLength: 4, Body: io.NopCloser(strings.NewReader("evil")),
		Header: http.Header{"Content-Disposition": {string(n)}, "Etag": {`"1"`}},
	}, nil
}

// FuzzDisposition downloads a file whatever name the server has for it, and checks
// that it is in the directory, and that nothing is beside the directory.
func FuzzDisposition(f *testing.F) {
	for _, name := range []string{
		"../x", "../../x", `..\x`, "/abs", "a/../../x", "x/y", ".ssh", "..", ".", "", "x\x00/../y", "nul", "x.part", "%2e%2e%2fx", "..%2fx", "....//x", "C:\\x", "~root",
	} {
		f.Add(`attachment; filename="`+name+`"`, "/file")
		f.Add("attachment; filename*=UTF-8''"+strings.ReplaceAll(name, "/", "%2F"), "/"+name)
	}
	f.Fuzz(func(t *testing.T, disposition, path string) {
		outer := t.TempDir()
		dir := filepath.Join(outer, "dir")
		d, err := download.OpenDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		s, err := session.New(session.Config{Transport: named(disposition)})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		fetcher := &download.Fetcher{Client: s, Dir: d, Conflict: download.Rename, Progress: &quiet{}}
		var result download.Result
		download.Run(t.Context(), fetcher, []download.Job{{URL: "http://h.example" + path, Index: 1}}, download.Limits{Total: 1, PerHost: 1},
			func(r download.Result) { result = r })
		outside, err := os.ReadDir(outer)
		if err != nil || len(outside) != 1 {
			t.Fatalf("%q: beside the directory there is %v, %v", disposition, outside, err)
		}
		inside, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if result.Err != nil {
			return // the URL was none
		}
		if len(inside) != 1 || inside[0].Name() != result.Name || !inside[0].Type().IsRegular() {
			t.Errorf("%q: %v in the directory, and the result is %+v", disposition, inside, result)
		}
	})
}
