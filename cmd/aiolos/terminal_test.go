//go:build unix

package main

import (
	"bytes"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/andybalholm/brotli"
	"github.com/creack/pty"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// terminal is the program on a pseudo-terminal of its own.
type terminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	file *os.File
	done chan struct{} // closed when nothing more comes

	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

// patience is how long a test waits for what has to come.
const patience = 30 * time.Second

// startTerminal starts the program on a terminal that is so wide. Env is added to an
// environment with neither colours nor proxies in it.
func startTerminal(t *testing.T, width uint16, env []string, args ...string) *terminal {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "aiolos", args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TERM=xterm-256color", "GORACE=atexit_sleep_ms=0"}, env...)
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: width})
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, cmd: cmd, file: file, done: make(chan struct{}), changed: make(chan struct{}, 1)}
	go term.read()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-term.done
		_ = file.Close()
	})
	return term
}

// read collects what the program shows.
func (term *terminal) read() {
	defer close(term.done)
	buf := make([]byte, 4096)
	for {
		n, err := term.file.Read(buf)
		term.mu.Lock()
		term.text.Write(buf[:n])
		term.mu.Unlock()
		select {
		case term.changed <- struct{}{}:
		default:
		}
		if err != nil {
			return // on Linux EIO: nobody has the other end
		}
	}
}

// shown is what has been shown so far, with the line ends that the program wrote.
func (term *terminal) shown() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return strings.ReplaceAll(term.text.String(), "\r\n", "\n")
}

// waitFor waits for a text.
func (term *terminal) waitFor(text string) {
	term.t.Helper()
	give := time.After(patience)
	for !strings.Contains(term.shown(), text) {
		select {
		case <-term.changed:
		case <-give:
			term.t.Fatalf("%q was not shown:\n%q", text, term.shown())
		}
	}
}

// wait waits for the end, and returns the exit code and all that was shown.
func (term *terminal) wait() (code int, text string) {
	term.t.Helper()
	select {
	case <-term.done:
	case <-time.After(patience):
		term.t.Fatalf("the program does not end:\n%q", term.shown())
	}
	err := term.cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), term.shown()
	}
	if err != nil {
		term.t.Fatal(err)
	}
	return 0, term.shown()
}

// onTerminal runs the program to its end.
func onTerminal(t *testing.T, width uint16, env []string, args ...string) (code int, text string) {
	t.Helper()
	return startTerminal(t, width, env, args...).wait()
}

// inPipe runs the program to its end without a terminal.
func inPipe(t *testing.T, args ...string) (code int, out, text string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "aiolos", args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GORACE=atexit_sleep_ms=0"}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return code, stdout.String(), stderr.String()
}

// encoders are the codings of a body that is flushed in its midst.
var encoders = map[string]func(io.Writer) interface {
	io.WriteCloser
	Flush() error
}{
	"": func(w io.Writer) interface {
		io.WriteCloser
		Flush() error
	} {
		return plainWriter{w}
	},
	"gzip": func(w io.Writer) interface {
		io.WriteCloser
		Flush() error
	} {
		return gzip.NewWriter(w)
	},
	"br": func(w io.Writer) interface {
		io.WriteCloser
		Flush() error
	} {
		return brotli.NewWriter(w)
	},
	"zstd": func(w io.Writer) interface {
		io.WriteCloser
		Flush() error
	} {
		z, err := zstd.NewWriter(w)
		if err != nil {
			panic(err)
		}
		return z
	},
}

// plainWriter is no coding.
type plainWriter struct{ io.Writer }

func (plainWriter) Flush() error { return nil }
func (plainWriter) Close() error { return nil }

// stepped is a server whose bodies go on when the test says so.
type stepped struct {
	url  string
	step chan struct{}
}

