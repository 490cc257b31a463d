package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const aPin = "abababababababababababababababababababababababababababababababab"

// TestInsteadNetwork: each flag of the network is in what is printed, or in one line
// that says that it is not.
func TestInsteadNetwork(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args      []string
		curl, src string // in the command, in the program
		lost      string // what curl has not
		unseen    string // what bytes do not show
	}{
		{[]string{"--proxy", "p.example:3128"}, "-x p.example:3128", `session.Proxy("http://p.example:3128")`, "", "--proxy"},
		{[]string{"--proxy", "socks5h://p:1"}, "-x socks5h://p:1", `session.Proxy("socks5h://p:1")`, "", "--proxy"},
		{[]string{"--proxy", "none"}, "--noproxy '*'", "session.New(session.Config{})", "", ""},
		{[]string{"--unix", "/s"}, "--unix-socket /s", `connector.NewUnix("/s", connector.Config{})`, "", "--unix"},
		{[]string{"--pin", aPin}, "curl", `connector.ParsePin("` + aPin + `")`, "--pin", "--pin"},
		{[]string{"--insecure"}, "-k", "session.Insecure()", "", "--insecure"},
		{[]string{"--http1.1"}, "--http1.1", "session.Version(1, 1)", "", ""},
		{[]string{"--http2"}, "--http2-prior-knowledge", "connector.Config{Protocols: protocols}", "", "--http2"},
		{[]string{"--retry", "2"}, "--retry 2", "middleware.RetryPolicy{Attempts: 3}", "", "--retry"},
		{[]string{"--retry", "2", "POST"}, "--data-raw ''", "middleware.RetryPolicy{Attempts: 3}", "--retry", "--retry"},
		{[]string{"--limit", "7"}, "curl", "connector.Config{Limit: 7}", "--limit", "--limit"},
		{[]string{"--per-host", "7"}, "curl", "connector.Config{LimitPerHost: 7}", "--per-host", "--per-host"},
		{[]string{"--timeout", "7"}, "-m 7", "session.Timeout(7*time.Second)", "", "--timeout"},
		{[]string{"--timeout", "0"}, "curl", "session.ClientTimeout{Total: -1}", "", "--timeout"},
		{[]string{"--connect-timeout", "1.5"}, "--connect-timeout 1.5", "session.ClientTimeout{Connect: 1500 * time.Millisecond}", "", "--connect-timeout"},
		{[]string{"--read-timeout", "7"}, "curl", "session.ClientTimeout{SockRead: 7 * time.Second}", "--read-timeout", "--read-timeout"},
		{[]string{"-H", "X-A: b"}, "-H 'X-A: b'", `session.Header("X-A", "b")`, "", ""},
		{[]string{"-H", "User-Agent:"}, "-H User-Agent:", `session.SkipHeader("User-Agent")`, "", ""},
		{[]string{"--limit", "7", "--pin", aPin}, "curl", "connector.Config{Limit: 7}", "--pin, --limit", "--pin, --limit"},
		{nil, "curl", "session.Config{TrustEnv: true}", "", ""},
	} {
		with := func(flag string) call {
			return run(t.Context(), streams(), append(append([]string{flag, "--show-secrets"}, tt.args...), "https://h.example/x")...)
		}
		notice := func(head, flags string) string {
			if flags == "" {
				return ""
			}
			return "aiolos: " + head + " " + flags + "\n"
		}
		if got := with("--curl"); got.code != 0 || !strings.Contains(got.out, tt.curl) || got.err != notice("curl has nothing like", tt.lost) {
			t.Errorf("--curl %q: %+v", tt.args, got)
		}
		if got := with("--go"); got.code != 0 || !strings.Contains(got.out, tt.src) || got.err != "" {
			t.Errorf("--go %q: %+v", tt.args, got)
		}
		if got := with("--offline"); got.code != 0 || !strings.HasPrefix(got.out, "GET /x HTTP/1.1\r\n") && tt.lost != "--retry" ||
			got.err != notice("HTTP/1.1 has no trace of", tt.unseen) {
			t.Errorf("--offline %q: %+v", tt.args, got)
		}
	}
	// To a proxy for http the whole URL goes, and its credentials.
	got := run(t.Context(), streams(), "--offline", "--proxy", "https://u:canary@p.example", "http://h.example/x")
	if got.code != 0 || got.err != "" || !strings.HasPrefix(got.out, "GET http://h.example/x HTTP/1.1\r\nHost: h.example\r\n") ||
		!strings.Contains(got.out, "Proxy-Authorization: Basic ") {
		t.Errorf("a proxy: %+v", got)
	}
	for _, flag := range []string{"--curl", "--go", "--offline"} {
		if got := run(t.Context(), streams(), flag, "--http1.1", "--http2", "h.example"); got.code != 2 {
			t.Errorf("%s with flags that exclude each other: %+v", flag, got)
		}
	}
}

