package middleware_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
)

// Requests of two users are two, although they are on their way together.
func TestDedupeNamesHaveNoCase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		origin := &mwtest.EchoServer{Name: "authorization"}
		rt := middleware.Dedupe(middleware.DedupeConfig{})(middleware.Func(func(req *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return origin.RoundTrip(req)
		}))
		for _, user := range []string{"alice", "bob"} {
			go func() {
				if got := mwtest.Send(t, rt, "GET", "http://h/", "authorization", user); got != user {
					t.Errorf("%s got the response of %q", user, got)
				}
			}()
		}
		time.Sleep(2 * time.Second)
		origin.Asked.Store(0)
		for range 2 { // those that change the connection are never shared
			go mwtest.Send(t, rt, "GET", "http://h/", "upgrade", "x")
		}
		time.Sleep(2 * time.Second)
		if got := origin.Asked.Load(); got != 2 {
			t.Errorf("upgrade: the server was asked %d times, want 2", got)
		}
	})
}

// The caller's own credentials stay, and stay alone, in whatever case.
func TestCredentialsInAnyCase(t *testing.T) {
	t.Parallel()
	token := middleware.TokenConfig{Fetch: func(context.Context) (middleware.Token, error) { return middleware.Token{Value: "t"}, nil }}
	for name, wrap := range map[string]middleware.Middleware{
		"basic":  middleware.BasicAuth("login", "pw"),
		"bearer": middleware.Bearer("t"),
		"token":  middleware.TokenSource(token),
		"digest": middleware.Digest(middleware.DigestConfig{Login: "l", Password: "p"}),
	} {
		origin := &mwtest.EchoServer{}
		mwtest.Send(t, wrap(origin), "GET", "http://h/", "authorization", "own")
		if fmt.Sprint(origin.Header) != "map[authorization:[own]]" {
			t.Errorf("%s: sent %v, want the caller's own header", name, origin.Header)
		}
	}
}

// A header without a value is no credential, and does not stand beside one.
func TestCredentialsReplaceEmpty(t *testing.T) {
	t.Parallel()
	origin := &mwtest.EchoServer{}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://h/", nil)
	req.Header["authorization"] = nil
	if _, err := middleware.BasicAuth("login", "pw")(origin).RoundTrip(req); err != nil {
		t.Fatal(err)
	}
	if len(origin.Header) != 1 || origin.Header.Get("Authorization") == "" {
		t.Errorf("sent %v", origin.Header)
	}
}

// A WebSocket has the origin of its handshake (RFC 6455 3), and a host may be
// written in two ways.
func TestCredentialsForOrigins(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		origin, url string
		want        bool
	}{
		{"wss://h", "https://h:443/", true},
		{"http://bücher.example", "http://xn--bcher-kva.example:80/", true},
		{"http://h:080", "http://h/", true},
		{"http://h", "https://h/", false},
		{"http://h.", "http://h/", false},
	} {
		origin := &mwtest.EchoServer{}
		mwtest.Send(t, middleware.BasicAuth("login", "pw", tt.origin)(origin), "GET", tt.url, "", "")
		if got := origin.Header.Get("Authorization") != ""; got != tt.want {
			t.Errorf("%+v: got %v", tt, got)
		}
	}
}

// A POST that the caller vouches for is sent again.
func TestIdempotencyKeyInAnyCase(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"idempotency-key", "x-idempotency-key", "IDEMPOTENCY-KEY"} {
		origin := &mwtest.EchoServer{}
		rt := middleware.Retry(middleware.RetryPolicy{Attempts: 3, MinWait: -1})(
			middleware.Func(func(req *http.Request) (*http.Response, error) {
				if origin.Asked.Load() == 0 {
					origin.Asked.Add(1)
					return nil, io.ErrUnexpectedEOF
				}
				return origin.RoundTrip(req)
			}))
		mwtest.Send(t, rt, "POST", "http://h/", name, "1")
	}
	synctest.Test(t, func(t *testing.T) {
		origin := &mwtest.EchoServer{}
		rt := middleware.Hedge(middleware.HedgePolicy{Delay: time.Second})(middleware.Func(func(req *http.Request) (*http.Response, error) {
			if origin.Asked.Load() == 0 {
				origin.Asked.Add(1)
				<-req.Context().Done()
				return nil, req.Context().Err()
			}
			return origin.RoundTrip(req)
		}))
		mwtest.Send(t, rt, "POST", "http://h/", "idempotency-key", "1")
		if got := origin.Asked.Load(); got != 2 {
			t.Errorf("hedge: sent %d times, want 2", got)
		}
		time.Sleep(time.Minute) // what was left behind ends
	})
}

func TestHedgeLeavesUpgradesAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		origin := &mwtest.EchoServer{}
		rt := middleware.Hedge(middleware.HedgePolicy{Delay: time.Second})(middleware.Func(func(req *http.Request) (*http.Response, error) {
			resp, err := origin.RoundTrip(req)
			time.Sleep(5 * time.Second)
			return resp, err
		}))
		mwtest.Send(t, rt, "GET", "http://h/", "upgrade", "x")
		if got := origin.Asked.Load(); got != 1 {
			t.Errorf("sent %d times, want once", got)
		}
	})
}

// What a middleware waits for ends with the context, whose error and cause are both
// told, also if the cause wraps the error.
func TestContextCauses(t *testing.T) {
	t.Parallel()
	errShutdown := stderrors.New("shutting down")
	for _, cause := range []error{errShutdown, fmt.Errorf("%w: %w", errShutdown, context.Canceled)} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		c := cache.New(cache.Config{})
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://h/", nil)
		_, err := c.Wrap(&mwtest.EchoServer{}).RoundTrip(req)
		if !stderrors.Is(err, errShutdown) || !stderrors.Is(err, context.Canceled) {
			t.Errorf("cache: got %v, want the cause and context.Canceled", err)
		}
		_, err = middleware.Fault(middleware.FaultRule{Delay: time.Hour})(&mwtest.EchoServer{}).RoundTrip(req)
		if !stderrors.Is(err, errShutdown) || !stderrors.Is(err, context.Canceled) {
			t.Errorf("fault: got %v, want the cause and context.Canceled", err)
		}
		c.Close()
	}
}

// A new body takes the old one's framing away, in whatever case it is written.
func TestSetBodyInAnyCase(t *testing.T) {
	t.Parallel()
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://h/", strings.NewReader("old"))
	req.Header["content-encoding"], req.Header["content-length"] = []string{"gzip"}, []string{"3"}
	middleware.SetBody(req, []byte("new body"))
	if len(req.Header) != 0 {
		t.Errorf("got %v, want none of them", req.Header)
	}
}
