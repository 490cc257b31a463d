package session_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

func TestSave(t *testing.T) {
	t.Parallel()
	for way, save := range ways {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			f, dir := newFileServer(t), t.TempDir()
			path := filepath.Join(dir, "out.bin")
			for range 2 { // the second time it is replaced
				saved, err := save(t, f, "/file", session.SaveConfig{Path: path})
				if want := (session.Saved{Path: path, Size: int64(len(content))}); err != nil || saved != want {
					t.Errorf("got %+v, %v, want %+v", saved, err, want)
				}
				wantContent(t, path, content)
				if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := save(t, f, "/file", session.SaveConfig{Path: path, IfExists: session.ExistsRefuse})
			wantIs(t, err, fs.ErrExist)
			wantContent(t, path, []byte("old"))
			if got := files(t, dir); got != "out.bin" {
				t.Errorf("files %q", got)
			}
			if _, err := save(t, f, "/file", session.SaveConfig{Path: filepath.Join(dir, "none", "x")}); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("in no directory: %v", err)
			}
		})
	}
}

func TestSaveLength(t *testing.T) {
	t.Parallel()
	f, dir := newFileServer(t), t.TempDir()
	resp, err := f.s.Get(t.Context(), f.URL)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := resp.Save(t.Context(), filepath.Join(dir, "x")); n != int64(len(content)) || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
}

// TestSaveNames: the server's name never leads out of the directory, and never
// replaces anything.
func TestSaveNames(t *testing.T) {
	t.Parallel()
	for way, save := range ways {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			f, root := newFileServer(t), t.TempDir()
			dir := filepath.Join(root, "in")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			for _, tt := range []struct{ header, url, want string }{
				{`attachment; filename="a.tar.gz"`, "/x", "a.tar.gz"},
				{`attachment; filename="a.tar.gz"`, "/x", "a-1.tar.gz"},
				{`attachment; filename="../../a.tar.gz"`, "/x", "a-2.tar.gz"},
				{`attachment; filename*=UTF-8''..%2f..%2fin`, "/x", "in"},
				{`attachment; filename="con"`, "/x", "_con"},
				{`attachment; filename=".part.json"`, "/x", "part.json"},
				{``, "/dir/b.bin?x=/y", "b.bin"},
				{``, "/", "download"},
			} {
				f.header.Set("Content-Disposition", tt.header)
				saved, err := save(t, f, tt.url, session.SaveConfig{Path: dir})
				if want := filepath.Join(dir, tt.want); err != nil || saved.Path != want {
					t.Errorf("%s %s: saved as %s, %v, want %s", tt.header, tt.url, saved.Path, err, want)
				}
				wantContent(t, saved.Path, content)
			}
			if got := files(t, root); got != "in" {
				t.Errorf("files beside the directory: %q", got)
			}
			if strings.Contains(files(t, dir), ".part ") {
				t.Errorf("files %q", files(t, dir))
			}
		})
	}
}

// TestSavePlantedLink: a symbolic link does not lead out of the directory.
func TestSavePlantedLink(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege")
	}
	for way, save := range ways {
		f, dir, outside := newFileServer(t), t.TempDir(), filepath.Join(t.TempDir(), "victim")
		if err := os.WriteFile(outside, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, link := range []string{"f", "f.part", "f.part.json", "f.part.json.tmp"} {
			if err := os.Symlink(outside, filepath.Join(dir, link)); err != nil {
				t.Fatal(err)
			}
		}
		saved, err := save(t, f, "/f", session.SaveConfig{Path: dir})
		if err != nil || filepath.Base(saved.Path) != "f-1" {
			t.Errorf("%s: %+v, %v", way, saved, err)
		}
		if _, err := save(t, f, "/f", session.SaveConfig{Path: filepath.Join(dir, "f")}); err != nil {
			t.Errorf("%s: %v", way, err)
		}
		wantContent(t, filepath.Join(dir, "f"), content)
		wantContent(t, outside, []byte("precious"))
		plant(t, f, dir, "g", "/g", content[:1])
		neighbour := filepath.Join(dir, "neighbour")
		if err := os.Rename(filepath.Join(dir, "g.part"), neighbour); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("neighbour", filepath.Join(dir, "g.part")); err != nil {
			t.Fatal(err)
		}
		if saved, err = save(t, f, "/g", session.SaveConfig{Path: filepath.Join(dir, "g")}); err != nil || saved.Resumed != 0 {
			t.Errorf("%s: %+v, %v", way, saved, err)
		}
		wantContent(t, neighbour, content[:1])
	}
}

// TestSaveMany: saves of one name at the same time get a file each.
func TestSaveMany(t *testing.T) {
	t.Parallel()
	f, dir := newFileServer(t), t.TempDir()
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			saved, err := f.s.Save(t.Context(), fmt.Sprintf("%s/%d/same", f.URL, i), session.SaveConfig{Path: dir})
			if err != nil {
				t.Error(err)
				return
			}
			wantContent(t, saved.Path, content)
		})
	}
	wg.Wait()
	if names := strings.Fields(files(t, dir)); len(names) != 10 {
		t.Errorf("files %q, want 10", names)
	}
}

