package middleware_test

import (
	stderrors "errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// TestDigestOrigins: which URLs get credentials, after a first request to the
// first of them that was answered.
func TestDigestOrigins(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		origins []string
		domain  string
		urls    []string
		want    []string
	}{
		{"first origin", nil, "", []string{"http://a/x", "http://a:80/y", "http://A/z", "http://b/", "https://a/", "http://a:81/"}, []string{"http://a/x", "http://a:80/y", "http://A/z"}},
		{"given origins", []string{"http://b", "https://a:443"}, "", []string{"http://a/", "http://b/", "http://b:80/1", "https://a/2"}, []string{"http://b/", "http://b:80/1", "https://a/2"}},
		{"domain of another", nil, "http://b/in http://c", []string{"http://a/", "http://b/in", "http://b/in/x", "http://b/inner", "http://b/in/../out", "http://c/", "http://d/"}, []string{"http://a/", "http://b/in", "http://b/in/x", "http://c/"}},
		{"domain of http from https", nil, "/ http://b/ https://c/", []string{"https://a/", "http://b/", "https://c/"}, []string{"https://a/", "https://c/"}},
		{"domain is odd", nil, ":// mailto:x //d/ ftp://e/", []string{"http://a/", "http://d/", "http://e/"}, []string{"http://a/", "http://d/"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := &digestServer{}
			if tt.domain != "" {
				server.extra = `, domain="` + tt.domain + `"`
			}
			rt := digestWith(middleware.DigestConfig{Origins: tt.origins}, server)
			for _, url := range tt.urls {
				code, _, err := roundTrip(t, rt, newRequest(t, "GET", url, nil))
				if want := map[bool]int{true: 200, false: 401}[slices.Contains(tt.want, url)]; code != want || err != nil {
					t.Errorf("%s: got %d %v, want %d", url, code, err, want)
				}
			}
			if !slices.Equal(server.leaks, tt.want) {
				t.Errorf("got credentials at %q, want %q", server.leaks, tt.want)
			}
		})
	}
}

// TestDigestSpace: outside the domain, on the same origin, the server is asked
// again before it gets anything.
func TestDigestSpace(t *testing.T) {
	t.Parallel()
	server := &digestServer{extra: `, domain="/in /also/"`}
	rt := digestWith(middleware.DigestConfig{}, server)
	for _, tt := range []struct {
		url      string
		requests int
	}{
		{"http://a/in", 2},
		{"http://a/in/x?q", 1},
		{"http://a/also", 2}, // it does not begin with /also/
		{"http://a/also/x", 1},
		{"http://a/other", 2},
		{"http://a/inner", 2},
		{"http://a/", 2},
	} {
		before := server.requests
		if code, _, err := roundTrip(t, rt, newRequest(t, "GET", tt.url, nil)); code != 200 {
			t.Fatalf("%s: got %d %v", tt.url, code, err)
		}
		if got := server.requests - before; got != tt.requests {
			t.Errorf("%s: got %d requests, want %d", tt.url, got, tt.requests)
		}
	}
}

// TestDigestGuest: an origin that was let in by the domain of another does not
// let others in.
func TestDigestGuest(t *testing.T) {
	t.Parallel()
	server := &digestServer{extra: `, domain="/ http://b/"`, each: 1}
	rt := digestWith(middleware.DigestConfig{}, server)
	roundTrip(t, rt, newRequest(t, "GET", "http://a/", nil))
	server.extra = `, domain="http://evil/"`
	if code, _, _ := roundTrip(t, rt, newRequest(t, "GET", "http://b/", nil)); code != 200 {
		t.Errorf("the guest: got %d", code)
	}
	if code, _, _ := roundTrip(t, rt, newRequest(t, "GET", "http://evil/", nil)); code != 401 || slices.Contains(server.leaks, "http://evil/") {
		t.Errorf("the guest's guest: got %d, credentials at %q", code, server.leaks)
	}
}

func TestDigestOriginInvalid(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"", "h", "//h", "http://", "://x", "http://u:secret@\x7f"} {
		rt := &stub{steps: []stubStep{stubStatus(200, "")}}
		_, _, err := roundTrip(t, digestWith(middleware.DigestConfig{Origins: []string{origin}}, rt), newRequest(t, "GET", "http://h/", nil))
		if !stderrors.Is(err, errors.ErrInvalidRequest) || rt.calls() != 0 {
			t.Errorf("%q: got %v", origin, err)
		}
	}
}

// TestDigestLeavesAlone: the caller's own credentials.
func TestDigestLeavesAlone(t *testing.T) {
	t.Parallel()
	server := &digestServer{}
	req := newRequest(t, "GET", "http://h/", nil)
	req.Header.Set("Authorization", "Bearer x")
	if code, _, _ := roundTrip(t, digestWith(middleware.DigestConfig{}, server), req); code != 401 || server.requests != 1 {
		t.Errorf("got %d after %d requests", code, server.requests)
	}
}

func TestDigestProxy(t *testing.T) {
	t.Parallel()
	challenge := stubStatus(407, "", "Proxy-Authenticate", `Digest realm="p", nonce="n", qop=auth`, "Www-Authenticate", `Digest realm="s", nonce="x"`)
	rt := &stub{steps: []stubStep{challenge, stubStatus(200, ""), stubStatus(200, ""), challenge, stubStatus(401, "", "Www-Authenticate", `Digest realm="s", nonce="x"`)}}
	digest := digestWith(middleware.DigestConfig{Proxy: true}, rt)
	for i, tt := range []struct {
		url  string
		want int
	}{{"http://a/", 200}, {"http://b/", 200}, {"https://c/", 407}, {"http://d/", 401}} {
		if code, _, err := roundTrip(t, digest, newRequest(t, "GET", tt.url, nil)); code != tt.want || err != nil {
			t.Errorf("%d: got %d %v, want %d", i, code, err, tt.want)
		}
	}
	for i, want := range []bool{false, true, true, false, true} {
		h := rt.request(i).Header
		if got := h.Get("Proxy-Authorization") != ""; got != want || h.Get("Authorization") != "" {
			t.Errorf("request %d: got %v", i, h)
		}
	}
	if rt.calls() != 5 {
		t.Errorf("got %d requests, want 5", rt.calls())
	}
}

