package cli_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cli"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/httpbin"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syncbuf"
)

// errFull is that of a disk.
var errFull = errors.New("no space left on device")

// full is a stream to a disk that is full, after so many bytes.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.left {
		n := f.left
		f.left = 0
		return n, errFull
	}
	f.left -= len(p)
	return len(p), nil
}

// TestFullDisk: what cannot be written to standard output is a failure of every
// command, and is told once.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(httpbin.Handler())
	defer srv.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = quietLog()
	secure.StartTLS()
	defer secure.Close()
	dir := t.TempDir()
	getenv := func(name string) string { return map[string]string{"XDG_STATE_HOME": dir}[name] }
	log := filepath.Join(dir, "log.har")
	prepare := streams()
	prepare.Getenv = getenv
	got := run(t.Context(), prepare, "--har", log, "--session", "me", srv.URL+"/cookies/set?k=v", "X-Kept:yes")
	if got.code != 0 {
		t.Fatalf("%+v", got)
	}
	for _, args := range [][]string{
		{srv.URL + "/get"},
		{"-v", srv.URL + "/redirect/1"},
		{"--print=m", srv.URL + "/get"},
		{"--print=h", srv.URL + "/get"},
		{"-o", "-", srv.URL + "/get"},
		{"--offline", "h.example"},
		{"--curl", "h.example"},
		{"--go", "h.example"},
		{"put", srv.URL + "/put", "-"},
		{"time", srv.URL + "/get"},
		{"time", "--json", srv.URL + "/get"},
		{"pin", secure.URL},
		{"pin", "--json", secure.URL},
		{"bench", "-n", "2", srv.URL + "/get"},
		{"bench", "-n", "2", "--json", srv.URL + "/get"},
		{"bench", "-n", "2", "--csv", srv.URL + "/get"},
		{"session", "ls"},
		{"session", "ls", "--json"},
		{"session", "show", "me"},
		{"session", "show", "--json", "me"},
		{"session", "export", "me"},
		{"session", "export", "--json", "me"},
		{"har", "show", log},
		{"har", "show", log, "1"},
		{"har", "run", log, "1"},
		{"har", "convert", log},
		{"har", "convert", "--to", "aiolos", log},
		{"har", "convert", "--to", "go", log, "1"},
		{"curl", "--print", "curl h.example"},
		{"curl", "curl " + srv.URL + "/get"},
		{"completion", "bash"},
		{"man"},
		{"version"},
		{"--version"},
		{"--help"},
		{"-h"},
		{"get", "--help"},
		{"get", "-h"},
		{"help"},
		{"help", "items"},
	} {
		for _, tty := range []bool{false, true} {
			var stderr syncbuf.Buffer
			s := app.Streams{In: strings.NewReader("x"), Out: &full{left: 3}, Err: &stderr, Width: 80, Getenv: getenv, OutTTY: tty}
			code := cli.Run(t.Context(), args, s)
			if code == 0 || code == 130 {
				t.Errorf("%q, a terminal %v: code %d, and nothing was written: %s", args, tty, code, stderr.String())
			}
			refused := tty && args[0] == "session" && args[1] == "export"
			if strings.Count(stderr.String(), errFull.Error()) != 1 && !refused {
				t.Errorf("%q, a terminal %v: not told once: %s", args, tty, stderr.String())
			}
		}
	}
}

