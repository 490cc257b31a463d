package jar_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/jar"
)

func parseURL(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// set stores Set-Cookie lines of a URL.
func set(t testing.TB, j *jar.Jar, rawURL string, lines ...string) {
	t.Helper()
	j.SetCookieHeaders(parseURL(t, rawURL), lines)
}

// sent is the Cookie header for a URL.
func sent(t testing.TB, j *jar.Jar, rawURL string) string {
	t.Helper()
	return header(j.Cookies(parseURL(t, rawURL)))
}

func header(cookies []*http.Cookie) string {
	pairs := make([]string, 0, len(cookies))
	for _, c := range cookies {
		value := c.Value
		if c.Quoted {
			value = `"` + value + `"`
		}
		pairs = append(pairs, c.Name+"="+value)
	}
	return strings.Join(pairs, "; ")
}

func wantSent(t testing.TB, j *jar.Jar, rawURL, want string) {
	t.Helper()
	if got := sent(t, j, rawURL); got != want {
		t.Errorf("%s: got %q, want %q", rawURL, got, want)
	}
}

// rejects is a jar that notes why it did not keep cookies.
type rejects struct {
	*jar.Jar
	list []string
}

func newRejects(config jar.Config) *rejects {
	r := &rejects{}
	config.OnReject = func(c *http.Cookie, reason jar.Reason) {
		r.list = append(r.list, fmt.Sprintf("%s: %s", c.Name, reason))
	}
	r.Jar = jar.New(config)
	return r
}

func (r *rejects) want(t testing.TB, want ...string) {
	t.Helper()
	if got := strings.Join(r.list, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("rejected:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
	r.list = nil
}

// dump is all that a jar holds, for comparison.
func dump(j *jar.Jar) string {
	var b strings.Builder
	for c := range j.All() {
		fmt.Fprintf(&b, "%s|%s|%s|%q|quoted=%v|host=%v|secure=%v|http=%v|site=%d|part=%v|%d\n", c.Domain, c.Path, c.Name, c.Value,
			c.Quoted, c.HostOnly, c.Secure, c.HttpOnly, c.SameSite, c.Partitioned, c.Expires.UnixMicro())
	}
	return b.String()
}

// vectors reads the lines of a file in testdata: fields between bars, comments
// after "#", fields in quotes as Go has them.
func vectors(t testing.TB, name string, fields int) [][]string {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows [][]string
	for s := bufio.NewScanner(f); s.Scan(); {
		line := s.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		row := strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), "|")
		for i := range row {
			row[i] = strings.ReplaceAll(strings.TrimSpace(row[i]), "\x00", "|")
			if strings.HasPrefix(row[i], `"`) && strings.HasSuffix(row[i], `"`) && len(row[i]) > 1 {
				if row[i], err = strconv.Unquote(row[i]); err != nil {
					t.Fatalf("%s: %v", line, err)
				}
			}
		}
		if len(row) != fields {
			t.Fatalf("%s: %q has %d fields, want %d", name, line, len(row), fields)
		}
		rows = append(rows, row)
	}
	if len(rows) < 5 {
		t.Fatalf("%s: only %d vectors", name, len(rows))
	}
	return rows
}

// sorted sorts lines.
func sorted(text string) string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
