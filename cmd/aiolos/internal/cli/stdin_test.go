package cli_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
)

// quietLog is for servers that break connections on purpose.
func quietLog() *log.Logger { return log.New(io.Discard, "", 0) }

// TestPiped: what is piped in is the body where one is expected, and nowhere else.
func TestPiped(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		in   string
		tty  bool
		args []string
		want string // the end of the request; empty: no body
		kind string // its type
	}{
		{"POST", "hello", false, []string{"POST", "h.example"}, "hello", ""},
		{"PUT", "hello", false, []string{"PUT", "h.example"}, "hello", ""},
		{"PATCH", "hello", false, []string{"PATCH", "h.example"}, "hello", ""},
		{"an object", `{"a":1}`, false, []string{"POST", "h.example"}, `{"a":1}`, "application/json"},
		{"an array", `[1]`, false, []string{"POST", "h.example"}, `[1]`, "application/json"},
		{"a form", `a=1`, false, []string{"POST", "-f", "h.example"}, `a=1`, "application/x-www-form-urlencoded"},
		{"a type of its own", `{}`, false, []string{"POST", "h.example", "Content-Type:a/b"}, `{}`, "a/b"},
		{"nothing", "", false, []string{"POST", "h.example"}, "", ""},
		{"GET", "hello", false, []string{"h.example"}, "", ""},
		{"GET that is written", "hello", false, []string{"GET", "h.example"}, "", ""},
		{"DELETE", "hello", false, []string{"DELETE", "h.example"}, "", ""},
		{"a body already", "hello", false, []string{"POST", "h.example", "--raw", "raw"}, "raw", "text/plain; charset=utf-8"},
		{"fields already", "hello", false, []string{"POST", "h.example", "-f", "a=1"}, "a=1", "application/x-www-form-urlencoded"},
		{"a terminal", "hello", true, []string{"POST", "h.example"}, "", ""},
		{"not wanted", "hello", false, []string{"POST", "h.example", "--ignore-stdin"}, "", ""},
	} {
		s := streams()
		s.In, s.InTTY = strings.NewReader(tt.in), tt.tty
		got := run(t.Context(), s, append([]string{"--offline"}, tt.args...)...)
		head, body, _ := strings.Cut(got.out, "\r\n\r\n")
		body = strings.TrimSuffix(strings.TrimPrefix(body, "5\r\n"), "\r\n0\r\n\r\n")
		if tt.want == "" && body != "" || !strings.Contains(body, tt.want) || got.code != 0 || got.err != "" {
			t.Errorf("%s: %+v", tt.name, got)
		}
		if tt.kind != "" != strings.Contains(head, "Content-Type: "+tt.kind) && tt.kind != "" {
			t.Errorf("%s: no %s in %s", tt.name, tt.kind, head)
		}
	}
	got := run(t.Context(), func() app.Streams { s := streams(); s.In = strings.NewReader("x"); return s }(), "--curl", "POST", "h.example")
	if !strings.Contains(got.out, "--data-binary @-") {
		t.Errorf("--curl: %+v", got)
	}
}

// TestPipedFile: a file is sent from its place, and again after a redirect.
func TestPipedFile(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	bodies := []string{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		bodies = append(bodies, string(body))
		if r.URL.Path == "/again" {
			http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
		}
	}))
	defer srv.Close()
	name := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(name, []byte("skip hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Seek(5, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	s := streams()
	s.In = f
	if got := run(t.Context(), s, "POST", srv.URL+"/again"); got.code != 0 || strings.Join(bodies, "|") != "hello|hello" {
		t.Errorf("%+v, sent %q", got, bodies)
	}
	bodies = bodies[:0]
	if got := run(t.Context(), s, "POST", srv.URL); got.code != 0 || strings.Join(bodies, "|") != "" || len(bodies) != 1 {
		t.Errorf("at its end: %+v, sent %q", got, bodies)
	}
}

// TestPipedSilence: a pipe that stays open and silent is told of after a second, and
// an interrupt ends the wait.
func TestPipedSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, out := io.Pipe()
		defer out.Close()
		s := streams()
		s.In = in
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		got := run(ctx, s, "--offline", "POST", "h.example")
		if got.out != "" || strings.Count(got.err, "waiting for the body on standard input; --ignore-stdin sends none") != 1 || time.Since(start) != 3*time.Second {
			t.Errorf("after %s: %+v", time.Since(start), got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		in, out := io.Pipe()
		s := streams()
		s.In = in
		go func() {
			time.Sleep(10 * time.Second)
			_, _ = io.WriteString(out, "late")
			_ = out.Close()
		}()
		if got := run(t.Context(), s, "--offline", "POST", "h.example"); got.code != 0 || !strings.Contains(got.out, "late") {
			t.Errorf("%+v", got)
		}
	})
}

// TestKeyLog: the keys are written if that is wanted, with a warning, and the
// variable alone does nothing.
func TestKeyLog(t *testing.T) {
	t.Parallel()
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	file := filepath.Join(t.TempDir(), "keys")
	s := streams()
	s.Getenv = func(name string) string { return map[string]string{"SSLKEYLOGFILE": file}[name] }
	if got := run(t.Context(), s, "--no-check", "--insecure", srv.URL); got.code != 0 || got.err != "" {
		t.Errorf("without the flag: %+v", got)
	}
	if _, err := os.Stat(file); err == nil {
		t.Fatal("the variable alone writes keys")
	}
	got := run(t.Context(), s, "--no-check", "--insecure", "--keylog", srv.URL)
	if got.code != 0 || !strings.Contains(got.err, "warning: the keys of TLS are written to "+file) {
		t.Errorf("%+v", got)
	}
	if data, err := os.ReadFile(file); err != nil || !strings.Contains(string(data), "CLIENT_") {
		t.Errorf("%q, %v", data, err)
	}
	if got := run(t.Context(), streams(), "--keylog", srv.URL); got.code != 2 || !strings.Contains(got.err, "names no file") {
		t.Errorf("no variable: %+v", got)
	}
	if got := run(t.Context(), s, "--go", "--keylog", srv.URL); !strings.Contains(got.err, "--keylog") {
		t.Errorf("--go: %+v", got)
	}
}
