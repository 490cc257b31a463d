package cli_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
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
