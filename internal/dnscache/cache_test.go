package dnscache_test

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/dnscache"
)

// Each look-up begins one address further on, the first one included.
func TestRoundRobin(t *testing.T) {
	t.Parallel()
	r := &resolver{addrs: "10.0.0.1 10.0.0.2 10.0.0.3"}
	bubble(t, dnscache.Config{}, r, func(t *testing.T, c *dnscache.Cache) {
		look(t, c, "a.test", "10.0.0.1 10.0.0.2 10.0.0.3", dnscache.Miss)
		look(t, c, "a.test", "10.0.0.2 10.0.0.3 10.0.0.1", dnscache.Hit)
		look(t, c, "a.test", "10.0.0.3 10.0.0.1 10.0.0.2", dnscache.Hit)
		look(t, c, "a.test", "10.0.0.1 10.0.0.2 10.0.0.3", dnscache.Hit)
		if got := r.count(); got != 1 {
			t.Errorf("the resolver was asked %d times, want 1", got)
		}
	})
}

func TestListIsTheCallers(t *testing.T) {
	t.Parallel()
	r := &resolver{addrs: "10.0.0.1 10.0.0.2"}
	bubble(t, dnscache.Config{}, r, func(t *testing.T, c *dnscache.Cache) {
		for range 3 {
			got, _, err := c.Lookup(t.Context(), "a.test", "80", nil)
			if err != nil {
				t.Fatal(err)
			}
			clear(got)
		}
		look(t, c, "a.test", "10.0.0.2 10.0.0.1", dnscache.Hit)
	})
}

// The port is in the key: each has its own answer and rotation.
func TestKeyHasPort(t *testing.T) {
	t.Parallel()
	r := &resolver{addrs: "10.0.0.1 10.0.0.2"}
	bubble(t, dnscache.Config{}, r, func(t *testing.T, c *dnscache.Cache) {
		for i, port := range []string{"80", "443"} {
			got, how, err := c.Lookup(t.Context(), "a.test", port, nil)
			if err != nil || how != dnscache.Miss || text(got) != "10.0.0.1 10.0.0.2" {
				t.Errorf("port %s: got %s, %v, %v", port, text(got), how, err)
			}
			if r.count() != i+1 {
				t.Errorf("port %s: the resolver was asked %d times, want %d", port, r.count(), i+1)
			}
		}
		look(t, c, "a.test", "10.0.0.2 10.0.0.1", dnscache.Hit)
	})
}

// The TTL is fixed and counts from the answer: neither the question nor a hit
// moves it.
func TestTTL(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ ttl, want time.Duration }{
		{0, 10 * time.Second},
		{time.Minute, time.Minute},
	} {
		t.Run(tt.ttl.String(), func(t *testing.T) {
			t.Parallel()
			r := &resolver{addrs: "10.0.0.1", takes: 3 * time.Second}
			bubble(t, dnscache.Config{TTL: tt.ttl}, r, func(t *testing.T, c *dnscache.Cache) {
				look(t, c, "a.test", "10.0.0.1", dnscache.Miss)
				if got, want := c.Hosts()[0].Expires, time.Now().Add(tt.want); !got.Equal(want) {
					t.Errorf("expires: got %v, want %v", got, want)
				}
				r.set("10.0.0.2", nil)
				time.Sleep(tt.want / 2)
				look(t, c, "a.test", "10.0.0.1", dnscache.Hit)
				time.Sleep(tt.want/2 - 1)
				look(t, c, "a.test", "10.0.0.1", dnscache.Hit)
				time.Sleep(time.Nanosecond)
				look(t, c, "a.test", "10.0.0.2", dnscache.Miss)
				look(t, c, "a.test", "10.0.0.2", dnscache.Hit)
			})
		})
	}
}

func TestTTLOff(t *testing.T) {
	t.Parallel()
	r := &resolver{addrs: "10.0.0.1"}
	bubble(t, dnscache.Config{TTL: -1, Stale: time.Hour}, r, func(t *testing.T, c *dnscache.Cache) {
		look(t, c, "a.test", "10.0.0.1", dnscache.Miss)
		look(t, c, "a.test", "10.0.0.1", dnscache.Miss)
		wantNames(t, c)
		r.set("", errServer)
		if _, _, err := c.Lookup(t.Context(), "a.test", "80", nil); !errors.Is(err, errServer) {
			t.Errorf("got %v, want %v", err, errServer)
		}
	})
}

// The one not used for longest goes first.
func TestLRU(t *testing.T) {
	t.Parallel()
	r := &resolver{addrs: "10.0.0.1"}
	bubble(t, dnscache.Config{Size: 3}, r, func(t *testing.T, c *dnscache.Cache) {
		for _, host := range []string{"a", "b", "c"} {
			look(t, c, host, "10.0.0.1", dnscache.Miss)
		}
		look(t, c, "a", "10.0.0.1", dnscache.Hit)  // b c a
		look(t, c, "d", "10.0.0.1", dnscache.Miss) // c a d
		wantNames(t, c, "a", "c", "d")
		look(t, c, "d", "10.0.0.1", dnscache.Hit)  // already the last
		look(t, c, "a", "10.0.0.1", dnscache.Hit)  // c d a
		look(t, c, "b", "10.0.0.1", dnscache.Miss) // d a b
		wantNames(t, c, "a", "b", "d")
		c.Remove("a", "80")                        // d b
		look(t, c, "e", "10.0.0.1", dnscache.Miss) // d b e
		wantNames(t, c, "b", "d", "e")
		look(t, c, "f", "10.0.0.1", dnscache.Miss) // b e f
		wantNames(t, c, "b", "e", "f")
		c.Clear()
		for _, host := range []string{"g", "h", "i", "j"} {
			look(t, c, host, "10.0.0.1", dnscache.Miss)
		}
		wantNames(t, c, "h", "i", "j")
	})
}

