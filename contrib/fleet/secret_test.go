package fleet_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

// canary is in all that may be a secret of a caller. It is 16 bytes, a key as well.
const canary = "canary-canary-16"

// printed is a value in all ways of printing it.
func printed(v any) string {
	var b bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&b, verb+"\n", v)
	}
	data, err := json.Marshal(v)
	fmt.Fprintln(&b, string(data), err)
	slog.New(slog.NewTextHandler(&b, nil)).Info("m", "v", v)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "v", v)
	return b.String()
}

// checkNoCanary fails if a text has the canary, in any form.
func checkNoCanary(t *testing.T, what, text string) {
	t.Helper()
	for _, form := range []string{canary, "99 97 110 97", "0x63, 0x61", hex.EncodeToString([]byte(canary)), base64.StdEncoding.EncodeToString([]byte(canary))[:20]} {
		if i := strings.Index(text, form); i >= 0 {
			t.Errorf("%s has the secret: %.300s", what, text[max(i-100, 0):])
		}
	}
}

// secretParts are all parts on one Redis, with a session's middlewares, and what they tell.
type secretParts struct {
	shown []any
	send  func() error

	mu     sync.Mutex
	events []middleware.Event
}

func newSecretParts(t *testing.T, cfg fleet.Config) *secretParts {
	t.Helper()
	p := &secretParts{}
	cfg.OnEvent = func(_ context.Context, e middleware.Event) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.events = append(p.events, e)
	}
	f, _ := newFleet(t, cfg)
	key := func(req *http.Request) string { return req.URL.String() }
	token := fleet.TokenConfig{Name: canary, Seal: []byte(canary), Fetch: func(context.Context) (middleware.Token, error) {
		return middleware.Token{Value: canary, Expiry: time.Now().Add(time.Hour)}, nil
	}}
	shared, j, store := f.Token(token), f.Jar(fleet.JarConfig{}), f.Cache(fleet.CacheConfig{LocalBytes: 1 << 20})
	rate := f.RateLimit(fleet.RateLimitConfig{PerHost: 1e6, Key: key, OnEvent: cfg.OnEvent})
	places := f.Concurrency(fleet.ConcurrencyConfig{Name: canary, PerHost: 1, Key: key, FailFast: true})
	pages := cache.New(cache.Config{Store: store})
	t.Cleanup(func() { pages.Close() })
	inner := places.Wrap(middleware.Answer(200, http.Header{"Cache-Control": {"max-age=60"}}, "x"))
	limited := rate.Wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
		resp, err := inner.RoundTrip(req)
		if err == nil {
			_, err := inner.RoundTrip(req.Clone(req.Context())) // there is no room
			if err == nil && cfg.Unavailable == fleet.Refuse {
				t.Error("got no error, want one")
			}
		}
		return resp, err
	}))
	rt := j.Wrap(pages.Wrap(middleware.TokenSource(middleware.TokenConfig{Fetch: shared.Fetch})(limited)))
	p.shown = []any{f, token, &token, shared, j, store, rate, places, rt, limited, inner}
	p.send = func() error {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://login:"+canary+"@h.example/"+canary+"?q="+canary, http.NoBody)
		if err != nil {
			return err
		}
		j.SetCookieHeaders(req.URL, []string{"sid=" + canary, canary + "=1; Path=/" + canary})
		resp, err := rt.RoundTrip(req)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		p.shown = append(p.shown, f.Stats(), shared.Stats(), j.Stats(), store.Stats(), rate.Stats(), places.Stats())
		return err
	}
	return p
}

// TestNoSecret: no secret of a request, a token or a setting is in what the parts print,
// tell, count or name their keys; nor in what they say when Redis is gone.
func TestNoSecret(t *testing.T) {
	for _, mode := range []fleet.Unavailable{fleet.Local, fleet.Refuse} {
		cfg := fleet.Config{Unavailable: mode, RetryAfter: -1}
		_, server := newFleet(t, fleet.Config{})
		cfg.Redis = redisOf(t, server)
		p := newSecretParts(t, cfg)
		check := func(when string) {
			t.Helper()
			p.mu.Lock()
			defer p.mu.Unlock()
			for _, v := range p.shown {
				checkNoCanary(t, fmt.Sprintf("%s, %v: %T", when, mode, v), printed(v))
			}
			for _, e := range p.events {
				checkNoCanary(t, when+": an event", printed(e))
			}
		}
		if err := p.send(); err != nil {
			t.Fatal(err)
		}
		check("with Redis")
		for _, key := range server.Keys() {
			checkNoCanary(t, "a key", key)
			if strings.Contains(key, ":token:") {
				checkNoCanary(t, "a sealed token", fmt.Sprint(server.HGet(key, "sealed"), server.HGet(key, "print")))
			}
		}
		server.SetError("ERR it has stopped")
		if err := p.send(); (err != nil) != (mode == fleet.Refuse) {
			t.Errorf("%v: got %v", mode, err)
		} else if err != nil {
			checkNoCanary(t, "an error", printed(err)+err.Error())
			if !errors.Is(err, errors.ErrClient) {
				t.Errorf("got %v, want an ErrClient", err)
			}
		}
		check("without")
	}
}

// TestPrintedInUse: parts can be printed while they are used.
func TestPrintedInUse(t *testing.T) {
	_, server := newFleet(t, fleet.Config{})
	p := newSecretParts(t, fleet.Config{Redis: redisOf(t, server)})
	parts := p.shown[:len(p.shown):len(p.shown)]
	var group sync.WaitGroup
	group.Go(func() {
		for range 20 {
			if err := p.send(); err != nil {
				t.Error(err)
			}
		}
	})
	group.Go(func() {
		for range 20 {
			for _, v := range parts {
				printed(v)
			}
		}
	})
	group.Wait()
}
