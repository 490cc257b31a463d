package task_test

import (
	"path"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/session"
	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/task"
)

func TestNew(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ raw, name, want, err string }{
		{raw: "http://h/a?b=1#c", want: "http://h/a?b=1"},
		{raw: "HTTP://H.example", want: "http://h.example/"},
		{raw: "https://h/ä", want: "https://h/%C3%A4"},
		{raw: "https://h/", name: "x.html", want: "https://h/"},
		{raw: "h/a", err: "relative"},
		{raw: "ftp://h/a", err: "unsupported scheme"},
		{raw: "http:///a", err: "host"},
		{raw: "http://h/", name: "../x", err: "not the name of a file"},
		{raw: "http://h/", name: "Hosts", err: "not the name of a file"},
		{raw: "http://h/", name: ".x", err: "not the name of a file"},
	} {
		got, err := task.New(tt.raw, tt.name)
		switch {
		case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("%s: got %v, want %q", tt.raw, err, tt.err)
		case tt.err == "" && (err != nil || got.URL != tt.want || got.Name != tt.name):
			t.Errorf("%s: got %+v, %v, want %s", tt.raw, got, err, tt.want)
		}
	}
}

// TestID: the same URL is the same task, whatever its file is called.
func TestID(t *testing.T) {
	t.Parallel()
	id := func(raw, name string) string {
		one, err := task.New(raw, name)
		if err != nil {
			t.Fatal(err)
		}
		return one.ID()
	}
	if a, b := id("http://h/a#x", ""), id("http://H/a", "name"); a != b || len(a) != 32 {
		t.Errorf("got %s and %s, want the same", a, b)
	}
	if id("http://h/a", "") == id("http://h/a?", "") {
		t.Error("two URLs have one ID")
	}
}

// TestFile: two URLs never share a file, and none leaves the directory.
func TestFile(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"http://h.example/a/b.html":   "hosts/h.example/?/ID-b.html",
		"https://h.example:8443/":     "hosts/h.example_8443/?/ID-index",
		"http://[::1]:80/x":           "hosts/__1_80/?/ID-x",
		"http://h/a%2f..%2f../etc%00": "hosts/h/?/ID-etc",
		"http://h/-rf":                "hosts/h/?/ID-_rf",
	} {
		one, err := task.New(raw, "")
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		dir, name := one.File()
		got := strings.ReplaceAll(path.Join(path.Dir(dir), "?", name), one.ID(), "ID")
		if got != want || path.Base(dir) != one.ID()[:2] {
			t.Errorf("%s: got %s, %s, want %s", raw, dir, name, want)
		}
	}
	named, err := task.New("http://h/a", "n.txt")
	if err != nil {
		t.Fatal(err)
	}
	if dir, name := named.File(); dir != "." || name != "n.txt" {
		t.Errorf("got %s, %s", dir, name)
	}
}

// FuzzParse: what stands in Redis may be anything.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"url":"http://h/a","name":"b"}`, `{"url":"http://h/%2e%2e/x"}`, `{"url":"http://\u0000/"}`, `[]`, ``, `{"url":1}`, `{"url":"http://h/","name":"a/b"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		one, err := task.Parse(payload)
		if err != nil {
			return
		}
		again, err := task.Parse(one.Payload())
		if err != nil || again != one {
			t.Errorf("got %+v, %v, want %+v", again, err, one)
		}
		dir, name := one.File()
		if session.SafeFileName(name) != name || strings.Contains(path.Clean(dir), "..") || path.IsAbs(dir) {
			t.Errorf("%q: got %q, %q", payload, dir, name)
		}
	})
}

// TestRetryBase: only a task that is there gets one.
func TestRetryBase(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer client.Close()
	server.HSet(task.Key("q", "here"), "state", "archived")
	for id, want := range map[string]int{"here": 7, "gone": 0} {
		if err := task.SetRetryBase(t.Context(), client, "q", id, 7); err != nil {
			t.Fatal(err)
		}
		if got, err := task.RetryBase(t.Context(), client, "q", id); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", id, got, err, want)
		}
	}
	if server.Exists(task.Key("q", "gone")) {
		t.Error("a task that was gone is there")
	}
}

func TestValidQueue(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"default": true, "a b": true, "": false, " ": false, "a}b": false, "{": false} {
		if got := task.ValidQueue(name); got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
}