// An answer that is renewed takes no second place.
func TestLRURenewal(t *testing.T) {
	t.Parallel()
	r := &resolver{addrs: "10.0.0.1"}
	bubble(t, dnscache.Config{Size: 2, TTL: time.Second}, r, func(t *testing.T, c *dnscache.Cache) {
		look(t, c, "a", "10.0.0.1", dnscache.Miss)
		look(t, c, "b", "10.0.0.1", dnscache.Miss)
		time.Sleep(time.Second)
		look(t, c, "a", "10.0.0.1", dnscache.Miss) // b a
		wantNames(t, c, "a", "b")
		look(t, c, "c", "10.0.0.1", dnscache.Miss) // a c
		wantNames(t, c, "a", "c")
	})
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ size, want int }{{0, 1000}, {-1, 1005}, {1, 1}} {
		r := &resolver{addrs: "10.0.0.1"}
		bubble(t, dnscache.Config{Size: tt.size}, r, func(t *testing.T, c *dnscache.Cache) {
			for i := range 1005 {
				if _, _, err := c.Lookup(t.Context(), fmt.Sprintf("h%d", i), "80", nil); err != nil {
					t.Fatal(err)
				}
			}
			if got := len(c.Hosts()); got != tt.want {
				t.Errorf("size %d: got %d hosts, want %d", tt.size, got, tt.want)
			}
		})
	}
}

// What a resolver returns is made uniform.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, network, from, want string }{
		{"mapped", "", "::ffff:10.0.0.1", "10.0.0.1"},
		{"twice", "", "10.0.0.1 ::1 10.0.0.1 ::ffff:10.0.0.1 ::1", "10.0.0.1 ::1"},
		{"zone", "", "fe80::1%eth0 fe80::1%eth1 fe80::1", "fe80::1%eth0 fe80::1%eth1 fe80::1"},
		{"both", "ip", "::1 10.0.0.1", "::1 10.0.0.1"},
		{"ip4", "ip4", "::1 10.0.0.1 ::ffff:10.0.0.2", "10.0.0.1 10.0.0.2"},
		{"ip6", "ip6", "::1 10.0.0.1 ::ffff:10.0.0.2", "::1"},
		{"none", "", "", ""},
		{"none of the network", "ip6", "10.0.0.1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &resolver{addrs: tt.from}
			bubble(t, dnscache.Config{Network: tt.network}, r, func(t *testing.T, c *dnscache.Cache) {
				if tt.want != "" {
					look(t, c, "a.test", tt.want, dnscache.Miss)
				} else {
					_, _, err := c.Lookup(t.Context(), "a.test", "80", nil)
					if d, ok := errors.AsType[*net.DNSError](err); !ok || !d.IsNotFound {
						t.Errorf("got %v, want a DNSError that says not found", err)
					}
					wantNames(t, c)
				}
				network := tt.network
				if network == "" {
					network = "ip"
				}
				if got, want := r.asked[0], network+" a.test"; got != want {
					t.Errorf("asked for %q, want %q", got, want)
				}
			})
		})
	}
}

// Addresses as hosts reach neither the resolver nor the cache.
func TestLiterals(t *testing.T) {
	t.Parallel()
	r := &resolver{err: errServer}
	bubble(t, dnscache.Config{Network: "ip6"}, r, func(t *testing.T, c *dnscache.Cache) {
		look(t, c, "10.1.2.3", "10.1.2.3", dnscache.Literal)
		look(t, c, "::1", "::1", dnscache.Literal)
		look(t, c, "fe80::1%eth0", "fe80::1%eth0", dnscache.Literal)
		look(t, c, "::ffff:10.1.2.3", "10.1.2.3", dnscache.Literal)
		wantNames(t, c)
		if r.count() != 0 {
			t.Errorf("the resolver was asked: %v", r.asked)
		}
	})
}

// The resolver's own context has the values of the one who asks first.
func TestValues(t *testing.T) {
	t.Parallel()
	r := &resolver{addrs: "10.0.0.1"}
	bubble(t, dnscache.Config{}, r, func(t *testing.T, c *dnscache.Cache) {
		ctx := context.WithValue(t.Context(), valueKey{}, "trace")
		if _, _, err := c.Lookup(ctx, "a.test", "80", nil); err != nil {
			t.Fatal(err)
		}
		if r.value != "trace" {
			t.Errorf("got the value %v, want trace", r.value)
		}
	})
}

func TestOutcomeString(t *testing.T) {
	t.Parallel()
	for o, want := range []string{"hit", "miss", "stale", "shared", "literal", "unknown"} {
		if got := dnscache.Outcome(o).String(); got != want {
			t.Errorf("outcome %d: got %q, want %q", o, got, want)
		}
	}
}
