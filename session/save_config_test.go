package session_test

import (
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// put writes a small file.
func put(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestSaveIfExists: what happens to a file, and to an unfinished one of another
// URL, that has the name.
func TestSaveIfExists(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		ifExists session.IfExists
		path     string // f: named; else the server names it
		there    string // the file that is there before
		saved    string // the name, or empty for fs.ErrExist
		files    string
		requests int // of Session.Save
	}{
		{session.ExistsDefault, "f", "f", "f", "f", 1},
		{session.ExistsDefault, "", "f", "f-1", "f f-1", 1},
		{session.ExistsNumber, "f", "f", "f-1", "f f-1", 1},
		{session.ExistsNumber, "", "f", "f-1", "f f-1", 1},
		{session.ExistsReplace, "f", "f", "f", "f", 1},
		{session.ExistsReplace, "", "f", "f", "f", 1},
		{session.ExistsRefuse, "f", "f", "", "f", 0},
		{session.ExistsRefuse, "", "f", "", "f", 1},
		{session.ExistsDefault, "f", "f.part", "f", "f", 1},
		{session.ExistsDefault, "", "f.part", "f-1", "f-1 f.part", 1},
		{session.ExistsNumber, "f", "f.part", "f-1", "f-1 f.part", 1},
		{session.ExistsReplace, "f", "f.part", "f", "f", 1},
		{session.ExistsReplace, "", "f.part", "f", "f", 1},
		{session.ExistsRefuse, "f", "f.part", "f", "f", 1},
		{session.ExistsRefuse, "", "f.part", "f-1", "f-1 f.part", 1},
	} {
		for way, save := range ways {
			t.Run(fmt.Sprint(tt.ifExists, tt.path, tt.there, way), func(t *testing.T) {
				t.Parallel()
				f, dir := newFileServer(t), t.TempDir()
				put(t, dir, tt.there, "old")
				saved, err := save(t, f, "/f", session.SaveConfig{Path: filepath.Join(dir, tt.path), IfExists: tt.ifExists})
				if tt.saved == "" {
					wantIs(t, err, fs.ErrExist)
					wantContent(t, filepath.Join(dir, tt.there), []byte("old"))
				} else if err != nil || filepath.Base(saved.Path) != tt.saved {
					t.Errorf("got %+v, %v, want %s", saved, err, tt.saved)
				} else {
					wantContent(t, saved.Path, content)
				}
				if got := files(t, dir); got != tt.files {
					t.Errorf("files %q, want %q", got, tt.files)
				}
				f.mu.Lock()
				defer f.mu.Unlock()
				if way == "session" && len(f.asked) != tt.requests {
					t.Errorf("%d requests, want %d", len(f.asked), tt.requests)
				}
			})
		}
	}
	f := newFileServer(t)
	_, err := f.s.Save(t.Context(), f.URL, session.SaveConfig{Path: t.TempDir(), IfExists: 99})
	wantIs(t, err, errors.ErrInvalidRequest)
}

// TestSaveReplacesOnlyFiles: a socket, a device or a directory that has the name stays,
// and no body is fetched for it.
func TestSaveReplacesOnlyFiles(t *testing.T) {
	t.Parallel()
	for way, save := range ways {
		for what, put := range map[string]func(*testing.T, string){"socket": putSocket, "directory": putDirectory} {
			t.Run(way+" "+what, func(t *testing.T) {
				t.Parallel()
				dir, err := os.MkdirTemp("", "s") //nolint:usetesting // the name of a socket must be short
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { os.RemoveAll(dir) })
				name := filepath.Join(dir, "f")
				put(t, name)
				old, err := os.Lstat(name)
				if err != nil {
					t.Fatal(err)
				}
				_, err = save(t, newFileServer(t), "/f", session.SaveConfig{Path: dir, IfExists: session.ExistsReplace})
				if failed, ok := errors.AsType[*fs.PathError](err); !ok || failed.Path != name || !errors.Is(failed, session.ErrNotRegular) {
					t.Errorf("got %v, want a PathError of %s", err, name)
				}
				if now, err := os.Lstat(name); err != nil || now.Mode() != old.Mode() {
					t.Errorf("got %v, %v, want %v", now, err, old.Mode())
				}
				if got := files(t, dir); got != "f" {
					t.Errorf("files %q, want f", got)
				}
			})
		}
	}
}

func putDirectory(t *testing.T, name string) {
	t.Helper()
	if err := os.Mkdir(name, 0o700); err != nil {
		t.Fatal(err)
	}
}

func putSocket(t *testing.T, name string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a socket is a file of another kind there")
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "unix", name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
}

// TestSaveIfExistsOvertaken: only ExistsReplace replaces what comes into being
// meanwhile.
func TestSaveIfExistsOvertaken(t *testing.T) {
	t.Parallel()
	for ifExists, want := range map[session.IfExists]string{
		session.ExistsNumber: "f-1", session.ExistsRefuse: "f-1", session.ExistsReplace: "f",
	} {
		for _, path := range []string{"f", ""} {
			f, dir := newFileServer(t), t.TempDir()
			saved, err := f.s.Save(t.Context(), f.URL+"/f", session.SaveConfig{
				Path: filepath.Join(dir, path), IfExists: ifExists,
				Begin: func(*session.Response, session.Saved, int64) error {
					put(t, dir, "f", "faster")
					return nil
				},
			})
			if ifExists == session.ExistsRefuse && path != "" {
				wantIs(t, err, fs.ErrExist)
				wantContent(t, filepath.Join(dir, "f"), []byte("faster"))
				continue
			}
			if err != nil || filepath.Base(saved.Path) != want {
				t.Errorf("%d %q: %+v, %v, want %s", ifExists, path, saved, err, want)
			}
			wantContent(t, filepath.Join(dir, want), content)
		}
	}
}

