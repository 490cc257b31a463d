package download_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
)

func TestConflict(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		conflict download.Conflict
		files    string
		name     string
		skipped  bool
		requests string
	}{
		{download.Rename, "f-1.tar.gz f.tar.gz", "f-1.tar.gz", false, " "},
		{download.Skip, "f.tar.gz", "f.tar.gz", true, ""},
		{download.Overwrite, "f.tar.gz", "f.tar.gz", false, " "},
	} {
		t.Run(tt.conflict.String(), func(t *testing.T) {
			t.Parallel()
			s, dir := newServer(t), t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "f.tar.gz"), []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			res := fetch(t, s, dir, tt.conflict, download.Job{URL: s.URL + "/f.tar.gz", Index: 1})
			if res.Err != nil || res.Name != tt.name || res.Skipped != tt.skipped {
				t.Errorf("got %+v", res)
			}
			if got := files(t, dir); got != tt.files {
				t.Errorf("files %q, want %q", got, tt.files)
			}
			if got := s.asked(); got != tt.requests {
				t.Errorf("requests %q, want %q", got, tt.requests)
			}
			if !tt.skipped {
				wantFile(t, dir, tt.name)
			}
		})
	}
}

// TestSkipByDisposition: the name is known only after the head.
func TestSkipByDisposition(t *testing.T) {
	t.Parallel()
	s, dir := newServer(t), t.TempDir()
	s.header.Set("Content-Disposition", `attachment; filename="real"`)
	if err := os.WriteFile(filepath.Join(dir, "real"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if res := fetch(t, s, dir, download.Skip, download.Job{URL: s.URL + "/f", Index: 1}); res.Err != nil || !res.Skipped {
		t.Errorf("got %+v, want a skip", res)
	}
	if got := files(t, dir); got != "real" {
		t.Errorf("files %q, want real alone", got)
	}
}

// TestForeignPart: an unfinished file of another URL, or of another program, is
// not touched.
func TestForeignPart(t *testing.T) {
	t.Parallel()
	s, dir := newServer(t), t.TempDir()
	for _, name := range []string{"f.part", "g.part", "g.part.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(`{"url":"http://other/"}`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"f", "g"} {
		res := fetch(t, s, dir, download.Rename, download.Job{URL: s.URL + "/" + name, Index: 1})
		if res.Err != nil || res.Name != name+"-1" || res.Had != 0 {
			t.Errorf("got %+v, want %s-1", res, name)
		}
	}
	if got, want := files(t, dir), "f-1 f.part g-1 g.part g.part.json"; got != want {
		t.Errorf("files %q, want %q", got, want)
	}
}

// TestPlantedLink: a symbolic link in the directory does not lead out of it.
func TestPlantedLink(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege")
	}
	s, dir, outside := newServer(t), t.TempDir(), filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(outside, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{"f", "f.part"} {
		if err := os.Symlink(outside, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []download.Conflict{download.Overwrite, download.Rename} {
		fetch(t, s, dir, c, download.Job{URL: s.URL + "/f", Index: 1})
	}
	if got, err := os.ReadFile(outside); err != nil || string(got) != "precious" {
		t.Errorf("the file outside is %q, %v", got, err)
	}
}

// TestRunSameName: URLs that want the same name at the same time get one each.
func TestRunSameName(t *testing.T) {
	t.Parallel()
	s, dir := newServer(t), t.TempDir()
	d, err := download.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var jobs []download.Job
	for i := range 20 {
		jobs = append(jobs, download.Job{URL: fmt.Sprintf("%s/%d/F", s.URL, i/2), Index: i + 1})
	}
	f := &download.Fetcher{Client: s.sess, Dir: d, Conflict: download.Rename, Progress: &quiet{}}
	names := map[string]bool{}
	download.Run(t.Context(), f, jobs, download.Limits{Total: 8, PerHost: 8}, func(r download.Result) {
		if r.Err != nil || names[r.Name] {
			t.Errorf("got %+v", r)
		}
		names[r.Name] = true
		wantFile(t, dir, r.Name)
	})
	if got := strings.Count(files(t, dir), " ") + 1; got != len(jobs) || len(names) != len(jobs) {
		t.Errorf("%d files, %d names, want %d", got, len(names), len(jobs))
	}
}

func TestRunLimits(t *testing.T) {
	t.Parallel()
	var (
		mu        sync.Mutex
		now       int
		here      = map[string]int{}
		peak      int
		peakHere  int
		release   = make(chan struct{})
		releaseIt = sync.OnceFunc(func() { close(release) })
	)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		now, here[r.Host] = now+1, here[r.Host]+1
		peak, peakHere = max(peak, now), max(peakHere, here[r.Host])
		if now == 5 {
			releaseIt()
		}
		mu.Unlock()
		select {
		case <-release:
		case <-t.Context().Done():
		}
		mu.Lock()
		now, here[r.Host] = now-1, here[r.Host]-1
		mu.Unlock()
		_, _ = w.Write([]byte("x"))
	})
	a, b, c := newServer(t), newServer(t), newServer(t)
	var jobs []download.Job
	for i := range 8 {
		jobs = append(jobs, download.Job{URL: fmt.Sprintf("%s/a%d", a.URL, i), Index: i})
	}
	for i := range 4 {
		jobs = append(jobs, download.Job{URL: fmt.Sprintf("%s/b%d", b.URL, i), Index: i}, download.Job{URL: fmt.Sprintf("%s/c%d", c.URL, i), Index: i})
	}
	for _, s := range []*server{a, b, c} {
		s.Config.Handler = handler
	}
	d, err := download.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	f := &download.Fetcher{Client: a.sess, Dir: d, Conflict: download.Rename, Progress: &quiet{}}
	done := 0
	// Five can run only if the queue passes over a, which is full at two.
	download.Run(t.Context(), f, jobs, download.Limits{Total: 5, PerHost: 2}, func(r download.Result) {
		done++
		if r.Err != nil {
			t.Error(r.Err)
		}
	})
	if done != len(jobs) || peak != 5 || peakHere != 2 {
		t.Errorf("%d done, peak %d, per host %d, want %d, 5, 2", done, peak, peakHere, len(jobs))
	}
}
