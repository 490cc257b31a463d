package gosrc_test

import (
	"go/format"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/gosrc"
)

// program writes a program for a curl command.
func program(t *testing.T, line string) string {
	t.Helper()
	r, err := curlconv.ParseLine(line, os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	return source(t, r)
}

// source writes a program for a request.
func source(t *testing.T, r *curlconv.Request) string {
	t.Helper()
	src, err := gosrc.Program(r)
	if err != nil {
		t.Fatal(err)
	}
	if want, err := format.Source([]byte(src)); err != nil || string(want) != src {
		t.Errorf("not as gofmt has it, %v:\n%s", err, src)
	}
	return src
}

// everything has all that a program can be written for; the second has the other
// kinds of bodies.
func everything() []string {
	return []string{
		`curl -X PROPFIND http://h.example/a?b=c -H 'A: "1"' -H 'A: 2' -H 'User-Agent:' -u me:pass --data-raw $'{"a": "b\\n"}\n\x60' ` +
			`-L --max-redirs 3 -m 1.5 --connect-timeout 2 -k -x p.example:3128 --http1.1 -f -o out.txt --compressed`,
		`curl -T f.txt http://h.example/ -L --max-redirs -1`,
		`curl -T - http://h.example/ --unix-socket /run/s`,
		`curl http://h.example/ -F a=b -F 'c=@f.txt;type=text/x;filename=g' -F 'd=@-'`,
		`curl -LI http://h.example/ --http1.0 -d '' -G`,
		`curl -L --compressed http://h.example/`,
		`curl --connect-to h.example::a.example:81 --resolve h.example:80:192.0.2.1 --cert c.pem --key k.pem --cacert a.pem --digest -u me:pass https://h.example/`,
		`curl --digest -u me http://h.example/`,
		"curl $'http://h.example/\\xff\u202e'",
	}
}

func TestProgram(t *testing.T) {
	t.Parallel()
	got := program(t, everything()[0])
	for _, want := range []string{
		"// A program that sends one request to h.example.\npackage main\n",
		"s.Request(ctx, \"PROPFIND\", \"http://h.example/a?b=c\",\n",
		"session.Header(\"A\", `\"1\"`),\n",
		`session.AddHeader("A", "2"),`,
		`session.SkipHeader("User-Agent"),`,
		`session.BasicAuth("me", "pass"),`,
		`session.Bytes([]byte("{\"a\": \"b\\n\"}\n` + "`" + `")),`,
		`session.Redirects(3),`,
		`session.Timeouts(session.ClientTimeout{Total: 1500 * time.Millisecond, Connect: 2 * time.Second}),`,
		`session.Insecure(),`,
		`session.Proxy("http://p.example:3128"),`,
		`session.Version(1, 1),`,
		`session.CheckStatus(),`,
		`os.Create("out.txt")`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "Accept-Encoding") {
		t.Errorf("compression is off in:\n%s", got)
	}
	if got := program(t, "curl h"); !strings.Contains(got, `session.SkipHeader("Accept-Encoding"),`) || !strings.Contains(got, "session.NoRedirects(),") {
		t.Errorf("not what curl does:\n%s", got)
	}
}

// newModule makes a module that has what the tool's has, and returns its
// directory.
func newModule(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		root, err := filepath.Abs(filepath.Join("..", "..", "..", ".."))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer("module github.com/aiolos-http/aiolos/cmd/aiolos", "module program", "=> ../..", "=> "+root).Replace(string(data))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestProgramCompiles has the compiler look at everything that is written, and
// runs one program.
func TestProgramCompiles(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it runs the compiler")
	}
	asked := make(chan string, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked <- r.Method + " " + r.RequestURI + " " + r.Header.Get("X-A") + " " + string(body)
		_, _ = io.WriteString(w, "hello")
	}))
	t.Cleanup(srv.Close)
	dir := newModule(t)
	lines := append(everything(), "curl -H 'X-A: b' -d 'it'\\''s' '"+srv.URL+"/x?y=z'")
	var programs []string
	for _, r := range beyond() {
		programs = append(programs, source(t, r))
	}
	for _, line := range lines {
		programs = append(programs, program(t, line))
	}
	paths := []string{"vet"}
	for i, src := range programs {
		path := filepath.Join(dir, string(rune('a'+i)))
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(path, "main.go"), []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, "./"+filepath.Base(path))
	}
	compiler := func(args ...string) ([]byte, error) {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		return cmd.CombinedOutput()
	}
	if out, err := compiler(paths...); err != nil {
		t.Fatalf("go vet: %v\n%s", err, out)
	}
	out, err := compiler("run", paths[len(paths)-1])
	if err != nil || string(out) != "hello" {
		t.Fatalf("go run: %v\n%s", err, out)
	}
	select {
	case got := <-asked:
		if want := "POST /x?y=z b it's"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	case <-time.After(10 * time.Second):
		t.Error("the program has sent nothing")
	}
}