// TestSaveName: the caller chooses, and nothing that is chosen leads elsewhere.
func TestSaveName(t *testing.T) {
	t.Parallel()
	for way, save := range ways {
		f, dir := newFileServer(t), t.TempDir()
		for _, tt := range []struct{ name, want string }{
			{"mine.bin", "mine.bin"}, {"mine.bin", "mine-1.bin"}, {"../../up", "up"}, {"", "f"}, {"..", "f-1"},
		} {
			var status int
			saved, err := save(t, f, "/f", session.SaveConfig{Path: dir, Name: func(r *session.Response) string {
				status = r.StatusCode
				return tt.name
			}})
			if err != nil || saved.Path != filepath.Join(dir, tt.want) || status != http.StatusOK {
				t.Errorf("%s: %q: saved %+v, %v, want %s", way, tt.name, saved, err, tt.want)
			}
		}
		plant(t, f, dir, "begun", "/f", content[:100])
		never := func(*session.Response) string {
			t.Error("the name of an unfinished file is asked for")
			return ""
		}
		for _, path := range []string{"", "begun"} {
			saved, err := save(t, f, "/f", session.SaveConfig{Path: filepath.Join(dir, path), Name: never})
			if err != nil || filepath.Base(saved.Path) != "begun" {
				t.Errorf("%s: %q: %+v, %v", way, path, saved, err)
			}
		}
	}
}

// TestSaveClaim: calls for one URL and one directory keep apart, although there is
// an unfinished file.
func TestSaveClaim(t *testing.T) {
	t.Parallel()
	f, dir := newFileServer(t), t.TempDir()
	plant(t, f, dir, "f", "/f", content[:100])
	var mu sync.Mutex
	taken := map[string]bool{}
	claim := func(name string) bool {
		mu.Lock()
		defer mu.Unlock()
		free := !taken[name]
		taken[name] = true
		return free
	}
	var wg sync.WaitGroup
	var resumed, names sync.Map
	for _, ifExists := range []session.IfExists{session.ExistsNumber, session.ExistsReplace, session.ExistsNumber, session.ExistsReplace} {
		wg.Go(func() {
			saved, err := f.s.Save(t.Context(), f.URL+"/f", session.SaveConfig{Path: dir, Claim: claim, IfExists: ifExists})
			if err != nil {
				t.Error(err)
				return
			}
			names.Store(saved.Path, true)
			resumed.LoadOrStore(saved.Resumed, true)
			wantContent(t, saved.Path, content)
		})
	}
	wg.Wait()
	if got := files(t, dir); len(strings.Fields(got)) != 4 || strings.Contains(got, "part") {
		t.Errorf("files %q, want 4", got)
	}
	if _, ok := resumed.Load(int64(100)); !ok {
		t.Error("the unfinished file was not continued")
	}
}

// TestSaveClaimRefused: no name is used that was refused.
func TestSaveClaimRefused(t *testing.T) {
	t.Parallel()
	for way, save := range ways {
		f, dir := newFileServer(t), t.TempDir()
		plant(t, f, dir, "f", "/f", content[:100])
		notF := func(name string) bool { return name != "f" }
		saved, err := save(t, f, "/f", session.SaveConfig{Path: filepath.Join(dir, "f"), Claim: notF})
		if err != nil || filepath.Base(saved.Path) != "f-1" || saved.Resumed != 0 {
			t.Errorf("%s: %+v, %v", way, saved, err)
		}
		_, err = save(t, f, "/f", session.SaveConfig{Path: filepath.Join(dir, "f"), Claim: notF, IfExists: session.ExistsRefuse})
		wantIs(t, err, fs.ErrExist)
		_, err = save(t, f, "/f", session.SaveConfig{Path: dir, Claim: func(string) bool { return false }})
		wantIs(t, err, fs.ErrExist)
		if got := files(t, dir); got != "f-1 f.part f.part.json" {
			t.Errorf("%s: files %q", way, got)
		}
	}
}

// TestSaveRoot: a directory that is open already.
func TestSaveRoot(t *testing.T) {
	t.Parallel()
	for way, save := range ways {
		f, dir := newFileServer(t), t.TempDir()
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		if err := root.Mkdir("sub", 0o700); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			path, want string
			ifExists   session.IfExists
		}{{"x.bin", "x.bin", 0}, {"", "f", 0}, {"sub", "sub-1", session.ExistsNumber}} {
			saved, err := save(t, f, "/f", session.SaveConfig{Root: root, Path: tt.path, IfExists: tt.ifExists})
			if err != nil || saved.Path != filepath.Join(dir, tt.want) {
				t.Errorf("%s: %q: %+v, %v, want %s", way, tt.path, saved, err, tt.want)
			}
			wantContent(t, filepath.Join(dir, tt.want), content)
		}
		for _, path := range []string{"..", ".", "../x", "sub/x", "/x", "sub/"} {
			_, err := save(t, f, "/f", session.SaveConfig{Root: root, Path: path})
			wantIs(t, err, errors.ErrInvalidRequest)
		}
		if _, err := root.Stat("f"); err != nil {
			t.Errorf("%s: the root was closed: %v", way, err)
		}
	}
}
