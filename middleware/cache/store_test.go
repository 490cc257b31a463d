package cache_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/middleware/cache"
)

// withStores are the stores that the tests of the interface run over.
func withStores(t *testing.T, limit int64, test func(t *testing.T, s cache.Store)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		test(t, cache.NewMemory(limit))
	})
	t.Run("dir", func(t *testing.T) {
		t.Parallel()
		d, err := cache.NewDir(filepath.Join(t.TempDir(), "new", "cache"), limit)
		if err != nil {
			t.Fatal(err)
		}
		test(t, d)
	})
	t.Run("dir without sharing", func(t *testing.T) {
		t.Parallel()
		d, err := cache.NewDir(t.TempDir(), limit)
		if err != nil {
			t.Fatal(err)
		}
		cache.UseCopies(d)
		test(t, d)
	})
}

func putEntry(t testing.TB, s cache.Store, key, id, body string) {
	t.Helper()
	w, err := s.Create(key, &cache.Meta{ID: id, Status: 200, Proto: "HTTP/1.1", Header: http.Header{"X-Id": {id}}, Length: -1, Received: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, body); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	w.Abort() // does nothing any more
}

// lookUp is "ID:body" of what is under key, or "".
func lookUp(t testing.TB, s cache.Store, key string) string {
	t.Helper()
	entry, err := s.Open(key)
	if err != nil {
		t.Fatal(err)
	}
	if entry == nil {
		return ""
	}
	defer entry.Body.Close()
	body, err := io.ReadAll(entry.Body)
	if err != nil || int64(len(body)) != entry.Size {
		t.Fatalf("body of %d bytes, want %d: %v", len(body), entry.Size, err)
	}
	if got := entry.Meta.Header.Get("X-Id"); got != entry.Meta.ID && got != "updated" {
		t.Fatalf("head of %v in the entry %v", got, entry.Meta.ID)
	}
	return entry.Meta.ID + ":" + string(body)
}

func TestStoreContract(t *testing.T) {
	t.Parallel()
	withStores(t, 0, func(t *testing.T, s cache.Store) {
		if got := lookUp(t, s, "a"); got != "" {
			t.Errorf("empty store: got %v", got)
		}
		if err := s.Delete("a"); err != nil {
			t.Errorf("delete of nothing: %v", err)
		}
		putEntry(t, s, "a", "1", "one")
		putEntry(t, s, "b", "2", "")
		if got := lookUp(t, s, "a") + " " + lookUp(t, s, "b"); got != "1:one 2:" {
			t.Errorf("got %v", got)
		}
		w, err := s.Create("a", &cache.Meta{ID: "3", Header: http.Header{}})
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "three")
		if got := lookUp(t, s, "a"); got != "1:one" {
			t.Errorf("before commit: got %v", got)
		}
		w.Abort()
		if got := lookUp(t, s, "a"); got != "1:one" {
			t.Errorf("after abort: got %v", got)
		}
		open, err := s.Open("a")
		if err != nil {
			t.Fatal(err)
		}
		putEntry(t, s, "a", "4", "four")
		if body, err := io.ReadAll(open.Body); string(body) != "one" || err != nil {
			t.Errorf("a reader of what was replaced: got %q, %v", body, err)
		}
		open.Body.Close()
		update := &cache.Meta{ID: "1", Header: http.Header{"X-Id": {"updated"}}}
		if err := s.Update("a", update); err != nil || lookUp(t, s, "a") != "4:four" {
			t.Errorf("update of another entry: %v, %v", err, lookUp(t, s, "a"))
		}
		update.ID = "4"
		if err := s.Update("a", update); err != nil {
			t.Fatal(err)
		}
		if entry, err := s.Open("a"); err != nil || entry.Meta.Header.Get("X-Id") != "updated" || entry.Size != 4 {
			t.Errorf("update: got %+v, %v", entry, err)
		} else {
			entry.Body.Close()
		}
		if err := s.Update("none", update); err != nil {
			t.Errorf("update of nothing: %v", err)
		}
		if err := s.Delete("a"); err != nil || lookUp(t, s, "a") != "" {
			t.Errorf("delete: %v", err)
		}
	})
}

// What was not used for longest goes first, and the limit holds.
func TestStoreLimit(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 10_000)
	m := cache.NewMemory(50_000)
	for i := range 100 {
		putEntry(t, m, fmt.Sprint(i), "i", big)
		if i >= 1 && lookUp(t, m, "0") == "" {
			t.Fatalf("entry 0 went after %d, but was used", i)
		}
		if m.Size() > 50_000 {
			t.Fatalf("size %d is above the limit", m.Size())
		}
	}
	if m.Len() != 4 || lookUp(t, m, "99") == "" || lookUp(t, m, "50") != "" {
		t.Errorf("got %v entries", m.Len())
	}
	putEntry(t, m, "0", "i", strings.Repeat(big, 10))
	if lookUp(t, m, "0") != "" || m.Len() != 3 {
		t.Errorf("an entry larger than the store: %v entries", m.Len())
	}
	for i := range 100 {
		m.Delete(fmt.Sprint(i))
	}
	if m.Size() != 0 || m.Len() != 0 {
		t.Errorf("after all was deleted: %v bytes, %v entries", m.Size(), m.Len())
	}
}