// newStepped starts a server that sends the pieces of a body one after the other, each
// when it is told to.
func newStepped(t *testing.T, contentType, coding string, pieces []string) *stepped {
	t.Helper()
	s := &stepped{step: make(chan struct{})}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		if coding != "" {
			w.Header().Set("Content-Encoding", coding)
		}
		enc := encoders[coding](w)
		for _, piece := range pieces {
			select {
			case <-s.step:
			case <-r.Context().Done():
				return
			}
			_, _ = io.WriteString(enc, piece)
			_ = enc.Flush()
			_ = http.NewResponseController(w).Flush()
		}
		_ = enc.Close()
	}))
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

// TestTerminalLive: each event, line, and half of a line is shown before the next is
// sent, compressed or not.
func TestTerminalLive(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, contentType string
		pieces, shown     []string
	}{
		{
			"events", "text/event-stream",
			[]string{"data: {\"n\":1}\n\n", "data: two\n\n", ": three\n\n", "event: four\ndata: [4]\n\n", "id: 5\n\n"},
			[]string{"data: {\n        \"n\": 1\n      }\n\n", "data: two\n\n", ": three\n\n", "event: four\ndata: [\n        4\n      ]\n\n", "id: 5\n\n"},
		},
		{
			"JSON lines", "application/x-ndjson",
			[]string{"{\"n\":1}\n", "{\"n\":2.50}\n", "[]\n", "4\n", "\"five\"\n"},
			[]string{"{\n  \"n\": 1\n}\n", "{\n  \"n\": 2.50\n}\n", "[]\n", "4\n", "\"five\"\n"},
		},
		{"one value", "application/json", []string{`{"a":"half`, ` a string","n":[1,`, `2]}`}, []string{"{\n  \"a\": \"half", " a string\",\n  \"n\": [\n    1,", "\n    2\n  ]\n}\n"}},
		{"text", "text/plain", []string{"a", "b", "c\n"}, []string{"a", "b", "c\n"}},
	} {
		for coding := range encoders {
			t.Run(tt.name+" "+coding, func(t *testing.T) {
				t.Parallel()
				srv := newStepped(t, tt.contentType, coding, tt.pieces)
				term := startTerminal(t, 80, nil, "-b", "--pretty=format", srv.url)
				want := ""
				for i := range tt.pieces {
					srv.step <- struct{}{}
					want += tt.shown[i]
					term.waitFor(want)
				}
				if code, text := term.wait(); code != 0 || text != want {
					t.Errorf("code %d, shown %q, want %q", code, text, want)
				}
			})
		}
	}
}

// brokenServer sends half a body, and then breaks or falls silent.
func brokenServer(t *testing.T, protocol string) string {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		half := []byte(`{"a":"half`)
		if strings.HasSuffix(r.URL.Path, "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			var packed bytes.Buffer
			z := gzip.NewWriter(&packed)
			_, _ = z.Write(half)
			_ = z.Flush()
			half = packed.Bytes()
		} else {
			w.Header().Set("Content-Length", "100")
		}
		_, _ = w.Write(half)
		_ = http.NewResponseController(w).Flush()
		if strings.HasPrefix(r.URL.Path, "/stall") {
			<-r.Context().Done()
		}
		panic(http.ErrAbortHandler)
	}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.EnableHTTP2 = protocol == "h2"
	if protocol == "http" {
		srv.Start()
	} else {
		srv.StartTLS()
	}
	t.Cleanup(srv.Close)
	return srv.URL
}

// errorLine is what the program says of an error, without what is different each time.
func errorLine(text string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "aiolos: ") {
			return regexp.MustCompile(`after [0-9.]+(ms|s|m)+`).ReplaceAllString(line, "after SOME")
		}
	}
	return ""
}

