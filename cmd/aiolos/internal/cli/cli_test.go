package cli_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cli"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syncbuf"
)

// call is one call of the program and what it wrote.
type call struct {
	code     int
	out, err string
}

// streams are those of a test: no terminal anywhere.
func streams() app.Streams {
	return app.Streams{In: strings.NewReader(""), Width: 80, Getenv: func(string) string { return "" }}
}

// run calls the program. Some of the streams may be said to be a terminal.
func run(ctx context.Context, s app.Streams, args ...string) call {
	var out, err syncbuf.Buffer
	s.Out, s.Err = &out, &err
	code := cli.Run(ctx, args, s)
	return call{code, out.String(), err.String()}
}

// server answers everything with a body and some headers.
func server(t *testing.T, contentType, body string) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("X-Dir", "a\u202eb")
		if r.Method == http.MethodPost {
			if _, err := io.Copy(w, r.Body); err != nil {
				t.Error(err)
			}
			return
		}
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestTerminal(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body string
		want       string // of the body
		notice     string
	}{
		{"text", "hello\n", "hello\n", ""},
		{"no line end", "hello", "hello\n", ""},
		{"empty", "", "", ""},
		{"escape", "a\x1b]0;owned\x07\r\nb\x1b[2J", "a\\x1b]0;owned\\x07\nb\\x1b[2J\n", ""},
		{"C1", "a\xc2\x9b2J\xffz", "a\\u009b2J\\xffz\n", ""},
		{"bytes", "\x89PNG\x00\x1b[2J", "", "9 B of binary data"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := streams()
			s.OutTTY = true
			got := run(t.Context(), s, server(t, "text/plain", tt.body), "--color=never")
			_, body, ok := strings.Cut(got.out, "\n\n")
			if got.code != 0 || !ok || body != tt.want || !strings.Contains(got.err, tt.notice) {
				t.Errorf("got %+v, want the body %q and the notice %q", got, tt.want, tt.notice)
			}
			if !strings.HasPrefix(got.out, "HTTP/1.1 200 OK\n") || !strings.Contains(got.out, `X-Dir: a\u202eb`) {
				t.Errorf("head: %q", got.out)
			}
		})
	}
}

// TestPipe: what is no terminal gets the bytes as they are, and nothing else.
func TestPipe(t *testing.T) {
	t.Parallel()
	body := "\x1b[2J\x00\xff\r\n"
	got := run(t.Context(), streams(), server(t, "text/plain", body))
	if want := (call{0, body, ""}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestTerminalShowsOwnBodySafely(t *testing.T) {
	t.Parallel()
	s := streams()
	s.OutTTY = true
	got := run(t.Context(), s, "--color=never", "-v", "--raw", "x\x1b[2Jy", server(t, "text/plain", ""))
	if strings.Contains(got.out, "\x1b") || strings.Count(got.out, `x\x1b[2Jy`) != 2 {
		t.Errorf("got %q", got.out)
	}
}

func TestColors(t *testing.T) {
	t.Parallel()
	url := server(t, "text/plain", "x")
	for _, tt := range []struct {
		name   string
		tty    bool
		env    string
		args   []string
		colors bool
	}{
		{"terminal", true, "", nil, true},
		{"pipe", false, "", nil, false},
		{"NO_COLOR", true, "NO_COLOR", nil, false},
		{"FORCE_COLOR", false, "FORCE_COLOR", nil, true},
		{"never", true, "FORCE_COLOR", []string{"--color", "never"}, false},
		{"always", false, "NO_COLOR", []string{"--color", "always"}, true},
	} {
		s := streams()
		s.OutTTY, s.ErrTTY = tt.tty, tt.tty
		s.Getenv = func(name string) string {
			if name == tt.env {
				return "1"
			}
			return ""
		}
		got := run(t.Context(), s, append(tt.args, "--print=h", url)...)
		if strings.Contains(got.out, "\x1b[") != tt.colors {
			t.Errorf("%s: got %q, want colours %v", tt.name, got.out, tt.colors)
		}
		got = run(t.Context(), s, append(tt.args, "foo")...)
		if strings.Contains(got.err, "\x1b[") != tt.colors {
			t.Errorf("%s: got %q, want colours %v", tt.name, got.err, tt.colors)
		}
	}
}

func TestStandardInput(t *testing.T) {
	t.Parallel()
	url := server(t, "text/plain", "")
	s := streams()
	s.In = strings.NewReader("from a pipe")
	if got, want := run(t.Context(), s, url, "@-"), (call{0, "from a pipe", ""}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	s.In, s.InTTY = strings.NewReader("typed"), true
	if got := run(t.Context(), s, url, "@-"); got.out != "typed" || !strings.Contains(got.err, "ctrl-D") {
		t.Errorf("got %+v, want a notice", got)
	}
	// Without @- it is not read at all.
	s.In = readerFunc(func([]byte) (int, error) {
		t.Error("standard input was read")
		return 0, io.EOF
	})
	if got := run(t.Context(), s, url, "a=1"); got.code != 0 {
		t.Errorf("got %+v", got)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestInterrupt(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"get", "-d", t.TempDir()}, {"time"}} {
		ctx, cancel := context.WithCancel(t.Context())
		srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		}))
		got := run(ctx, streams(), append(args, srv.URL)...)
		if got.code != 130 || got.err != "aiolos: interrupted\n" {
			t.Errorf("%q: got %+v, want an interrupt", args, got)
		}
		srv.Close()
	}
}

