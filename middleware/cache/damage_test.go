package cache_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/middleware/cache"
)

// damageBody is the body of an entry: no two have the same bytes in the same place.
func damageBody(key, id string, size int) string {
	unit := key + "/" + id + ";"
	return strings.Repeat(unit, size/len(unit)+1)[:size]
}

func damageSize(id string) int { return []int{0, 9, 1000, 32 << 10, 70_000, 110_000}[len(id)*7%6] }

// damages are what may happen to a file behind a cache's back.
var damages = []struct {
	name string
	do   func(r *rand.Rand, data, other []byte) []byte
}{
	{"a bit", func(r *rand.Rand, data, _ []byte) []byte {
		data[r.IntN(len(data))] ^= 1 << r.IntN(8)
		return data
	}},
	{"a run of zeros", func(r *rand.Rand, data, _ []byte) []byte {
		from := r.IntN(len(data))
		clear(data[from:min(len(data), from+1+r.IntN(5000))])
		return data
	}},
	{"noise", func(r *rand.Rand, data, _ []byte) []byte {
		from := r.IntN(len(data))
		for i := from; i < min(len(data), from+1+r.IntN(300)); i++ {
			data[i] = byte(r.Uint32())
		}
		return data
	}},
	{"cut", func(r *rand.Rand, data, _ []byte) []byte { return data[:r.IntN(len(data))] }},
	{"longer", func(r *rand.Rand, data, _ []byte) []byte { return append(data, make([]byte, 1+r.IntN(100))...) }},
	{"bytes inserted", func(r *rand.Rand, data, _ []byte) []byte {
		at := r.IntN(len(data))
		return bytes.Join([][]byte{data[:at], data[at:]}, []byte("xyz"))
	}},
	{"bytes lost", func(r *rand.Rand, data, _ []byte) []byte {
		at := r.IntN(len(data))
		return append(data[:at:at], data[min(len(data), at+1+r.IntN(20)):]...)
	}},
	{"the end of another", func(r *rand.Rand, data, other []byte) []byte {
		at := r.IntN(min(len(data), len(other)))
		return append(data[:at:at], other[at:]...)
	}},
	{"the file of another", func(_ *rand.Rand, _, other []byte) []byte { return other }},
	{"blocks exchanged", func(_ *rand.Rand, data, _ []byte) []byte {
		const block = 32<<10 + 16
		if n := len(data); n > 2*block {
			last := bytes.Clone(data[n-block:])
			copy(data[n-block:], data[n-2*block:n-block])
			copy(data[n-2*block:], last)
			return data
		}
		return nil
	}},
}

// A wrong entry is a miss, and an error where part of a body was given already: never a
// byte that was not kept under that key.
func TestDirRandomDamageInFull(t *testing.T) {
	t.Parallel()
	for _, serving := range []bool{false, true} {
		t.Run(fmt.Sprint("while serving: ", serving), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			d, err := cache.NewDir(dir, -1)
			if err != nil {
				t.Fatal(err)
			}
			r := rand.New(rand.NewPCG(14, 2))
			for round := range racetest.Count(2000, 200) {
				damageRound(t, d, dir, r, round, serving)
				if t.Failed() {
					return
				}
			}
		})
	}
}

