package cli_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cli"
)

// codesServer answers with the status of the path, a loop, half a body, or never.
func codesServer(t *testing.T, secure bool) string {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/cut":
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		case "/never":
			<-r.Context().Done()
		default:
			code, _ := strconv.Atoi(r.URL.Path[1:])
			w.WriteHeader(code)
		}
	}))
	srv.Config.ErrorLog = quietLog()
	if secure {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	return srv.URL
}

// TestExitCodes provokes every code of the table in the help, by several commands
// where several have it.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	url, secure := codesServer(t, false), codesServer(t, true)
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	// The near end of a connection refuses others, and nobody else can have its port.
	nc, err := net.Dial("tcp4", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	closed := nc.LocalAddr().String()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	get := func(args ...string) []string { return append([]string{"get", "--retry", "0", "-d", dir}, args...) }
	provoked := map[int][][]string{
		0:  {{url + "/200"}, {"--no-check", url + "/404"}, get(url + "/200"), {"put", url + "/201", file}, {"version"}},
		1:  {get(url+"/200", url+"/404"), {"session", "show", "nobody"}, {"--har", "/no/such/x.har", url + "/200"}},
		2:  {{}, {"--nonsense"}, {"word"}, get(), {"put", url}, {"bench", "-c", "0", url}, {"ws"}, {"time"}, {"pin"}, {"har"}, {"curl"}},
		3:  {{url + "/304"}, {"--no-follow", url + "/loop"}, {"put", "--no-follow", url + "/loop", file}},
		4:  {{url + "/404"}, get(url + "/404"), get(url+"/404", url+"/503"), {"put", url + "/404", file}, {"curl", "curl -f " + url + "/404"}},
		5:  {{url + "/503"}, get(url + "/503"), {"put", url + "/503", file}},
		6:  {{url + "/loop"}, {"--max-redirects", "1", url + "/loop"}, get(url + "/loop"), {"time", url + "/loop"}},
		7:  {{closed}, {"no.such.invalid"}, get(closed), {"put", closed, file}, {"time", closed}, {"ws", closed}, {"pin", closed}, {"--proxy", closed, url + "/200"}},
		8:  {{secure + "/200"}, {"--pin", aPin, secure + "/200"}, get(secure + "/200"), {"pin", "--check", aPin, secure}},
		9:  {{"--timeout", "50ms", url + "/never"}, {"--read-timeout", "50ms", url + "/never"}, get("--timeout", "50ms", url+"/never")},
		10: {{url + "/cut"}, get(url + "/cut"), get("--checksum", "sha256:"+aPin, url+"/200"), {"-o", file, url + "/cut"}},
		11: {{"bench", "-n", "2", "-c", "1", "--fail-if", "errors>=0", url + "/200"}},
	}
	s := streams()
	s.Getenv = func(name string) string { return map[string]string{"XDG_STATE_HOME": dir}[name] }
	for code, calls := range provoked {
		for _, args := range calls {
			if got := run(t.Context(), s, args...); got.code != code {
				t.Errorf("%q: code %d, want %d: %s", args, got.code, code, got.err)
			}
		}
	}
	for _, args := range [][]string{{url + "/never"}, get(url + "/never"), {"put", url + "/never", file}, {"bench", "-n", "1", url + "/never"}} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if got := run(ctx, s, args...); got.code != 130 {
			t.Errorf("interrupted %q: %+v", args, got)
		}
	}
	provoked[130] = [][]string{{"above"}}
	for code := range documented(t) {
		if len(provoked[code]) == 0 {
			t.Errorf("the help names the code %d, and nothing provokes it", code)
		}
	}
	if len(documented(t)) != len(provoked) {
		t.Error("the help does not name all codes")
	}
}

// documented are the codes that the help names.
func documented(t *testing.T) map[int]bool {
	t.Helper()
	codes := map[int]bool{}
	got := run(t.Context(), streams(), "help", "exit-codes")
	for _, m := range regexp.MustCompile(`(?m)^ *(\d+)  `).FindAllStringSubmatch(got.out, -1) {
		code, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		codes[code] = true
	}
	return codes
}

