package fleet_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/alicebob/miniredis/v2"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

// newCacheStore is a store on a Redis of its own, or on that server.
func newCacheStore(t *testing.T, server *miniredis.Miniredis, cfg fleet.CacheConfig) (*fleet.CacheStore, *miniredis.Miniredis) {
	t.Helper()
	if server == nil {
		server = miniredis.RunT(t)
	}
	f, _ := newFleet(t, fleet.Config{Redis: redisOf(t, server), Timeout: testTimeout})
	return f.Cache(cfg), server
}

// testTimeout is for tests that want no call to fail on a machine that is busy.
const testTimeout = 20 * time.Second

// putEntry stores an entry, whose request was sent so long ago, or at no known time if that
// is negative.
func putEntry(t testing.TB, s cache.Store, key, id, body string, ago time.Duration) {
	t.Helper()
	m := &cache.Meta{ID: id, Status: 200, Proto: "HTTP/1.1", Header: http.Header{"X-Id": {id}}, Length: -1, Received: time.Now(), Keep: time.Hour}
	if ago >= 0 {
		m.Requested = time.Now().Add(-ago)
	}
	w, err := s.Create(key, m)
	if err != nil {
		t.Fatal(err)
	}
	for rest := body; rest != ""; { // in parts that fit no piece
		n := min(len(rest), 10_007)
		if _, err := io.WriteString(w, rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	w.Abort() // does nothing any more
}

// lookUp is "ID:body" of what is under the key, or empty.
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
		t.Fatalf("got a body of %d bytes, want %d: %v", len(body), entry.Size, err)
	}
	return entry.Meta.ID + ":" + string(body)
}

