package session_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/session/internal/resume"
)

// heldServer answers the first request up to its middle, and goes on when told.
func heldServer(t *testing.T) (f *fileServer, goOn chan struct{}) {
	t.Helper()
	f, goOn = newFileServer(t), make(chan struct{})
	var once sync.Once
	f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		first := false
		once.Do(func() { first = true })
		if !first {
			f.serve(w, r)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		w.Write(content[:len(content)/2])
		http.NewResponseController(w).Flush()
		<-goOn
		w.Write(content[len(content)/2:])
	})
	return f, goOn
}

// TestSaveTwice: while a file is saved, a second call for it is refused or gets
// another name, and the first one's file is whole.
func TestSaveTwice(t *testing.T) {
	t.Parallel()
	if !resume.HasLocks {
		t.Skip("no locks here: callers keep apart")
	}
	for name, tt := range map[string]struct {
		cfg  session.SaveConfig
		path string
		want string // of the second; empty: refused
	}{
		"one path":          {session.SaveConfig{}, "f", ""},
		"one path, refuse":  {session.SaveConfig{IfExists: session.ExistsRefuse}, "f", ""},
		"one path, anew":    {session.SaveConfig{NoResume: true}, "f", ""},
		"one path, number":  {session.SaveConfig{IfExists: session.ExistsNumber}, "f", "f-1"},
		"one directory":     {session.SaveConfig{}, "", "f-1"},
		"one, several":      {session.SaveConfig{Parallel: 2}, "f", ""},
		"directory, claims": {session.SaveConfig{Claim: func(string) bool { return true }}, "", "f-1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, goOn := heldServer(t)
			dir := t.TempDir()
			cfg := tt.cfg
			cfg.Path = filepath.Join(dir, tt.path)
			done, begun := make(chan error), make(chan struct{})
			go func() {
				first := cfg
				report := sync.OnceFunc(func() { close(begun) })
				first.Progress = func(int64, int64) { report() }
				_, err := f.s.Save(t.Context(), f.URL+"/f", first)
				done <- err
			}()
			<-begun
			saved, err := f.s.Save(t.Context(), f.URL+"/f", cfg)
			if tt.want == "" {
				wantIs(t, err, errors.ErrInvalidRequest)
				wantIs(t, err, session.ErrSaveBusy)
				if saved.Unfinished || strings.Contains(err.Error(), "\n") {
					t.Errorf("%+v, %q", saved, err)
				}
			} else if err != nil || filepath.Base(saved.Path) != tt.want {
				t.Errorf("the second: %+v, %v", saved, err)
			}
			close(goOn)
			if err := <-done; err != nil {
				t.Errorf("the first: %v", err)
			}
			wantContent(t, filepath.Join(dir, "f"), content)
			if got := strings.TrimSpace("f " + tt.want); files(t, dir) != got {
				t.Errorf("files %q, want %q", files(t, dir), got)
			}
			if cfg.IfExists == session.ExistsRefuse {
				return
			}
			if _, err := f.s.Save(t.Context(), f.URL+"/f", cfg); err != nil {
				t.Errorf("after both: %v", err)
			}
		})
	}
}

// TestSaveAtOnce: many calls for one path, of a file that changes. Whatever has the
// name is one version of it.
func TestSaveAtOnce(t *testing.T) {
	t.Parallel()
	if !resume.HasLocks {
		t.Skip("no locks here: callers keep apart")
	}
	k, path := newKillServer(t, 1), filepath.Join(t.TempDir(), "f")
	s := newSession(t, session.Config{})
	var calls sync.WaitGroup
	for i := range 4 {
		calls.Go(func() {
			for range 6 {
				s.Save(t.Context(), k.URL, session.SaveConfig{Path: path, Parallel: i}) // the file tells
				k.look(t, path)
			}
		})
	}
	calls.Wait()
	k.look(t, path)
}

// TestSavePartReplaced: a part that somebody has taken away, and in whose place there is
// another, does not get the file's name.
func TestSavePartReplaced(t *testing.T) {
	t.Parallel()
	if !resume.HasLocks {
		t.Skip("no locks here: callers keep apart")
	}
	f, dir := newFileServer(t), t.TempDir()
	path := filepath.Join(dir, "f")
	replace := sync.OnceFunc(func() {
		if err := os.Remove(path + ".part"); err != nil {
			t.Error(err)
		}
		if err := os.WriteFile(path+".part", []byte("another's"), 0o600); err != nil {
			t.Error(err)
		}
	})
	_, err := f.s.Save(t.Context(), f.URL+"/f", session.SaveConfig{Path: path, Progress: func(int64, int64) { replace() }})
	wantIs(t, err, errors.ErrInvalidRequest)
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("got %v, want no file", err)
	}
}

// TestSaveForeignPart: what has the name of a part and is no file is not written to.
func TestSaveForeignPart(t *testing.T) {
	t.Parallel()
	f, dir := newFileServer(t), t.TempDir()
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "f.part")); err != nil {
		t.Skip(err)
	}
	_, err := f.s.Save(t.Context(), f.URL+"/f", session.SaveConfig{Path: filepath.Join(dir, "f")})
	if err != nil {
		t.Error(err)
	}
	wantContent(t, filepath.Join(dir, "f"), content)
	wantContent(t, outside, []byte("mine"))
}
