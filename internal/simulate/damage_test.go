package simulate_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/internal/simulate"
	"github.com/aiolos-http/aiolos/middleware/cache"
)

// TestDamage: each damage to heads leaves files of the same lengths with something else
// in them, and the cache gives no entry of them. So it is the heads' sums that keep the
// simulation clean.
func TestDamage(t *testing.T) {
	t.Parallel()
	for _, op := range []simulate.Op{
		{Fault: simulate.Edit},
		{Fault: simulate.Edit, Offset: 500},
		{Fault: simulate.Edit, Offset: 990},
		{Fault: simulate.Swap},
		{Fault: simulate.Swap, Nth: 1},
		{Fault: simulate.Swap, Nth: 2},
		{Fault: simulate.Older, For: time.Second},
		{Fault: simulate.Older, For: time.Second, Nth: 1},
	} {
		t.Run(fmt.Sprintf("%s %d %d", op.Fault, op.Nth, op.Offset), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) { damageEntries(t, &op, dir) })
		})
	}
}

func damageEntries(t *testing.T, op *simulate.Op, dir string) {
	t.Helper()
	store, err := cache.NewDir(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	putEntries(t, store, 1)
	begun := time.Now()
	done := make(chan struct{})
	before := contents(t, dir)
	go func() { op.Damage(dir); close(done) }()
	if synctest.Wait(); op.Fault == simulate.Older {
		putEntries(t, store, 2)
		before = contents(t, dir)
	}
	<-done
	if took := time.Since(begun); took != op.For {
		t.Errorf("it took %v, want %v", took, op.For)
	}
	after := contents(t, dir)
	for name, text := range before {
		if got := after[name]; got == text || len(got) != len(text) {
			t.Errorf("a file of %d bytes is one of %d; the same one: %v", len(text), len(got), got == text)
		}
	}
	if len(after) != len(before) {
		t.Errorf("got %d files, want %d", len(after), len(before))
	}
	for _, key := range keys {
		if entry, err := store.Open(key); entry != nil || err == nil {
			t.Errorf("%q: got an entry %v, and %v", key, entry, err)
		}
	}
}

var keys = []string{"alice", "bob"}

// putEntries stores an entry under each key.
func putEntries(t *testing.T, store *cache.Dir, version int) {
	t.Helper()
	for _, key := range keys {
		id := fmt.Sprintf("%s, %*d", key, 20-len(key), version)
		w, err := store.Create(key, &cache.Meta{ID: id, Status: 200, Proto: "HTTP/1.1", Header: http.Header{"X-Id": {id}}, Length: -1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, id); err != nil {
			t.Fatal(err)
		}
		if err := w.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

// contents are the files of a directory.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(data)
	}
	return files
}
