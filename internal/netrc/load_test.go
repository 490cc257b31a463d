package netrc_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/netrc"
)

const (
	alice = "machine a.example login alice password one\n"
	bobby = "machine a.example login bobby password two\n" // as long as alice
)

// recent is how long a look at a file counts.
const recent = 10 * time.Millisecond

// names are the variable of the home directory and the file in it.
func names() (home, file string) {
	if runtime.GOOS == "windows" {
		return "USERPROFILE", "_netrc"
	}
	return "HOME", ".netrc"
}

// at is an environment with one variable.
func at(name, value string) func(string) string {
	return func(n string) string {
		if n == name {
			return value
		}
		return ""
	}
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, []byte(text), mode), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, c *netrc.Cache, getenv func(string) string) *netrc.File {
	t.Helper()
	f, err := c.Load(getenv)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestLoad(t *testing.T) {
	t.Parallel()
	home, file := names()
	dir := t.TempDir()
	path := filepath.Join(dir, "other")
	write(t, path, alice, 0o644) // named on purpose: who else may read it is not asked
	write(t, filepath.Join(dir, file), bobby, 0o600)
	f, err := netrc.Load(at("NETRC", path))
	if err != nil {
		t.Fatal(err)
	}
	wantFound(t, f, "a.example", "alice", "one")
	if f, err = netrc.Load(at(home, dir)); err != nil {
		t.Fatal(err)
	}
	wantFound(t, f, "a.example", "bobby", "two")
	both := func(name string) string { return map[string]string{"NETRC": path, home: dir}[name] }
	if f, err = netrc.Load(both); err != nil {
		t.Fatal(err)
	}
	wantFound(t, f, "a.example", "alice", "one")
}

func TestLoadProcessEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "netrc")
	write(t, path, alice, 0o600)
	t.Setenv("NETRC", path)
	f, err := netrc.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	wantFound(t, f, "a.example", "alice", "one")
}

func TestLoadMissing(t *testing.T) {
	t.Parallel()
	home, _ := names()
	dir := t.TempDir()
	plain := filepath.Join(dir, "file")
	write(t, plain, "", 0o600)
	for name, getenv := range map[string]func(string) string{
		"no variable":         at("", ""),
		"empty home":          at(home, dir),
		"no home":             at(home, filepath.Join(dir, "none")),
		"home that is a file": at(home, plain),
		"named":               at("NETRC", filepath.Join(dir, "none")),
		"null device":         at("NETRC", os.DevNull),
	} {
		if f, err := netrc.Load(getenv); f != nil || err != nil {
			t.Errorf("%s: got %v, %v, want nothing", name, f, err)
		}
	}
}

func TestLoadFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	damaged, large := filepath.Join(dir, "damaged"), filepath.Join(dir, "large")
	write(t, damaged, "machine a\nlogin b\npassword \"my "+canary+"\n", 0o600)
	write(t, large, strings.Repeat("#", 1<<20+1), 0o600)
	for path, want := range map[string]string{
		damaged: "line 3: quotes without an end",
		large:   "is larger than 1 MiB",
		dir:     "is not a regular file",
	} {
		f, err := netrc.Load(at("NETRC", path))
		wantError(t, f, err, fmt.Sprintf("netrc %q: %s", path, want))
		if e, _ := errors.AsType[*netrc.Error](err); e.Path != path {
			t.Errorf("got the path %q, want %q", e.Path, path)
		}
	}
	write(t, large, strings.Repeat("#", 1<<20), 0o600)
	if _, err := netrc.Load(at("NETRC", large)); err != nil {
		t.Errorf("1 MiB: got %v", err)
	}
	if runtime.GOOS == "windows" {
		return // where a name that is too long is one that does not exist
	}
	long := filepath.Join(dir, strings.Repeat("n", 5000))
	if _, err := netrc.Load(at("NETRC", long)); !errors.Is(err, errors.ErrInvalidRequest) || strings.Count(err.Error(), long) != 1 {
		t.Errorf("long name: got %v, want one *Error with the path once", err)
	}
}

