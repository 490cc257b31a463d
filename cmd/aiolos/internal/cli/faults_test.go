package cli_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestErrorsNameTheFile: an error is about the file that the user has named, and not
// about one that was to become it.
func TestErrorsNameTheFile(t *testing.T) {
	t.Parallel()
	url := server(t, "text/plain", "x")
	dir := t.TempDir()
	s := streams()
	s.Getenv = func(name string) string { return map[string]string{"XDG_STATE_HOME": dir}[name] }
	if got := run(t.Context(), s, "--session", "me", url); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	missing := filepath.Join(dir, "no", "f")
	for _, args := range [][]string{
		{"-o", missing, url},
		{"put", "-o", missing, url + "/f", "faults_test.go"},
		{"--har", missing, url},
		{"get", "-d", dir, "--save-failed", missing, url + "/a"},
		{"session", "export", "-o", missing, "me"},
		{"session", "export", "--json", "-o", missing, "me"},
		{"curl", "curl -o " + missing + " " + url},
		{"curl", "--har", missing, "curl " + url},
	} {
		got := run(t.Context(), s, args...)
		if got.code != 1 || !strings.Contains(got.err, "open "+missing+": ") {
			t.Errorf("%q: %+v", args, got)
		}
	}
}

// TestSeveralErrors: several errors are one line, with a semicolon between them.
func TestSeveralErrors(t *testing.T) {
	t.Parallel()
	s := streams()
	s.Getenv = func(name string) string { return map[string]string{"XDG_STATE_HOME": "/no"}[name] }
	got := run(t.Context(), s, "session", "rm", "a", "b")
	if want := "aiolos: there is no session \"a\"; there is no session \"b\"\n"; got.code != 1 || got.err != want {
		t.Errorf("got %+v, want %q", got, want)
	}
	// A request that fails, and a file that cannot be written.
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	srv.Config.ErrorLog = quietLog()
	defer srv.Close()
	for _, args := range [][]string{
		{"--har", "/no/f.har", srv.URL},
		{"time", "--json", srv.URL},
		{"get", "-d", t.TempDir(), "--retry", "0", "--progress=json", srv.URL},
	} {
		if got := run(t.Context(), s, args...); got.code == 0 || strings.Contains(got.err, `\x0a`) {
			t.Errorf("%q: %+v", args, got)
		}
	}
}

// TestNoFlagIsIgnored: a flag that a command has does something there, or the command
// says that it does not.
func TestNoFlagIsIgnored(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen http.Header
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = r.Header.Clone()
	}))
	defer srv.Close()
	dir := t.TempDir()
	log := filepath.Join(dir, "log.har")
	s := streams()
	s.Getenv = func(name string) string { return map[string]string{"XDG_STATE_HOME": dir}[name] }
	if got := run(t.Context(), s, "--har", log, "--session", "me", srv.URL, "X-A:0"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	for _, tt := range []struct {
		args []string
		code int
		err  string // a part of what is said; "" for nothing
		sent string // of X-A
	}{
		// What is sent once for each figure is not sent again.
		{[]string{"bench", "-n", "1", "--retry", "3", srv.URL}, 2, "unknown flag: --retry; what fails is counted", ""},
		{[]string{"bench", "-n", "1", "--session", "me", srv.URL}, 2, "unknown flag: --session; ", ""},
		{[]string{"bench", "-n", "1", "-H", "X-A: 1", srv.URL}, 0, "", "1"},
		{[]string{"har", "run", "--session", "me", log}, 2, "unknown flag: --session; ", ""},
		{[]string{"har", "run", log}, 0, "", "0"},
		// The command line counts more than what was kept.
		{[]string{"har", "run", "-H", "X-A: 1", log}, 0, "", "1"},
		{[]string{"--session", "me", srv.URL}, 0, "", "0"},
		{[]string{"--session", "me", "-H", "X-A: 1", srv.URL}, 0, "", "1"},
		{[]string{"--session", "me", "-H", "X-A:", srv.URL}, 0, "", ""},
		{[]string{"time", "--session", "me", "-H", "X-A: 1", srv.URL}, 0, "", "1"},
		{[]string{"get", "-d", dir, "--session-read-only", "me", "-H", "X-A: 1", srv.URL + "/x"}, 0, "done", "1"},
		{[]string{"ws", "--http2", srv.URL}, 2, "--http2: a WebSocket is opened with HTTP/1.1", ""},
		// Nothing comes of a request that is only printed.
		{[]string{"--offline", "--har", "x", "--print=h", "--sorted", "-o", "x", srv.URL}, 0, "there is nothing for --har, --print, --sorted, --output\n", ""},
		{[]string{"--curl", "--har", "x", "-b", "--pretty=all", "-o", "x", srv.URL}, 0, "there is nothing for --har, --print, --pretty\n", ""},
		{[]string{"--go", "--har", "x", "-o", "x", srv.URL}, 0, "there is nothing for --har\n", ""},
		{[]string{"curl", "--print", "--har", "x", "curl " + srv.URL}, 0, "there is nothing for --har\n", ""},
		{[]string{"curl", "--go", "--sorted", "curl " + srv.URL}, 0, "there is nothing for --sorted\n", ""},
		{[]string{"curl", "--print", "curl " + srv.URL}, 0, "", ""},
	} {
		mu.Lock()
		seen = http.Header{}
		mu.Unlock()
		got := run(t.Context(), s, tt.args...)
		mu.Lock()
		sent := strings.Join(seen["X-A"], ",")
		mu.Unlock()
		if got.code != tt.code || !strings.Contains(got.err, tt.err) || tt.err == "" && got.err != "" || sent != tt.sent {
			t.Errorf("%q: %+v with X-A %q, want code %d, %q and X-A %q", tt.args, got, sent, tt.code, tt.err, tt.sent)
		}
	}
	// A file of flags is for all commands: what one does not have is for others.
	conf := filepath.Join(dir, "aiolos", "config")
	if err := os.MkdirAll(filepath.Dir(conf), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(conf, []byte("--session me\n--retry 3\n--http2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Getenv = func(name string) string {
		return map[string]string{"XDG_STATE_HOME": dir, "XDG_CONFIG_HOME": dir}[name]
	}
	if got := run(t.Context(), s, "bench", "-n", "1", "--http2=false", srv.URL); got.code != 0 {
		t.Errorf("with a file of flags: %+v", got)
	}
}

// TestRetryInCurl: what is sent again here is sent again by the curl command.
func TestRetryInCurl(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]bool{
		"--curl --retry 2 h.example":                         true,
		"--curl --retry 2 POST h.example":                    false,
		"--curl --retry 2 POST h.example Idempotency-Key:7b": true,
	} {
		got := run(t.Context(), streams(), strings.Fields(args)...)
		if got.code != 0 || strings.Contains(got.out, "--retry 2") != want || strings.Contains(got.err, "--retry") == want {
			t.Errorf("%s: %+v, want --retry in it: %v", args, got, want)
		}
	}
}
