package session_test

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// TestSaveOneShot: the only response of a one-shot session is not closed in
// favour of another.
func TestSaveOneShot(t *testing.T) {
	t.Parallel()
	f, dir := newFileServer(t), t.TempDir()
	plant(t, f, dir, "f", "/f", content[:100])
	resp, err := session.Request(t.Context(), http.MethodGet, f.URL+"/f")
	if err != nil {
		t.Fatal(err)
	}
	saved, err := resp.SaveTo(t.Context(), session.SaveConfig{Path: filepath.Join(dir, "f")})
	if err != nil || saved.Resumed != 0 {
		t.Errorf("got %+v, %v", saved, err)
	}
	wantContent(t, filepath.Join(dir, "f"), content)
}

// TestSaveRefusesBody: a file is asked for, not sent.
func TestSaveRefusesBody(t *testing.T) {
	t.Parallel()
	f := newFileServer(t)
	for _, opt := range []session.Option{
		session.Text("x"), session.Body(strings.NewReader("x")), session.Stream(oneChunk("x")),
	} {
		_, err := f.s.Save(t.Context(), f.URL, session.SaveConfig{Path: t.TempDir()}, opt)
		wantIs(t, err, errors.ErrInvalidRequest)
	}
	if got := f.requests(); got != "" {
		t.Errorf("requests %q", got)
	}
}

// TestSaveRedirected: an unfinished file is of the URL that was asked for, and the
// options of the request hold for its rest.
func TestSaveRedirected(t *testing.T) {
	t.Parallel()
	for way := range ways {
		f, dir := newFileServer(t), t.TempDir()
		target := newFileServer(t)
		var seen []string
		serve := target.Config.Handler
		target.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen = append(seen, r.Header.Get("X-App")+r.Header.Get("Authorization")+r.URL.RequestURI())
			serve.ServeHTTP(w, r)
		})
		f.handler = func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, target.URL+"/real?signature=1", http.StatusFound)
		}
		plant(t, f, dir, "f", "/f?q=1", content[:100])
		opts := []session.Option{session.Header("X-App", "app"), session.Bearer("t"), session.Query("q", "1"), session.CheckStatus()}
		cfg := session.SaveConfig{Path: dir}
		var saved session.Saved
		var err error
		if way == "session" {
			saved, err = f.s.Save(t.Context(), f.URL+"/f", cfg, opts...)
		} else {
			var resp *session.Response
			if resp, err = f.s.Get(t.Context(), f.URL+"/f", opts...); err != nil {
				t.Fatal(err)
			}
			saved, err = resp.SaveTo(t.Context(), cfg)
		}
		if err != nil || saved.Resumed != 100 {
			t.Errorf("%s: %+v, %v", way, saved, err)
		}
		wantContent(t, filepath.Join(dir, "f"), content)
		for _, got := range seen {
			if got != "app/real?signature=1" {
				t.Errorf("%s: the other origin saw %q", way, got)
			}
		}
	}
}

// TestSaveOvertaken: a file that comes into being while another is saved under its
// name stays, if nothing else was asked for.
func TestSaveOvertaken(t *testing.T) {
	t.Parallel()
	for way, save := range ways {
		f, dir := newFileServer(t), t.TempDir()
		f.handler = func(w http.ResponseWriter, r *http.Request) {
			w.Write(content[:10])
			http.NewResponseController(w).Flush()
			w.Write(content[10:])
		}
		overtaken := false
		cfg := session.SaveConfig{Path: dir, Progress: func(int64, int64) {
			if !overtaken {
				overtaken = true
				if err := os.WriteFile(filepath.Join(dir, "f"), []byte("faster"), 0o600); err != nil {
					t.Error(err)
				}
			}
		}}
		saved, err := save(t, f, "/f", cfg)
		if err != nil || filepath.Base(saved.Path) != "f-1" {
			t.Errorf("%s: %+v, %v", way, saved, err)
		}
		wantContent(t, filepath.Join(dir, "f-1"), content)
		if err := os.Remove(filepath.Join(dir, "f")); err != nil {
			t.Fatal(err)
		}
		overtaken = false
		cfg.Path, cfg.IfExists = filepath.Join(dir, "f"), session.ExistsRefuse
		_, err = save(t, f, "/f", cfg)
		wantIs(t, err, fs.ErrExist)
		wantContent(t, filepath.Join(dir, "f"), []byte("faster"))
	}
}

// TestSaveRelative: paths are those of the working directory.
func TestSaveRelative(t *testing.T) {
	f, dir := newFileServer(t), t.TempDir()
	t.Chdir(dir)
	for _, tt := range []struct{ path, want string }{
		{"", "file"}, {"x.bin", "x.bin"}, {".", "file-1"}, {"sub/", "sub/file"}, {"sub", "sub/file-1"}, {"./y", "y"},
	} {
		if strings.HasSuffix(tt.path, "/") {
			if _, err := f.s.Save(t.Context(), f.URL+"/file", session.SaveConfig{Path: tt.path}); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%q, which does not exist: %v", tt.path, err)
			}
			if err := os.Mkdir(tt.path, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		saved, err := f.s.Save(t.Context(), f.URL+"/file", session.SaveConfig{Path: tt.path})
		if err != nil || filepath.ToSlash(saved.Path) != tt.want {
			t.Errorf("%q: saved as %q, %v, want %q", tt.path, saved.Path, err, tt.want)
		}
		wantContent(t, filepath.Join(dir, tt.want), content)
	}
	_, err := f.s.Save(t.Context(), f.URL, session.SaveConfig{Path: "x\x00y"})
	if err == nil {
		t.Error("a path with NUL is one")
	}
	if got := files(t, dir); got != "file file-1 sub x.bin y" {
		t.Errorf("files %q", got)
	}
}