// TestQuiet: -q leaves errors, -qq nothing, and neither changes the code. Standard
// output stays what it is.
func TestQuiet(t *testing.T) {
	t.Parallel()
	url := codesServer(t, false)
	for _, args := range [][]string{{url + "/loop"}, {"get", "-d", t.TempDir(), url + "/404"}, {"--curl", "--limit", "3", url, "token==x"}, {"-o", filepath.Join(t.TempDir(), "o"), url + "/200"}} {
		loud := run(t.Context(), streams(), args...)
		quiet := run(t.Context(), streams(), append([]string{"-q"}, args...)...)
		silent := run(t.Context(), streams(), append([]string{"-qq"}, args...)...)
		if loud.err == "" || quiet.code != loud.code || silent.code != loud.code || quiet.out != loud.out || silent.out != loud.out {
			t.Errorf("%q: %+v, %+v, %+v", args, loud, quiet, silent)
		}
		if silent.err != "" || (loud.code == 0) != (quiet.err == "") {
			t.Errorf("%q: -q %q, -qq %q", args, quiet.err, silent.err)
		}
	}
}

// TestNoAnimation: without a terminal nothing is redrawn, and nothing is coloured.
func TestNoAnimation(t *testing.T) {
	t.Parallel()
	url := codesServer(t, false)
	for _, args := range [][]string{
		{"get", "-d", t.TempDir(), url + "/200"}, {"bench", "-n", "20", url + "/200"}, {"time", url + "/200"}, {"put", url + "/200", "-"}, {url + "/loop"},
	} {
		dumb := streams()
		dumb.OutTTY, dumb.ErrTTY = true, true
		dumb.Getenv = func(name string) string { return map[string]string{"TERM": "dumb"}[name] }
		for _, s := range []app.Streams{streams(), dumb} {
			if got := run(t.Context(), s, args...); strings.ContainsAny(got.out+got.err, "\x1b\r") {
				t.Errorf("%q: %+v", args, got)
			}
		}
	}
}

// TestBriefHelp: -h fits on a screen for every command, --help says more, and goes
// into a pager on a terminal.
func TestBriefHelp(t *testing.T) {
	t.Parallel()
	for _, cmd := range cli.Commands() {
		args := strings.Fields(cmd.CommandPath())[1:]
		brief := run(t.Context(), streams(), append(slices.Clone(args), "-h")...)
		full := run(t.Context(), streams(), append(slices.Clone(args), "--help")...)
		if !cmd.Runnable() {
			continue // a topic of the help
		}
		if lines := strings.Count(brief.out, "\n"); brief.code != 0 || brief.err != "" || lines > 45 || lines < 5 {
			t.Errorf("%s -h: %d lines, %+v", cmd.CommandPath(), lines, brief)
		}
		if full.code != 0 || !strings.Contains(full.out, "--config-here") {
			t.Errorf("%s --help: %+v", cmd.CommandPath(), full)
		}
	}
	paged := ""
	s := streams()
	s.OutTTY = true
	s.Page = func(text string) error { paged = text; return nil }
	if got := run(t.Context(), s, "get", "--help"); got.out != "" || !strings.Contains(paged, "--save-failed") {
		t.Errorf("%+v, paged %q", got, paged)
	}
	s.Page = func(string) error { return io.ErrClosedPipe }
	if got := run(t.Context(), s, "get", "--help"); !strings.Contains(got.out, "--save-failed") {
		t.Errorf("no pager: %+v", got)
	}
}

// TestUnknownFlag: the flag that was meant, if there is one like it.
func TestUnknownFlag(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]string{
		"--verbos": "did you mean --verbose?", "--tiemout": "did you mean --timeout?", "--header-xyz": `see "aiolos --help"`,
		"--bogus": `see "aiolos --help"`, "--on-conflict": `see "aiolos --help"`, "--mutlipart": "did you mean --multipart?",
	} {
		got := run(t.Context(), streams(), arg, "h.example")
		if got.code != 2 || got.err != "aiolos: unknown flag: "+arg+"; "+want+"\n" {
			t.Errorf("%s: %+v", arg, got)
		}
	}
}
