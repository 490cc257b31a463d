package middleware_test

import (
	stderrors "errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

func TestAuthFixed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		mw   middleware.Middleware
		want string
	}{
		// RFC 7617 2, and 2.1 for UTF-8.
		{"basic", middleware.BasicAuth("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
		{"basic, UTF-8", middleware.BasicAuth("test", "123£"), "Basic dGVzdDoxMjPCow=="},
		{"basic, empty", middleware.BasicAuth("", ""), "Basic Og=="},
		{"basic, colon in the password", middleware.BasicAuth("a", "b:c"), "Basic YTpiOmM="},
		{"bearer", middleware.Bearer("mF_9.B5f-4.1JqM"), "Bearer mF_9.B5f-4.1JqM"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rt := &stub{steps: []stubStep{stubStatus(200, "")}}
			chain := tt.mw(rt)
			for _, url := range []string{"http://h/a", "http://h:80/b", "http://other/", "https://h/", "http://h:81/"} {
				roundTrip(t, chain, newRequest(t, "GET", url, nil))
			}
			for i, want := range []string{tt.want, tt.want, "", "", ""} {
				if got := rt.request(i).Header.Get("Authorization"); got != want {
					t.Errorf("%s: got %q, want %q", rt.request(i).URL, got, want)
				}
			}
			own := newRequest(t, "GET", "http://h/", nil)
			own.Header.Set("Authorization", "own")
			if roundTrip(t, chain, own); rt.request(5).Header.Get("Authorization") != "own" {
				t.Error("the caller's own was replaced")
			}
		})
	}
}

func TestAuthOrigins(t *testing.T) {
	t.Parallel()
	for name, mw := range map[string]middleware.Middleware{
		"basic":  middleware.BasicAuth("a", "b", "https://one", "http://two:8080"),
		"bearer": middleware.Bearer("t", "https://one", "http://two:8080"),
	} {
		rt := &stub{steps: []stubStep{stubStatus(200, "")}}
		chain := mw(rt)
		urls := []string{"http://one/", "https://one/", "https://ONE:443/", "http://two/", "http://two:8080/x"}
		for i, want := range []bool{false, true, true, false, true} {
			roundTrip(t, chain, newRequest(t, "GET", urls[i], nil))
			if got := rt.request(i).Header.Get("Authorization") != ""; got != want {
				t.Errorf("%s: %s: got %v", name, urls[i], got)
			}
		}
	}
}

func TestAuthInvalid(t *testing.T) {
	t.Parallel()
	for name, mw := range map[string]middleware.Middleware{
		"colon":            middleware.BasicAuth("canary:x", "p"),
		"control":          middleware.BasicAuth("canary\n", "p"),
		"control, secret":  middleware.BasicAuth("u", "canary\x00"),
		"origin":           middleware.BasicAuth("u", "canary", "nowhere"),
		"empty token":      middleware.Bearer(""),
		"token with space": middleware.Bearer("canary x"),
		"token with line":  middleware.Bearer("canary\r\nX: y"),
		"token not ASCII":  middleware.Bearer("canaryé"),
		"token's origin":   middleware.Bearer("canary", "http://"),
		"no Fetch":         middleware.TokenSource(middleware.TokenConfig{}),
	} {
		body := newStubBody("x")
		req := newRequest(t, "POST", "http://h/", body)
		req.Body = body
		rt := &stub{steps: []stubStep{stubStatus(200, "")}}
		_, _, err := roundTrip(t, mw(rt), req)
		if !stderrors.Is(err, errors.ErrInvalidRequest) || rt.calls() != 0 || body.closed.Load() != 1 {
			t.Errorf("%s: got %v, %d requests", name, err, rt.calls())
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: the error tells: %v", name, err)
		}
	}
}

// TestAuthRedirect: a client of net/http that is sent elsewhere.
func TestAuthRedirect(t *testing.T) {
	t.Parallel()
	rt := &stub{steps: []stubStep{stubStatus(302, "", "Location", "http://evil/"), stubStatus(200, "")}}
	client := &http.Client{Transport: middleware.Bearer("canary")(rt)}
	resp, err := client.Do(newRequest(t, "GET", "http://h/", nil))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if rt.request(0).Header.Get("Authorization") == "" || rt.request(1).Header.Get("Authorization") != "" {
		t.Errorf("got %v, %v", rt.request(0).Header, rt.request(1).Header)
	}
}
