package store_test

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/jar"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/store"
)

// open makes a store in a new directory.
func open(t *testing.T) (*store.Store, string) {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(func(name string) string { return map[string]string{"XDG_STATE_HOME": dir}[name] })
	if err != nil {
		t.Fatal(err)
	}
	return s, filepath.Join(dir, "aiolos", "sessions")
}

func parse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// filled is a session with cookies and headers of all kinds.
func filled(t *testing.T) *store.Session {
	t.Helper()
	s := store.New()
	s.Jar.SetCookieHeaders(parse(t, "https://www.example.org/a/b"), []string{
		"one=1; Secure; HttpOnly", "two=2; Domain=example.org; Path=/; Max-Age=1000", "three=3; Path=/a",
	})
	s.Jar.SetCookieHeaders(parse(t, "http://127.0.0.1:8080/"), []string{"ip=4"})
	s.Jar.Update([]*http.Cookie{{Name: "shared", Value: "5"}}, nil)
	s.Set("https://example.org", []store.Header{{"authorization", "Bearer canary"}, {"X-A", "1"}, {"X-A", "2"}})
	return s
}

// texts are the cookies and headers of a session.
func texts(s *store.Session) []string {
	var list []string
	for c := range s.Jar.All() {
		list = append(list, strings.Join([]string{c.Domain, c.Path, c.Name, c.Value}, " "))
	}
	for origin, headers := range s.Headers {
		for _, h := range headers {
			list = append(list, origin+" "+h.Name+": "+h.Value)
		}
	}
	slices.Sort(list)
	return list
}

