package dnscache_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/internal/dnscache"
)

func TestHosts(t *testing.T) {
	t.Parallel()
	r := &resolver{addrs: "10.0.0.1 10.0.0.2"}
	bubble(t, dnscache.Config{}, r, func(t *testing.T, c *dnscache.Cache) {
		for _, hp := range [][2]string{{"b", "80"}, {"a", "80"}, {"b", "443"}, {"a", "80"}} {
			if _, _, err := c.Lookup(t.Context(), hp[0], hp[1], nil); err != nil {
				t.Fatal(err)
			}
		}
		got := c.Hosts()
		want := [][2]string{{"a", "80"}, {"b", "443"}, {"b", "80"}}
		if len(got) != len(want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		for i, h := range got {
			if h.Host != want[i][0] || h.Port != want[i][1] {
				t.Errorf("host %d: got %s %s, want %v", i, h.Host, h.Port, want[i])
			}
			if text(h.Addrs) != "10.0.0.1 10.0.0.2" { // whatever was looked up already
				t.Errorf("host %d: got %v", i, h.Addrs)
			}
			if left := time.Until(h.Expires); left != dnscache.DefaultTTL {
				t.Errorf("host %d: expires in %v, want %v", i, left, dnscache.DefaultTTL)
			}
			clear(h.Addrs)
		}
		look(t, c, "a", "10.0.0.1 10.0.0.2", dnscache.Hit) // the list was a copy
		time.Sleep(time.Minute)
		if got := c.Hosts(); len(got) != 3 || !got[0].Expires.Before(time.Now()) {
			t.Errorf("after the TTL: got %v, want the three of them, expired", got)
		}
	})
}

func TestRemove(t *testing.T) {
	t.Parallel()
	r := &resolver{addrs: "10.0.0.1"}
	bubble(t, dnscache.Config{}, r, func(t *testing.T, c *dnscache.Cache) {
		look(t, c, "a", "10.0.0.1", dnscache.Miss)
		look(t, c, "b", "10.0.0.1", dnscache.Miss)
		c.Remove("a", "443") // another port is another host
		c.Remove("c", "80")
		wantNames(t, c, "a", "b")
		c.Remove("a", "80")
		wantNames(t, c, "b")
		look(t, c, "a", "10.0.0.1", dnscache.Miss)
		look(t, c, "b", "10.0.0.1", dnscache.Hit)
	})
}

// What is found by a look-up from before a Clear may be what Clear was to get
// rid of: it is for those who waited, and for nobody after.
func TestClearDuringLookup(t *testing.T) {
	t.Parallel()
	for name, forget := range map[string]func(*dnscache.Cache){
		"clear":  (*dnscache.Cache).Clear,
		"remove": func(c *dnscache.Cache) { c.Remove("a.test", "80") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &resolver{addrs: "10.0.0.1", takes: 2 * time.Second}
			bubble(t, dnscache.Config{}, r, func(t *testing.T, c *dnscache.Cache) {
				before := ask(t.Context(), c)
				time.Sleep(time.Second)
				forget(c)
				r.set("10.0.0.2", nil)
				after := ask(t.Context(), c)
				if o := <-before; o.addrs != "10.0.0.1" || o.how != dnscache.Miss {
					t.Errorf("who asked before: got %+v, want 10.0.0.1", o)
				}
				synctest.Wait()
				wantNames(t, c)
				joined := ask(t.Context(), c)
				if o := <-after; o.addrs != "10.0.0.2" || o.how != dnscache.Miss {
					t.Errorf("who asked after: got %+v, want 10.0.0.2", o)
				}
				if o := <-joined; o.addrs != "10.0.0.2" || o.how != dnscache.Shared {
					t.Errorf("who asked last: got %+v, want 10.0.0.2, shared", o)
				}
				look(t, c, "a.test", "10.0.0.2", dnscache.Hit)
			})
		})
	}
}
