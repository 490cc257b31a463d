package jar_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/jar"
)

const secret = "hunter2canary"

// secretJar has two cookies with secrets.
func secretJar(t *testing.T) *jar.Jar {
	t.Helper()
	j := jar.New(jar.Config{})
	set(t, j, "https://example.com/", "sid="+secret+"; Secure; Max-Age=3600", "lang=en; Path=/a; Max-Age=3600")
	return j
}

// wantUnharmed loads a damaged file: either the jar is as it was, and the error says
// so in a line without secrets, or the file could be read as one, or the error says
// that the rest of it was.
func wantUnharmed(t *testing.T, what string, load func(j *jar.Jar) error) (loaded bool) {
	t.Helper()
	j := jar.New(jar.Config{})
	set(t, j, "http://other.example/", "kept=1")
	err := load(j)
	if err == nil {
		return true
	}
	damaged, ok := errors.AsType[*jar.FileError](err)
	if !ok || !errors.Is(err, errors.ErrInvalidRequest) {
		t.Fatalf("%s: got %v, want a FileError", what, err)
	}
	if text := err.Error(); strings.Contains(text, secret) || strings.Contains(text, "\n") {
		t.Errorf("%s: the error says %q", what, text)
	}
	if damaged.Partial {
		if j.Len() > 2 || sent(t, j, "http://other.example/") != "" || damaged.Line == 0 {
			t.Errorf("%s: %v: %d cookies, want those of the file", what, err, j.Len())
		}
		return false
	}
	if got := sent(t, j, "http://other.example/"); got != "kept=1" || j.Len() != 1 {
		t.Errorf("%s: the jar changed: %q, %d cookies", what, got, j.Len())
	}
	return false
}

// TestCutFile: JSON that is cut anywhere is refused. A cookies.txt has no mark of its
// end: of one that is cut the lines before count, and the last if it looks whole.
func TestCutFile(t *testing.T) {
	t.Parallel()
	var asJSON, asText bytes.Buffer
	j := secretJar(t)
	if err := errors.Join(j.WriteJSON(&asJSON), j.WriteNetscape(&asText)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "jar")
	whole := len(bytes.TrimSpace(asJSON.Bytes()))
	for n := range asJSON.Len() {
		write(t, path, asJSON.Bytes()[:n], 0o600)
		if wantUnharmed(t, "json", func(j *jar.Jar) error { return j.Load(path) }) && n < whole {
			t.Errorf("%d of %d bytes of JSON are taken for a jar", n, whole)
		}
	}
	for n := range asText.Len() {
		write(t, path, asText.Bytes()[:n], 0o600)
		wantUnharmed(t, "cookies.txt", func(j *jar.Jar) error { return j.LoadNetscape(path) })
	}
}

// TestGarbledFile: a byte that is another one does no harm.
func TestGarbledFile(t *testing.T) {
	t.Parallel()
	var asJSON, asText bytes.Buffer
	j := secretJar(t)
	if err := errors.Join(j.WriteJSON(&asJSON), j.WriteNetscape(&asText)); err != nil {
		t.Fatal(err)
	}
	for _, b := range []byte{0, '\n', '"', '{', 0x7f, 0xff} {
		for format, data := range map[string][]byte{"json": asJSON.Bytes(), "cookies.txt": asText.Bytes()} {
			for i := range data {
				garbled := bytes.Clone(data)
				garbled[i] = b
				wantUnharmed(t, format, func(j *jar.Jar) error {
					if format == "json" {
						return j.ReadJSON(bytes.NewReader(garbled))
					}
					return j.ReadNetscape(bytes.NewReader(garbled))
				})
			}
		}
	}
}

// TestFileModes: the mode of a file does not matter to Load, and Save leaves one that
// only its owner can read, be it read-only or a symbolic link.
func TestFileModes(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there are no such modes here")
	}
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	write(t, target, []byte("{}"), 0o644)
	link := filepath.Join(dir, "link")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	j := secretJar(t)
	for name, mode := range map[string]os.FileMode{"usual": 0o600, "public": 0o644, "everybody's": 0o666, "read-only": 0o400, "link": 0o644} {
		path := filepath.Join(dir, name)
		if name != "link" {
			write(t, path, []byte("{}"), mode)
		}
		if err := jar.New(jar.Config{}).Load(path); err != nil {
			t.Errorf("%s: load: %v", name, err)
		}
		if err := j.Save(path); err != nil {
			t.Errorf("%s: save: %v", name, err)
		}
		if info, err := os.Lstat(path); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: mode %v, %v, want a file of 0600", name, info.Mode(), err)
		}
		back := jar.New(jar.Config{})
		if err := back.Load(path); err != nil || back.Len() != 2 {
			t.Errorf("%s: back: %d cookies, %v", name, back.Len(), err)
		}
	}
	if data, err := os.ReadFile(target); err != nil || string(data) != "{}" {
		t.Errorf("the target of the link has %q, %v", data, err)
	}
}

// TestFilePlaces: what cannot be read or written is an error of package os in one
// line, and leaves nothing behind.
func TestFilePlaces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	write(t, file, []byte("{}"), 0o600)
	j := secretJar(t)
	for name, path := range map[string]string{"a directory": dir, "no directory": filepath.Join(dir, "none", "f"), "below a file": filepath.Join(file, "f")} {
		for what, err := range map[string]error{"load": j.Load(path), "save": j.Save(path), "load text": j.LoadNetscape(path), "save text": j.SaveNetscape(path)} {
			if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), " cookies: ") {
				t.Errorf("%s, %s: got %v", name, what, err)
			}
		}
	}
	if err := j.Load(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
	if j.Len() != 2 {
		t.Errorf("%d cookies, want 2", j.Len())
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func write(t *testing.T, path string, data []byte, mode os.FileMode) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, data, 0o600), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
}