// TestDigestShares: what one wrapping learns the other knows; several realms and
// origins do not disturb each other, and do not pile up.
func TestDigestShares(t *testing.T) {
	t.Parallel()
	server := &digestServer{}
	mw := middleware.Digest(middleware.DigestConfig{Login: "u", Password: "pw"})
	roundTrip(t, mw(server), newRequest(t, "GET", "http://h/", nil))
	if roundTrip(t, mw(server), newRequest(t, "GET", "http://h/", nil)); server.requests != 3 {
		t.Errorf("got %d requests, want 3", server.requests)
	}
	origins := []string{"http://h0"}
	for i := range 40 {
		origins = append(origins, fmt.Sprintf("http://h%d", i))
	}
	asks := 0
	rt := digestWith(middleware.DigestConfig{Origins: origins}, middleware.Func(func(req *http.Request) (*http.Response, error) {
		if req.Header.Get("Authorization") != "" {
			return stubStatus(200, "")(req)
		}
		asks++
		return stubStatus(401, "", "Www-Authenticate", `Digest realm="r", nonce="`+req.URL.Host+`"`)(req)
	}))
	for range 2 {
		for i := range 10 {
			roundTrip(t, rt, newRequest(t, "GET", fmt.Sprintf("http://h%d/", i), nil))
		}
	}
	if asks != 10 {
		t.Errorf("asked %d times, want once for each of 10 origins", asks)
	}
	for i := range 40 {
		roundTrip(t, rt, newRequest(t, "GET", fmt.Sprintf("http://h%d/", i), nil))
	}
	if roundTrip(t, rt, newRequest(t, "GET", "http://h0/", nil)); asks != 10+30+1 {
		t.Errorf("asked %d times, want 41: the oldest is forgotten", asks)
	}
}

// TestDigestSpaceEdges: which requests have credentials ahead, after one at /admin/x was
// answered. A URI is for what begins with it (RFC 7616 3.3), up to whole segments.
func TestDigestSpaceEdges(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		domain, url string
		ahead       bool
	}{
		{"/admin/", "http://a/admin/x", true},
		{"/admin/", "http://a/admin/", true},
		{"/admin/", "http://a/admin", false},
		{"/admin/", "http://a/administrator", false},
		{"/admin/", "http://a/admin/../x", false},
		{"/admin/", "http://a/admin%2Fx", false},
		{"/admin", "http://a/admin", true},
		{"/admin", "http://a/admin/", true},
		{"/admin", "http://a/admin?x", true},
		{"/admin", "http://a/administrator", false},
		{"/", "http://a", true},
		{"/", "http://a/x", true},
		{"http://a", "http://a", true},
		{"http://a", "http://a/x", true},
		{"/admin/x?a=1", "http://a/admin/x?a=1", true},
		{"/admin/x?a=1", "http://a/admin/x?a=2", false},
		{"/admin/x?a=1", "http://a/admin/x", false},
		{"http://[bad", "http://a/x", true}, // nothing of it can be read: as if it were not there
		{"http://[bad /admin", "http://a/x", false},
	} {
		server := &digestServer{extra: `, domain="` + tt.domain + `"`}
		rt := digestWith(middleware.DigestConfig{}, server)
		roundTrip(t, rt, newRequest(t, "GET", "http://a/admin/x", nil))
		before := server.requests
		if code, _, err := roundTrip(t, rt, newRequest(t, "GET", tt.url, nil)); code != 200 {
			t.Errorf("%s, %s: got %d %v", tt.domain, tt.url, code, err)
		}
		if got := server.requests-before == 1; got != tt.ahead {
			t.Errorf("%s, %s: ahead: got %v, want %v", tt.domain, tt.url, got, tt.ahead)
		}
	}
}

// TestDigestCnonce: each challenge has a nonce of the client's from the configuration,
// or one at random.
func TestDigestCnonce(t *testing.T) {
	t.Parallel()
	challenge := stubStatus(401, "", "WWW-Authenticate", `Digest realm="r", nonce="n", qop="auth"`)
	cnonces := func(cfg middleware.DigestConfig) (got []string) {
		cfg.Login, cfg.Password = "user", "pw"
		for range 2 {
			rt := &stub{steps: []stubStep{challenge, stubStatus(200, "")}}
			roundTrip(t, middleware.Digest(cfg)(rt), newRequest(t, "GET", "http://a/", nil))
			_, after, _ := strings.Cut(rt.request(1).Header.Get("Authorization"), `cnonce="`)
			value, _, _ := strings.Cut(after, `"`)
			got = append(got, value)
		}
		return got
	}
	n := 0
	got := cnonces(middleware.DigestConfig{Cnonce: func() string { n++; return fmt.Sprint("known-", n) }})
	if !slices.Equal(got, []string{"known-1", "known-2"}) {
		t.Errorf("got %q", got)
	}
	if got := cnonces(middleware.DigestConfig{}); got[0] == got[1] || len(got[0]) != 32 {
		t.Errorf("at random: got %q", got)
	}
}