func TestLoadForbidden(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("everything can be read here")
	}
	path := filepath.Join(t.TempDir(), "netrc")
	write(t, path, alice, 0)
	_, err := netrc.Load(at("NETRC", path))
	if !errors.Is(err, os.ErrPermission) || !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("got %v, want ErrPermission", err)
	}
}

// Others must not be able to read or write the passwords in the usual file.
func TestLoadPermissions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		home, file := names()
		if runtime.GOOS == "windows" {
			t.Skip("permissions are elsewhere")
		}
		dir := t.TempDir()
		path := filepath.Join(dir, file)
		cache := new(netrc.Cache)
		for _, tt := range []struct {
			text string
			mode os.FileMode
			ok   bool
		}{
			{alice, 0o600, true},
			{alice, 0o400, true},
			{alice, 0o640, false},
			{alice, 0o604, false},
			{alice, 0o620, false},
			{alice, 0o700, true},
			{"default login a password b", 0o644, false},
			{"machine a login b", 0o644, true},
			{"machine a login anonymous password me@a\ndefault login anonymous password x", 0o644, true},
			{alice, 0o600, true},
		} {
			os.Remove(path) // it may be read-only
			write(t, path, tt.text, tt.mode)
			time.Sleep(recent)
			f, err := cache.Load(at(home, dir))
			if tt.ok != (err == nil) || tt.ok != (f != nil) {
				t.Errorf("%q, %v: got %v, want ok: %v", tt.text, tt.mode, err, tt.ok)
			}
			if !tt.ok {
				wantError(t, f, err, fmt.Sprintf("netrc %q: has passwords that others can read or write; chmod 600 helps", path))
			}
		}
	})
}

func TestCache(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		path, other := filepath.Join(dir, "netrc"), filepath.Join(dir, "other")
		getenv := at("NETRC", path)
		cache := new(netrc.Cache)
		old := time.Now().Add(-time.Hour).Truncate(time.Second)
		set := func(path, text string, mtime time.Time) {
			t.Helper()
			write(t, path, text, 0o600)
			if err := os.Chtimes(path, mtime, mtime); err != nil {
				t.Fatal(err)
			}
			time.Sleep(recent)
		}
		set(path, alice, old)
		first := load(t, cache, getenv)
		if again := load(t, cache, getenv); again != first {
			t.Error("a file that has not changed was read again")
		}
		set(path, bobby, old) // the same size at the same time: this one cannot be seen
		if again := load(t, cache, getenv); again != first {
			t.Error("neither size nor time has changed, but it was read again")
		}
		set(path, bobby, old.Add(time.Second))
		wantFound(t, load(t, cache, getenv), "a.example", "bobby", "two")
		set(path, alice+"\n", old.Add(time.Second))
		wantFound(t, load(t, cache, getenv), "a.example", "alice", "one")

		set(other, strings.Replace(bobby, "two", "2222", 1)[:len(alice)+1], old.Add(time.Second))
		if err := os.Rename(other, path); err != nil { // the same size and time, another file
			t.Fatal(err)
		}
		time.Sleep(recent)
		wantFound(t, load(t, cache, getenv), "a.example", "bobby", "2222")

		set(other, alice, old)
		wantFound(t, load(t, cache, at("NETRC", other)), "a.example", "alice", "one")
		wantFound(t, load(t, cache, getenv), "a.example", "bobby", "2222")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		time.Sleep(recent)
		if f := load(t, cache, getenv); f != nil {
			t.Error("a file that is gone is still there")
		}
		set(path, alice, old)
		wantFound(t, load(t, cache, getenv), "a.example", "alice", "one")
		if first == load(t, cache, getenv) {
			t.Error("the file of before its removal came back")
		}
	})
}

