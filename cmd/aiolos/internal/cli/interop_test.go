package cli_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestInteropCurl: what --curl prints makes curl send the request that aiolos
// sends, redirects included, and that "aiolos curl" sends.
func TestInteropCurl(t *testing.T) {
	t.Parallel()
	for _, need := range []string{"curl", "bash"} {
		if _, err := exec.LookPath(need); err != nil {
			t.Skip("there is no " + need)
		}
	}
	asked := make(chan string, 10)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var b strings.Builder
		fmt.Fprintf(&b, "%s %s %s\n", r.Method, r.Host, r.RequestURI)
		for _, name := range slices.Sorted(maps.Keys(r.Header)) {
			value := fmt.Sprintf("%q", r.Header[name])
			if kind := r.Header.Get("Content-Type"); strings.HasPrefix(kind, "multipart/") {
				switch name { // the boundary is random, and has another length
				case "Content-Type":
					value, _, _ = strings.Cut(kind, ";")
				case "Content-Length":
					continue
				}
			}
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
		if kind := r.Header.Get("Content-Type"); strings.HasPrefix(kind, "multipart/") {
			text, err := parts(kind, body)
			fmt.Fprintf(&b, "%s %v\n", text, err)
		} else {
			fmt.Fprintf(&b, "%d %v %q\n", r.ContentLength, r.TransferEncoding, body)
		}
		asked <- b.String()
		if r.URL.Path == "/redirect" {
			http.Redirect(w, r, "/to", http.StatusSeeOther)
		}
	}))
	t.Cleanup(srv.Close)
	file := filepath.Join(t.TempDir(), "it's a file.json")
	if err := os.WriteFile(file, []byte("{\"a\":\r\n1}\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	drain := func() (all []string) {
		for len(asked) > 0 {
			all = append(all, <-asked)
		}
		return all
	}
	for _, args := range [][]string{
		{"/a?b=c&d=[1]{x,y}%20"},
		{"/a", "q==a b", "X-A:it's", "X-A:\"2\"", "X-Empty;", "Accept:text/html", "User-Agent:me"},
		{"/a", "Accept:", "User-Agent:", "Accept-Encoding:"},
		{"/a", "name=gopher's", "age:=12", "text=a\nb\x1b[0m!", "uni=é漢\U0001F600\u202e"},
		{"/a", "-f", "a=1", "b= &=!"},
		{"/a", "--raw", "@not-a-file"},
		{"/a", "--raw", "x", "Content-Type:"},
		{"PUT /a", "@" + file},
		{"DELETE /a"},
		{"HEAD /a"},
		{"GET /a", "--raw", "x"},
		{"POST /a"},
		{"POST /redirect", "-f", "a=1"}, // with JSON curl would send the type again
		{"/redirect", "--no-follow"},
		{"/a", "Authorization:Bearer x", "Host:other.example"},
		{"/a", "title=it's", "file@" + file + ";type=x/y;filename=\"a;b\".json", "n:=1", "empty="},
		{"/a", "--multipart", "a[b]=1", "uni=é\n漢", "at=\\@@"},
		{"POST /redirect", "f@" + file},
		{"/a", "--retry", "2", "--timeout", "5", "--connect-timeout", "2", "--http1.1", "--proxy", "none", "--insecure"},
		{"/a", "-H", "X-A: it's", "-H", "User-Agent: me"},
	} {
		words := []string{srv.URL + args[0]}
		if method, path, ok := strings.Cut(args[0], " "); ok {
			words = []string{method, srv.URL + path}
		}
		words = append(words, args[1:]...)
		if got := run(t.Context(), streams(), words...); got.code != 0 && got.code != 3 {
			t.Fatalf("%q: %+v", args, got)
		}
		want := drain()
		printed := run(t.Context(), streams(), append([]string{"--curl", "--show-secrets"}, words...)...)
		if printed.code != 0 || len(want) == 0 {
			t.Fatalf("%q: %+v", args, printed)
		}
		cmd := exec.CommandContext(t.Context(), "bash", "-c", strings.TrimSuffix(printed.out, "\n")+" -sS")
		cmd.Env = []string{"LC_ALL=C.UTF-8", "PATH=/usr/local/bin:/usr/bin:/bin"}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%q: %v\n%s\n%s", args, err, printed.out, out)
		}
		if got := drain(); !slices.Equal(got, want) {
			t.Errorf("%q: curl sends\n%s\nwant\n%s\nfor\n%s", args, got, want, printed.out)
		}
		if again := run(t.Context(), streams(), "curl", printed.out); again.code != 0 {
			t.Errorf("%q: aiolos curl: %+v", args, again)
		}
		if got := drain(); !slices.Equal(got, want) {
			t.Errorf("%q: aiolos curl sends\n%s\nwant\n%s\nfor\n%s", args, got, want, printed.out)
		}
	}
}

// parts lists the parts of a multipart body.
func parts(kind string, body []byte) (string, error) {
	_, params, err := mime.ParseMediaType(kind)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	r := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return b.String(), nil
		}
		if err != nil {
			return "", err
		}
		data, err := io.ReadAll(p)
		fmt.Fprintf(&b, "%v %q %v\n", p.Header, data, err)
	}
}
