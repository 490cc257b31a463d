package download_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
)

// hexSum is the SHA-256 of data.
func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// TestContinue: which file is complete, and which is another one.
func TestContinue(t *testing.T) {
	t.Parallel()
	then := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, tt := range map[string]struct {
		size     int
		change   string    // how the file begins in the place of what the server has
		at       time.Time // of the file
		modified time.Time // of the server's
		sum      string
		known    bool
	}{
		"same length and date":    {len(content()), "", then, then, "", true},
		"a fraction of a second":  {len(content()), "", then.Add(time.Second / 3), then, "", true},
		"no date":                 {len(content()), "", then, time.Time{}, "", true},
		"no date, other bytes":    {len(content()), "other", then, time.Time{}, "", false},
		"no date, other end":      {len(content()) - 1, "", then, time.Time{}, "", false},
		"no date, right sum":      {len(content()), "", then, time.Time{}, hexSum(content()), true},
		"another date, same file": {len(content()), "", then.Add(time.Hour), then, "", true},
		"another date":            {len(content()), "other", then.Add(time.Hour), then, "", false},
		"another date, right sum": {len(content()), "", then.Add(time.Hour), then, hexSum(content()), true},
		"another length":          {100, "", then, then, "", false},
		"another sum":             {len(content()), "", then, then, strings.Repeat("0", 64), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, dir := newServer(t), t.TempDir()
			s.modified = tt.modified
			path := filepath.Join(dir, "f")
			data := slices.Clone(content()[:tt.size])
			copy(data, tt.change)
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, tt.at, tt.at); err != nil {
				t.Fatal(err)
			}
			job := download.Job{URL: s.URL + "/f?sig=2", Index: 1}
			if tt.sum != "" {
				var err error
				if job.Sum, err = download.ParseSum("sha256:" + tt.sum); err != nil {
					t.Fatal(err)
				}
			}
			res := fetch(t, s, dir, download.Continue, job)
			if res.Known != tt.known || res.Skipped != tt.known || tt.known && (res.Name != "f" || res.Size != int64(tt.size) || res.Err != nil) {
				t.Errorf("got %+v, want complete: %v", res, tt.known)
			}
			if got := files(t, dir); tt.known && got != "f" {
				t.Errorf("files %q", got)
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, data) {
				t.Errorf("the file was changed: %v", err)
			}
		})
	}
}

// TestTimes: a file has the time of Last-Modified, if there is one and it is wanted.
func TestTimes(t *testing.T) {
	t.Parallel()
	then := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, none := range []bool{false, true} {
		s, dir := newServer(t), t.TempDir()
		s.modified = then
		f := in(t, s, dir, download.Rename)
		f.NoTimes = none
		if res := f.Fetch(t.Context(), download.Job{URL: s.URL + "/f", Index: 1}); res.Err != nil {
			t.Fatal(res.Err)
		}
		info, err := os.Stat(filepath.Join(dir, "f"))
		if err != nil || info.ModTime().Equal(then) == none {
			t.Errorf("none %v: got %v, %v", none, info.ModTime(), err)
		}
	}
}

// TestRecord: what a call has completed is found again, as long as it is the same file,
// and forgotten once all is done.
func TestRecord(t *testing.T) {
	t.Parallel()
	s, dir := newServer(t), t.TempDir()
	call := func(c download.Conflict, drop bool, name string) download.Result {
		t.Helper()
		f := in(t, s, dir, c)
		if err := f.Dir.KeepRecord(); err != nil {
			t.Fatal(err)
		}
		res := f.Fetch(t.Context(), download.Job{URL: s.URL + "/f?sig=canary", Name: name, Index: 1})
		if res.Err != nil {
			t.Error(res.Err)
		}
		if drop {
			if err := f.Dir.DropRecord(); err != nil {
				t.Error(err)
			}
		}
		return res
	}
	want := func(what string, got download.Result, name string, known bool) {
		t.Helper()
		if got.Name != name || got.Known != known {
			t.Errorf("%s: got %+v, want %s, known: %v", what, got, name, known)
		}
	}
	want("first", call(download.Rename, false, ""), "f", false)
	data, err := os.ReadFile(filepath.Join(dir, ".aiolos-get.json"))
	if err != nil || strings.Contains(string(data), "canary") {
		t.Errorf("got %s, %v", data, err)
	}
	want("again", call(download.Rename, false, ""), "f", true)
	want("another name", call(download.Rename, false, "g"), "g", false)
	want("overwrite", call(download.Overwrite, false, ""), "f", false)
	// A line that a crash has cut does no harm.
	if err := os.WriteFile(filepath.Join(dir, ".aiolos-get.json"), append([]byte("{\"url\":\"x\n"), data...), 0o600); err != nil {
		t.Fatal(err)
	}
	want("torn", call(download.Rename, false, ""), "f-1", false) // it was overwritten since
	want("known", call(download.Rename, true, ""), "f-1", true)
	want("dropped", call(download.Rename, false, ""), "f-2", false)
	if err := os.WriteFile(filepath.Join(dir, "f-2"), []byte("changed"), 0o600); err != nil {
		t.Fatal(err)
	}
	want("changed", call(download.Rename, false, ""), "f-3", false)
}

// TestRate: what is a rate, and that it holds, all bodies together.
func TestRate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]download.Rate{"0": 0, "1": 1, "500K": 500 << 10, "2m": 2 << 20, "1.5G": 3 << 29, "1000": 1000} {
		var r download.Rate
		if err := r.Set(text); err != nil || r != want {
			t.Errorf("%s: got %d, %v, want %d", text, r, err, want)
		}
	}
	for _, text := range []string{"", "x", "-1", "1T", "K", "nan", "inf", "0.5", "1e300", "1 M"} {
		var r download.Rate
		if err := r.Set(text); err == nil {
			t.Errorf("%q: got %d, want an error", text, r)
		}
	}
	s, dir := newServer(t), t.TempDir()
	r := download.Rate(len(content()) * 4) // a quarter of a second, but for what passes at once
	f := in(t, s, dir, download.Rename)
	var err error
	if f.Client, err = session.New(session.Config{Middleware: r.Middleware()}); err != nil {
		t.Fatal(err)
	}
	defer f.Client.Close()
	start := time.Now()
	res := f.Fetch(t.Context(), download.Job{URL: s.URL + "/f", Index: 1})
	if elapsed := time.Since(start); res.Err != nil || elapsed < 100*time.Millisecond {
		t.Errorf("got %+v in %v, want a rate", res, elapsed)
	}
	wantFile(t, dir, "f")
}

// TestContinueNoLength: of an answer without a length nothing tells that a file is complete.
func TestContinueNoLength(t *testing.T) {
	t.Parallel()
	s, dir := newServer(t), t.TempDir()
	s.handler = func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		_, _ = w.Write(content())
	}
	if err := os.WriteFile(filepath.Join(dir, "f"), content(), 0o600); err != nil {
		t.Fatal(err)
	}
	if res := fetch(t, s, dir, download.Continue, download.Job{URL: s.URL + "/f", Index: 1}); res.Err != nil || res.Name != "f-1" {
		t.Errorf("got %+v, want f-1", res)
	}
}