// A damaged file stays damaged until it changes, and is well again then.
func TestCacheDamaged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "netrc")
		cache := new(netrc.Cache)
		write(t, path, "machine", 0o600)
		_, first := cache.Load(at("NETRC", path))
		_, again := cache.Load(at("NETRC", path))
		wantError(t, nil, first, fmt.Sprintf("netrc %q: line 1: machine without a value", path))
		if first != again {
			t.Errorf("got %v and then %v, want the same", first, again)
		}
		write(t, path, alice, 0o600)
		time.Sleep(recent)
		wantFound(t, load(t, cache, at("NETRC", path)), "a.example", "alice", "one")
	})
}

// TestCacheRecent: the file, or that there is none, is not looked at again before
// 10 ms have passed; another name is another file at once.
func TestCacheRecent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "netrc")
		getenv := at("NETRC", path)
		cache := new(netrc.Cache)
		if f := load(t, cache, getenv); f != nil {
			t.Errorf("got %v, want nothing", f)
		}
		write(t, path, alice, 0o600)
		if f := load(t, cache, getenv); f != nil {
			t.Errorf("got %v at once", f)
		}
		other := filepath.Join(dir, "other")
		write(t, other, bobby, 0o600)
		wantFound(t, load(t, cache, at("NETRC", other)), "a.example", "bobby", "two")
		if f := load(t, cache, getenv); f == nil {
			t.Error("the other file's look counts for this one")
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		time.Sleep(recent - time.Nanosecond)
		wantFound(t, load(t, cache, getenv), "a.example", "alice", "one")
		time.Sleep(time.Nanosecond)
		if f := load(t, cache, getenv); f != nil {
			t.Errorf("got %v after 10 ms", f)
		}
	})
}

func TestCacheConcurrent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	paths := []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}
	write(t, paths[0], alice, 0o600)
	write(t, paths[1], bobby, 0o600)
	cache := new(netrc.Cache)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				f, err := cache.Load(at("NETRC", paths[i%2]))
				login, _, _ := f.Find("a.example")
				if want := []string{"alice", "bobby"}[i%2]; err != nil || login != want {
					t.Errorf("got %q, %v, want %q", login, err, want)
				}
			}
		})
	}
	wg.Wait()
}

func ExampleLoad() {
	f, err := netrc.Load(func(string) string { return "" }) // an environment that names no file
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _, ok := f.Find("a.example")
	fmt.Println(f == nil, ok)
	// Output: true false
}

func ExampleCache() {
	path := filepath.Join("testdata", "default.netrc")
	cache := new(netrc.Cache)
	for _, host := range []string{"a.example", "b.example"} {
		f, err := cache.Load(func(name string) string { return map[string]string{"NETRC": path}[name] })
		if err != nil {
			fmt.Println(err)
			return
		}
		login, _, ok := f.Find(host)
		fmt.Println(host, login, ok)
	}
	// Output:
	// a.example alice true
	// b.example anonymous true
}

// TestErrorConcerns: of a file that others can read it is known whom it concerns.
func TestErrorConcerns(t *testing.T) {
	t.Parallel()
	home, file := names()
	if runtime.GOOS == "windows" {
		t.Skip("permissions are another matter there")
	}
	for _, tt := range []struct {
		name, text string
		mode       os.FileMode
		concerned  map[string]bool
	}{
		{"others can read", alice, 0o644, map[string]bool{"a.example": true, "A.example.": true, "b.example": false}},
		{"others can read a default", alice + "machine c.example\ndefault password x\n", 0o640, map[string]bool{"a.example": true, "b.example": true, "c.example": false}},
		{"damaged", "machine", 0o600, map[string]bool{"a.example": true, "b.example": true}},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, file), tt.text, tt.mode)
		_, err := netrc.Load(at(home, dir))
		e, ok := errors.AsType[*netrc.Error](err)
		if !ok {
			t.Errorf("%s: got %v", tt.name, err)
			continue
		}
		for host, want := range tt.concerned {
			if got := e.Concerns(host); got != want {
				t.Errorf("%s, %s: got %v, want %v", tt.name, host, got, want)
			}
		}
		if text := fmt.Sprintf("%v %+v %#v", err, *e, *e); strings.Contains(text, "one") && strings.Contains(text, "alice") {
			t.Errorf("%s: the content is in %s", tt.name, text)
		}
	}
}
