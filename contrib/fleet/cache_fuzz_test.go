package fleet_test

import (
	"io"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

// FuzzCacheEntry: whatever is in Redis, an entry has a head, and a body of the size that it
// says, or is none.
func FuzzCacheEntry(f *testing.F) {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, DialTimeout: time.Millisecond})
	defer client.Close()
	fl, err := fleet.New(fleet.Config{Redis: client, RetryAfter: time.Hour, Timeout: time.Millisecond})
	if err != nil {
		f.Fatal(err)
	}
	defer fl.Close()
	s := fl.Cache(fleet.CacheConfig{})
	f.Add(`{"id":"1","status":200,"header":{"A":["b"]},"length":4}`, "4", "G", "body", true)
	f.Add(`{"id":"1","vary":["Accept"]}`, "0", "G", "", true)
	f.Add(`{"id":"1","header":{}}`, "400000", "G", "body", true)
	f.Add(`{"id":"1","header":{}}`, "-4", "", "0123456789abcdefbody", false)
	f.Add(`{`, "x", "", "", false)
	f.Fuzz(func(t *testing.T, head, size, gen, first string, sums bool) {
		entry, err := fleet.DecodeEntry(s, head, size, gen, first, sums)
		if err != nil {
			return
		}
		if !sums {
			t.Error("got an entry without sums")
		}
		if entry.Meta == nil || entry.Meta.Header == nil && entry.Meta.Vary == nil {
			t.Errorf("got %+v", entry.Meta)
		}
		if n, err := io.Copy(io.Discard, entry.Body); err != nil || n != entry.Size {
			t.Errorf("got %d bytes, %v, want %d", n, err, entry.Size)
		}
		entry.Body.Close()
	})
}
