//go:build interop

package jar_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/jar"
)

// proxy answers for every host: it sets cookies on /set, and says what it got.
func proxy(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/set") {
			for _, line := range []string{
				"host=1; Path=/", "wide=2; Domain=example.com; Path=/; HttpOnly", `quoted="a b"; Path=/; Max-Age=3600`,
				"deep=4; Path=/set/deep; Max-Age=3600", "slash=abc/def==; Path=/; Max-Age=3600",
			} {
				w.Header().Add("Set-Cookie", line)
			}
		}
		fmt.Fprint(w, r.Header.Get("Cookie"))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// tools are the programs that read and write cookies.txt.
var tools = map[string]func(proxy, url, in, out string) []string{
	"curl": func(proxy, url, in, out string) []string {
		args := []string{"curl", "-sS", "-x", proxy}
		if in != "" {
			args = append(args, "-b", in)
		}
		if out != "" {
			args = append(args, "-c", out)
		}
		return append(args, url)
	},
	"wget": func(proxy, url, in, out string) []string {
		args := []string{"wget", "-q", "-O", "-", "-e", "use_proxy=yes", "-e", "http_proxy=" + proxy, "--keep-session-cookies"}
		if in != "" {
			args = append(args, "--load-cookies", in)
		}
		if out != "" {
			args = append(args, "--save-cookies", out)
		}
		return append(args, url)
	},
}

func run(t *testing.T, args []string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, stderr.String())
	}
	return string(out)
}

// pairs is a Cookie header as a set.
func pairs(header string) string {
	return sorted(strings.ReplaceAll(header, "; ", "\n"))
}

func TestInteropCookiesTxt(t *testing.T) {
	for name, args := range tools {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(name); err != nil {
				t.Skip(err)
			}
			server, file := proxy(t), filepath.Join(t.TempDir(), "cookies.txt")

			// What we write, it sends.
			j := jar.New(jar.Config{})
			httpOnly := "; HttpOnly"
			if name == "wget" {
				httpOnly = "" // it knows nothing of that
			}
			set(t, j, "http://www.example.com/a/b", "host=1; Path=/", "wide=2; Domain=example.com; Path=/; Max-Age=60"+httpOnly,
				`quoted="a b"; Path=/`, "deep=4", "slash=abc/def==; Path=/; Max-Age=60", "{odd}=[1]; Path=/", "never=1; Secure; Path=/")
			if err := j.SaveNetscape(file); err != nil {
				t.Fatal(err)
			}
			for _, url := range []string{"http://www.example.com/", "http://www.example.com/a/x", "http://sub.example.com/", "http://example.com/", "http://sub.www.example.com/", "http://other.com/"} {
				if got, want := run(t, args(server, url, file, "")), sent(t, j, url); pairs(got) != pairs(want) {
					t.Errorf("%s: it sends %q, want %q", url, got, want)
				}
			}

			// What it writes, we send.
			written := filepath.Join(t.TempDir(), "written.txt")
			run(t, args(server, "http://www.example.com/set/deep/page", "", written))
			if err := j.LoadNetscape(written); err != nil {
				t.Fatal(err)
			}
			if j.Len() != 5 {
				t.Errorf("got %d cookies, want 5:\n%s", j.Len(), dump(j))
			}
			for _, url := range []string{"http://www.example.com/", "http://www.example.com/set/deep", "http://sub.example.com/", "http://sub.www.example.com/"} {
				if got, want := run(t, args(server, url, written, "")), sent(t, j, url); pairs(got) != pairs(want) {
					t.Errorf("%s: it sends %q, we send %q", url, got, want)
				}
			}
		})
	}
}

// python runs a command on aiohttp's CookieJar.
func python(t *testing.T, command map[string]any) (native bool, cookies map[string]map[string]string) {
	t.Helper()
	var answer struct {
		Native  bool
		Cookies map[string]map[string]string
	}
	input, err := json.Marshal(command)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), aiohttp(t), "testdata/aiohttp_jar.py")
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Native, answer.Cookies
}

