//go:build interop && linux

package interop_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/jar"
)

// cookiePeer is a program that keeps cookies in a cookies.txt.
type cookiePeer struct {
	program string
	// visit is the command that asks for a URL through a proxy, reads in, unless that
	// is "", and writes out.
	visit func(proxy, url, in, out string) []string
	// noSession says that it takes 0, a session cookie's expiry in the files of all
	// others, for a time that is over: it writes nothing there, which curl cannot read.
	noSession bool
}

const pythonVisit = `
import http.cookiejar, sys, urllib.request
proxy, url, source, target = sys.argv[1:]
jar = http.cookiejar.MozillaCookieJar(target)
if source: jar.load(source, ignore_discard=True)
urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy}), urllib.request.HTTPCookieProcessor(jar)).open(url).read()
jar.save(ignore_discard=True)
`

var cookiePeers = map[string]cookiePeer{
	"curl": {"curl", func(proxy, url, in, out string) []string {
		args := []string{"-sS", "-o", "/dev/null", "-x", proxy, "-c", out, url}
		if in != "" {
			args = append(args, "-b", in)
		}
		return args
	}, false},
	"wget": {"wget", func(proxy, url, in, out string) []string {
		args := []string{"-q", "-O", "/dev/null", "-e", "use_proxy=yes", "-e", "http_proxy=" + proxy, "--keep-session-cookies", "--save-cookies", out, url}
		if in != "" {
			args = append(args, "--load-cookies", in)
		}
		return args
	}, false},
	"MozillaCookieJar": {"/usr/bin/python3", func(proxy, url, in, out string) []string {
		return []string{"-c", pythonVisit, proxy, url, in, out}
	}, true},
	"yt-dlp": {"yt-dlp", func(proxy, url, in, out string) []string {
		return []string{"--ignore-config", "--no-cache-dir", "-q", "-s", "--no-warnings", "--proxy", proxy, "--cookies", out, url} // out is in
	}, false},
}

// cookieProxy answers for every host: it sets cookies at /set/deep/page, and notes what
// was sent to it.
type cookieProxy struct {
	mu   sync.Mutex
	sent map[string]string
}

func (p *cookieProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.sent[r.URL.Path] = r.Header.Get("Cookie")
	p.mu.Unlock()
	if r.URL.Path == "/set/deep/page" {
		w.Header()["Set-Cookie"] = []string{
			"host=1; Path=/", "wide=2; Domain=example.com; Path=/; HttpOnly; Max-Age=300000", `quoted="a b"; Path=/; Max-Age=200000`,
			"deep=4; Path=/set/deep; Expires=Fri, 01 Jan 2100 00:00:00 GMT", "slash=abc/def==; Path=/; Max-Age=200000", "empty=; Path=/",
		}
	}
	io.WriteString(w, "page")
}

// sortedPairs is a Cookie header, of which the order does not matter.
func sortedPairs(header string) string {
	pairs := strings.Split(header, "; ")
	slices.Sort(pairs)
	return strings.Join(pairs, "; ")
}

// listCookies is what a jar holds, apart from the times of creation.
func listCookies(j *jar.Jar) string {
	var lines []string
	for c := range j.All() {
		lines = append(lines, fmt.Sprintf("%s %v %s %s=%s quoted=%v secure=%v http=%v %d\n",
			c.Domain, c.HostOnly, c.Path, c.Name, c.Value, c.Quoted, c.Secure, c.HttpOnly, c.Expires.Unix()))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func (p cookiePeer) run(t *testing.T, proxy, url, in, out string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.program, p.visit(proxy, url, in, out)...)
	cmd.Dir = t.TempDir()
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, output.String())
	}
}

// TestInteropCookieFiles: what a program wrote is read, written and read: the same, by
// us and by the program, which then sends what we would send.
func TestInteropCookieFiles(t *testing.T) {
	for name, peer := range cookiePeers {
		for _, host := range []string{"www.example.com", "www.example.com:8000"} { // wget keeps the port
			t.Run(name+" "+host, func(t *testing.T) {
				t.Parallel()
				if _, err := exec.LookPath(peer.program); err != nil {
					t.Skip(err)
				}
				testCookieFiles(t, peer, "http://"+host)
			})
		}
	}
}

func testCookieFiles(t *testing.T, peer cookiePeer, origin string) {
	proxy := &cookieProxy{sent: make(map[string]string)}
	srv := httptest.NewServer(proxy)
	defer srv.Close()
	dir := t.TempDir()
	theirs, ours, again := filepath.Join(dir, "theirs"), filepath.Join(dir, "ours"), filepath.Join(dir, "again")

	peer.run(t, srv.URL, origin+"/set/deep/page", "", theirs)
	j := jar.New(jar.Config{OnReject: func(c *http.Cookie, why jar.Reason) { t.Errorf("%q: %s", c.Raw+c.Name, why) }})
	if err := j.LoadNetscape(theirs); err != nil {
		t.Fatal(err)
	}
	first := listCookies(j)
	if j.Len() != 6 {
		t.Errorf("got %d cookies, want 6:\n%s", j.Len(), first)
	}
	if err := errors.Join(j.SaveNetscape(ours), j.LoadNetscape(ours)); err != nil {
		t.Fatal(err)
	}
	if second := listCookies(j); second != first {
		t.Errorf("written and read:\n%s\nwant:\n%s", second, first)
	}

	text, err := os.ReadFile(ours)
	if err := errors.Join(err, os.WriteFile(again, text, 0o600)); err != nil {
		t.Fatal(err)
	}
	peer.run(t, srv.URL, origin+"/set/deep/other", ours, again)
	u, err := url.Parse(origin + "/set/deep/other")
	if err != nil {
		t.Fatal(err)
	}
	if peer.noSession {
		j.Clear(func(c *jar.Cookie) bool { return c.Expires.IsZero() })
		first = listCookies(j)
	}
	req := &http.Request{Header: http.Header{}}
	for _, c := range j.Cookies(u) {
		req.AddCookie(c)
	}
	proxy.mu.Lock()
	got := proxy.sent["/set/deep/other"]
	proxy.mu.Unlock()
	if want := req.Header.Get("Cookie"); sortedPairs(got) != sortedPairs(want) {
		t.Errorf("it sends %q, we send %q", got, want)
	}
	if err := j.LoadNetscape(again); err != nil {
		t.Fatal(err)
	}
	// What one does not know, HttpOnly, it does not write.
	if third := listCookies(j); strings.ReplaceAll(third, "http=true", "http=false") != strings.ReplaceAll(first, "http=true", "http=false") {
		t.Errorf("by the program:\n%s\nwant:\n%s", third, first)
	}
}
