package fleet_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/alicebob/miniredis/v2"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

// tokenServer makes the tokens t1, t2 and so on, each good for that long, and takes only
// those that are not revoked.
type tokenServer struct {
	made    atomic.Int64
	life    time.Duration
	revoked atomic.Int64 // the last one that is
	fail    atomic.Pointer[error]
	hold    chan struct{} // fetches wait until it is closed; nil: they do not
}

func (s *tokenServer) fetch(ctx context.Context) (middleware.Token, error) {
	n := s.made.Add(1)
	if s.hold != nil {
		select {
		case <-s.hold:
		case <-ctx.Done():
			return middleware.Token{}, ctx.Err()
		}
	}
	if err := s.fail.Load(); err != nil {
		return middleware.Token{}, *err
	}
	token := middleware.Token{Value: fmt.Sprint("t", n)}
	if s.life > 0 {
		token.Expiry = time.Now().Add(s.life)
	}
	return token, nil
}

func (s *tokenServer) RoundTrip(req *http.Request) (*http.Response, error) {
	var n int64
	status := http.StatusUnauthorized
	if _, err := fmt.Sscanf(req.Header.Get("Authorization"), "Bearer t%d", &n); err == nil && n > s.revoked.Load() {
		status = http.StatusOK
	}
	return &http.Response{StatusCode: status, Body: http.NoBody}, nil
}

// tokenProcess is one of the processes that share the tokens of a server.
type tokenProcess struct {
	shared *fleet.SharedToken
	rt     http.RoundTripper
}

func newTokens(t *testing.T, redis *miniredis.Miniredis, from *tokenServer, cfg fleet.Config, token fleet.TokenConfig) tokenProcess {
	t.Helper()
	cfg.Redis = redisOf(t, redis)
	f, _ := newFleet(t, cfg)
	token.Fetch = from.fetch
	shared := f.Token(token)
	return tokenProcess{shared, middleware.TokenSource(middleware.TokenConfig{Fetch: shared.Fetch, Early: token.Early})(from)}
}

func (p tokenProcess) get(ctx context.Context) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://h/", http.NoBody)
	if err != nil {
		return 0, err
	}
	resp, err := p.rt.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// everybody sends a request in ten goroutines of each process.
func everybody(t *testing.T, processes ...tokenProcess) {
	t.Helper()
	var group sync.WaitGroup
	for _, p := range processes {
		for range 10 {
			group.Go(func() {
				if status, err := p.get(t.Context()); status != http.StatusOK {
					t.Errorf("got %d and %v, want 200", status, err)
				}
			})
		}
	}
	group.Wait()
}

// TestTokenOnce: one process fetches for all, at first, when a server does not take the
// token any more, and for one that comes later.
func TestTokenOnce(t *testing.T) {
	for _, tt := range []struct {
		name string
		seal []byte
		life time.Duration
	}{
		{"plain", nil, time.Hour},
		{"sealed", []byte("0123456789abcdef"), time.Hour},
		{"endless", nil, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			redis, from := miniredis.RunT(t), &tokenServer{life: tt.life}
			var processes []tokenProcess
			for range 3 {
				processes = append(processes, newTokens(t, redis, from, fleet.Config{Lease: 10 * time.Second, Timeout: 5 * time.Second}, fleet.TokenConfig{Name: "api", Seal: tt.seal}))
			}
			everybody(t, processes...)
			if got := from.made.Load(); got != 1 {
				t.Fatalf("got %d tokens, want 1", got)
			}
			if tt.seal != nil && strings.Contains(redis.Dump(), "value") {
				t.Errorf("got the secret in Redis: %s", redis.Dump())
			}
			from.revoked.Store(1)
			everybody(t, processes...)
			late := newTokens(t, redis, from, fleet.Config{Lease: 10 * time.Second, Timeout: 5 * time.Second}, fleet.TokenConfig{Name: "api", Seal: tt.seal})
			everybody(t, append(processes, late)...)
			if got := from.made.Load(); got != 2 {
				t.Errorf("got %d tokens, want 2", got)
			}
			if s := late.shared.Stats(); s.Shared != 1 || s.Fetched != 0 {
				t.Errorf("got %+v, want one that is shared", s)
			}
		})
	}
}

