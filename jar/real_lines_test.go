package jar_test

import (
	"bytes"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/jar"
)

// TestServersLines are Set-Cookie lines from the RFCs' examples and from what real
// servers send, each with the cookie that is right.
func TestServersLines(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "setcookie_servers.txt", 3) {
		t.Run(v[0], func(t *testing.T) {
			c, err := jar.ParseSetCookie(v[0])
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(c); got != v[1] {
				t.Errorf("got  %s\nwant %s\nfrom %s", got, v[1], v[2])
			}
		})
	}
}

// TestOddCookieLines: what becomes of lines that look like mistakes, and of their
// neighbours.
func TestOddCookieLines(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		url, line   string
		asked, want string
		refused     string
	}{
		"suffix by an exception":             {"http://city.kobe.jp/", "a=1; Domain=kobe.jp", "http://evil.other.kobe.jp/", "", "a: domain is a public suffix"},
		"the same, to the host itself":       {"http://city.kobe.jp/", "a=1; Domain=kobe.jp", "http://city.kobe.jp/", "", "a: domain is a public suffix"},
		"below an exception":                 {"http://www.city.kobe.jp/", "a=1; Domain=city.kobe.jp", "http://x.city.kobe.jp/", "a=1", ""},
		"below a wildcard":                   {"http://www.a.other.kobe.jp/", "a=1; Domain=a.other.kobe.jp", "http://x.a.other.kobe.jp/", "a=1", ""},
		"dollar name":                        {"http://example.com/", "$a=bar", "http://example.com/", "$a=bar", ""},
		"dollar version":                     {"http://example.com/", "$Version=1; foo=bar", "http://example.com/", "$Version=1", ""},
		"dollar alone":                       {"http://example.com/", "$=bar", "http://example.com/", "$=bar", ""},
		"dollar attribute":                   {"http://example.com/", "a=1; $Path=/x", "http://example.com/", "a=1", ""},
		"tab in a name":                      {"http://example.com/", "a\tb=1", "http://example.com/", "a\tb=1", ""},
		"tabs around a name":                 {"http://example.com/", "\ta\tb\t=\t1\t", "http://example.com/", "a\tb=1", ""},
		"vertical tab in a name":             {"http://example.com/", "a\vb=1", "http://example.com/", "", ": value with a forbidden character"},
		"dot at the end of Domain":           {"http://home.example.org/", "a=1; Domain=home.example.org.", "http://home.example.org/", "a=1", ""},
		"dot at the end of Domain, below":    {"http://home.example.org/", "a=1; Domain=home.example.org.", "http://x.home.example.org/", "", ""},
		"dot at the end of a foreign Domain": {"http://home.example.org/", "a=1; Domain=example.com.", "http://home.example.org/", "a=1", ""},
		"semicolon in a quoted value":        {"http://example.com/", `a="x;y"; Path=/`, "http://example.com/", `a="x;y"`, ""},
		"Secure over http":                   {"http://example.com/", "a=1; Secure", "https://example.com/", "", "a: secure cookie over plain http"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := newRejects(jar.Config{})
			set(t, j.Jar, test.url, test.line)
			wantSent(t, j.Jar, test.asked, test.want)
			if test.refused == "" {
				j.want(t)
			} else {
				j.want(t, test.refused)
			}
		})
	}
}

// TestPeersFiles are lines of cookies.txt as programs write them: what they mean, or
// why they are bad. The source of each is in the file.
func TestPeersFiles(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "cookies_txt.txt", 3) {
		t.Run(v[0], func(t *testing.T) {
			t.Parallel()
			j := newRejects(jar.Config{Unsafe: true})
			err := j.ReadNetscape(strings.NewReader(v[0]))
			if damaged, ok := errors.AsType[*jar.FileError](err); ok {
				j.list = append(j.list, damaged.Reason)
			} else if err != nil {
				t.Fatal(err)
			}
			for c := range j.All() {
				wide := "host "
				if !c.HostOnly {
					wide = "domain "
				}
				j.list = append(j.list, wide+c.Domain+" path="+c.Path+" "+describe(&http.Cookie{
					Name: c.Name, Value: c.Value, Quoted: c.Quoted, Secure: c.Secure, HttpOnly: c.HttpOnly, Expires: c.Expires,
				}))
			}
			if got := strings.Join(j.list, "\n"); got != v[1] {
				t.Errorf("got  %s\nwant %s\nfrom %s", got, v[1], v[2])
			}
		})
	}
}

