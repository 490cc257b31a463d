package jar_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/jar"
)

// filled is a jar with a cookie of every kind.
func filled(t testing.TB) *jar.Jar {
	t.Helper()
	j := jar.New(jar.Config{Unsafe: true})
	set(t, j, "https://www.example.com/a/b", "host=1", "domain-wide=2; Domain=example.com; Path=/", "slash=3; Path=/a/", "slash=4; Path=/a",
		"all=5; Secure; HttpOnly; SameSite=Strict; Partitioned; Max-Age=3600", "__Host-x=6; Secure; Path=/",
		`quoted="x\054y"`, `semicolon="a;b"`, "bytes=\xe9\xff", "utf=é€", `odd="open`, "{name}<>=1", "empty=", "none=1; SameSite=None; Secure", "lax=1; SameSite=Lax")
	set(t, j, "http://127.0.0.1/", "ip=1")
	set(t, j, "http://[::1]/", "ip6=1; Expires=Fri, 01 Jan 2100 00:00:00 GMT")
	j.Update([]*http.Cookie{{Name: "shared", Value: "x,y;z"}, {Name: "shared-path", Value: "1", Path: "/p"}}, nil)
	return j
}

func TestJSONLayout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := jar.New(jar.Config{})
		set(t, j, "https://www.example.com/dir/page", "a=1; Secure; HttpOnly; SameSite=Lax; Max-Age=60; Partitioned", "b=2; Domain=example.com; Path=/", "c=3; Path=/dir/", "a=4; Path=/dir/")
		j.Update([]*http.Cookie{{Name: "s", Value: "x,y;z"}}, nil)
		var got bytes.Buffer
		if err := j.WriteJSON(&got); err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile("testdata/layout.json")
		if err != nil {
			t.Fatal(err)
		}
		if got.String() != string(want) {
			t.Errorf("got:\n%s\nwant:\n%s", got.String(), want)
		}
	})
}

func TestJSONRoundTrip(t *testing.T) {
	t.Parallel()
	j := filled(t)
	var b bytes.Buffer
	if err := j.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	again := newRejects(jar.Config{Unsafe: true})
	set(t, again.Jar, "http://old.example/", "old=1")
	if err := again.ReadJSON(bytes.NewReader(b.Bytes())); err != nil {
		t.Fatal(err)
	}
	again.want(t)
	if got, want := sorted(dump(again.Jar)), sorted(dump(j)); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if problem := jar.Consistent(again.Jar); problem != "" {
		t.Error(problem)
	}
	for _, u := range []string{"https://www.example.com/a/b", "http://example.com/", "http://sub.www.example.com/", "http://[::1]/", "http://127.0.0.1/p"} {
		wantSent(t, again.Jar, u, sent(t, j, u))
	}
}

// TestJSONFromAiohttp: what the Python side may write, in its several versions.
func TestJSONFromAiohttp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, err := os.Open("testdata/aiohttp.json")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		j := newRejects(jar.Config{})
		if err := j.ReadJSON(f); err != nil {
			t.Fatal(err)
		}
		j.want(t, "ip: host is an ip address", "ctl: value with a forbidden character")
		wantSent(t, j.Jar, "https://example.com/dir/x", `under=1; wide=1; host=1; quoted="x\054y"; age=1; date=1; bytes=`+"\xe9€😀"+`; everywhere=1`)
		wantSent(t, j.Jar, "http://www.example.com/", `wide=1; everywhere=1`)
		wantSent(t, j.Jar, "http://www.dot.example/", `dot=1; everywhere=1`)
		for c := range j.All() {
			switch c.Name {
			case "age":
				if !c.Expires.Equal(time.Now().Add(time.Hour)) {
					t.Errorf("age: got %v", c.Expires)
				}
			case "date":
				if c.Expires.Unix() != 4102444800 {
					t.Errorf("date: got %v", c.Expires)
				}
			case "wide":
				if c.Expires.UnixMicro() != 4102444800500000 || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.HostOnly {
					t.Errorf("wide: got %+v", c)
				}
			}
		}
	})
}

