package session_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

func TestSaveResumes(t *testing.T) {
	t.Parallel()
	old := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	date := old.Format(http.TimeFormat)
	for _, tt := range []struct {
		name, tag string
		modified  time.Time
		kept      string // files after a cut
		asked     string // the headers of the second request
	}{
		{"tag", `"v1"`, time.Time{}, "f.part f.part.json", `bytes=1000- "v1"`},
		{"date", "", old, "f.part f.part.json", "bytes=1000- " + date},
		{"weak tag and date", `W/"v1"`, old, "f.part f.part.json", "bytes=1000- " + date},
		{"weak tag", `W/"v1"`, time.Time{}, "", ""},
		{"nothing", "", time.Time{}, "", ""},
	} {
		for way, save := range ways {
			for _, path := range []string{"f", ""} {
				t.Run(strings.Join([]string{tt.name, way, path}, " "), func(t *testing.T) {
					t.Parallel()
					f, dir := newFileServer(t), t.TempDir()
					cfg := session.SaveConfig{Path: filepath.Join(dir, path)}
					f.tag, f.modified, f.cutAt = tt.tag, tt.modified, 1000
					if !tt.modified.IsZero() {
						f.header.Set("Last-Modified", date)
					}
					_, err := save(t, f, "/f?x=1#y", cfg)
					wantIs(t, err, errors.ErrClientPayload)
					if got := files(t, dir); got != tt.kept {
						t.Fatalf("files %q after a cut, want %q", got, tt.kept)
					}
					f.requests()
					saved, err := save(t, f, "/f?x=1", cfg)
					var had int64
					if tt.kept != "" {
						had = 1000
					}
					if want := (session.Saved{Path: filepath.Join(dir, "f"), Size: int64(len(content)), Resumed: had}); err != nil || saved != want {
						t.Errorf("got %+v, %v, want %+v", saved, err, want)
					}
					wantAsked := tt.asked
					if way == "response" && had > 0 {
						wantAsked = "|" + wantAsked // the response that was there already
					}
					if got := f.requests(); got != wantAsked {
						t.Errorf("asked for %q, want %q", got, wantAsked)
					}
					wantContent(t, filepath.Join(dir, "f"), content)
					if got := files(t, dir); got != "f" {
						t.Errorf("files %q, want f alone", got)
					}
				})
			}
		}
	}
}

// TestSaveRangeAnswers goes through what a server may say to a request for the
// rest of a file.
func TestSaveRangeAnswers(t *testing.T) {
	t.Parallel()
	all := len(content)
	for _, tt := range []struct {
		name         string
		status       int
		contentRange string // with %d for the length of the whole
		tag          string
		body         []byte
		requests     int
		had          int64
		class        error
	}{
		{"the rest", 206, "bytes 100-%d/%d", `"v1"`, content[100:], 1, 100, nil},
		{"the rest, length unknown", 206, "bytes 100-65535/*", `"v1"`, content[100:], 1, 100, nil},
		{"the rest, without a tag", 206, "bytes 100-%d/%d", "", content[100:], 2, 0, nil},
		{"all of it", 200, "", `"v2"`, content, 1, 0, nil},
		{"another version", 206, "bytes 100-%d/%d", `"v2"`, content[100:], 2, 0, nil},
		{"another length", 206, "bytes 100-199/200", `"v1"`, content[100:200], 2, 0, nil},
		{"from elsewhere", 206, "bytes 50-%d/%d", `"v1"`, content[50:], 2, 0, nil},
		{"no range", 206, "", `"v1"`, content[100:], 2, 0, nil},
		{"several ranges", 206, "", `"v1"`, []byte("--x"), 2, 0, nil},
		{"beyond the end of another", 416, "bytes */50", `"v2"`, nil, 2, 0, nil},
		{"a strange 416", 416, "", "", []byte("no"), 2, 0, nil},
		{"not found", 404, "", "", nil, 1, 0, errors.ErrClientResponse},
		{"too little of the rest", 206, "bytes 100-%d/%d", `"v1"`, content[100:200], 2, 0, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, dir := newFileServer(t), t.TempDir()
			plant(t, f, dir, "f", "/f", content[:100])
			f.tag = ""
			f.handler = func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Accept-Encoding") != "identity" {
					t.Errorf("accepts %q", r.Header.Get("Accept-Encoding"))
				}
				if r.Header.Get("Range") == "" {
					w.Write(content)
					return
				}
				if n := strings.Count(tt.contentRange, "%d"); n > 0 {
					w.Header().Set("Content-Range", fmt.Sprintf(tt.contentRange, []any{all - 1, all}[2-n:]...))
				} else if tt.contentRange != "" {
					w.Header().Set("Content-Range", tt.contentRange)
				}
				w.Header().Set("ETag", tt.tag)
				w.WriteHeader(tt.status)
				w.Write(tt.body)
			}
			saved, err := f.s.Save(t.Context(), f.URL+"/f", session.SaveConfig{Path: filepath.Join(dir, "f")})
			if !errors.Is(err, tt.class) || saved.Resumed != tt.had {
				t.Errorf("got %+v, %v", saved, err)
			}
			if got := len(strings.Split(f.requests(), "|")); got != tt.requests {
				t.Errorf("%d requests, want %d", got, tt.requests)
			}
			if tt.class == nil {
				wantContent(t, filepath.Join(dir, "f"), content)
			}
		})
	}
}

