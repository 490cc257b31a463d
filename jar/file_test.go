package jar_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/jar"
)

func TestFileErrorText(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  jar.FileError
		want string
	}{
		{jar.FileError{Format: "json", Reason: "not json"}, "load cookies: json: not json"},
		{jar.FileError{Format: "json", Line: 3, Reason: "not json"}, "load cookies: json: line 3: not json"},
		{
			jar.FileError{Path: "a\nb", Format: "cookies.txt", Line: 1, Reason: "no domain"},
			`load cookies: "a\nb": cookies.txt: line 1: no domain`,
		},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestFileErrorCause(t *testing.T) {
	t.Parallel()
	j := jar.New(jar.Config{})
	err := j.ReadJSON(strings.NewReader("{]"))
	if syntax, ok := errors.AsType[*json.SyntaxError](err); !ok || syntax.Offset == 0 {
		t.Errorf("got %v", err)
	}
	if err := j.ReadJSON(strings.NewReader("{")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
	if err := j.ReadNetscape(strings.NewReader("x")); errors.Unwrap(err) != nil {
		t.Errorf("got %v", errors.Unwrap(err))
	}
}

func TestFileLimit(t *testing.T) {
	t.Parallel()
	if data, err := jar.ReadAll(strings.NewReader("12345"), "json", 5); err != nil || string(data) != "12345" {
		t.Errorf("got %q, %v", data, err)
	}
	_, err := jar.ReadAll(strings.NewReader("123456"), "json", 5)
	wantDamaged(t, err, jar.FileError{Format: "json", Reason: "longer than 5 bytes"})
}

// TestSaveIsAtomic: who reads while others write finds a complete file.
func TestSaveIsAtomic(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "jar.json")
	small, large := jar.New(jar.Config{}), jar.New(jar.Config{})
	set(t, small, "http://example.com/", "a=1")
	set(t, large, "http://example.com/", lines(150, "")...)
	if err := small.Save(path); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, j := range []*jar.Jar{small, large} {
		wg.Go(func() {
			for range 20 {
				if err := j.Save(path); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() {
		j := jar.New(jar.Config{})
		for range 40 {
			if err := j.Load(path); err != nil {
				t.Error(err)
			}
			if n := j.Len(); n != 1 && n != 150 {
				t.Errorf("got %d cookies", n)
			}
		}
	})
	wg.Wait()
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("files are left behind: %v", files)
	}
}

// TestFailedSaveKeepsTheFile: if the new file cannot be written, the old one stays.
func TestFailedSaveKeepsTheFile(t *testing.T) {
	t.Parallel()
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "jar.json")
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o700) })
	if err := filled(t).Save(path); !errors.Is(err, os.ErrPermission) {
		t.Errorf("got %v", err)
	}
	if data, _ := os.ReadFile(path); string(data) != "{}" {
		t.Errorf("the file has %q", data)
	}
}

// TestFailedSaveNamesTheFile: the error is about the file that was asked for.
func TestFailedSaveNamesTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "no", "jar.json")
	for what, save := range map[string]func(string) error{"json": filled(t).Save, "netscape": filled(t).SaveNetscape} {
		if err := save(path); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "open "+path+": ") {
			t.Errorf("%s: got %v, want %s in it", what, err, path)
		}
	}
}

// TestLoadKeepsTheLimits: a file is no way around what the jar would not keep.
func TestLoadKeepsTheLimits(t *testing.T) {
	t.Parallel()
	full := jar.New(jar.Config{MaxPerDomain: -1, AllowPublicSuffixes: true, Unsafe: true})
	set(t, full, "http://www.example.com/", lines(5, "")...)
	set(t, full, "http://www.example.com/", "suffix=1; Domain=com")
	set(t, full, "http://10.0.0.1/", "ip=1")
	path := filepath.Join(t.TempDir(), "jar.json")
	if err := full.Save(path); err != nil {
		t.Fatal(err)
	}
	j := newRejects(jar.Config{MaxPerDomain: 3, MaxTotal: 3})
	if err := j.Load(path); err != nil {
		t.Fatal(err)
	}
	j.want(t, "c0: evicted: too many cookies in the domain", "c1: evicted: too many cookies in the domain",
		"c2: evicted: too many cookies in the jar", "ip: host is an ip address")
	wantSent(t, j.Jar, "http://www.example.com/", "c3=1; c4=1") // suffix is for the host com alone
	wantSent(t, j.Jar, "http://com/", "suffix=1")
}
