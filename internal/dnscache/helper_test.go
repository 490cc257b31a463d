package dnscache_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/internal/dnscache"
	"github.com/aiolos-http/aiolos/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// resolver answers from what the test sets, and after a while.
type resolver struct {
	mu    sync.Mutex
	takes time.Duration
	addrs string // separated by spaces
	err   error
	asked []string // "network host"
	ended []error  // how the look-ups that did not come to an end were ended
	value any      // the context's for valueKey
}

type valueKey struct{}

func (r *resolver) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	r.mu.Lock()
	r.asked = append(r.asked, network+" "+host)
	r.value = ctx.Value(valueKey{})
	takes, text, err := r.takes, r.addrs, r.err
	r.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ended = append(r.ended, ctx.Err())
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return addrs(text), nil
}

func (r *resolver) set(text string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.addrs, r.err = text, err
}

func (r *resolver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.asked)
}

func addrs(text string) []netip.Addr {
	var list []netip.Addr
	for _, f := range strings.Fields(text) {
		list = append(list, netip.MustParseAddr(f))
	}
	return list
}

func text(addrs []netip.Addr) string {
	var b strings.Builder
	for i, a := range addrs {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(a.String())
	}
	return b.String()
}

// bubble runs f in a bubble, with a cache over r that is closed at its end.
func bubble(t *testing.T, cfg dnscache.Config, r *resolver, f func(t *testing.T, c *dnscache.Cache)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg.Resolver = r
		c := dnscache.New(cfg)
		defer c.Close()
		f(t, c)
	})
}

// look looks host up and compares the answer.
func look(t *testing.T, c *dnscache.Cache, host, want string, wantHow dnscache.Outcome) {
	t.Helper()
	got, how, err := c.Lookup(t.Context(), host, "80", nil)
	if err != nil {
		t.Errorf("Lookup(%s): %v", host, err)
	}
	if text(got) != want || how != wantHow {
		t.Errorf("Lookup(%s): got %s (%v), want %s (%v)", host, text(got), how, want, wantHow)
	}
}

// names are the hosts in the cache.
func names(c *dnscache.Cache) []string {
	var list []string
	for _, h := range c.Hosts() {
		list = append(list, h.Host)
	}
	return list
}

func wantNames(t *testing.T, c *dnscache.Cache, want ...string) {
	t.Helper()
	if got := names(c); !slices.Equal(got, want) {
		t.Errorf("in the cache: got %v, want %v", got, want)
	}
}

// The failures of a resolver.
var (
	errNotFound = &net.DNSError{Err: "no such host", Name: "a.test", IsNotFound: true}
	errServer   = &net.DNSError{Err: "server misbehaving", Name: "a.test", IsTemporary: true}
)
