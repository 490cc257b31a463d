package cache_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
)

// Users who are told apart by other headers than Authorization do not share.
func TestUsersByOtherHeaders(t *testing.T) {
	t.Parallel()
	for name, further := range map[string][]string{
		"X-Api-Key": nil, "x-api-key": nil, "X-Goog-Iap-Jwt": nil, "X-Auth-Token": nil, "X-Tenant": {"x-tenant"}, "x-tenant": {"X-Tenant"},
	} {
		origin := &mwtest.EchoServer{Name: name}
		c := cache.New(cache.Config{})
		rt := c.Wrap(origin)
		inner := middleware.Func(func(req *http.Request) (*http.Response, error) {
			return rt.RoundTrip(req.WithContext(context.WithValue(req.Context(), httprule.SensitiveKey{}, further)))
		})
		for _, user := range []string{"alice", "bob", "alice"} {
			if got := mwtest.Send(t, inner, "GET", "http://h/", name, user); got != user {
				t.Errorf("%s: %s got the response of %q", name, user, got)
			}
		}
		if got := origin.Asked.Load(); got != 2 {
			t.Errorf("%s: the server was asked %d times, want 2", name, got)
		}
		c.Close()
	}
}

// An unsafe request forgets what is kept for the usual way too (RFC 9111 4.4).
func TestUnsafeOfPartition(t *testing.T) {
	t.Parallel()
	origin := &mwtest.EchoServer{}
	c := cache.New(cache.Config{})
	defer c.Close()
	rt := c.Wrap(origin)
	own := connector.WithSettings(t.Context(), connector.Settings{TLS: &connector.TLSPolicy{Insecure: true}})
	send := func(ctx context.Context, method, user string) {
		req, _ := http.NewRequestWithContext(ctx, method, "http://h/", nil)
		if user != "" {
			req.Header.Set("Authorization", user)
		}
		resp, err := rt.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		mwtest.Drain(t, resp)
	}
	for round := range 2 {
		for _, user := range []string{"", "alice"} {
			send(t.Context(), http.MethodGet, user)
			send(own, http.MethodGet, user)
		}
		if got, want := int(origin.Asked.Load()), 4+5*round; got != want {
			t.Errorf("round %d: %d requests sent, want %d", round, got, want)
		}
		send(own, http.MethodPost, "alice")
	}
}
