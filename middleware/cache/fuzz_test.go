package cache_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/middleware/cache"
)

func TestCacheControlParse(t *testing.T) {
	t.Parallel()
	none := cache.Said{MaxAge: -1, MaxStale: -1, MinFresh: -1, WhileRevalidate: -1, IfError: -1}
	with := func(change func(*cache.Said)) cache.Said {
		said := none
		change(&said)
		return said
	}
	for _, tc := range []struct {
		line string
		want cache.Said
	}{
		{"", none},
		{",,, ,", none},
		{"=", none},
		{"no-store", with(func(s *cache.Said) { s.NoStore = true })},
		{" no-store\t,no-cache", with(func(s *cache.Said) { s.NoStore, s.NoCache = true, true })},
		{"no-store=1", with(func(s *cache.Said) { s.NoStore = true })},
		{`a="no-store, no-cache"`, none},
		{`a="x\", no-cache", no-store`, with(func(s *cache.Said) { s.NoStore = true })},
		{`a="no-store, no-cache`, none},
		{`a= "b" , no-store`, with(func(s *cache.Said) { s.NoStore = true })},
		{`max-age="1\0"`, with(func(s *cache.Said) { s.MaxAge = 10 * time.Second })},
		{"max-stale", with(func(s *cache.Said) { s.MaxStale = (1 << 31) * time.Second })},
		{"max-stale=x, min-fresh=-1", none},
		{"max-age=0099", with(func(s *cache.Said) { s.MaxAge = 99 * time.Second })},
		{"stale-while-revalidate=1,stale-if-error=2", with(func(s *cache.Said) { s.WhileRevalidate, s.IfError = time.Second, 2*time.Second })},
		{"max-age=2147483647", with(func(s *cache.Said) { s.MaxAge = (1<<31 - 1) * time.Second })},
		{"max-age=2147483648", with(func(s *cache.Said) { s.MaxAge = (1 << 31) * time.Second })},
		{"x-max-age=5, max-age-x=5, only-if-cached", with(func(s *cache.Said) { s.OnlyIfCached = true })},
	} {
		if got := cache.Parse(tc.line); got != tc.want {
			t.Errorf("%q: got %+v, want %+v", tc.line, got, tc.want)
		}
	}
}

// Whatever a peer writes, numbers are bounded, case does not matter, and one
// line of two is two lines, unless a quoted string is open.
func FuzzCacheControl(f *testing.F) {
	for _, seed := range []string{
		"", "max-age=10, no-store", `private="a, b", max-age="5"`, `a="\`, "max-stale,min-fresh=9999999999999999999999", "=,=,\"", "NO-CACHE=\"x\"",
	} {
		f.Add(seed, "no-store, max-age=7")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		said := cache.Parse(a, b)
		for _, d := range []time.Duration{said.MaxAge, said.MaxStale, said.MinFresh, said.WhileRevalidate, said.IfError} {
			if d < -1 || d > (1<<31)*time.Second {
				t.Fatalf("%v is out of bounds", d)
			}
		}
		if !strings.Contains(a, `"`) && cache.Parse(a+","+b) != said {
			t.Errorf("joined lines: got %+v, want %+v", cache.Parse(a+","+b), said)
		}
		if upper := strings.ToUpper(a); isASCII(a) && cache.Parse(upper, b) != said {
			t.Errorf("in upper case: got %+v, want %+v", cache.Parse(upper, b), said)
		}
	})
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// A file of a cache that anything may have written to gives an error or a head
// that can be served.
func FuzzFile(f *testing.F) {
	dir := f.TempDir()
	d, err := cache.NewDir(dir, 0)
	if err != nil {
		f.Fatal(err)
	}
	putEntry(f, d, "k", "1", "body")
	names, _ := filepath.Glob(filepath.Join(dir, "*.cached"))
	good, err := os.ReadFile(names[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add([]byte("aiolos-cache/1 9999999999 0000000000000000000\n{}"))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		meta, size, err := cache.ReadHead(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		if size < 0 || size > int64(len(data)) {
			t.Fatalf("a body of %d bytes in a file of %d", size, len(data))
		}
		c := cache.New(cache.Config{Store: &fixedStore{meta}})
		defer c.Close()
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/", nil)
		resp, err := c.Wrap(&origin{answer: "200"}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	})
}

// fixedStore holds one head under all keys.
type fixedStore struct{ meta *cache.Meta }

func (s *fixedStore) Open(string) (*cache.Entry, error) {
	return &cache.Entry{Meta: s.meta, Body: http.NoBody}, nil
}

func (s *fixedStore) Create(string, *cache.Meta) (cache.Writer, error) {
	return nil, errBroken
}
func (s *fixedStore) Update(string, *cache.Meta) error { return nil }
func (s *fixedStore) Delete(string) error              { return nil }
