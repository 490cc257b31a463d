package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
)

// namesOrigin answers with what the header called name says, however it is written,
// and counts. Its responses may be kept.
type namesOrigin struct {
	name   string
	vary   string
	asked  atomic.Int32
	mu     sync.Mutex
	header http.Header // of the last request
}

func (o *namesOrigin) RoundTrip(req *http.Request) (*http.Response, error) {
	o.asked.Add(1)
	o.mu.Lock()
	o.header = req.Header
	o.mu.Unlock()
	text := ""
	for name, values := range req.Header {
		if strings.EqualFold(name, o.name) {
			text += strings.Join(values, ",")
		}
	}
	h := http.Header{"Cache-Control": {"max-age=1000"}, "Content-Length": {fmt.Sprint(len(text))}}
	if o.vary != "" {
		h["Vary"] = []string{o.vary}
	}
	return &http.Response{
		StatusCode: 200, Proto: "HTTP/1.1", Header: h, Request: req,
		ContentLength: int64(len(text)), Body: io.NopCloser(strings.NewReader(text)),
	}, nil
}

// Names have no case (RFC 9110 5.1): what tells users apart does so in whatever
// spelling.
func TestCacheNamesHaveNoCase(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, vary string }{
		{"authorization", ""}, {"AUTHORIZATION", ""}, {"cookie", "Cookie"}, {"COOKIE", "cookie"}, {"accept-language", "Accept-Language"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			origin := &namesOrigin{name: tt.name, vary: tt.vary}
			c := middleware.NewCache(middleware.CacheConfig{})
			defer c.Close()
			rt := c.Wrap(origin)
			for _, user := range []string{"alice", "bob", "alice"} {
				if got := mwtest.Send(t, rt, "GET", "http://h/", tt.name, user); got != user {
					t.Errorf("%s got the response of %q", user, got)
				}
			}
			if got := mwtest.Send(t, rt, "GET", "http://h/", http.CanonicalHeaderKey(tt.name), "bob"); got != "bob" {
				t.Errorf("in canonical form: got %q, want bob", got)
			}
			if got := origin.asked.Load(); got != 2 {
				t.Errorf("the server was asked %d times, want 2", got)
			}
			if origin.header[tt.name] == nil {
				t.Errorf("sent %v, want %s as it was written", origin.header, tt.name)
			}
		})
	}
}

func TestCachePassesRequestsInAnyCase(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"range": "bytes=0-1", "upgrade": "x", "if-none-match": `"a"`, "cache-control": "no-store", "pragma": "no-cache",
	} {
		origin := &namesOrigin{}
		c := middleware.NewCache(middleware.CacheConfig{})
		rt := c.Wrap(origin)
		mwtest.Send(t, rt, "GET", "http://h/", "", "")
		mwtest.Send(t, rt, "GET", "http://h/", name, value)
		if got := origin.asked.Load(); got != 2 {
			t.Errorf("%s: the server was asked %d times, want 2", name, got)
		}
		c.Close()
	}
}

// A RoundTripper that fills responses in without Set is understood.
func TestCacheResponsesInAnyCase(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"cache-control": "no-store", "vary": "*", "content-range": "bytes 0-1/2"} {
		asked := 0
		c := middleware.NewCache(middleware.CacheConfig{})
		rt := c.Wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
			asked++
			h := http.Header{"Expires": {"Fri, 31 Dec 2100 00:00:00 GMT"}, name: {value}}
			return &http.Response{StatusCode: 200, Proto: "HTTP/1.1", Header: h, Request: req, Body: http.NoBody}, nil
		}))
		mwtest.Send(t, rt, "GET", "http://h/", "", "")
		mwtest.Send(t, rt, "GET", "http://h/", "", "")
		if asked != 2 {
			t.Errorf("%s: %s: asked %d times, want 2", name, value, asked)
		}
		c.Close()
	}
}

// http://h and http://h:80 are one origin (RFC 9110 4.3), and what changes the one
// changes the other (RFC 9111 4.4).
func TestCacheOriginsWithPorts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ kept, changed, location string }{
		{"http://h/x", "http://h:80/x", ""},
		{"http://h:80/x", "http://H/x", ""},
		{"https://h/x", "https://h:443/x", ""},
		{"http://bücher.example/x", "http://xn--bcher-kva.example:80/x", ""},
		{"http://h/x", "http://h/y", "http://h:80/x"},
		{"http://h:80/x", "http://h:80/y", "http://H/x"},
	} {
		origin := &namesOrigin{}
		c := middleware.NewCache(middleware.CacheConfig{})
		rt := c.Wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
			resp, err := origin.RoundTrip(req)
			if tt.location != "" {
				resp.Header["Location"] = []string{tt.location}
			}
			return resp, err
		}))
		mwtest.Send(t, rt, "GET", tt.kept, "", "")
		mwtest.Send(t, rt, "POST", tt.changed, "", "")
		mwtest.Send(t, rt, "GET", tt.kept, "", "")
		if got := origin.asked.Load(); got != 3 {
			t.Errorf("%+v: the server was asked %d times, want 3", tt, got)
		}
		c.Close()
	}
}

