package cache_test

import (
	"net/http"
	"testing"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
)

// Names have no case (RFC 9110 5.1): what tells users apart does so in whatever
// spelling.
func TestNamesHaveNoCase(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, vary string }{
		{"authorization", ""}, {"AUTHORIZATION", ""}, {"cookie", "Cookie"}, {"COOKIE", "cookie"}, {"accept-language", "Accept-Language"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			origin := &mwtest.EchoServer{Name: tt.name, Vary: tt.vary}
			c := cache.New(cache.Config{})
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
			if got := origin.Asked.Load(); got != 2 {
				t.Errorf("the server was asked %d times, want 2", got)
			}
			if origin.Header[tt.name] == nil {
				t.Errorf("sent %v, want %s as it was written", origin.Header, tt.name)
			}
		})
	}
}

func TestPassesRequestsInAnyCase(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"range": "bytes=0-1", "upgrade": "x", "if-none-match": `"a"`, "cache-control": "no-store", "pragma": "no-cache",
	} {
		origin := &mwtest.EchoServer{}
		c := cache.New(cache.Config{})
		rt := c.Wrap(origin)
		mwtest.Send(t, rt, "GET", "http://h/", "", "")
		mwtest.Send(t, rt, "GET", "http://h/", name, value)
		if got := origin.Asked.Load(); got != 2 {
			t.Errorf("%s: the server was asked %d times, want 2", name, got)
		}
		c.Close()
	}
}

// A RoundTripper that fills responses in without Set is understood.
func TestResponsesInAnyCase(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"cache-control": "no-store", "vary": "*", "content-range": "bytes 0-1/2"} {
		asked := 0
		c := cache.New(cache.Config{})
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
func TestOriginsWithPorts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ kept, changed, location string }{
		{"http://h/x", "http://h:80/x", ""},
		{"http://h:80/x", "http://H/x", ""},
		{"https://h/x", "https://h:443/x", ""},
		{"http://bücher.example/x", "http://xn--bcher-kva.example:80/x", ""},
		{"http://h/x", "http://h/y", "http://h:80/x"},
		{"http://h:80/x", "http://h:80/y", "http://H/x"},
		{"http://h/x", "http://h/y", " /x\t"},
	} {
		origin := &mwtest.EchoServer{}
		c := cache.New(cache.Config{})
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
		if got := origin.Asked.Load(); got != 3 {
			t.Errorf("%+v: the server was asked %d times, want 3", tt, got)
		}
		c.Close()
	}
}

// A request that names its URL's host with or without the port is the same.
func TestHostWithPort(t *testing.T) {
	t.Parallel()
	origin := &mwtest.EchoServer{}
	c := cache.New(cache.Config{})
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
	if got := origin.Asked.Load(); got != 2 {
		t.Errorf("the server was asked %d times, want once for h and once for the other", got)
	}
}
