//go:build interop

package cli_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// recorder is a server that writes down what it is asked.
type recorder struct {
	plain, secure *httptest.Server
	asked         chan string
}

// newRecorder starts it. It asks for Digest under /digest, and for a certificate of the
// client if there is one.
func newRecorder(t *testing.T, cfg *tls.Config) *recorder {
	t.Helper()
	r := &recorder{asked: make(chan string, 20)}
	handler := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.asked <- describe(t, req)
		if req.URL.Path == "/digest" && req.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", `Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256`)
			w.WriteHeader(http.StatusUnauthorized)
		}
		if req.URL.Path == "/redirect" {
			http.Redirect(w, req, "/to?a=b", http.StatusFound)
		}
	})
	r.plain = httptest.NewServer(handler)
	t.Cleanup(r.plain.Close)
	r.secure = httptest.NewUnstartedServer(handler)
	r.secure.TLS, r.secure.Config.ErrorLog = cfg, quietLog()
	r.secure.StartTLS()
	t.Cleanup(r.secure.Close)
	return r
}

// describe is what makes two requests the same one. What names the program does not
// count, nor what is random.
func describe(t *testing.T, r *http.Request) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	text := string(body)
	kind := r.Header.Get("Content-Type")
	var value any
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		if text, err = parts(kind, body); err != nil {
			t.Error(err)
		}
		r.Header.Del("Content-Length")
		r.Header.Set("Content-Type", "multipart/form-data")
	case strings.HasPrefix(kind, "application/json") && json.Unmarshal(body, &value) == nil:
		again, err := json.Marshal(value) // one writes spaces, the other none
		if err != nil {
			t.Error(err)
		}
		text = string(again)
		r.Header.Del("Content-Length")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s %v\n", r.Method, r.Host, r.RequestURI, r.TransferEncoding)
	if r.TLS != nil {
		fmt.Fprintf(&b, "TLS %s, a certificate: %v\n", r.TLS.ServerName, len(r.TLS.PeerCertificates) > 0)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		values := r.Header[name]
		switch program, _, _ := strings.Cut(values[0], "/"); {
		case name == "User-Agent" && slices.Contains([]string{"curl", "HTTPie", "aiolos", "Aiolos", "Go-http-client"}, program):
		case name == "Accept-Encoding", name == "Connection":
		case name == "Expect": // newer curls do without it for a small file
		case name == "Content-Length" && values[0] == "0": // which is what none means
		case name == "Accept" && strings.Contains(values[0], "*/*"):
		case name == "Authorization" && strings.HasPrefix(values[0], "Digest"):
			fmt.Fprintf(&b, "Authorization: Digest %v\n", strings.Contains(values[0], `username="me"`))
		case name == "Content-Type": // a form has no charset
			fmt.Fprintf(&b, "%s: %s\n", name, strings.TrimSuffix(values[0], "; charset=utf-8"))
		default:
			fmt.Fprintf(&b, "%s: %q\n", name, values)
		}
	}
	fmt.Fprintf(&b, "%q\n", text)
	return b.String()
}

// drain are the requests so far.
func (r *recorder) drain() (all []string) {
	for len(r.asked) > 0 {
		all = append(all, <-r.asked)
	}
	return all
}