// A request that names its URL's host with or without the port is the same.
func TestCacheHostWithPort(t *testing.T) {
	t.Parallel()
	origin := &namesOrigin{}
	c := middleware.NewCache(middleware.CacheConfig{})
	defer c.Close()
	rt := c.Wrap(origin)
	for _, host := range []string{"h", "h:80", "", "other"} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://h:80/", nil)
		req.Host = host
		resp, err := rt.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if got := origin.asked.Load(); got != 2 {
		t.Errorf("the server was asked %d times, want once for h and once for the other", got)
	}
}

// Requests of two users are two, although they are on their way together.
func TestDedupeNamesHaveNoCase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		origin := &namesOrigin{name: "authorization"}
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
		origin.asked.Store(0)
		for range 2 { // those that change the connection are never shared
			go mwtest.Send(t, rt, "GET", "http://h/", "upgrade", "x")
		}
		time.Sleep(2 * time.Second)
		if got := origin.asked.Load(); got != 2 {
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
		origin := &namesOrigin{}
		mwtest.Send(t, wrap(origin), "GET", "http://h/", "authorization", "own")
		if fmt.Sprint(origin.header) != "map[authorization:[own]]" {
			t.Errorf("%s: sent %v, want the caller's own header", name, origin.header)
		}
	}
}

// A header without a value is no credential, and does not stand beside one.
func TestCredentialsReplaceEmpty(t *testing.T) {
	t.Parallel()
	origin := &namesOrigin{}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://h/", nil)
	req.Header["authorization"] = nil
	if _, err := middleware.BasicAuth("login", "pw")(origin).RoundTrip(req); err != nil {
		t.Fatal(err)
	}
	if len(origin.header) != 1 || origin.header.Get("Authorization") == "" {
		t.Errorf("sent %v", origin.header)
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
		origin := &namesOrigin{}
		mwtest.Send(t, middleware.BasicAuth("login", "pw", tt.origin)(origin), "GET", tt.url, "", "")
		if got := origin.header.Get("Authorization") != ""; got != tt.want {
			t.Errorf("%+v: got %v", tt, got)
		}
	}
}

// A POST that the caller vouches for is sent again.
func TestIdempotencyKeyInAnyCase(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"idempotency-key", "x-idempotency-key", "IDEMPOTENCY-KEY"} {
		origin := &namesOrigin{}
		rt := middleware.Retry(middleware.RetryPolicy{Attempts: 3, MinWait: -1})(
			middleware.Func(func(req *http.Request) (*http.Response, error) {
				if origin.asked.Load() == 0 {
					origin.asked.Add(1)
					return nil, io.ErrUnexpectedEOF
				}
				return origin.RoundTrip(req)
			}))
		mwtest.Send(t, rt, "POST", "http://h/", name, "1")
	}
	synctest.Test(t, func(t *testing.T) {
		origin := &namesOrigin{}
		rt := middleware.Hedge(middleware.HedgePolicy{Delay: time.Second})(middleware.Func(func(req *http.Request) (*http.Response, error) {
			if origin.asked.Load() == 0 {
				origin.asked.Add(1)
				<-req.Context().Done()
				return nil, req.Context().Err()
			}
			return origin.RoundTrip(req)
		}))
		mwtest.Send(t, rt, "POST", "http://h/", "idempotency-key", "1")
		if got := origin.asked.Load(); got != 2 {
			t.Errorf("hedge: sent %d times, want 2", got)
		}
		time.Sleep(time.Minute) // what was left behind ends
	})
}

func TestHedgeLeavesUpgradesAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		origin := &namesOrigin{}
		rt := middleware.Hedge(middleware.HedgePolicy{Delay: time.Second})(middleware.Func(func(req *http.Request) (*http.Response, error) {
			resp, err := origin.RoundTrip(req)
			time.Sleep(5 * time.Second)
			return resp, err
		}))
		mwtest.Send(t, rt, "GET", "http://h/", "upgrade", "x")
		if got := origin.asked.Load(); got != 1 {
			t.Errorf("sent %d times, want once", got)
		}
	})
}

// What a middleware waits for ends with the context, whose error and cause are both
// told, also if the cause wraps the error.
func TestContextCauses(t *testing.T) {
	t.Parallel()
	errShutdown := errors.New("shutting down")
	for _, cause := range []error{errShutdown, fmt.Errorf("%w: %w", errShutdown, context.Canceled)} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		c := middleware.NewCache(middleware.CacheConfig{})
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://h/", nil)
		_, err := c.Wrap(&namesOrigin{}).RoundTrip(req)
		if !errors.Is(err, errShutdown) || !errors.Is(err, context.Canceled) {
			t.Errorf("cache: got %v, want the cause and context.Canceled", err)
		}
		_, err = middleware.Fault(middleware.FaultRule{Delay: time.Hour})(&namesOrigin{}).RoundTrip(req)
		if !errors.Is(err, errShutdown) || !errors.Is(err, context.Canceled) {
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
