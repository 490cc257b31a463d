package jar_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/jar"
)

func TestNetscapeLayout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := jar.New(jar.Config{})
		time.Sleep(time.Millisecond) // the end is rounded up
		set(t, j, "https://www.example.com/dir/page", "a=1; Secure; HttpOnly; Max-Age=60", "b=2; Domain=example.com; Path=/", `c="q r"; Path=/`, "empty=; Path=/")
		j.Update(jar.ParseCookies("shared=1"), nil)
		var got bytes.Buffer
		if err := j.WriteNetscape(&got); err != nil {
			t.Fatal(err)
		}
		want := "# Netscape HTTP Cookie File\n\n" +
			"#HttpOnly_www.example.com\tFALSE\t/dir\tTRUE\t946684861\ta\t1\n" +
			".example.com\tTRUE\t/\tFALSE\t0\tb\t2\n" +
			"www.example.com\tFALSE\t/\tFALSE\t0\tc\t\"q r\"\n" +
			"www.example.com\tFALSE\t/\tFALSE\t0\tempty\t\n"
		if got.String() != want {
			t.Errorf("got:\n%s\nwant:\n%s", got.String(), want)
		}
	})
}

func TestNetscapeRoundTrip(t *testing.T) {
	t.Parallel()
	j := filled(t)
	var b bytes.Buffer
	if err := j.WriteNetscape(&b); err != nil {
		t.Fatal(err)
	}
	again := newRejects(jar.Config{Unsafe: true})
	if err := again.ReadNetscape(bytes.NewReader(b.Bytes())); err != nil {
		t.Fatal(err)
	}
	again.want(t)
	j.ClearDomain("") // shared cookies have no place in the format
	if got, want := again.Len(), j.Len(); got != want {
		t.Errorf("got %d cookies, want %d", got, want)
	}
	for _, u := range []string{"https://www.example.com/a/b", "http://www.example.com/", "http://example.com/", "http://sub.www.example.com/", "http://[::1]/", "http://127.0.0.1/"} {
		wantSent(t, again.Jar, u, sent(t, j, u))
	}
}

func TestNetscapeIn(t *testing.T) {
	t.Parallel()
	j := newRejects(jar.Config{})
	set(t, j.Jar, "http://old.example/", "old=1")
	text := strings.Join([]string{
		"# HTTP Cookie File", "", "   ", "#.example.com\tTRUE\t/\tFALSE\t0\tcomment\t1",
		".example.com\tTRUE\t/\tFALSE\t0\twide\t1",
		"example.com\tTRUE\t/\tFALSE\t0\twide2\t1",
		"example.com\tFALSE\t/\tFALSE\t4102444800\thost\t1\r",
		"#HttpOnly_.example.com\ttrue\t/\ttrue\t4102444800\tsecret\ta=b; c",
		"#HttpOnly_.example.com\ttrue\t/\ttrue\t4102444800\tsecret\ta=b",
		".example.com\tTRUE\t/\tFALSE\t1\tgone\t1",
		".example.com\tTRUE\t/\tFALSE\t-5\tgone2\t1",
		".example.com\tTRUE\t/\tFALSE\t99999999999999\tlong\t1",
		".example.com\tTRUE\trelative\tFALSE\t0\tempty",
		".example.com\tTRUE\t/\tFALSE\t0\ttabs\ta\tb",
		".co.uk\tTRUE\t/\tFALSE\t0\tsuffix\t1",
		"127.0.0.1\tFALSE\t/\tFALSE\t0\tip\t1",
	}, "\n")
	if err := j.ReadNetscape(strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	j.want(t, "secret: value with a forbidden character", "ip: host is an ip address")
	wantSent(t, j.Jar, "https://example.com/", "wide=1; wide2=1; host=1; secret=a=b; long=1; empty=; tabs=a\tb")
	wantSent(t, j.Jar, "http://www.example.com/", "wide=1; wide2=1; long=1; empty=; tabs=a\tb")
	wantSent(t, j.Jar, "http://old.example/", "")
	// A cookie for a public suffix is for that host alone.
	wantSent(t, j.Jar, "http://co.uk/", "suffix=1")
	wantSent(t, j.Jar, "http://example.co.uk/", "")
	for c := range j.All() {
		if c.HttpOnly != (c.Name == "secret") {
			t.Errorf("%s: HttpOnly %v", c.Name, c.HttpOnly)
		}
	}
}

// TestFilesWithMarks: a byte order mark, also one of UTF-16, is passed over.
func TestFilesWithMarks(t *testing.T) {
	t.Parallel()
	wide := func(text string) string {
		out := []byte{0xff, 0xfe}
		for _, c := range []byte(text) {
			out = append(out, c, 0)
		}
		return string(out)
	}
	from := newRejects(jar.Config{})
	set(t, from.Jar, "http://h.example/", "a=1; Max-Age=1000")
	var lines, object bytes.Buffer
	if err := errors.Join(from.WriteNetscape(&lines), from.WriteJSON(&object)); err != nil {
		t.Fatal(err)
	}
	mark := func(text string) string { return "\ufeff" + text }
	for name, encode := range map[string]func(string) string{"utf-8": mark, "utf-16": wide} {
		for _, read := range []func(j *jar.Jar) error{
			func(j *jar.Jar) error { return j.ReadNetscape(strings.NewReader(encode(lines.String()))) },
			func(j *jar.Jar) error { return j.ReadJSON(strings.NewReader(encode(object.String()))) },
		} {
			j := newRejects(jar.Config{})
			if err := read(j.Jar); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			wantSent(t, j.Jar, "http://h.example/", "a=1")
		}
	}
}

func TestNetscapeDamaged(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text   string
		line   int
		reason string
	}{
		{"# head\n\nno fields canary", 3, "not seven fields separated by tabs"},
		{"a\tTRUE\t/\tFALSE\t0", 1, "not seven fields separated by tabs"},
		{"#HttpOnly_\n", 1, "not seven fields separated by tabs"},
		{"a.example\tYES\t/\tFALSE\t0\tn\tcanary", 1, "neither TRUE nor FALSE"},
		{"a.example\tTRUE\t/\t0\t0\tn\tcanary", 1, "neither TRUE nor FALSE"},
		{"\na.example\tTRUE\t/\tFALSE\tsoon\tn\tcanary", 2, "expiry is not a number"},
		{"a.example\tTRUE\t/\tFALSE\t99999999999999999999\tn\tcanary", 1, "expiry is not a number"},
		{"\tTRUE\t/\tFALSE\t0\tn\tcanary", 1, "no domain"},
		{".\tTRUE\t/\tFALSE\t0\tn\tcanary", 1, "no domain"},
		{`{"canary": 1}`, 1, "not seven fields separated by tabs"},
	} {
		j := filled(t)
		before := dump(j)
		path := filepath.Join(t.TempDir(), "cookies.txt")
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := j.LoadNetscape(path)
		wantDamaged(t, err, jar.FileError{Path: path, Format: "cookies.txt", Line: test.line, Reason: test.reason})
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("a value is in the text: %v", err)
		}
		if dump(j) != before {
			t.Errorf("%q: the jar was changed", test.text)
		}
	}
}
