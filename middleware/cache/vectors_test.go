package cache_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/middleware/cache"
)

func TestCacheControlVectors(t *testing.T) {
	t.Parallel()
	for _, v := range wiretest.ReadVectors(t, "testdata/cache-control.txt") {
		if got := saidText(cache.Parse(v.In...)); got != v.Want {
			t.Errorf("line %d: %q: got %s, want %s", v.Line, v.In, got, v.Want)
		}
	}
}

// saidText names what was said.
func saidText(s cache.Said) string {
	var said []string
	for _, f := range []struct {
		name string
		set  bool
	}{{"no-store", s.NoStore}, {"no-cache", s.NoCache}, {"only-if-cached", s.OnlyIfCached}} {
		if f.set {
			said = append(said, f.name)
		}
	}
	for _, f := range []struct {
		name string
		time time.Duration
	}{
		{"max-age", s.MaxAge},
		{"max-stale", s.MaxStale},
		{"min-fresh", s.MinFresh},
		{"stale-while-revalidate", s.WhileRevalidate},
		{"stale-if-error", s.IfError},
	} {
		if f.time >= 0 {
			said = append(said, f.name+"="+f.time.String())
		}
	}
	if len(said) == 0 {
		return "nothing"
	}
	return strings.Join(said, " ")
}