func TestSaveAndLoad(t *testing.T) {
	t.Parallel()
	s, dir := open(t)
	want := filled(t)
	if err := s.Save("me", want); err != nil {
		t.Fatal(err)
	}
	got, err := s.Load("me")
	if err != nil || !slices.Equal(texts(got), texts(want)) || len(texts(got)) != 8 {
		t.Errorf("got %q, %v, want %q", texts(got), err, texts(want))
	}
	if err := s.Save("me", store.New()); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Load("me"); err != nil || len(texts(got)) != 0 {
		t.Errorf("replaced: got %q, %v", texts(got), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for path, want := range map[string]fs.FileMode{dir: 0o700, s.Path("me"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
}

func TestListAndRemove(t *testing.T) {
	t.Parallel()
	s, dir := open(t)
	if list, err := s.List(); err != nil || list != nil {
		t.Errorf("no directory: got %v, %v", list, err)
	}
	for _, name := range []string{"b", "a"} {
		if err := s.Save(name, store.New()); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"x.txt", ".hidden.json", "a b.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.List()
	if err != nil || len(list) != 2 || list[0].Name != "a" || list[1].Name != "b" || list[0].Modified.IsZero() {
		t.Errorf("got %v, %v", list, err)
	}
	if err := s.Remove("a"); err != nil {
		t.Error(err)
	}
	if err := s.Remove("a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed twice: %v", err)
	}
	if _, err := s.Load("a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("loaded after that: %v", err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	for _, name := range []string{"", ".", "..", ".x", "../x", "a/b", `a\b`, "a b", "a\x1b", "ä", strings.Repeat("a", 101)} {
		_, loaded := s.Load(name)
		for _, err := range []error{store.CheckName(name), s.Save(name, store.New()), s.Remove(name), loaded} {
			if err == nil || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%q was taken: %v", name, err)
			}
		}
	}
	for _, name := range []string{"a", "A-b_c.9", strings.Repeat("a", 100)} {
		if err := store.CheckName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("other directories here")
	}
	for _, tt := range []struct{ data, home, want string }{
		{"/d", "/h", "/d/aiolos/sessions/x.json"},
		{"", "/h", "/h/.local/state/aiolos/sessions/x.json"},
		{"relative", "/h", "/h/.local/state/aiolos/sessions/x.json"},
		{"", "", ""},
		{"", "relative", ""},
	} {
		s, err := store.Open(func(name string) string { return map[string]string{"XDG_STATE_HOME": tt.data, "HOME": tt.home}[name] })
		switch {
		case tt.want == "" && err == nil, tt.want != "" && (err != nil || s.Path("x") != tt.want):
			t.Errorf("%+v: got %+v, %v", tt, s, err)
		}
	}
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "x", "[]", "{}", `{"aiolos-session": 2}`, `{"aiolos-session": 1, "cookies": []}`, `{"aiolos-session": 1, "cookies": {"x": 1}}`,
		`{"aiolos-session": 1, "headers": {"example.org": []}}`, `{"aiolos-session": 1, "headers": {"https://h/path": []}}`,
		`{"aiolos-session": 1, "headers": {"https://H": []}}`, `{"aiolos-session": 1, "headers": {"https://h:443": []}}`,
		`{"aiolos-session": 1, "headers": {"https://h": [{"name": "a b", "value": ""}]}}`,
		`{"aiolos-session": 1, "headers": {"https://h": [{"name": "a", "value": "x\r\ny: z"}]}}`,
		`{"aiolos-session": 1, "headers": {"https://h": [{"name": "", "value": ""}]}}`,
	} {
		if s, err := store.Read(strings.NewReader(text)); err == nil {
			t.Errorf("%s: got %q, want an error", text, texts(s))
		}
	}
	s, err := store.Read(strings.NewReader(`{"aiolos-session": 1}`))
	if err != nil || len(texts(s)) != 0 {
		t.Errorf("empty: got %v", err)
	}
	s.Set("https://h", []store.Header{{"A", "b"}}) // its maps can be used
}

// FuzzRead: what can be read can be written and read again.
func FuzzRead(f *testing.F) {
	f.Add(`{"aiolos-session": 1}`)
	f.Add(`{"aiolos-session":1,"headers":{"https://h":[{"name":"A","value":"b"}]},"cookies":{"h|/":{"a":{"key":"a","value":"b","coded_value":"b","domain":"h","path":"/"}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := store.Read(strings.NewReader(text))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := s.Write(&b); err != nil {
			t.Fatal(err)
		}
		again, err := store.Read(&b)
		if err != nil || !slices.Equal(texts(again), texts(s)) {
			t.Errorf("got %q, %v, want %q", texts(again), err, texts(s))
		}
	})
}

func TestSetAndUnset(t *testing.T) {
	t.Parallel()
	s := store.New()
	s.Set("https://h", []store.Header{
		{"x-a", "1"}, {"X-B", "2"}, {"Content-Type", "x"}, {"If-Match", "x"}, {"Range", "x"}, {"Host", "x"}, {"cookie", "x"}, {"Sec-WebSocket-Key", "x"},
	})
	s.Set("https://h", []store.Header{{"X-A", "3"}, {"x-a", "4"}})
	s.Set("https://other", nil)
	if got, want := texts(s), []string{"https://h X-A: 3", "https://h X-A: 4", "https://h X-B: 2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	s.Unset("https://h", "x-A")
	s.Unset("https://h", "x-B")
	s.Unset("https://h", "x-C")
	if len(s.Headers) != 0 {
		t.Errorf("left: %v", s.Headers)
	}
}

// TestImport: what comes in is what went out, beside what was there.
// TestReadMarked: an editor may put a byte order mark in front of the file.
func TestReadMarked(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	if err := filled(t).Write(&file); err != nil {
		t.Fatal(err)
	}
	s, err := store.Read(strings.NewReader("\ufeff" + file.String()))
	if err != nil || !slices.Equal(texts(s), texts(filled(t))) {
		t.Errorf("got %v", err)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	from := filled(t)
	var netscape, json bytes.Buffer
	if err := errors.Join(from.Jar.WriteNetscape(&netscape), from.Jar.WriteJSON(&json)); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		data []byte
		n    int
	}{"cookies.txt": {netscape.Bytes(), 4}, "json": {json.Bytes(), 5}} {
		s := store.New()
		s.Jar.SetCookieHeaders(parse(t, "https://www.example.org/a/b"), []string{"mine=0", "one=old; Secure"})
		n, err := s.Import(tt.data)
		if err != nil || n != tt.n || s.Jar.Len() != n+1 {
			t.Errorf("%s: %d read, %v, %q there", name, n, err, texts(s))
		}
		for u, want := range map[string]string{
			"https://www.example.org/a/c": "one=1", "https://x.example.org/": "two=2", "http://127.0.0.1/": "ip=4",
		} {
			got := ""
			for _, c := range s.Jar.Cookies(parse(t, u)) {
				got += c.Name + "=" + c.Value + " "
			}
			if !strings.Contains(got, want) || strings.Contains(u, "//x.") && strings.Contains(got, "one=") {
				t.Errorf("%s: %s gets %q, want %q", name, u, got, want)
			}
		}
	}
	for name, data := range map[string]string{"mark": "\ufeff" + json.String(), "stray line": netscape.String() + "stray\n"} {
		s := store.New()
		n, err := s.Import([]byte(data))
		bad, partial := errors.AsType[*jar.FileError](err)
		if partial != (name == "stray line") || partial && !bad.Partial || n < 4 || s.Jar.Len() != n {
			t.Errorf("%s: %d read, %v", name, n, err)
		}
	}
	for _, bad := range []string{"x", "{", "a\tb\n", `{"x": 1}`} {
		s := filled(t)
		before := texts(s)
		if n, err := s.Import([]byte(bad)); err == nil || !slices.Equal(texts(s), before) {
			t.Errorf("%q: got %d, %v", bad, n, err)
		}
	}
}