// TestSaveComplete: the unfinished file was complete, and the server says so.
func TestSaveComplete(t *testing.T) {
	t.Parallel()
	for way, save := range ways {
		f, dir := newFileServer(t), t.TempDir()
		plant(t, f, dir, "f", "/f", content)
		saved, err := save(t, f, "/f", session.SaveConfig{Path: filepath.Join(dir, "f")})
		if err != nil || saved.Resumed != int64(len(content)) || saved.Size != saved.Resumed {
			t.Errorf("%s: %+v, %v", way, saved, err)
		}
		wantContent(t, filepath.Join(dir, "f"), content)
		if got := files(t, dir); got != "f" {
			t.Errorf("%s: files %q", way, got)
		}
	}
	f, dir := newFileServer(t), t.TempDir()
	plant(t, f, dir, "f", "/f", content)
	user := strings.Replace(f.URL, "://", "://user:pass@", 1)
	saved, err := f.s.Save(t.Context(), user+"/f#x", session.SaveConfig{Path: dir}, session.CheckStatus())
	if err != nil || saved.Resumed != int64(len(content)) {
		t.Errorf("with credentials, and a check of the status: %+v, %v", saved, err)
	}
}

// TestSaveOtherVersion: a response that is not what the unfinished file is of is
// saved itself.
func TestSaveOtherVersion(t *testing.T) {
	t.Parallel()
	f, dir := newFileServer(t), t.TempDir()
	f.tag = `"v2"`
	plant(t, f, dir, "f", "/f", content[:100])
	saved, err := ways["response"](t, f, "/f", session.SaveConfig{Path: dir})
	if err != nil || saved.Resumed != 0 || filepath.Base(saved.Path) != "f" {
		t.Errorf("got %+v, %v", saved, err)
	}
	if got := f.requests(); got != "" || files(t, dir) != "f" {
		t.Errorf("asked for %q, files %q", got, files(t, dir))
	}
}

// TestSaveForeignParts: unfinished files of other URLs and of other programs are
// not gone on with, and in a directory not touched.
func TestSaveForeignParts(t *testing.T) {
	t.Parallel()
	for way, save := range ways {
		f, dir := newFileServer(t), t.TempDir()
		plant(t, f, dir, "f", "/other", []byte("other"))
		saved, err := save(t, f, "/f", session.SaveConfig{Path: dir})
		if err != nil || filepath.Base(saved.Path) != "f-1" || saved.Resumed != 0 {
			t.Errorf("%s: %+v, %v", way, saved, err)
		}
		wantContent(t, filepath.Join(dir, "f.part"), []byte("other"))
		description := filepath.Join(dir, "h.part.json")
		if err := os.WriteFile(description, []byte(`{"url":"x"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if saved, err = save(t, f, "/h", session.SaveConfig{Path: dir}); err != nil || filepath.Base(saved.Path) != "h-1" {
			t.Errorf("%s: %+v, %v", way, saved, err)
		}
		wantContent(t, description, []byte(`{"url":"x"}`))
		saved, err = save(t, f, "/f", session.SaveConfig{Path: filepath.Join(dir, "f")})
		if err != nil || saved.Resumed != 0 {
			t.Errorf("%s: %+v, %v", way, saved, err)
		}
		wantContent(t, filepath.Join(dir, "f"), content)
		plant(t, f, dir, "g", "/g", content[:9])
		if _, err := save(t, f, "/g", session.SaveConfig{Path: filepath.Join(dir, "g"), NoResume: true}); err != nil {
			t.Error(err)
		}
		wantContent(t, filepath.Join(dir, "g"), content)
		if asked := f.requests(); strings.Contains(asked, "bytes") {
			t.Errorf("%s: asked for %q", way, asked)
		}
		if got := files(t, dir); got != "f f-1 g h-1 h.part.json" {
			t.Errorf("%s: files %q", way, got)
		}
	}
}

// TestSaveDecoded: the tag of an encoded body is not that of the file's bytes.
func TestSaveDecoded(t *testing.T) {
	t.Parallel()
	f, dir := newFileServer(t), t.TempDir()
	packed := gzipped(string(content))
	f.handler = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		fmt.Fprint(w, packed)
	}
	plant(t, f, dir, "f", "/f", content[:10])
	resp, err := f.s.Get(t.Context(), f.URL+"/f")
	if err != nil {
		t.Fatal(err)
	}
	saved, err := resp.SaveTo(t.Context(), session.SaveConfig{Path: filepath.Join(dir, "f")})
	if err != nil || saved.Resumed != 0 || saved.Size != int64(len(content)) {
		t.Errorf("got %+v, %v", saved, err)
	}
	wantContent(t, filepath.Join(dir, "f"), content)
}
