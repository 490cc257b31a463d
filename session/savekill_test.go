package session_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/session"
)

const (
	// killURL and killPath are set in the process that is killed.
	killURL  = "AIOLOS_TEST_KILL_URL"
	killPath = "AIOLOS_TEST_KILL_PATH"
)

// killServer serves a file that changes, in every way in which servers do that, and
// breaks off transfers.
type killServer struct {
	*httptest.Server

	mu       sync.Mutex
	rng      *rand.Rand
	version  int
	body     []byte
	versions map[[sha256.Size]byte]int // all that there were
	complete int                       // answers that were not broken off
	ranges   int                       // answers with the rest
}

func newKillServer(t *testing.T, seed uint64) *killServer {
	t.Helper()
	k := &killServer{rng: rand.New(rand.NewPCG(seed, 0)), versions: map[[sha256.Size]byte]int{}}
	k.change()
	k.Server = httptest.NewServer(http.HandlerFunc(k.serve))
	t.Cleanup(k.Close)
	return k
}

// change makes the next version: some are as long as the one before.
func (k *killServer) change() {
	k.version++
	size := len(k.body)
	if size == 0 || k.rng.IntN(2) == 0 {
		size = 64<<10 + k.rng.IntN(64<<10)
		if k.rng.IntN(4) == 0 {
			size += 2 << 20 // enough for parts
		}
	}
	line := fmt.Appendf(nil, "%07d\n", k.version)
	k.body = bytes.Repeat(line, size/len(line)+1)[:size]
	k.versions[sha256.Sum256(k.body)] = k.version
}

// killAnswer is how the server answers one request.
type killAnswer struct {
	tag         string
	body        []byte
	first, last int // of the range; first is -1 for the whole
	noLength    bool
	noTotal     bool
	noTag       bool
	cut         int           // bytes before the end; -1: none
	pause       time.Duration // between pieces
}

// answer chooses it. A server that ignores If-Range says at least by its tag, or
// by none, which version it has.
func (k *killServer) answer(r *http.Request) killAnswer {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.rng.IntN(6) == 0 {
		k.change()
	}
	a := killAnswer{tag: fmt.Sprintf(`"%d"`, k.version), body: k.body, first: -1, last: len(k.body) - 1, cut: -1}
	a.noLength, a.noTotal = k.rng.IntN(3) == 0, k.rng.IntN(3) == 0
	a.pause = time.Duration(k.rng.IntN(1500)) * time.Microsecond
	var first, last int
	n, _ := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &first, &last)
	heeds := k.rng.IntN(3) > 0
	if n > 0 && (!heeds || r.Header.Get("If-Range") == a.tag) {
		k.ranges++
		a.first = first
		if n == 2 {
			a.last = min(last, a.last)
		} else if k.rng.IntN(4) == 0 && first < a.last {
			a.last = first + k.rng.IntN(a.last-first) // only a piece
		}
		a.noTag = !heeds && k.rng.IntN(2) == 0
	}
	if k.rng.IntN(4) == 0 {
		a.cut = k.rng.IntN(len(a.body))
	}
	return a
}

func (k *killServer) serve(w http.ResponseWriter, r *http.Request) {
	a := k.answer(r)
	h := w.Header()
	h.Set("Accept-Ranges", "bytes")
	if !a.noTag {
		h.Set("ETag", a.tag)
	}
	from, status := 0, http.StatusOK
	switch total := strconv.Itoa(len(a.body)); {
	case a.first > a.last:
		h.Set("Content-Range", "bytes */"+total)
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		return
	case a.first >= 0:
		if a.noTotal {
			total = "*"
		}
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%s", a.first, a.last, total))
		from, status = a.first, http.StatusPartialContent
	}
	data := a.body[from : a.last+1]
	if !a.noLength {
		h.Set("Content-Length", strconv.Itoa(len(data)))
	}
	w.WriteHeader(status)
	send(r.Context(), w, data, a)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.complete++
}