func TestCacheStore(t *testing.T) {
	s, server := newCacheStore(t, nil, fleet.CacheConfig{})
	other, _ := newCacheStore(t, server, fleet.CacheConfig{})
	if got := lookUp(t, s, "a"); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
	if err := s.Delete("a"); err != nil {
		t.Error(err)
	}
	putEntry(t, s, "a", "1", "one", -1)
	putEntry(t, s, "b", "2", "", -1)
	if got := lookUp(t, other, "a") + " " + lookUp(t, other, "b"); got != "1:one 2:" {
		t.Errorf("got %q", got)
	}
	w, err := s.Create("a", &cache.Meta{ID: "3", Header: http.Header{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, strings.Repeat("x", 200_000)); err != nil {
		t.Fatal(err)
	}
	if got := lookUp(t, other, "a"); got != "1:one" {
		t.Errorf("before commit: got %q", got)
	}
	w.Abort()
	if got := lookUp(t, other, "a"); got != "1:one" {
		t.Errorf("after abort: got %q", got)
	}
	for _, key := range server.Keys() {
		if server.TTL(key) <= 0 || strings.Contains(key, ":b:") {
			t.Errorf("%s: kept for %v", key, server.TTL(key))
		}
	}
	update := &cache.Meta{ID: "0", Header: http.Header{"X-Id": {"updated"}}}
	if err := other.Update("a", update); err != nil || lookUp(t, s, "a") != "1:one" {
		t.Errorf("update of another entry: %v", err)
	}
	update.ID = "1"
	if err := other.Update("a", update); err != nil {
		t.Error(err)
	}
	if entry, err := s.Open("a"); err != nil || entry.Meta.Header.Get("X-Id") != "updated" || entry.Size != 3 {
		t.Errorf("got %+v, %v", entry, err)
	}
	if err := s.Update("none", update); err != nil {
		t.Error(err)
	}
	if err := other.Delete("a"); err != nil || lookUp(t, s, "a") != "" {
		t.Errorf("after delete: %v", err)
	}
	for _, key := range server.Keys() {
		if server.TTL(key) <= 0 || key[len(key)-4:] == ":url" && server.TTL(key) > time.Hour {
			t.Errorf("%s: kept for %v", key, server.TTL(key))
		}
	}
}

// TestCachePieces: bodies of all sizes around those of pieces come as they were, also to
// whoever reads when they are replaced and deleted.
func TestCachePieces(t *testing.T) {
	const piece = 64 << 10
	s, _ := newCacheStore(t, nil, fleet.CacheConfig{MaxBody: 10 * piece})
	for _, size := range []int{0, 1, piece - 1, piece, piece + 1, 2 * piece, 5*piece + 5, 10 * piece} {
		body := strings.Repeat("0123456789abc", size/13+1)[:size]
		putEntry(t, s, "k", "1", body, -1)
		if got := lookUp(t, s, "k"); got != "1:"+body {
			t.Errorf("%d: got another body", size)
		}
		open, err := s.Open("k")
		if err != nil {
			t.Fatal(err)
		}
		putEntry(t, s, "k", "2", "new", -1)
		if err := s.Delete("k"); err != nil {
			t.Error(err)
		}
		var got strings.Builder
		if _, err := io.Copy(&got, open.Body); err != nil || got.String() != body {
			t.Errorf("%d: a reader of what was replaced: got %d bytes, %v", size, got.Len(), err)
		}
		open.Body.Close()
		if _, err := open.Body.Read(make([]byte, 1)); err == nil {
			t.Error("got a byte of a closed body")
		}
	}
	putEntry(t, s, "large", "1", strings.Repeat("x", 10*piece+1), -1)
	if got := lookUp(t, s, "large"); got != "" {
		t.Error("got a body that is too large")
	}
}

// TestCacheDamage: what was changed in Redis is a miss, or an error of the body.
func TestCacheDamage(t *testing.T) {
	body := strings.Repeat("x", 400_000)
	for name, c := range map[string]struct {
		damage func(m *miniredis.Miniredis, head, pieces string)
		inBody bool
	}{
		"head":        {func(m *miniredis.Miniredis, head, _ string) { m.HSet(head, "head", `{"id":"1","header":{}}`) }, false},
		"no head":     {func(m *miniredis.Miniredis, head, _ string) { m.HDel(head, "head") }, false},
		"no gen":      {func(m *miniredis.Miniredis, head, _ string) { m.HDel(head, "gen") }, false},
		"size":        {func(m *miniredis.Miniredis, head, _ string) { m.HSet(head, "size", "399999") }, false},
		"wild size":   {func(m *miniredis.Miniredis, head, _ string) { m.HSet(head, "size", "-1") }, false},
		"first piece": {func(m *miniredis.Miniredis, head, _ string) { m.HSet(head, "first", m.HGet(head, "first")[1:]+"x") }, false},
		"evicted":     {func(m *miniredis.Miniredis, _, pieces string) { m.Del(pieces) }, false},
		"second":      {func(m *miniredis.Miniredis, _, pieces string) { m.HSet(pieces, "1", "short") }, false},
		"third":       {func(m *miniredis.Miniredis, _, pieces string) { m.HSet(pieces, "2", m.HGet(pieces, "1")) }, false},
		"no fifth":    {func(m *miniredis.Miniredis, _, pieces string) { m.HDel(pieces, "4") }, false},
		"sixth":       {func(m *miniredis.Miniredis, _, pieces string) { m.HSet(pieces, "5", m.HGet(pieces, "1")) }, true},
		"no seventh":  {func(m *miniredis.Miniredis, _, pieces string) { m.HDel(pieces, "6") }, true},
	} {
		t.Run(name, func(t *testing.T) {
			s, server := newCacheStore(t, nil, fleet.CacheConfig{})
			putEntry(t, s, "k", "1", body, -1)
			var head, pieces string
			for _, key := range server.Keys() {
				if strings.HasSuffix(key, "}:url") {
					head = key
				} else if strings.Contains(key, ":b:") {
					pieces = key
				}
			}
			c.damage(server, head, pieces)
			entry, err := s.Open("k")
			if !c.inBody {
				if entry != nil || (err == nil) != (name == "evicted" || name == "no fifth") {
					t.Errorf("got %v, %v", entry, err)
				}
				if entry, err := s.Open("k"); entry != nil || err != nil {
					t.Errorf("what is damaged has stayed: %v, %v", entry, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(entry.Body)
			var broken *errors.ClientPayloadError
			if !errors.As(err, &broken) || len(got) < 320<<10 || !strings.HasPrefix(body, string(got)) {
				t.Errorf("got %d bytes and %v, want those of the whole pieces and an error", len(got), err)
			}
			if s.Stats().Damaged != 1 {
				t.Errorf("got %+v", s.Stats())
			}
		})
	}
}

// TestCacheForgotten: what was asked for before another process has deleted its URL is not
// stored, whether it is the URL's or a variant's.
func TestCacheForgotten(t *testing.T) {
	s, server := newCacheStore(t, nil, fleet.CacheConfig{})
	other, _ := newCacheStore(t, server, fleet.CacheConfig{})
	for _, key := range []string{"http://h/", "http://h/\nvary ID\n=en"} {
		if err := other.Delete("http://h/"); err != nil {
			t.Fatal(err)
		}
		putEntry(t, s, key, "1", "old", time.Minute)
		if got := lookUp(t, s, key); got != "" {
			t.Errorf("%q: got %q, want nothing", key, got)
		}
		end, _, err := s.StartFill(t.Context(), key, nil)
		if err != nil || end == nil {
			t.Fatalf("got no turn: %v", err)
		}
		putEntry(t, s, key, "2", "new", 0) // at once, in a turn
		end(cache.FillStored)
		if got := lookUp(t, other, key); got != "2:new" {
			t.Errorf("%q: got %q, want the new one", key, got)
		}
		m := &cache.Meta{ID: "2", Header: http.Header{}, Requested: time.Now().Add(-time.Minute)}
		if err := other.Update(key, m); err != nil {
			t.Fatal(err)
		}
		if entry, _ := s.Open(key); entry == nil || len(entry.Meta.Header) == 0 {
			t.Errorf("%q: an update from before the deletion was taken: %+v", key, entry)
		}
		end, _, err = s.StartFill(t.Context(), key, &cache.Meta{ID: "x"})
		if err != nil || end != nil {
			t.Errorf("got a turn for what others have stored: %v", err)
		}
	}
	if s.Stats().Refused != 2 || other.Stats().Refused != 2 {
		t.Errorf("got %+v, %+v", s.Stats(), other.Stats())
	}
}

// TestCacheKeep: entries expire when they are of no more use.
func TestCacheKeep(t *testing.T) {
	s, server := newCacheStore(t, nil, fleet.CacheConfig{KeepStale: time.Hour, MaxKeep: 10 * time.Hour})
	for name, c := range map[string]struct {
		meta cache.Meta
		want time.Duration
	}{
		"fresh":     {cache.Meta{Keep: time.Minute, Header: http.Header{}}, time.Minute},
		"validator": {cache.Meta{Keep: time.Minute, Header: http.Header{"Etag": {`"1"`}}}, time.Hour + time.Minute},
		"too long":  {cache.Meta{Keep: 100 * time.Hour, Header: http.Header{}}, 10 * time.Hour},
		"index":     {cache.Meta{Vary: []string{"Accept"}}, 10 * time.Hour},
		"none":      {cache.Meta{Header: http.Header{}}, time.Second},
	} {
		server.FlushAll()
		w, err := s.Create(name, &c.meta)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Commit(); err != nil {
			t.Fatal(err)
		}
		for _, key := range server.Keys() {
			if strings.HasSuffix(key, "}:url") && server.TTL(key) != c.want {
				t.Errorf("%s: got %v, want %v", name, server.TTL(key), c.want)
			}
		}
	}
}

// TestCacheKeys: what is in Redis under the names tells nothing of the URL.
func TestCacheKeys(t *testing.T) {
	s, server := newCacheStore(t, nil, fleet.CacheConfig{})
	putEntry(t, s, "http://secret.example/?token=secret\nvary 1\n=secret", "1", strings.Repeat("x", 100_000), -1)
	sum := sha256.Sum256([]byte("secret"))
	for _, key := range server.Keys() {
		if strings.Contains(key, "secret") || strings.Contains(key, hex.EncodeToString(sum[:])) {
			t.Errorf("got the key %q", key)
		}
		if !strings.HasPrefix(key, "aiolos:") || strings.Count(key, "{") != 1 {
			t.Errorf("got the key %q", key)
		}
	}
	if len(server.Keys()) < 2 {
		t.Error(fmt.Sprint(server.Keys()))
	}
}

// TestCacheBodyWaits: a body that is read when Redis stops answering goes on if it answers
// again, and is an error if not.
func TestCacheBodyWaits(t *testing.T) {
	server := miniredis.RunT(t)
	f, _ := newFleet(t, fleet.Config{Redis: redisOf(t, server), Timeout: testTimeout, RetryAfter: 300 * time.Millisecond, Lease: testTimeout})
	s := f.Cache(fleet.CacheConfig{})
	body := strings.Repeat("x", 1<<20)
	putEntry(t, s, "k", "1", body, -1)
	for _, back := range []bool{true, false} {
		entry, err := s.Open("k")
		if err != nil || entry == nil {
			t.Fatalf("got %v, %v", entry, err)
		}
		if _, err := io.CopyN(io.Discard, entry.Body, 1000); err != nil {
			t.Fatal(err)
		}
		failed := f.Stats().Failed
		server.SetError("LOADING")
		done := make(chan error)
		go func() {
			_, err := io.Copy(io.Discard, entry.Body)
			done <- err
		}()
		await(t, func() bool { return f.Stats().Failed > failed })
		if back {
			server.SetError("")
		}
		err = <-done
		if (err == nil) != back || err != nil && (!errors.Is(err, errors.ErrClientPayload) || !errors.As(err, new(*fleet.UnavailableError))) {
			t.Errorf("back %v: got %v", back, err)
		}
		entry.Body.Close()
		entry.Body.Close()
	}
}