func TestJSONDamaged(t *testing.T) {
	t.Parallel()
	const canary = "canary"
	for _, test := range []struct {
		name, text string
		line       int
		reason     string
	}{
		{"empty", "", 1, "ends too early"},
		{"cut", "{\n\"a|\": {\n\"x\": {\"key\": \"x\", \"value\": \"canary", 3, "ends too early"},
		{"cut object", "{\"a|\": {}", 1, "ends too early"},
		{"cut before a name", "{\"a|\": {},\n\n", 1, "ends too early"},
		{"cut in a name", "{\"a|\": {},\n\"canary", 2, "ends too early"},
		{"cut in a flag", `{"a|": {"x": {"key": "x", "secure": tru`, 1, "ends too early"},
		{"bracket", "{\n\"a|\": {}]", 2, "not json"},
		{"bracket for a name", "{\n\"a|\": {},\n]", 3, "not json"},
		{"pickle", "\x80\x04\x95canary", 1, "not json"},
		{"syntax", "{\n\n\"a|\" canary", 3, "not json"},
		{"list", "[]", 1, "not the layout of a cookie jar"},
		{"text", `"canary"`, 1, "not the layout of a cookie jar"},
		{"no bar", `{"canary": {}}`, 1, "not the layout of a cookie jar"},
		{"cookies no object", "{\n\"a|\": 5}", 2, "not the layout of a cookie jar"},
		{"cookie no object", `{"a|": {"x": "canary"}}`, 1, "not the layout of a cookie jar"},
		{"cookie null", `{"a|": {"x": null}}`, 1, "not the layout of a cookie jar"},
		{"no key", `{"a|": {"x": {"value": "canary"}}}`, 1, "not the layout of a cookie jar"},
		{"no value", `{"a|": {"x": {"key": "x"}}}`, 1, "not the layout of a cookie jar"},
		{"value no text", `{"a|": {"x": {"key": "x", "value": 5}}}`, 1, "not the layout of a cookie jar"},
		{"flag no flag", `{"a|": {"x": {"key": "x", "value": "canary", "secure": 5}}}`, 1, "not the layout of a cookie jar"},
		{"age no number", `{"a|": {"x": {"key": "x", "value": "canary", "max-age": []}}}`, 1, "not the layout of a cookie jar"},
		{"time no number", `{"a|": {"x": {"key": "x", "value": "canary", "expires_timestamp": "x"}}}`, 1, "not the layout of a cookie jar"},
		{"more behind", `{} {}`, 1, "not the layout of a cookie jar"},
	} {
		t.Run(test.name, func(t *testing.T) {
			j := filled(t)
			before := dump(j)
			wantDamaged(t, j.ReadJSON(strings.NewReader(test.text)), jar.FileError{Format: "json", Line: test.line, Reason: test.reason})

			path := filepath.Join(t.TempDir(), "jar.json")
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			err := j.Load(path)
			wantDamaged(t, err, jar.FileError{Path: path, Format: "json", Line: test.line, Reason: test.reason})
			if strings.Contains(err.Error(), canary) {
				t.Errorf("a value is in the text: %v", err)
			}
			if data, _ := os.ReadFile(path); string(data) != test.text {
				t.Error("the file was changed")
			}
			if dump(j) != before {
				t.Error("the jar was changed")
			}
		})
	}
}

func wantDamaged(t *testing.T, err error, want jar.FileError) {
	t.Helper()
	got, ok := errors.AsType[*jar.FileError](err)
	if !ok || !errors.Is(err, errors.ErrInvalidRequest) || !errors.Is(err, errors.ErrClient) {
		t.Fatalf("got %v", err)
	}
	if got.Path != want.Path || got.Format != want.Format || got.Line != want.Line || got.Reason != want.Reason {
		t.Errorf("got  %v\nwant %v", got, &want)
	}
}

func TestSaveAndLoad(t *testing.T) {
	t.Parallel()
	type pair struct{ save, load func(*jar.Jar, string) error }
	for name, f := range map[string]pair{
		"json":     {(*jar.Jar).Save, (*jar.Jar).Load},
		"netscape": {(*jar.Jar).SaveNetscape, (*jar.Jar).LoadNetscape},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "cookies")
			if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
				t.Fatal(err)
			}
			j, again := filled(t), jar.New(jar.Config{Unsafe: true})
			if err := f.save(j, path); err != nil {
				t.Fatal(err)
			}
			if err := f.load(again, path); err != nil {
				t.Fatal(err)
			}
			if got := sent(t, again, "http://127.0.0.1/"); !strings.Contains(got, "ip=1") {
				t.Errorf("got %q", got)
			}
			info, err := os.Stat(path)
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
			if files, _ := os.ReadDir(dir); len(files) != 1 {
				t.Errorf("files are left behind: %v", files)
			}
			wantFileErrors(t, j, f.save, f.load)
		})
	}
}

func wantFileErrors(t *testing.T, j *jar.Jar, save, load func(*jar.Jar, string) error) {
	t.Helper()
	dir := t.TempDir()
	before := dump(j)
	if err := load(j, filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("load of no file: %v", err)
	}
	if err := load(j, dir); err == nil {
		t.Error("a directory was loaded")
	}
	if dump(j) != before {
		t.Error("the jar was changed")
	}
	if err := save(j, filepath.Join(dir, "none", "file")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("save into no directory: %v", err)
	}
	target := filepath.Join(dir, "target")
	if err := os.MkdirAll(filepath.Join(target, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := save(j, target); err == nil || !strings.HasPrefix(err.Error(), "save cookies: ") {
		t.Errorf("save over a directory: %v", err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("files are left behind: %v", files)
	}
}

// failing is a file on a full disk.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, fmt.Errorf("disk full") }
func (failing) Read([]byte) (int, error)  { return 0, fmt.Errorf("disk broken") }

func TestBrokenStreams(t *testing.T) {
	t.Parallel()
	j := filled(t)
	before := dump(j)
	for _, err := range []error{j.WriteJSON(failing{}), j.WriteNetscape(failing{}), j.ReadJSON(failing{}), j.ReadNetscape(failing{})} {
		if err == nil || !strings.Contains(err.Error(), "disk ") {
			t.Errorf("got %v", err)
		}
	}
	if dump(j) != before {
		t.Error("the jar was changed")
	}
}
