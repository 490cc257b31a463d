package middleware_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// tokenCounter makes tokens t1, t2, and so on, each in a second.
type tokenCounter struct {
	made   atomic.Int32
	expiry time.Duration
}

func (c *tokenCounter) fetch(ctx context.Context) (middleware.Token, error) {
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return middleware.Token{}, ctx.Err()
	}
	token := middleware.Token{Value: fmt.Sprintf("t%d", c.made.Add(1))}
	if c.expiry > 0 {
		token.Expiry = time.Now().Add(c.expiry)
	}
	return token, nil
}

// tokenServer takes only the tokens that are listed.
func tokenServer(good ...string) *stub {
	return &stub{steps: []stubStep{func(req *http.Request) (*http.Response, error) {
		got := req.Header.Get("Authorization")
		for _, token := range good {
			if got == "Bearer "+token {
				return stubStatus(200, got)(req)
			}
		}
		return stubStatus(401, got)(req)
	}}}
}

func TestTokenSourceFetchesOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		counter := &tokenCounter{}
		rt := middleware.TokenSource(middleware.TokenConfig{Fetch: counter.fetch})(tokenServer("t1"))
		var wg sync.WaitGroup
		start := time.Now()
		for range 100 {
			wg.Go(func() {
				if code, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil)); code != 200 {
					t.Errorf("got %d %v", code, err)
				}
			})
		}
		wg.Wait()
		roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil))
		if counter.made.Load() != 1 || time.Since(start) != time.Second {
			t.Errorf("made %d tokens in %v", counter.made.Load(), time.Since(start))
		}
	})
}

// TestTokenSourceRefreshes: many 401 bring one new token, and each request is
// sent twice.
func TestTokenSourceRefreshes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		counter := &tokenCounter{}
		server := tokenServer("t2")
		rt := middleware.TokenSource(middleware.TokenConfig{Fetch: counter.fetch})(server)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				code, body, err := roundTrip(t, rt, newRequest(t, "PUT", "http://h/", strings.NewReader("payload")))
				if code != 200 || body != "Bearer t2" || err != nil {
					t.Errorf("got %d %q %v", code, body, err)
				}
			})
		}
		wg.Wait()
		if counter.made.Load() != 2 || server.calls() != 100 || server.open() != 0 {
			t.Errorf("made %d tokens, %d requests, %d open", counter.made.Load(), server.calls(), server.open())
		}
		if got := strings.Count(strings.Join(server.bodies, ""), "payload"); got != 100 {
			t.Errorf("got %d whole bodies", got)
		}
	})
}

func TestTokenSourceGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		counter := &tokenCounter{}
		server := tokenServer()
		rt := middleware.TokenSource(middleware.TokenConfig{Fetch: counter.fetch})(server)
		code, body, err := roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil))
		if code != 401 || body != "Bearer t2" || err != nil || server.calls() != 2 {
			t.Errorf("got %d %q %v after %d requests", code, body, err, server.calls())
		}
		code, _, _ = roundTrip(t, rt, newRequest(t, "POST", "http://h/", onceBody("x")))
		if code != 401 || server.calls() != 3 {
			t.Errorf("a body that is gone: got %d after %d requests", code, server.calls()-2)
		}
	})
}

func TestTokenSourceExpiry(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		early time.Duration
		wait  time.Duration
		want  int32
	}{
		{0, 49 * time.Second, 1},
		{0, 50 * time.Second, 2},
		{-1, 59 * time.Second, 1},
		{-1, time.Minute, 2},
		{30 * time.Second, 29 * time.Second, 1},
		{30 * time.Second, 31 * time.Second, 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			counter := &tokenCounter{expiry: time.Minute}
			rt := middleware.TokenSource(middleware.TokenConfig{Fetch: counter.fetch, Early: tt.early})(tokenServer("t1", "t2"))
			roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil))
			time.Sleep(tt.wait)
			roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil))
			if got := counter.made.Load(); got != tt.want {
				t.Errorf("early %v, after %v: made %d tokens, want %d", tt.early, tt.wait, got, tt.want)
			}
		})
	}
}

func TestTokenSourceFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		token middleware.Token
		err   error
		want  error
	}{
		"fetch":       {err: errStub, want: errStub},
		"empty token": {want: errors.ErrInvalidRequest},
		"bad token":   {token: middleware.Token{Value: "canary\n"}, want: errors.ErrInvalidRequest},
		"bad type":    {token: middleware.Token{Value: "canary", Type: "A B"}, want: errors.ErrInvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := tokenServer("t1")
			rt := middleware.TokenSource(middleware.TokenConfig{Fetch: func(context.Context) (middleware.Token, error) { return tt.token, tt.err }})(server)
			_, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil))
			_, ok := stderrors.AsType[*middleware.TokenError](err)
			if !ok || !stderrors.Is(err, tt.want) || !stderrors.Is(err, errors.ErrClient) || server.calls() != 0 {
				t.Errorf("got %v, %d requests", err, server.calls())
			}
			if !strings.HasPrefix(err.Error(), "token: ") || strings.Contains(err.Error(), "canary") {
				t.Errorf("got %q", err)
			}
		})
	}
}

// TestTokenSourceFailsLater: a 401 and no new token.
func TestTokenSourceFailsLater(t *testing.T) {
	t.Parallel()
	n := 0
	server := tokenServer()
	rt := middleware.TokenSource(middleware.TokenConfig{Fetch: func(context.Context) (middleware.Token, error) {
		if n++; n > 1 {
			return middleware.Token{}, errStub
		}
		return middleware.Token{Value: "t"}, nil
	}})(server)
	if _, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil)); !stderrors.Is(err, errStub) || server.open() != 0 {
		t.Errorf("got %v, %d open", err, server.open())
	}
}

// TestTokenSourceCancel: who leaves does not take the fetch from the others; the
// last one ends it.
func TestTokenSourceCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		counter := &tokenCounter{}
		rt := middleware.TokenSource(middleware.TokenConfig{Fetch: counter.fetch})(tokenServer("t1"))
		var wg sync.WaitGroup
		impatient := func(d time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			start := time.Now()
			_, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil).WithContext(ctx))
			if !stderrors.Is(err, context.DeadlineExceeded) || time.Since(start) != d {
				t.Errorf("got %v after %v", err, time.Since(start))
			}
		}
		impatient(time.Millisecond)
		if synctest.Wait(); counter.made.Load() != 0 {
			t.Error("the fetch went on")
		}
		wg.Go(func() { impatient(time.Millisecond) })
		wg.Go(func() {
			if code, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil)); code != 200 {
				t.Errorf("got %d %v", code, err)
			}
		})
		wg.Wait()
		if counter.made.Load() != 1 {
			t.Errorf("made %d tokens", counter.made.Load())
		}
	})
}

// TestTokenSourceOwnRequests: a fetch may use the client that it is for.
func TestTokenSourceOwnRequests(t *testing.T) {
	t.Parallel()
	server := &stub{steps: []stubStep{stubStatus(200, "from-server")}}
	var rt http.RoundTripper
	mw := middleware.TokenSource(middleware.TokenConfig{Fetch: func(ctx context.Context) (middleware.Token, error) {
		_, body, err := roundTrip(t, rt, newRequest(t, "POST", "http://h/token", nil).WithContext(ctx))
		return middleware.Token{Value: body, Type: "DPoP"}, err
	}})
	rt = mw(server)
	if code, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil)); code != 200 {
		t.Fatalf("got %d %v", code, err)
	}
	if a, b := server.request(0).Header.Get("Authorization"), server.request(1).Header.Get("Authorization"); a != "" || b != "DPoP from-server" {
		t.Errorf("got %q, %q", a, b)
	}
}

func TestTokenHidesItself(t *testing.T) {
	t.Parallel()
	token := middleware.Token{Value: "canary"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, token); strings.Contains(got, "canary") {
			t.Errorf("%s: got %q", verb, got)
		}
	}
}