// send writes in pieces, and breaks off where it was told to.
func send(ctx context.Context, w http.ResponseWriter, data []byte, a killAnswer) {
	for len(data) > 0 && ctx.Err() == nil {
		n := min(len(data), 8<<10+len(a.body)/16)
		if a.cut >= 0 && len(data)-n < a.cut {
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		w.Write(data[:n])
		http.NewResponseController(w).Flush()
		data = data[n:]
		select {
		case <-ctx.Done():
		case <-time.After(a.pause):
		}
	}
}

// look is the version of which a file is, or 0 if there is none. A file of none
// is an error.
func (k *killServer) look(t *testing.T, path string) int {
	t.Helper()
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return 0
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	version := k.versions[sha256.Sum256(data)]
	if err != nil || version == 0 {
		t.Errorf("%s is no version: %v, %d bytes, from %.8q to %.8q", path, err, len(data), data, data[max(len(data)-8, 0):])
	}
	return version
}

// lookAtNumbers looks at the files that got a number, and removes them.
func (k *killServer) lookAtNumbers(t *testing.T, path string) {
	t.Helper()
	numbered, err := filepath.Glob(path + "-*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range numbered {
		if !strings.Contains(name, ".part") {
			k.look(t, name)
			os.Remove(name) // the next look would see it again
		}
	}
}

// TestSaveKilled: a process that saves a file is killed at random moments, while the
// file changes and transfers break off. Whatever has the file's name is one version
// of it, byte for byte. AIOLOS_LONG=1 kills 500 times.
func TestSaveKilled(t *testing.T) {
	if url := os.Getenv(killURL); url != "" {
		saveForEver(t, url, os.Getenv(killPath))
		return
	}
	t.Parallel()
	kills := 25
	if os.Getenv("AIOLOS_LONG") != "" {
		kills = 500
	}
	seed := rand.Uint64()
	k, path := newKillServer(t, seed), filepath.Join(t.TempDir(), "f")
	rng := rand.New(rand.NewPCG(seed, 1))
	seen := map[int]bool{}
	for range kills {
		killOnce(t, k, path, time.Duration(rng.IntN(150))*time.Millisecond)
		seen[k.look(t, path)] = true
		k.lookAtNumbers(t, path)
	}
	k.mu.Lock()
	t.Logf("seed %d: %d kills, %d of %d versions seen, %d answers complete, %d of a range", seed, kills, len(seen), k.version, k.complete, k.ranges)
	k.mu.Unlock()
	if len(seen) < 3 {
		t.Errorf("only %d versions were ever complete", len(seen))
	}
}

// killOnce starts a process, lets it save for a while, and kills it.
func killOnce(t *testing.T, k *killServer, path string, after time.Duration) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSaveKilled$")
	cmd.Env = append(os.Environ(), killURL+"="+k.URL, killPath+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	started := make([]byte, 1)
	if _, err := out.Read(started); err != nil {
		t.Errorf("the process does not begin: %v", err)
	}
	timer := time.NewTimer(after)
	defer timer.Stop()
	<-timer.C
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	cmd.Wait() // it was killed
}

// saveForEver saves again and again, in both ways and with parts, until the process
// is killed.
func saveForEver(t *testing.T, url, path string) {
	t.Helper()
	s := newSession(t, session.Config{})
	fmt.Println("begins")
	for {
		cfg := session.SaveConfig{Path: path}
		if rand.IntN(2) == 0 {
			cfg.Parallel = 2
		}
		if rand.IntN(8) == 0 {
			cfg.IfExists = session.ExistsNumber
		}
		if rand.IntN(3) == 0 {
			resp, err := s.Get(t.Context(), url)
			if err == nil {
				resp.SaveTo(t.Context(), cfg) // the file tells
			}
			continue
		}
		s.Save(t.Context(), url, cfg) // the file tells
	}
}