func TestSaveChecksum(t *testing.T) {
	t.Parallel()
	for way, save := range ways {
		f, dir := newFileServer(t), t.TempDir()
		path := filepath.Join(dir, "f")
		sum := sha256.Sum256(content)
		cfg := session.SaveConfig{Path: path, Hash: sha256.New, Sum: sum[:]}
		plant(t, f, dir, "f", "/f", content[:100]) // the kept bytes count too
		if saved, err := save(t, f, "/f", cfg); err != nil || saved.Resumed != 100 {
			t.Errorf("%s: %+v, %v", way, saved, err)
		}
		if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		plant(t, f, dir, "f", "/f", []byte("wrong"))
		_, err := save(t, f, "/f", cfg)
		var bad *session.ChecksumError
		if !errors.As(err, &bad) || len(bad.Got) != 32 || !slices.Equal(bad.Want, sum[:]) {
			t.Errorf("%s: %v", way, err)
		}
		wantIs(t, err, errors.ErrClientPayload)
		wantContent(t, path, []byte("old"))
		if got := files(t, dir); got != "f" {
			t.Errorf("%s: files %q", way, got)
		}
		for _, cfg := range []session.SaveConfig{{Path: path, Hash: sha256.New}, {Path: path, Sum: sum[:]}} {
			_, err := save(t, f, "/f", cfg)
			wantIs(t, err, errors.ErrInvalidRequest)
		}
	}
}

func TestSaveProgress(t *testing.T) {
	t.Parallel()
	f, dir := newFileServer(t), t.TempDir()
	plant(t, f, dir, "f", "/f", content[:100])
	var last, calls int64
	saved, err := f.s.Save(t.Context(), f.URL+"/f", session.SaveConfig{
		Path: filepath.Join(dir, "f"),
		Progress: func(done, total int64) {
			if calls++; done <= max(last, 100) || total != int64(len(content)) {
				t.Errorf("%d of %d after %d", done, total, last)
			}
			last = done
		},
	})
	if err != nil || saved.Size != last || last != int64(len(content)) || calls == 0 {
		t.Errorf("%+v, %v; %d calls to %d", saved, err, calls, last)
	}
}

func TestSaveErrors(t *testing.T) {
	t.Parallel()
	for way, save := range ways {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			f, dir := newFileServer(t), t.TempDir()
			path := filepath.Join(dir, "f")
			f.handler = func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/404":
					http.Error(w, "no such file", http.StatusNotFound)
				case "/206":
					w.Header().Set("Content-Range", "bytes 0-3/10")
					w.WriteHeader(http.StatusPartialContent)
					w.Write(content[:4])
				case "/304":
					w.WriteHeader(http.StatusNotModified)
				}
			}
			for _, url := range []string{"/404", "/206", "/304"} {
				_, err := save(t, f, url, session.SaveConfig{Path: path})
				wantIs(t, err, errors.ErrClientResponse)
			}
			if got := files(t, dir); got != "" {
				t.Errorf("files %q", got)
			}
			f.handler = nil
			for cut, cfg := range map[int]session.SaveConfig{10: {NoResume: true}, 20: {}} {
				f.cutAt, cfg.Path = cut, path
				if cut == 20 {
					f.tag = `W/"weak"` // nothing to go on with
				}
				_, err := save(t, f, "/f", cfg)
				wantIs(t, err, errors.ErrClientPayload)
				if got := files(t, dir); got != "" {
					t.Errorf("files %q after a cut at %d", got, cut)
				}
			}
		})
	}
}

// TestSaveReadAlready: what was read is gone, unless it was kept as a whole.
func TestSaveReadAlready(t *testing.T) {
	t.Parallel()
	f, dir := newFileServer(t), t.TempDir()
	get := func() *session.Response {
		resp, err := f.s.Get(t.Context(), f.URL)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	resp := get()
	if _, err := resp.Content().ReadExactly(3); err != nil {
		t.Fatal(err)
	}
	_, err := resp.Save(t.Context(), filepath.Join(dir, "f"))
	wantIs(t, err, errors.ErrInvalidRequest)
	resp = get()
	if _, err := resp.Bytes(); err != nil {
		t.Fatal(err)
	}
	if n, err := resp.Save(t.Context(), filepath.Join(dir, "f")); err != nil || n != int64(len(content)) {
		t.Errorf("kept: %d, %v", n, err)
	}
	wantContent(t, filepath.Join(dir, "f"), content)
	if _, err := get().Save(nil, dir); !errors.Is(err, errors.ErrInvalidRequest) { //nolint:staticcheck // that is the point
		t.Errorf("nil context: %v", err)
	}
	if _, err := f.s.Save(nil, f.URL, session.SaveConfig{}); !errors.Is(err, errors.ErrInvalidRequest) { //nolint:staticcheck // that is the point
		t.Errorf("nil context: %v", err)
	}
	if _, err := f.s.Save(t.Context(), "x://y", session.SaveConfig{}); !errors.Is(err, errors.ErrInvalidURL) {
		t.Errorf("bad URL: %v", err)
	}
	if _, err := f.s.Save(t.Context(), f.URL, session.SaveConfig{Path: dir}, session.Redirects(-1)); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("bad option: %v", err)
	}
}

// TestSaveCancel: a context ends the writing, and what is there stays.
func TestSaveCancel(t *testing.T) {
	t.Parallel()
	f, dir := newFileServer(t), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f.handler = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Write(content[:100])
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	resp, err := f.s.Get(t.Context(), f.URL+"/f")
	if err != nil {
		t.Fatal(err)
	}
	_, err = resp.SaveTo(ctx, session.SaveConfig{Path: filepath.Join(dir, "f"), Progress: func(int64, int64) { cancel() }})
	wantIs(t, err, context.Canceled)
	wantContent(t, filepath.Join(dir, "f.part"), content[:100])
}