// TestStrayLines: bad lines of a cookies.txt are passed over, each is reported, and the
// error says where they are.
func TestStrayLines(t *testing.T) {
	t.Parallel()
	const good = "example.com\tFALSE\t/\tFALSE\t0\ta\t1\n"
	for name, test := range map[string]struct {
		text    string
		line    int
		reason  string
		partial bool
		bad     []string
	}{
		"none":             {good, 0, "", false, nil},
		"byte order mark":  {"\ufeff" + good, 0, "", false, nil},
		"mark and comment": {"\ufeff# Netscape HTTP Cookie File\r\n" + good, 0, "", false, nil},
		"before":           {"stray canary\n" + good, 1, "not seven fields separated by tabs", true, []string{"stray canary"}},
		"behind":           {"\n" + good + "stray", 3, "not seven fields separated by tabs", true, []string{"stray"}},
		"bare mark":        {good + "#HttpOnly_\n", 2, "not seven fields separated by tabs", true, []string{"#HttpOnly_"}},
		"two": {
			good + "x\texample\n" + good + "b.example\tTRUE\t/\tFALSE\tsoon\tn\tcanary\r\n", 2, "not seven fields separated by tabs; bad too: line 4", true,
			[]string{"x\texample", "b.example\tTRUE\t/\tFALSE\tsoon\tn\tcanary"},
		},
		"many": {
			good + strings.Repeat("x\n", 12), 2, "not seven fields separated by tabs; bad too: line 3, 4, 5, 6, 7, 8, 9, 10 and 3 more", true,
			slices.Repeat([]string{"x"}, 12),
		},
		"no other": {"# head\nx\n", 2, "not seven fields separated by tabs", false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var bad []string
			j := jar.New(jar.Config{OnReject: func(c *http.Cookie, why jar.Reason) {
				if why == jar.ReasonSyntax {
					bad = append(bad, c.Raw)
				}
			}})
			set(t, j, "http://old.example/", "old=1")
			path := filepath.Join(t.TempDir(), "cookies.txt")
			write(t, path, []byte(test.text), 0o600)
			err := j.LoadNetscape(path)
			if test.line == 0 && err != nil {
				t.Fatal(err)
			}
			if test.line > 0 {
				wantDamaged(t, err, jar.FileError{Path: path, Format: "cookies.txt", Line: test.line, Reason: test.reason})
				if damaged, _ := errors.AsType[*jar.FileError](err); damaged.Partial != test.partial || strings.Contains(err.Error(), "canary") {
					t.Errorf("got Partial %v and %q", damaged.Partial, err)
				}
			}
			if !slices.Equal(bad, test.bad) {
				t.Errorf("reported %q, want %q", bad, test.bad)
			}
			want, old := "a=1", ""
			if test.line > 0 && !test.partial {
				want, old = "", "old=1"
			}
			wantSent(t, j, "http://example.com/", want)
			wantSent(t, j, "http://old.example/", old)
		})
	}
}

// TestByteOrderMarkOfJSON: editors put it before any text.
func TestByteOrderMarkOfJSON(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	from := filled(t)
	if err := from.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	j := jar.New(jar.Config{Unsafe: true})
	if err := j.ReadJSON(strings.NewReader("\ufeff" + b.String())); err != nil {
		t.Fatal(err)
	}
	if got, want := sorted(dump(j)), sorted(dump(from)); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestTabsInFiles: JSON keeps a name with a tab, cookies.txt has no place for it.
func TestTabsInFiles(t *testing.T) {
	t.Parallel()
	j := jar.New(jar.Config{})
	set(t, j, "http://example.com/", "a\tb=1", "c=2\t3")
	var asJSON, asText bytes.Buffer
	if err := errors.Join(j.WriteJSON(&asJSON), j.WriteNetscape(&asText)); err != nil {
		t.Fatal(err)
	}
	again := jar.New(jar.Config{})
	if err := again.ReadJSON(&asJSON); err != nil {
		t.Fatal(err)
	}
	wantSent(t, again, "http://example.com/", "a\tb=1; c=2\t3")
	if err := again.ReadNetscape(&asText); err != nil {
		t.Fatal(err)
	}
	wantSent(t, again, "http://example.com/", "c=2\t3")
}

// TestPeersWholeFiles: what programs wrote is read, written and read: the same. They
// were written by those that internal/interop asks anew.
func TestPeersWholeFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/peers/*.txt")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			j := newRejects(jar.Config{})
			if err := j.LoadNetscape(path); err != nil {
				t.Fatal(err)
			}
			first := dump(j.Jar)
			if j.Len() < 4 {
				t.Errorf("got %d cookies:\n%s", j.Len(), first)
			}
			out := filepath.Join(t.TempDir(), "cookies.txt")
			if err := errors.Join(j.SaveNetscape(out), j.LoadNetscape(out)); err != nil {
				t.Fatal(err)
			}
			if again := dump(j.Jar); again != first {
				t.Errorf("got:\n%s\nwant:\n%s", again, first)
			}
			j.want(t)
		})
	}
}

// TestClock: the jar goes by the clock that it is given, in all that it does.
func TestClock(t *testing.T) {
	t.Parallel()
	now := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	j := jar.New(jar.Config{Now: func() time.Time { return now }})
	set(t, j, "http://example.com/", "a=1; Max-Age=3600", "b=1; Expires=Sun, 03 Feb 2002 04:05:06 GMT", "old=1; Expires=Fri, 02 Feb 2001 04:05:06 GMT")
	for c := range j.All() {
		if !c.Created.Equal(now) || !c.LastAccess.Equal(now) {
			t.Errorf("%s: created %v, used %v", c.Name, c.Created, c.LastAccess)
		}
	}
	var file bytes.Buffer
	if err := j.WriteNetscape(&file); err != nil {
		t.Fatal(err)
	}
	wantSent(t, j, "http://example.com/", "a=1; b=1")
	now = now.Add(time.Hour)
	wantSent(t, j, "http://example.com/", "b=1")
	if got := header(j.Match(parseURL(t, "http://example.com/"), []*http.Cookie{{Name: "m", Value: "1", Expires: now.Add(1)}, {Name: "n", Value: "1", Expires: now}})); got != "m=1" {
		t.Errorf("Match: got %q", got)
	}
	if err := j.ReadNetscape(&file); err != nil {
		t.Fatal(err)
	}
	if j.Len() != 1 {
		t.Errorf("loaded %d cookies, want the one that is left", j.Len())
	}
	now = now.AddDate(1, 0, 0)
	if j.Len() != 0 || len(j.Filter(parseURL(t, "http://example.com/"))) != 0 {
		t.Error("a cookie outlived its end")
	}
}