// TestTokenEarly: a token that is about to end is replaced, and one that never lives for
// that long is good for those who have waited for it.
func TestTokenEarly(t *testing.T) {
	redis, from := miniredis.RunT(t), &tokenServer{life: 5 * time.Second, hold: make(chan struct{})}
	one := newTokens(t, redis, from, fleet.Config{Lease: 10 * time.Second}, fleet.TokenConfig{})
	two := newTokens(t, redis, from, fleet.Config{Lease: 10 * time.Second}, fleet.TokenConfig{})
	var group sync.WaitGroup
	group.Go(func() { everybody(t, one) })
	await(t, func() bool { return from.made.Load() == 1 })
	group.Go(func() { everybody(t, two) })
	await(t, func() bool { return two.shared.Stats().Waiting == 1 && two.shared.Stats().Waited == 1 })
	close(from.hold)
	group.Wait()
	if got := from.made.Load(); got != 1 {
		t.Errorf("got %d tokens, want 1", got)
	}
	if status, err := two.get(t.Context()); status != http.StatusOK || from.made.Load() != 2 {
		t.Errorf("got %d, %v and %d tokens, want 200 with the second", status, err, from.made.Load())
	}
}

// TestTokenFailure: those who wait get the failure, and whoever comes later tries again.
func TestTokenFailure(t *testing.T) {
	for _, tt := range []struct {
		name      string
		err       error
		permanent bool
	}{
		{"transient", &errors.ClientResponseError{Status: http.StatusServiceUnavailable}, false},
		{"lasting", &errors.ClientResponseError{Status: http.StatusBadRequest}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			redis, from := miniredis.RunT(t), &tokenServer{hold: make(chan struct{})}
			from.fail.Store(&tt.err)
			one := newTokens(t, redis, from, fleet.Config{Lease: 10 * time.Second}, fleet.TokenConfig{})
			two := newTokens(t, redis, from, fleet.Config{Lease: 10 * time.Second}, fleet.TokenConfig{})
			failed := make(chan error, 2)
			go func() { _, err := one.get(t.Context()); failed <- err }()
			await(t, func() bool { return from.made.Load() == 1 })
			go func() { _, err := two.get(t.Context()); failed <- err }()
			await(t, func() bool { return two.shared.Stats().Waited == 1 })
			close(from.hold)
			for range 2 {
				err := <-failed
				token, ok := errors.AsType[*middleware.TokenError](err)
				if !ok || token.Permanent() != tt.permanent || !errors.Is(err, errors.ErrClient) {
					t.Errorf("got %v, want a token error that is permanent: %v", err, tt.permanent)
				}
				if shared, ok := errors.AsType[*fleet.SharedFetchError](err); ok == errors.Is(err, tt.err) || ok && shared.Reason == "" {
					t.Errorf("got %v, want the error itself or that of another", err)
				}
			}
			from.fail.Store(nil)
			everybody(t, one, two)
			if got := from.made.Load(); got != 2 {
				t.Errorf("got %d fetches, want 2", got)
			}
		})
	}
}

// TestTokenAbandoned: if whoever fetches is not interested any more, somebody else does it.
func TestTokenAbandoned(t *testing.T) {
	redis, from := miniredis.RunT(t), &tokenServer{hold: make(chan struct{})}
	one := newTokens(t, redis, from, fleet.Config{Lease: 10 * time.Second}, fleet.TokenConfig{})
	two := newTokens(t, redis, from, fleet.Config{Lease: 10 * time.Second}, fleet.TokenConfig{})
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { _, err := one.get(ctx); left <- err }()
	await(t, func() bool { return from.made.Load() == 1 })
	done := make(chan struct{})
	go func() { everybody(t, two); close(done) }()
	await(t, func() bool { return two.shared.Stats().Waited == 1 })
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
	await(t, func() bool { return from.made.Load() == 2 })
	close(from.hold)
	<-done
}

// TestTokenLate: who has lost the lock gets the newer token, and does not replace it.
func TestTokenLate(t *testing.T) {
	redis, from := miniredis.RunT(t), &tokenServer{hold: make(chan struct{})}
	slow := newTokens(t, redis, from, fleet.Config{Lease: time.Hour}, fleet.TokenConfig{})
	got := make(chan string, 1)
	go func() {
		token, err := slow.shared.Fetch(t.Context())
		got <- fmt.Sprint(token.Value, " ", err)
	}()
	await(t, func() bool { return from.made.Load() == 1 })
	for _, key := range redis.Keys() { // the lease of one that stands still is over
		if strings.HasSuffix(key, ":lock") {
			redis.Del(key)
		}
	}
	quick := &tokenServer{}
	quick.made.Store(1)
	everybody(t, newTokens(t, redis, quick, fleet.Config{}, fleet.TokenConfig{}))
	close(from.hold)
	if text := <-got; text != "t2 <nil>" {
		t.Errorf("got %s, want the newer one, t2", text)
	}
	if s := slow.shared.Stats(); s.Late != 1 || s.Fetched != 1 {
		t.Errorf("got %+v, want one that was late", s)
	}
	third := &tokenServer{}
	everybody(t, newTokens(t, redis, third, fleet.Config{}, fleet.TokenConfig{}))
	if n := third.made.Load(); n != 0 {
		t.Errorf("got %d fetches, want none: t2 is there", n)
	}
}