// damageRound writes two entries, damages the file of one, and reads that.
func damageRound(t *testing.T, d *cache.Dir, dir string, r *rand.Rand, round int, serving bool) {
	t.Helper()
	kind := damages[round%len(damages)]
	ids := [2]string{strings.Repeat("i", 1+r.IntN(6)), strings.Repeat("j", 1+r.IntN(6))}
	var files [2][]byte
	var names []string
	want := damageBody("k0", ids[0], damageSize(ids[0]))
	for i, id := range ids {
		key := fmt.Sprint("k", i)
		putEntry(t, d, key, id, damageBody(key, id, damageSize(id)))
		all, _ := filepath.Glob(filepath.Join(dir, "*.cached"))
		if i == 0 && len(all) == 2 { // of the round before
			_ = d.Delete("k1")
			all, _ = filepath.Glob(filepath.Join(dir, "*.cached"))
		}
		for _, name := range all {
			if len(names) == 0 || name != names[0] {
				names = append(names, name)
				files[i], _ = os.ReadFile(name)
			}
		}
	}
	damage := func() {
		data := kind.do(r, bytes.Clone(files[0]), files[1])
		if bytes.Equal(data, files[0]) {
			data = nil // it was no damage
		}
		if err := os.WriteFile(names[0], data, 0o600); err != nil { // in place: who has it open sees it
			t.Fatal(err)
		}
	}
	if !serving {
		damage()
	}
	entry, err := d.Open("k0")
	if err != nil || entry == nil {
		if serving {
			t.Errorf("round %d: the entry is missing before it was damaged: %v", round, err)
		}
		return
	}
	defer entry.Body.Close()
	given := make([]byte, r.IntN(len(want)+1))
	if serving {
		if _, err := io.ReadFull(entry.Body, given); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		damage()
	} else {
		given = nil
	}
	rest, err := io.ReadAll(entry.Body)
	given = slices.Concat(given, rest)
	switch {
	case !strings.HasPrefix(want, string(given)):
		t.Errorf("round %d, %s: got bytes that were not kept", round, kind.name)
	case err == nil && len(given) != len(want):
		t.Errorf("round %d, %s: got %d of %d bytes without an error", round, kind.name, len(given), len(want))
	case err != nil && !errors.Is(err, errors.ErrClientPayload):
		t.Errorf("round %d, %s: got %v, want an error of the payload", round, kind.name, err)
	}
	if err != nil {
		if again, err := d.Open("k0"); again != nil || err != nil {
			t.Errorf("round %d, %s: the damaged entry stayed: %v, %v", round, kind.name, again, err)
		}
	}
}

// Two processes put, read, delete and damage entries of one directory: each body is one
// that was kept under its key, or an error.
func TestDirTwoProcesses(t *testing.T) {
	t.Parallel()
	const variable = "AIOLOS_TEST_CACHE_DIR"
	if dir := os.Getenv(variable); dir != "" {
		damageWork(t, dir, 2)
		return
	}
	dir := t.TempDir()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDirTwoProcesses$")
	child.Env = append(os.Environ(), variable+"="+dir)
	var out bytes.Buffer
	child.Stdout, child.Stderr = &out, &out
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	damageWork(t, dir, 1)
	if err := child.Wait(); err != nil {
		t.Errorf("the other process: %v\n%s", err, out.String())
	}
}

func damageWork(t *testing.T, dir string, seed uint64) {
	t.Helper()
	d, err := cache.NewDir(dir, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, 14))
	served := 0
	for range 2000 {
		key := fmt.Sprint("k", r.IntN(8))
		switch r.IntN(10) {
		case 0, 1, 2:
			id := strings.Repeat("i", 1+r.IntN(6))
			putEntry(t, d, key, id, damageBody(key, id, damageSize(id)))
		case 3:
			if err := d.Delete(key); err != nil {
				t.Error(err)
			}
		case 4:
			damageAnyFile(dir, r)
		default:
			if damageRead(t, d, key) {
				served++
			}
		}
	}
	if served == 0 {
		t.Error("nothing was served")
	}
}

// damageAnyFile garbles bytes of some entry in place.
func damageAnyFile(dir string, r *rand.Rand) {
	names, _ := filepath.Glob(filepath.Join(dir, "*.cached"))
	if len(names) == 0 {
		return
	}
	f, err := os.OpenFile(names[r.IntN(len(names))], os.O_RDWR, 0)
	if err != nil {
		return // the other process was faster
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > 0 {
		_, _ = f.WriteAt([]byte("garbled"), r.Int64N(info.Size()))
	}
}

// damageRead reads an entry, which is whole and right, or missing, or an error.
func damageRead(t *testing.T, d *cache.Dir, key string) (served bool) {
	t.Helper()
	entry, err := d.Open(key)
	if err != nil || entry == nil {
		return false
	}
	defer entry.Body.Close()
	body, err := io.ReadAll(entry.Body)
	want := damageBody(key, entry.Meta.ID, damageSize(entry.Meta.ID))
	if !strings.HasPrefix(want, string(body)) || err == nil && len(body) != len(want) {
		t.Errorf("%s: got %d bytes, %v, that are not what was kept", key, len(body), err)
	}
	return err == nil
}
