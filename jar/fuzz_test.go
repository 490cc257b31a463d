package jar_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/jar"
)

// FuzzSetCookie stores any line from any URL and checks what must hold of every
// jar: what is sent is safe in a header, belongs to the host, and survives files.
func FuzzSetCookie(f *testing.F) {
	for _, v := range vectors(f, "setcookie.txt", 2) {
		f.Add("https://www.example.com/a/b", v[0])
	}
	for _, v := range vectors(f, "domains.txt", 3) {
		f.Add("http://"+v[0]+"/", "a=1; Domain="+v[1])
	}
	for _, v := range vectors(f, "dates.txt", 2) {
		f.Add("http://example.com/", "a=1; Expires="+v[0])
	}
	f.Fuzz(func(t *testing.T, rawURL, line string) {
		u, err := url.Parse(rawURL)
		if err != nil {
			t.Skip()
		}
		rejected := 0
		j := jar.New(jar.Config{Unsafe: true, OnReject: func(*http.Cookie, jar.Reason) { rejected++ }})
		j.SetCookieHeaders(u, []string{line})
		if problem := jar.Consistent(j); problem != "" {
			t.Fatal(problem)
		}
		if rejected > 0 && j.Len() > 0 {
			t.Fatal("rejected and kept")
		}
		for c := range j.All() {
			checkCookie(t, c, u, line)
		}
		checkHeader(t, j.Cookies(u))
		checkFiles(t, j)
		jar.ParseSetCookies(line)
		checkHeader(t, jar.ParseCookies(line))
	})
}

func checkCookie(t *testing.T, c *jar.Cookie, u *url.URL, line string) {
	t.Helper()
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	ascii := strings.IndexFunc(host, func(r rune) bool { return r >= 0x80 }) < 0
	if ascii && !strings.Contains(host, ":") && host != c.Domain && (c.HostOnly || !strings.HasSuffix(host, "."+c.Domain)) {
		t.Fatalf("%s set a cookie of %q with %q", u, c.Domain, line)
	}
	if c.Domain == "" || !strings.HasPrefix(c.Path, "/") || c.Name == "" {
		t.Fatalf("got %+v", c)
	}
	if name := strings.ToLower(c.Name); strings.HasPrefix(name, "__host-") && (!c.Secure || !c.HostOnly || c.Path != "/" || u.Scheme == "http") {
		t.Fatalf("got %+v", c)
	}
	if !strings.Contains(line, c.Value) {
		t.Fatalf("the value %q is not of the line %q", c.Value, line)
	}
}

// checkHeader makes sure that a Cookie header is read as it was written.
func checkHeader(t *testing.T, cookies []*http.Cookie) {
	t.Helper()
	line := header(cookies)
	if strings.IndexFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) >= 0 {
		t.Fatalf("a control character in %q", line)
	}
	if again := header(jar.ParseCookies(line)); again != line {
		t.Fatalf("%q is read as %q", line, again)
	}
}

func checkFiles(t *testing.T, j *jar.Jar) {
	t.Helper()
	var b bytes.Buffer
	again := jar.New(jar.Config{Unsafe: true})
	if err := j.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if err := again.ReadJSON(bytes.NewReader(b.Bytes())); err != nil {
		t.Fatalf("%v in %s", err, b.Bytes())
	}
	if got, want := dump(again), dump(j); got != want {
		t.Fatalf("json: got %s, want %s", got, want)
	}
	b.Reset()
	if err := j.WriteNetscape(&b); err != nil {
		t.Fatal(err)
	}
	if err := again.ReadNetscape(bytes.NewReader(b.Bytes())); err != nil {
		t.Fatalf("%v in %q", err, b.Bytes())
	}
	j.Clear(func(c *jar.Cookie) bool { return strings.Contains(c.Name, "\t") }) // they have no place there
	if again.Len() != j.Len() {
		t.Fatalf("cookies.txt: got %s, want %s", dump(again), dump(j))
	}
}

// FuzzJSON loads anything: it is either refused, and nothing changes, or it can be
// saved and loaded again.
func FuzzJSON(f *testing.F) {
	var b bytes.Buffer
	if err := filled(f).WriteJSON(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	for _, text := range []string{
		``, `{}`, `[]`, `{"a|": {}}`, `{"a|/": {"x": {"key": "x", "value": "1", "coded_value": "\"\\054\"", "expires_timestamp": 4e9}}}`,
		`{"|": {"x": {"key": "x", "value": "\udce9\ud83d\ude00\\u", "max-age": 60, "secure": "yes"}}}`,
		`{"a.|": {"x": {"key": "x", "value": "", "expires_timestamp": 1e999, "host_only": true}}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		testLoad(t, data, (*jar.Jar).ReadJSON)
	})
}

// FuzzNetscape is FuzzJSON for cookies.txt.
func FuzzNetscape(f *testing.F) {
	var b bytes.Buffer
	if err := filled(f).WriteNetscape(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	for _, text := range []string{
		"", "# c\n", "a.example\tTRUE\t/\tFALSE\t0\tn", "#HttpOnly_a.example\tTRUE\t/\tFALSE\t-1\tn\tv\tw\r\n",
		"\ufeffa.example:80\tTRUE\t/\tFALSE\t\tn\tv\n", "a.example\tTRUE\t/\tFALSE\t1999169470.02\tn\tv\nstray\n#HttpOnly_\n", "[::1]:8080\tFALSE\t/\tFALSE\t0.5\tn\tv",
		"a.example\tFALSE\t/\tFALSE\t0\td\t\"\na.example\tFALSE\t/\tFALSE\t0\tn\t\";\"\n",
		".[::1]\tFALSE\t/\tTRUE\t4102444800\tn\t\"q\"", "..\tTRUE\t\tTRUE\t1\t\t",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		testLoad(t, data, (*jar.Jar).ReadNetscape)
	})
}

func testLoad(t *testing.T, data []byte, read func(*jar.Jar, io.Reader) error) {
	t.Helper()
	j := jar.New(jar.Config{Unsafe: true})
	set(t, j, "http://example.com/", "old=1")
	before := dump(j)
	if err := read(j, bytes.NewReader(data)); err != nil {
		damaged, ok := errors.AsType[*jar.FileError](err)
		if !ok {
			t.Fatalf("got %v", err)
		}
		if !damaged.Partial {
			if dump(j) != before {
				t.Fatal("the jar was changed")
			}
			return
		}
	}
	if problem := jar.Consistent(j); problem != "" {
		t.Fatal(problem)
	}
	var b bytes.Buffer
	again := jar.New(jar.Config{Unsafe: true})
	if err := j.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if err := again.ReadJSON(&b); err != nil {
		t.Fatal(err)
	}
	if got, want := sorted(dump(again)), sorted(dump(j)); got != want {
		t.Fatalf("got:\n%s\nwant:\n%s", got, want)
	}
	for c := range j.All() {
		// A quote without a partner has one in the header, if the next cookie has quotes.
		sent := j.Cookies(&url.URL{Scheme: "https", Host: c.Domain, Path: c.Path})
		checkHeader(t, slices.DeleteFunc(sent, func(c *http.Cookie) bool { return !c.Quoted && strings.Contains(c.Value, `"`) }))
	}
}