// TestTokenSeal: a token that cannot be read is fetched anew, and told; one of another name
// is none.
func TestTokenSeal(t *testing.T) {
	redis, from := miniredis.RunT(t), &tokenServer{}
	everybody(t, newTokens(t, redis, from, fleet.Config{}, fleet.TokenConfig{Seal: []byte("0123456789abcdef")}))
	told := make(chan error, 1)
	cfg := fleet.Config{OnEvent: func(_ context.Context, e middleware.Event) {
		if e.Kind == middleware.EventFailed {
			told <- e.Err
		}
	}}
	everybody(t, newTokens(t, redis, from, cfg, fleet.TokenConfig{Seal: []byte("fedcba9876543210")}))
	if got := from.made.Load(); got != 2 {
		t.Errorf("got %d tokens, want 2", got)
	}
	if err := <-told; !strings.Contains(err.Error(), "another key") {
		t.Errorf("got %v", err)
	}
}

func TestTokenConfig(t *testing.T) {
	f, _ := newFleet(t, fleet.Config{})
	from := &tokenServer{}
	for _, cfg := range []fleet.TokenConfig{{}, {Fetch: from.fetch, Seal: []byte("short")}} {
		if _, err := f.Token(cfg).Fetch(t.Context()); !errors.Is(err, errors.ErrInvalidRequest) {
			t.Errorf("got %v, want an invalid request", err)
		}
	}
}

// TestTokenUnavailable: without Redis each fetches for itself, or fails in a way that may be
// tried again; and all is shared again when it is back.
func TestTokenUnavailable(t *testing.T) {
	for _, unavailable := range []fleet.Unavailable{fleet.Local, fleet.Refuse} {
		t.Run(unavailable.String(), func(t *testing.T) {
			redis, from := miniredis.RunT(t), &tokenServer{}
			cfg := fleet.Config{Unavailable: unavailable, RetryAfter: -1}
			one, two := newTokens(t, redis, from, cfg, fleet.TokenConfig{}), newTokens(t, redis, from, cfg, fleet.TokenConfig{})
			redis.SetError("READONLY You can't write against a read only replica.")
			if unavailable == fleet.Local {
				everybody(t, one, two)
				if s := one.shared.Stats(); from.made.Load() != 2 || s.Local != 1 {
					t.Errorf("got %d tokens and %+v, want one for each", from.made.Load(), s)
				}
			} else {
				_, err := one.get(t.Context())
				token, ok := errors.AsType[*middleware.TokenError](err)
				if _, down := errors.AsType[*fleet.UnavailableError](err); !ok || !down || token.Permanent() {
					t.Errorf("got %v, want an error that Redis is unavailable, and not permanent", err)
				}
			}
			redis.SetError("")
			before := from.made.Load()
			from.revoked.Store(before)
			everybody(t, one, two)
			if got := from.made.Load() - before; got != 1 {
				t.Errorf("got %d tokens, want 1", got)
			}
		})
	}
}

// TestTokenOlder: what Redis still has is not given for a token that was fetched later,
// without it, and that a server has rejected.
func TestTokenOlder(t *testing.T) {
	redis, from := miniredis.RunT(t), &tokenServer{}
	one := newTokens(t, redis, from, fleet.Config{RetryAfter: -1}, fleet.TokenConfig{})
	everybody(t, one)
	began := time.Now()
	await(t, func() bool { return time.Since(began) > 50*time.Millisecond }) // more than a round trip
	redis.SetError("LOADING")
	from.revoked.Store(1)
	everybody(t, one)
	redis.SetError("")
	from.revoked.Store(2)
	everybody(t, one)
	if got := from.made.Load(); got != 3 {
		t.Errorf("got %d tokens, want 3", got)
	}
}
