package cli_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// evil is what a terminal acts on: an escape sequence, a bell, C1 in UTF-8, and marks
// that turn the direction of writing.
const evil = "a\x1b]0;owned\x07\x1b[2J\u009b31m\u202egpj.exe\u2066"

// hostile says evil things wherever a server can.
func hostile(t *testing.T) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/plain; x=\u009b31m\u202e")
		h.Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(evil+".txt"))
		h.Set("X-Evil", "\u202e\u009b2J")
		h.Set("Set-Cookie", "k=\u009b\u202e; Path=/")
		switch r.URL.Path {
		case "/control": // which the library refuses
			h.Set("X-Evil", evil)
		case "/status":
			w.WriteHeader(http.StatusNotFound)
		case "/redirect":
			h.Set("Location", "/"+url.PathEscape(evil))
			w.WriteHeader(http.StatusFound)
		case "/bad-redirect":
			h.Set("Location", "http://[\u202e\u009b")
			w.WriteHeader(http.StatusFound)
		}
		_, _ = io.WriteString(w, evil+"\n")
	}))
	srv.Config.ErrorLog = quietLog()
	t.Cleanup(srv.Close)
	return srv.URL
}

// TestHostileServer: whatever a server says, a terminal gets nothing that it acts on:
// bodies, heads, names of files, cookies, messages of errors.
func TestHostileServer(t *testing.T) {
	t.Parallel()
	url := hostile(t)
	dir := t.TempDir()
	s := streams()
	s.OutTTY, s.ErrTTY = true, true
	s.Getenv = func(name string) string { return map[string]string{"XDG_STATE_HOME": dir, "NO_COLOR": "1"}[name] }
	for _, args := range [][]string{
		{url},
		{"-v", url},
		{"-v", url + "/redirect"},
		{url + "/bad-redirect"},
		{"--print=HBhbm", url},
		{url + "/status"},
		{"HEAD", url},
		{"-v", url + "/control"},
		{"get", "--retry", "0", "-d", dir, url + "/control"},
		{"ws", url + "/control"},
		{"time", url + "/control"},
		{"get", "--progress=none", "-d", dir, url},
		{"get", "--progress=json", "-d", dir, url + "/2"},
		{"get", "--progress=none", "-d", dir, url + "/status"},
		{"put", "--progress=none", "-v", url, "-"},
		{"time", url},
		{"time", url + "/redirect"},
		{"time", "--json", url},
		{"--session", "evil", "-v", url},
		{"session", "show", "evil", "--show-secrets"},
		{"session", "show", "evil", "--show-secrets", "--json"},
		{"--har", filepath.Join(dir, "log.har"), url + "/redirect"},
		{"har", "show", filepath.Join(dir, "log.har")},
		{"har", "show", filepath.Join(dir, "log.har"), "1"},
		{"har", "run", filepath.Join(dir, "log.har")},
		{"har", "convert", filepath.Join(dir, "log.har")},
		{"ws", url},
		{"curl", "curl -v " + url},
		{"curl", "curl -i " + url},
		{"bench", "--quiet", "-n", "2", url + "/status"},
		{"--curl", url + "/" + evil},
		{"--go", url, "a=" + evil},
		{"--offline", url, "a=" + evil},
		{evil},
		{"--" + evil, url},
		{url, evil + "=@" + evil},
		{"get", "--progress=none", "-d", dir, "-o", "x\u202e", url},
		{"pin", evil + ":1"},
		{"session", "show", evil},
		{"har", "show", evil},
	} {
		got := run(t.Context(), s, args...)
		for _, text := range []string{got.out, got.err} {
			if i := strings.IndexFunc(text, acted); i >= 0 {
				t.Errorf("%q: %q has %q", args, text, text[i:min(i+4, len(text))])
			}
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.ContainsFunc(e.Name(), acted) && !strings.HasPrefix(e.Name(), "x") {
			t.Errorf("a file is called %q", e.Name())
		}
	}
}

// acted reports whether a terminal acts on a character.
func acted(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
}