// TestFilesThatFail: files that cannot be read or written are errors before or after
// the request, and never a success.
func TestFilesThatFail(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(httpbin.Handler())
	defer srv.Close()
	dir := t.TempDir()
	big := filepath.Join(dir, "big")
	if err := os.WriteFile(big, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(big, 65<<20); err != nil {
		t.Fatal(err)
	}
	none, page := filepath.Join(dir, "none", "x"), filepath.Join(dir, "page.html")
	if err := os.Mkdir(page, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{srv.URL + "/post", "@" + dir}, 2, "is a directory"},
		{[]string{srv.URL + "/post", "@" + none}, 2, "none"},
		{[]string{srv.URL + "/post", "n=@" + big}, 2, "larger than 64 MiB"},
		{[]string{srv.URL + "/post", "n@" + dir}, 2, "file"},
		{[]string{srv.URL + "/get", "X-A:@" + none}, 2, "none"},
		{[]string{srv.URL + "/get", "-H", "@" + none}, 2, "none"},
		{[]string{srv.URL + "/get", "-o", none}, 1, "none"},
		{[]string{srv.URL + "/get", "-o", dir}, 1, ""},
		{[]string{srv.URL + "/get", "--har", none}, 1, "har:"},
		{[]string{"time", srv.URL + "/get", "--report", none + ".html"}, 2, "none"},
		{[]string{"time", srv.URL + "/get", "--report", page}, 1, "report:"},
		{[]string{"bench", "-n", "1", srv.URL + "/get", "--report", none + ".svg"}, 2, "none"},
		{[]string{"bench", "-n", "1", srv.URL + "/get", "--report", page}, 1, "report:"},
		{[]string{"get", "-d", dir, srv.URL + "/get", "--report", page}, 1, "report:"},
		{[]string{"bench", "-n", "1", "-i", none}, 2, "none"},
		{[]string{"put", srv.URL + "/put", none}, 2, "none"},
		{[]string{"put", srv.URL + "/put", dir}, 2, "is a directory"},
		{[]string{"get", "-d", big, srv.URL + "/get"}, 1, "big"},
		{[]string{"get", "-i", none}, 2, "none"},
		{[]string{"get", "--save-failed", none, "-d", dir, "--retry", "0", srv.URL + "/get"}, 1, "none"},
		{[]string{"get", "--checksum", "@" + none, srv.URL + "/get"}, 2, "none"},
		{[]string{"bench", "-n", "1", srv.URL + "/post", "@" + none}, 2, "none"},
		{[]string{"bench", "-n", "1", srv.URL + "/post", "@" + big}, 2, "larger than 64 MiB"},
		{[]string{"bench", "-n", "1", srv.URL + "/post", "n@" + big}, 2, "larger than 64 MiB"},
		{[]string{"bench", "-n", "1", srv.URL + "/post", "n@" + none}, 2, "none"},
		{[]string{"curl", "curl -T " + none + " " + srv.URL + "/put"}, 2, "none"},
		{[]string{"curl", "curl -F a=@" + none + " " + srv.URL + "/post"}, 2, "none"},
		{[]string{"curl", "curl -d @" + none + " " + srv.URL + "/post"}, 2, "none"},
		{[]string{"curl", "-"}, 2, "does not begin with curl"},
		{[]string{"session", "import", "me", none}, 1, "no place for sessions"},
	} {
		got := run(t.Context(), streams(), tt.args...)
		if got.code != tt.code || !strings.Contains(got.err, tt.want) || strings.Count(got.err, "\n") > 2 {
			t.Errorf("%q: %+v, want code %d and %q", tt.args, got, tt.code, tt.want)
		}
	}
}

// TestBodyIsReadOnce: standard input that is a file is the body from its place, also
// of a form, of curl and of put.
func TestBodyIsReadOnce(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	defer srv.Close()
	for _, args := range [][]string{
		{"POST", srv.URL},
		{srv.URL, "@-"},
		{"put", srv.URL + "/x", "-", "-X", "POST"},
		{"curl", "curl -d @- " + srv.URL},
		{"curl", "curl -T - " + srv.URL + "/x"},
		{srv.URL, "f@-"},
		{"curl", "curl -F f=@- " + srv.URL},
	} {
		s := streams()
		s.In = strings.NewReader("the body")
		got := run(t.Context(), s, args...)
		if got.code != 0 || strings.Count(got.out, "the body") != 1 {
			t.Errorf("%q: %+v", args, got)
		}
	}
}