func TestDirLimit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d, err := cache.NewDir(dir, 50_000)
	if err != nil {
		t.Fatal(err)
	}
	big := strings.Repeat("x", 10_000)
	age := time.Now().Add(-time.Hour)
	for i := range 20 {
		putEntry(t, d, fmt.Sprint(i), "i", big)
		lookUp(t, d, "0")
		// Files whose times differ by more than a clock's step.
		names, _ := filepath.Glob(filepath.Join(dir, "*.cached"))
		var total int64
		for _, name := range names {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			total += info.Size()
			if info.Mode().Perm()&0o077 != 0 {
				t.Errorf("mode %v", info.Mode())
			}
			if time.Since(info.ModTime()) < time.Minute {
				age = age.Add(time.Second)
				os.Chtimes(name, age, age)
			}
		}
		if total > 50_000 {
			t.Fatalf("%d bytes in files", total)
		}
	}
	if lookUp(t, d, "19") == "" || lookUp(t, d, "5") != "" {
		t.Error("the newest is missing, or an old one is there")
	}
	again, err := cache.NewDir(dir, 15_000)
	if err != nil {
		t.Fatal(err)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "*.cached")); len(names) != 1 {
		t.Errorf("a smaller limit: got %v files, want 1", len(names))
	}
	if got := lookUp(t, again, "19"); got == "" {
		t.Error("an entry did not survive the process")
	}
}

// What was not completed, or was damaged, is not served, and goes.
func TestDirDamage(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		damage func(data []byte) []byte
	}{
		{"cut", func(b []byte) []byte { return b[:len(b)-1] }},
		{"longer", func(b []byte) []byte { return append(b, 'x') }},
		{"empty", func([]byte) []byte { return nil }},
		{"never completed", func(b []byte) []byte { copy(b, make([]byte, 46)); return b }},
		{"another version", func(b []byte) []byte { b[13] = '9'; return b }},
		{"no json", func(b []byte) []byte { b[46] = '['; return b }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			d, err := cache.NewDir(dir, -1)
			if err != nil {
				t.Fatal(err)
			}
			putEntry(t, d, "a", "1", "body")
			names, _ := filepath.Glob(filepath.Join(dir, "*"))
			if len(names) != 1 {
				t.Fatalf("files: %v", names)
			}
			data, _ := os.ReadFile(names[0])
			os.WriteFile(names[0], tc.damage(data), 0o600)
			if entry, err := d.Open("a"); entry != nil || err == nil {
				t.Errorf("got %v, %v, want an error", entry, err)
			}
			if entry, err := d.Open("a"); entry != nil || err != nil {
				t.Errorf("the damaged file stayed: %v, %v", entry, err)
			}
		})
	}
}

// An update that is under way does not bring back what was deleted meanwhile.
func TestDirUpdateLate(t *testing.T) {
	t.Parallel()
	d, err := cache.NewDir(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, meanwhile := range []func(){func() { d.Delete("a") }, func() { putEntry(t, d, "a", "2", "new") }} {
		putEntry(t, d, "a", "1", "old")
		w, err := cache.CreateOver(d, "a", &cache.Meta{ID: "1", Header: http.Header{}})
		if err != nil {
			t.Fatal(err)
		}
		meanwhile()
		want := lookUp(t, d, "a")
		if err := w.Commit(); err != nil {
			t.Fatal(err)
		}
		w.Abort()
		if got := lookUp(t, d, "a"); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

// Left-overs of a process that died go when they are old.
func TestDirLeftovers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old, young, foreign := filepath.Join(dir, "1.part"), filepath.Join(dir, "2.part"), filepath.Join(dir, "mine.txt")
	for _, name := range []string{old, young, foreign} {
		os.WriteFile(name, []byte("x"), 0o600)
	}
	past := time.Now().Add(-2 * time.Hour)
	os.Chtimes(old, past, past)
	os.Chtimes(foreign, past, past)
	if _, err := cache.NewDir(dir, 1); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{old: false, young: true, foreign: true} {
		if _, err := os.Stat(name); (err == nil) != want {
			t.Errorf("%s: got %v, want there: %v", filepath.Base(name), err, want)
		}
	}
	if _, err := cache.NewDir(foreign, 0); err == nil {
		t.Error("a file as directory: no error")
	}
}

func TestStoreConcurrent(t *testing.T) {
	t.Parallel()
	withStores(t, 40_000, func(t *testing.T, s cache.Store) {
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				for i := range 50 {
					key := fmt.Sprint(i % 7)
					id := fmt.Sprint(g, "-", i)
					putEntry(t, s, key, id, strings.Repeat("x", 1000))
					if err := s.Update(key, &cache.Meta{ID: id, Header: http.Header{"X-Id": {"updated"}}}); err != nil {
						t.Error(err)
					}
					lookUp(t, s, fmt.Sprint((i+g)%7))
					if i%5 == 0 {
						if err := s.Delete(key); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
	})
}