// TestTerminalBrokenBody: a body that is cut, or stalls, is the same error on a terminal
// as in a pipe, behind what has come.
func TestTerminalBrokenBody(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"http", "https", "h2"} {
		url := brokenServer(t, protocol)
		for path, want := range map[string]int{"/cut": 10, "/cut-gzip": 10, "/stall": 9, "/stall-gzip": 9} {
			t.Run(protocol+path, func(t *testing.T) {
				t.Parallel()
				silence := "1m"
				if strings.HasPrefix(path, "/stall") {
					silence = "2s" // what has come before it has to come within that, too
				}
				args := []string{"--insecure", "--read-timeout", silence, "--color=never", url + path}
				code, text := onTerminal(t, 80, nil, args...)
				pipeCode, out, pipeText := inPipe(t, args...)
				if code != want || pipeCode != want {
					t.Errorf("code %d on the terminal, %d in the pipe, want %d:\n%s", code, pipeCode, want, text)
				}
				if line := errorLine(text); line == "" || line != errorLine(pipeText) {
					t.Errorf("on the terminal %q, in the pipe %q", line, errorLine(pipeText))
				}
				if out != `{"a":"half` || !strings.Contains(text, "\n\n{\"a\":\"half\naiolos: ") {
					t.Errorf("in the pipe %q, on the terminal %q", out, text)
				}
			})
		}
	}
}