// aiohttp finds a Python that has it.
func aiohttp(t *testing.T) string {
	t.Helper()
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(dir, "python3")
		if exec.CommandContext(t.Context(), path, "-c", "import aiohttp").Run() == nil {
			return path
		}
	}
	t.Skip("no python3 with aiohttp")
	return ""
}

// byName is what we send, as aiohttp has it: one cookie of each name.
func byName(t *testing.T, j *jar.Jar, url string) map[string]string {
	t.Helper()
	cookies := make(map[string]string)
	for _, c := range j.Filter(parseURL(t, url)) {
		cookies[c.Name] = strings.TrimPrefix(header([]*http.Cookie{c}), c.Name+"=")
	}
	return cookies
}

var interopURLs = []string{
	"https://www.example.com/", "http://www.example.com/a/b", "https://www.example.com/a/b/c", "http://sub.www.example.com/a/b",
	"http://example.com/", "http://127.0.0.1/", "http://other.org/p",
}

// TestInteropAiohttpQuoting: values of the program's go out as aiohttp writes them.
func TestInteropAiohttpQuoting(t *testing.T) {
	values := []string{
		"plain", "x,y;z", "value/one", "a b", `say "hi"`, `back\slash`, "é", "ÿ", "(a)<b>[c]{d}", "a=b", "tab\tbed", `"already quoted"`, "!#$%&'*+-.^_`|~:", "€",
	}
	j := jar.New(jar.Config{})
	var shared [][]string
	for i, value := range values {
		name := fmt.Sprint("c", i)
		shared = append(shared, []string{name, value})
		j.Update([]*http.Cookie{{Name: name, Value: value}}, nil)
	}
	_, theirs := python(t, map[string]any{"shared": shared, "urls": interopURLs[:1]})
	ours := byName(t, j, interopURLs[0])
	for i, value := range values {
		name := fmt.Sprint("c", i)
		if got, want := ours[name], theirs[interopURLs[0]][name]; got != want {
			t.Errorf("%q: got %s, want %s", value, got, want)
		}
	}
}

// TestInteropAiohttpFiles: a file of ours is sent by aiohttp as by us, and the other
// way round.
func TestInteropAiohttpFiles(t *testing.T) {
	lines := [][]string{
		{"https://www.example.com/a/b", "host=1; Path=/"},
		{"https://www.example.com/a/b", "wide=2; Domain=example.com; Path=/; HttpOnly"},
		{"https://www.example.com/a/b", "deep=3"},
		{"https://www.example.com/a/b", "secret=4; Secure; Path=/; SameSite=Lax; Max-Age=3600"},
		{"https://www.example.com/a/b", `quoted="x\054y"; Path=/`},
		{"https://www.example.com/a/b", "dated=5; Path=/; Expires=Fri, 01 Jan 2100 00:00:00 GMT"},
		{"http://127.0.0.1/", "ip=6"},
	}
	j := jar.New(jar.Config{Unsafe: true})
	for _, line := range lines {
		set(t, j, line[0], line[1])
	}
	j.Update([]*http.Cookie{{Name: "everywhere", Value: "x,y;z"}}, nil)
	dir := t.TempDir()
	ours, theirs := filepath.Join(dir, "ours.json"), filepath.Join(dir, "theirs.json")
	if err := j.Save(ours); err != nil {
		t.Fatal(err)
	}
	native, got := python(t, map[string]any{"load": ours, "urls": interopURLs})
	t.Logf("aiohttp saves and loads JSON itself: %v", native)
	for _, url := range interopURLs {
		if want := byName(t, j, url); !maps.Equal(got[url], want) {
			t.Errorf("our file, %s: it sends %v, want %v", url, got[url], want)
		}
	}

	_, want := python(t, map[string]any{"set": lines, "shared": [][]string{{"everywhere", "x,y;z"}}, "save": theirs, "urls": interopURLs})
	again := newRejects(jar.Config{Unsafe: true})
	if err := again.Load(theirs); err != nil {
		t.Fatal(err)
	}
	again.want(t)
	for _, url := range interopURLs {
		if got := byName(t, again.Jar, url); !maps.Equal(got, want[url]) {
			t.Errorf("its file, %s: we send %v, want %v", url, got, want[url])
		}
	}
}