// displays are the ways in which a command may or may not show its progress.
var displays = []struct {
	name   string
	tty    bool
	args   []string
	moving bool
}{
	{"terminal", true, nil, true},
	{"pipe", false, nil, false},
	{"none", true, []string{"--progress=none"}, false},
	{"quiet", true, []string{"-q"}, false},
}

// TestBars: bars move on a terminal, and only there.
func TestBars(t *testing.T) {
	t.Parallel()
	url := server(t, "text/plain", strings.Repeat("x", 1000))
	for _, tt := range displays {
		s := streams()
		s.ErrTTY = tt.tty
		args := append([]string{"get", "--color=never", "-d", t.TempDir(), url + "/a", url + "/b", url + "/c"}, tt.args...)
		got := run(t.Context(), s, args...)
		if got.code != 0 || got.out != "" || strings.Contains(got.err, "files") != tt.moving {
			t.Errorf("%s: got %+v, want something that moves: %v", tt.name, got, tt.moving)
		}
	}
}

// startServe starts "aiolos serve" for a test and returns its URL.
func startServe(t *testing.T) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	pr, pw := io.Pipe()
	s := streams()
	s.Out, s.Err = pw, io.Discard
	code := make(chan int, 1)
	go func() {
		defer pw.Close()
		code <- cli.Run(ctx, []string{"serve", "--port", "0"}, s)
	}()
	t.Cleanup(func() {
		stop()
		if got := <-code; got != 0 {
			t.Errorf("serve: exit code %d, want 0", got)
		}
	})
	line, err := bufio.NewReader(pr).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func TestServe(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	pr, pw := io.Pipe()
	s := streams()
	s.Out, s.Err = pw, io.Discard
	code := make(chan int)
	go func() {
		defer pw.Close()
		code <- cli.Run(ctx, []string{"serve", "--port", "0"}, s)
	}()
	line := make([]byte, 100)
	n, err := pr.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimSpace(string(line[:n]))
	if got := run(t.Context(), streams(), url+"/status/418"); got.code != 4 || !strings.Contains(got.out, "teapot") {
		t.Errorf("got %+v", got)
	}
	// Its port is taken now.
	if got := run(t.Context(), streams(), "serve", "--port", url[strings.LastIndexByte(url, ':')+1:]); got.code != 1 {
		t.Errorf("on a port that is taken: %+v", got)
	}
	stop()
	if got := <-code; got != 0 {
		t.Errorf("exit code %d, want 0", got)
	}
}

func TestOutputFile(t *testing.T) {
	t.Parallel()
	url, dir := server(t, "text/plain", "new"), t.TempDir()
	file := filepath.Join(dir, "f")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := run(t.Context(), streams(), "-o", file, url)
	data, err := os.ReadFile(file)
	if got.code != 0 || err != nil || string(data) != "new" {
		t.Errorf("got %+v, the file is %q, %v", got, data, err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want that of the file before", info.Mode(), err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{link, os.DevNull} {
		if got := run(t.Context(), streams(), "-o", name, url); got.code != 0 {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link became %v, %v", info, err)
	}
	if got := run(t.Context(), streams(), "-o", filepath.Join(dir, "no", "f"), url); got.code != 1 {
		t.Errorf("into a directory that does not exist: %+v", got)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