// jsonServer answers with JSON that a program would spoil which reads it.
func jsonServer(t *testing.T) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil
		switch r.URL.Path {
		case "/404":
			w.WriteHeader(http.StatusNotFound)
		case "/escape":
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, "{\"\x1b[2J\":\"\u202e\x9b\"}")
		default:
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"z":1.50,"a":[true,null],"z":"x"}`)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// TestTerminalLooks: colours, their absence, and windows that are narrow.
func TestTerminalLooks(t *testing.T) {
	t.Parallel()
	url := jsonServer(t)
	const (
		raw      = `{"z":1.50,"a":[true,null],"z":"x"}` + "\n"
		indented = "{\n  \"z\": 1.50,\n  \"a\": [\n    true,\n    null\n  ],\n  \"z\": \"x\"\n}\n"
		colored  = "{\n  \x1b[36m\"z\"\x1b[0m: \x1b[33m1.50\x1b[0m,\n  \x1b[36m\"a\"\x1b[0m: [\n    \x1b[35mtrue\x1b[0m,\n    \x1b[35mnull\x1b[0m\n  ],\n" +
			"  \x1b[36m\"z\"\x1b[0m: \x1b[32m\"x\"\x1b[0m\n}\n"
		head      = "HTTP/1.1 200 OK\nContent-Length: 34\nContent-Type: application/json\n\n"
		colorHead = "HTTP/1.1 \x1b[1m\x1b[32m200 OK\x1b[0m\x1b[0m\n\x1b[36mContent-Length\x1b[0m: 34\n\x1b[36mContent-Type\x1b[0m: application/json\n\n"
	)
	for _, tt := range []struct {
		name  string
		width uint16
		env   []string
		args  []string
		want  string
	}{
		{"colours", 80, nil, nil, colorHead + colored},
		{"narrow", 20, nil, nil, colorHead + colored},
		{"no size", 0, nil, nil, colorHead + colored},
		{"NO_COLOR", 80, []string{"NO_COLOR=1"}, nil, head + raw},
		{"NO_COLOR, asked for", 80, []string{"NO_COLOR=1"}, []string{"--pretty=format"}, head + indented},
		{"NO_COLOR, colours asked for", 80, []string{"NO_COLOR=1"}, []string{"--pretty=all"}, colorHead + colored},
		{"dumb", 80, []string{"TERM=dumb"}, nil, head + raw},
		{"never", 80, nil, []string{"--color=never"}, head + raw},
		{"none", 80, nil, []string{"--pretty=none"}, head + raw},
		{"format", 80, nil, []string{"--pretty=format"}, head + indented},
		{"body", 80, nil, []string{"-b"}, colored},
		{"raw out", 80, nil, []string{"-o", "-"}, colorHead + strings.TrimSuffix(raw, "\n")},
		{"sorted", 80, nil, []string{"-b", "--sorted", "--color=never"}, "{\n  \"a\": [\n    true,\n    null\n  ],\n  \"z\": 1.50,\n  \"z\": \"x\"\n}\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code, text := onTerminal(t, tt.width, tt.env, append(slices.Clone(tt.args), url)...)
			if code != 0 || text != tt.want {
				t.Errorf("code %d, shown\n%q, want\n%q", code, text, tt.want)
			}
		})
	}
}

// TestTerminalIsSafe: a server that sends what a terminal acts on only gets its colours
// from us.
func TestTerminalIsSafe(t *testing.T) {
	t.Parallel()
	code, text := onTerminal(t, 80, nil, "-b", jsonServer(t)+"/escape")
	if want := "{\n  \x1b[36m\"\\x1b[2J\"\x1b[0m: \x1b[32m\"\\u202e\\x9b\"\x1b[0m\n}\n"; code != 0 || text != want {
		t.Errorf("code %d, shown %q, want %q", code, text, want)
	}
}

// TestTerminalStatus: the head says the status, and where it is not shown one line does.
func TestTerminalStatus(t *testing.T) {
	t.Parallel()
	url := jsonServer(t) + "/404"
	code, text := onTerminal(t, 20, []string{"NO_COLOR=1"}, url)
	if want := "HTTP/1.1 404 Not Found\nContent-Length: 0\n\n"; code != 4 || text != want {
		t.Errorf("code %d, shown %q, want %q", code, text, want)
	}
	code, text = onTerminal(t, 20, []string{"NO_COLOR=1"}, "-b", url)
	if code != 4 || text != "aiolos: 404 Not Found\n" {
		t.Errorf("-b: code %d, shown %q", code, text)
	}
	code, out, text := inPipe(t, url)
	if code != 4 || out != "" || text != "aiolos: 404 Not Found\n" {
		t.Errorf("in a pipe: code %d, %q, %q", code, out, text)
	}
}

// TestTerminalInterrupt: ctrl-C in the midst of a body leaves no colour switched on, and
// says so on a line of its own.
func TestTerminalInterrupt(t *testing.T) {
	t.Parallel()
	srv := newStepped(t, "application/json", "", []string{`{"a":"half`, "never"})
	term := startTerminal(t, 80, nil, "-b", srv.url)
	srv.step <- struct{}{}
	term.waitFor("half\x1b[0m")
	if _, err := term.file.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	code, text := term.wait()
	if want := "{\n  \x1b[36m\"a\"\x1b[0m: \x1b[32m\"half\x1b[0m^C\naiolos: interrupted\n"; code != 130 || text != want {
		t.Errorf("code %d, shown %q, want %q", code, text, want)
	}
}

// TestTerminalRetry: who waits for one download is told when it is tried again, and why
// nothing is seen meanwhile; of a list, or in a pipe, it would be too much.
func TestTerminalRetry(t *testing.T) {
	t.Parallel()
	closed, cut := wiretest.RefusedAddr(t), rawServer(t, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut")
	for _, tt := range []struct {
		name string
		args []string
		code int
		want int // notices
	}{
		{"no connection", []string{closed + "/x"}, 7, 2},
		{"a cut body", []string{cut + "/x"}, 10, 2},
		{"quiet", []string{"-q", closed + "/x"}, 7, 0},
		{"a list", []string{closed + "/x", closed + "/y"}, 7, 0},
		{"for a program", []string{"--progress=none", closed + "/x"}, 7, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code, text := onTerminal(t, 100, nil, append([]string{"get", "--retry", "2", "-d", t.TempDir()}, tt.args...)...)
			if got := len(regexp.MustCompile(`; again in [^\n]* \([12] of 2\)\n`).FindAllString(text, -1)); code != tt.code || got != tt.want {
				t.Errorf("got code %d, %d notices, want %d, %d:\n%q", code, got, tt.code, tt.want, text)
			}
		})
	}
}
