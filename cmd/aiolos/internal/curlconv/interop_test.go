//go:build interop

package curlconv_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
)

// TestInteropWords: bash divides the commands of browsers as Split does.
func TestInteropWords(t *testing.T) {
	t.Parallel()
	lines := []string{`curl a\ b $'\u00e9\x41\101\t\'\q' "a\"b\$c\d" ''`, "curl a#b $\"x\" 'it'\\''s' a\\\n  b"}
	for _, v := range vectors(t) {
		if !strings.Contains(v.name, "-cmd") && !strings.Contains(v.name, "firefox-json-unicode") { // no surrogates in bash
			lines = append(lines, v.line)
		}
	}
	for _, line := range lines {
		got, err := curlconv.Split(line)
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		cmd := exec.CommandContext(t.Context(), "bash", "-c", "printf '%s\\0' "+line)
		cmd.Env = []string{"LC_ALL=C.UTF-8"}
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if want := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); !slices.Equal(got, want) {
			t.Errorf("%s:\ngot  %q\nwant %q", line, got, want)
		}
	}
}

// TestInteropBrowsers: curl sends what a browser's command says, after we have
// read it and written it anew.
func TestInteropBrowsers(t *testing.T) {
	t.Parallel()
	asked := make(chan *http.Request, 1)
	var body []byte
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		asked <- r
	}))
	t.Cleanup(srv.Close)
	for _, v := range vectors(t) {
		r, err := curlconv.ParseLine(v.line, noFiles)
		if err != nil {
			t.Fatalf("%s: %v", v.name, err)
		}
		path := strings.Replace(strings.Replace(r.URL, "https://shop.example", "", 1), "https://localhost:8443", "", 1)
		r.URL = srv.URL + path
		text, err := r.Curl()
		if err != nil {
			t.Fatalf("%s: %v", v.name, err)
		}
		cmd := exec.CommandContext(t.Context(), "bash", "-c", text+" -sS")
		cmd.Env = []string{"LC_ALL=C.UTF-8", "PATH=/usr/local/bin:/usr/bin:/bin"}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s\n%s", v.name, err, text, out)
			continue
		}
		got := <-asked
		if got.Method != v.want.Method || got.RequestURI != path {
			t.Errorf("%s: got %s %s, want %s %s", v.name, got.Method, got.RequestURI, v.want.Method, path)
		}
		if v.want.Body != nil && !bytes.Equal(body, []byte(*v.want.Body)) || v.want.Body == nil && len(body) > 0 {
			t.Errorf("%s: the body is %q", v.name, body)
		}
		for _, h := range v.want.Headers {
			if values := got.Header.Values(h[0]); !slices.Equal(values, []string{h[1]}) {
				t.Errorf("%s: %s: got %q, want %q", v.name, h[0], values, h[1])
			}
		}
	}
}