// TestInsteadSession: the cookies and headers of --session are printed, and the
// session stays as it is.
func TestInsteadSession(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := streams()
	s.Getenv = func(name string) string { return map[string]string{"XDG_STATE_HOME": dir}[name] }
	file := filepath.Join(dir, "cookies.txt")
	cookies := "# Netscape HTTP Cookie File\nh.example\tFALSE\t/\tTRUE\t4000000000\tsid\tcanary\n"
	if err := os.WriteFile(file, []byte(cookies), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := run(t.Context(), s, "session", "import", "work", file); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	// A header comes in by a request, be it one that fails.
	if got := run(t.Context(), s, "--session", "work", "-qq", "https://h.example:1/", "--timeout", "1ms", "X-Kept:yes"); got.code == 0 {
		t.Fatalf("%+v", got)
	}
	before := tree(t, dir)
	for flag, want := range map[string][]string{
		"--curl":    {"-H 'Cookie: sid=canary'", "-H 'X-Kept: yes'"},
		"--go":      {`session.Header("Cookie", "sid=canary")`, `session.Header("X-Kept", "yes")`},
		"--offline": {"\r\nCookie: sid=canary\r\n", "\r\nX-Kept: yes\r\n"},
	} {
		got := run(t.Context(), s, flag, "--show-secrets", "--session", "work", "https://h.example:1/x")
		for _, text := range want {
			if got.code != 0 || !strings.Contains(got.out, text) {
				t.Errorf("%s: %q is missing: %+v", flag, text, got)
			}
		}
		got = run(t.Context(), s, flag, "--session", "work", "https://h.example:1/x", "X-Kept:", "Cookie:")
		if got.code != 0 || strings.Contains(got.out, "X-Kept: yes") || strings.Contains(got.out, `"yes"`) {
			t.Errorf("%s: a header that is forgotten: %+v", flag, got)
		}
		if got = run(t.Context(), s, flag, "--session", "work", "https://other.example/"); strings.Contains(got.out, "canary") || strings.Contains(got.out, "Kept") {
			t.Errorf("%s: another origin: %+v", flag, got)
		}
		if got = run(t.Context(), s, flag, "--session", "fresh", "https://h.example/"); got.code != 0 {
			t.Errorf("%s: a session that does not exist: %+v", flag, got)
		}
	}
	if after := tree(t, dir); after != before {
		t.Errorf("the sessions have changed:\n%s\nwere\n%s", after, before)
	}
}

// tree lists a directory with the content of its files.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		b.WriteString(path + "\n" + string(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestInsteadSecrets: curl carries headers to other hosts, of which we warn, and the
// program does not.
func TestInsteadSecrets(t *testing.T) {
	t.Parallel()
	got := run(t.Context(), streams(), "--curl", "h.example", "X-Api-Key:canary", "Authorization:canary")
	if strings.Contains(got.out, "canary") || !strings.Contains(got.err, "after a redirect curl takes to other hosts X-Api-Key\n") {
		t.Errorf("--curl: %+v", got)
	}
	got = run(t.Context(), streams(), "--curl", "--no-follow", "h.example", "X-Api-Key:canary")
	if strings.Contains(got.err, "redirect") {
		t.Errorf("--no-follow: %+v", got)
	}
	got = run(t.Context(), streams(), "--go", "h.example", "X-Api-Key:canary", "Authorization:canary")
	if strings.Contains(got.out, "canary") || !strings.Contains(got.out, `SensitiveHeaders: []string{"X-Api-Key"}`) {
		t.Errorf("--go: %+v", got)
	}
}