// sameLines are command lines of curl and of httpie: URL and HTTPS stand for the
// server, PORT and SPORT for its ports, and DIR for a directory with files.
func sameLines() (curl, httpie []string) {
	return []string{
			`curl URL/a?b=c`,
			`curl URL/a -H 'User-Agent: h' -A opt -e ref -b a=1 -b b=2`,
			`curl URL/a -b a=1 -H 'Cookie: c=3'`,
			`curl URL/a -H 'Host: one.example' -H 'Host: two.example' -H 'X-Empty;' -H 'Accept:'`,
			`curl URL/a -u me:pw -H 'Authorization: Bearer x'`,
			`curl URL/a -u 'me:p w:x'`,
			`curl http://me:pw@127.0.0.1:PORT/a`,
			`curl --oauth2-bearer tok -u me:pw URL/a`,
			`curl -r 100 URL/a`,
			`curl -r 0-5 -H 'Range: bytes=1-2' URL/a`,
			`curl URL/a/b/../c/./d?x=/../y`,
			`curl --path-as-is URL/a/../b`,
			`curl URL/a/%2e%2e/%41%2f`,
			`curl -d a=1 -d 'b=x y' URL/a`,
			`curl -d @DIR/f.json -H 'Content-Type: application/json' URL/a`,
			`curl --data-urlencode 'a=x y&z' --data-urlencode 'b@DIR/f.json' URL/a`,
			`curl --json '{"a":1}' URL/a`,
			`curl -F a=b -F 'f=@DIR/f.json;type=text/x;filename=g' URL/a`,
			`curl -T DIR/f.json URL/dir/`,
			`curl -G -d a=1 --data-urlencode 'b=x y' URL/?q`,
			`curl -I URL/a`,
			`curl -X DELETE URL/a`,
			`curl -L URL/redirect -d a=1`,
			`curl --digest -u me:pw URL/digest`,
			`curl --resolve h.example:PORT:127.0.0.1 http://h.example:PORT/a`,
			`curl --connect-to h.example:80:127.0.0.1:PORT http://h.example/a`,
			`curl --connect-to ::127.0.0.1:PORT --connect-to h.example::192.0.2.1:1 http://h.example/a`,
			`curl -k HTTPS/a`,
			`curl --cacert DIR/ca.pem --cert DIR/cert.pem --key DIR/key.pem --resolve localhost:SPORT:127.0.0.1 https://localhost:SPORT/a`,
			`curl -n URL/a`,
			`curl URL/a?netrc`,
			`curl --compressed --http1.1 'URL/a?x=[1]' -g`,
		}, []string{
			`URL/a q==go X-A:b`,
			`URL/a name=gopher age:=12 'tags:=["a","b"]'`,
			`-f URL/a name=gopher 'b=x y'`,
			`PUT URL/a name=gopher X-A:b`,
			`-f URL/a name=gopher f@DIR/f.json`,
			`--multipart URL/a name=gopher`,
			`URL/a a[b]=1 a[c][]=2 a[c][]=3`,
			`URL/a 'X-Empty;' Accept:text/html`,
			`-a me:pw URL/a`,
			`-A bearer -a tok URL/a`,
			`-A digest -a me:pw URL/digest`,
			`DELETE URL/a`,
			`--raw 'x=1' POST URL/a Content-Type:text/x`,
		}
}

// TestInteropSame: the same command line makes curl, or httpie, and aiolos send the same
// requests.
func TestInteropSame(t *testing.T) {
	ca, cfg := authority(t)
	r, dir := newRecorder(t, cfg), t.TempDir()
	certFiles(t, dir, ca)
	netrc := "machine 127.0.0.1 login net password rc\n"
	for name, text := range map[string]string{"f.json": "{\"a\":\n1}", ".netrc": netrc} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", dir)
	_, port, _ := strings.Cut(strings.TrimPrefix(r.plain.URL, "http://"), ":")
	_, sport, _ := strings.Cut(strings.TrimPrefix(r.secure.URL, "https://"), ":")
	fill := strings.NewReplacer("HTTPS", r.secure.URL, "URL", r.plain.URL, "SPORT", sport, "PORT", port, "DIR", dir)
	curl, httpie := sameLines()
	if len(curl)+len(httpie) < 30 {
		t.Fatalf("%d lines", len(curl)+len(httpie))
	}
	for _, line := range curl {
		line = fill.Replace(line)
		shell(t, "curl", line+" -sS")
		r.compare(t, line, run(t.Context(), streams(), "curl", "--", line))
	}
	for _, line := range httpie {
		line = fill.Replace(line)
		// bash divides the words, here too.
		out, err := exec.CommandContext(t.Context(), "bash", "-c", "printf '%s\\0' "+line).Output()
		if err != nil {
			t.Fatal(err)
		}
		words := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		shell(t, "http", "http --ignore-stdin "+line)
		r.compare(t, "aiolos "+line, run(t.Context(), streams(), words...))
	}
}

// compare takes what the other program has sent and then what aiolos has.
func (r *recorder) compare(t *testing.T, line string, got call) {
	t.Helper()
	all := r.drain()
	n := len(all) / 2
	if got.code != 0 || n == 0 || len(all)%2 != 0 || !reflect.DeepEqual(all[:n], all[n:]) {
		t.Errorf("%s: %d, %s\n%s", line, got.code, got.err, strings.Join(all, "--\n"))
	}
}

// shell runs another program, or skips the test if there is none.
func shell(t *testing.T, program, line string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("there is no %s", program)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", line)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", line, err, bytes.TrimSpace(out))
	}
}
