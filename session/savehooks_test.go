package session_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// begins is a Begin that writes down its calls, and returns err.
func begins(calls *[]string, err error) func(*session.Response, session.Saved, int64) error {
	return func(r *session.Response, at session.Saved, total int64) error {
		*calls = append(*calls, fmt.Sprint(r.StatusCode, " ", filepath.Base(at.Path), " ", at.Size, " ", at.Resumed, " ", total))
		return err
	}
}

// TestSaveBegin: it is told what is there and what comes.
func TestSaveBegin(t *testing.T) {
	t.Parallel()
	all := len(content)
	for _, tt := range []struct {
		name, tag string
		have      int
		want      string
	}{
		{"new", `"v1"`, 0, fmt.Sprint("200 f 0 0 ", all)},
		{"the rest", `"v1"`, 100, fmt.Sprint("206 f 100 100 ", all)},
		{"another version", `"v2"`, 100, fmt.Sprint("200 f 0 0 ", all)},
		{"complete", `"v1"`, all, fmt.Sprint("416 f ", all, " ", all, " ", all)},
	} {
		for way, save := range ways {
			f, dir := newFileServer(t), t.TempDir()
			f.tag = tt.tag
			if tt.have > 0 {
				plant(t, f, dir, "f", "/f", content[:tt.have])
			}
			var calls []string
			_, err := save(t, f, "/f", session.SaveConfig{Path: dir, Begin: begins(&calls, nil)})
			if err != nil || len(calls) != 1 || calls[0] != tt.want {
				t.Errorf("%s, %s: %q, %v, want %q", tt.name, way, calls, err, tt.want)
			}
			wantContent(t, filepath.Join(dir, "f"), content)
		}
	}
}

// TestSaveBeginStops: an error leaves what was there.
func TestSaveBeginStops(t *testing.T) {
	t.Parallel()
	stop := errors.New("not this one")
	for way, save := range ways {
		f, dir := newFileServer(t), t.TempDir()
		var calls []string
		saved, err := save(t, f, "/f", session.SaveConfig{Path: dir, Begin: begins(&calls, stop)})
		wantIs(t, err, stop)
		if want := (session.Saved{Path: filepath.Join(dir, "f")}); saved != want || files(t, dir) != "" {
			t.Errorf("%s: %+v, files %q", way, saved, files(t, dir))
		}
		plant(t, f, dir, "f", "/f", content[:100])
		saved, err = save(t, f, "/f", session.SaveConfig{Path: dir, Begin: begins(&calls, stop)})
		wantIs(t, err, stop)
		if want := (session.Saved{Path: filepath.Join(dir, "f"), Size: 100, Unfinished: true}); saved != want || len(calls) != 2 {
			t.Errorf("%s: %+v, calls %q", way, saved, calls)
		}
		wantContent(t, filepath.Join(dir, "f.part"), content[:100])
	}
}

// TestSaveVerify: the whole file is looked at before it gets its name.
func TestSaveVerify(t *testing.T) {
	t.Parallel()
	wrong := errors.New("not the right one")
	for way, save := range ways {
		f, dir := newFileServer(t), t.TempDir()
		plant(t, f, dir, "f", "/f", content[:100])
		saved, err := save(t, f, "/f", session.SaveConfig{Path: dir, Hash: zeroHash, Sum: []byte{0}, Verify: func(r io.Reader) error {
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%s: %d bytes to verify, %v", way, len(got), err)
			}
			if got := files(t, dir); got != "f.part f.part.json" {
				t.Errorf("%s: files %q", way, got)
			}
			return nil
		}})
		if err != nil || saved.Resumed != 100 {
			t.Errorf("%s: %+v, %v", way, saved, err)
		}
		saved, err = save(t, f, "/g", session.SaveConfig{Path: dir, Verify: func(io.Reader) error { return wrong }})
		wantIs(t, err, wrong)
		if saved.Unfinished || saved.Size != 0 || files(t, dir) != "f" {
			t.Errorf("%s: %+v, files %q", way, saved, files(t, dir))
		}
	}
}

// TestSavedUnfinished: an error comes with what is left, and a call for that path
// goes on with it.
func TestSavedUnfinished(t *testing.T) {
	t.Parallel()
	for way, save := range ways {
		for _, tt := range []struct {
			tag  string
			kept bool
		}{{`"v1"`, true}, {`W/"v1"`, false}} {
			f, dir := newFileServer(t), t.TempDir()
			put(t, dir, "f", "old")
			f.tag, f.cutAt = tt.tag, 1000
			left, err := save(t, f, "/f", session.SaveConfig{Path: dir})
			wantIs(t, err, errors.ErrClientPayload)
			if want := (session.Saved{Path: filepath.Join(dir, "f-1"), Size: 1000, Unfinished: tt.kept}); left != want {
				t.Errorf("%s %s: %+v, want %+v", way, tt.tag, left, want)
			}
			saved, err := save(t, f, "/f", session.SaveConfig{Path: left.Path})
			if err != nil || saved.Path != left.Path || saved.Unfinished || (saved.Resumed == 1000) != tt.kept {
				t.Errorf("%s %s: %+v, %v", way, tt.tag, saved, err)
			}
			wantContent(t, left.Path, content)
		}
	}
	f, dir := newFileServer(t), t.TempDir()
	plant(t, f, dir, "f", "/f", content[:100])
	f.handler = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
	left, err := f.s.Save(t.Context(), f.URL+"/f", session.SaveConfig{Path: dir})
	wantIs(t, err, errors.ErrClientResponse)
	if want := (session.Saved{Path: filepath.Join(dir, "f"), Size: 100, Unfinished: true}); left != want {
		t.Errorf("after a 503: %+v, want %+v", left, want)
	}
	f, dir = newFileServer(t), t.TempDir()
	f.cutAt = 1000
	resp, err := f.s.Get(t.Context(), f.URL+"/f")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := resp.Save(t.Context(), filepath.Join(dir, "f")); n != 0 || err == nil {
		t.Errorf("Response.Save returns %d, %v", n, err)
	}
}

// TestSavedNumbered: the same call goes on with a file that has got a number.
func TestSavedNumbered(t *testing.T) {
	t.Parallel()
	for way, save := range ways {
		for _, there := range []string{"f.tar.gz", "f.tar.gz.part"} {
			f, dir := newFileServer(t), t.TempDir()
			put(t, dir, there, "old")
			plant(t, f, dir, "f-x.tar.gz", "/f", content[:2]) // not a number
			plant(t, f, dir, "g-1.tar.gz", "/f", content[:3])
			cfg := session.SaveConfig{Path: filepath.Join(dir, "f.tar.gz"), IfExists: session.ExistsNumber}
			f.cutAt = 1000
			left, err := save(t, f, "/f", cfg)
			if err == nil || filepath.Base(left.Path) != "f-1.tar.gz" || !left.Unfinished {
				t.Errorf("%s: %+v, %v", way, left, err)
			}
			saved, err := save(t, f, "/f", cfg)
			if err != nil || saved.Path != left.Path || saved.Resumed != 1000 {
				t.Errorf("%s: %+v, %v", way, saved, err)
			}
			wantContent(t, left.Path, content)
		}
	}
}
