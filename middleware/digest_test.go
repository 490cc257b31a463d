package middleware_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	stderrors "errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

func md5Of(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// digestServer protects every host, as "u" with "pw", by MD5 and auth.
type digestServer struct {
	mu         sync.Mutex
	nonce      string
	each       int    // requests per nonce; 0 is any number
	extra      string // further parameters of the challenge
	seen       map[string]bool
	requests   int
	challenges int
	leaks      []string // URLs that got credentials
}

func (s *digestServer) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
		req.Body.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	header := req.Header.Get("Authorization")
	_, params := middleware.AuthChallenges(header)
	stale := false
	if header != "" && len(params) == 1 {
		s.leaks = append(s.leaks, req.URL.String())
		p := params[0]
		want := md5Of(md5Of("u:r:pw") + ":" + p["nonce"] + ":" + p["nc"] + ":" + p["cnonce"] + ":auth:" + md5Of(req.Method+":"+p["uri"]))
		if p["response"] == want {
			used := req.URL.Scheme + req.URL.Host + p["nonce"] + p["nc"]
			if p["nonce"] == s.nonce && !s.seen[used] && (s.each == 0 || len(s.seen) < s.each) {
				s.seen[used] = true
				return stubStatus(200, "in "+p["nc"])(req)
			}
			stale = true
		}
	}
	s.challenges++
	if s.seen == nil || s.each > 0 && len(s.seen) >= s.each {
		s.nonce, s.seen = fmt.Sprintf("nonce-%d", s.challenges), map[string]bool{}
	}
	value := fmt.Sprintf(`Digest realm="r", nonce="%s", qop="auth", stale=%v%s`, s.nonce, stale, s.extra)
	return stubStatus(401, "out", "Www-Authenticate", value)(req)
}

func digestWith(cfg middleware.DigestConfig, rt http.RoundTripper) http.RoundTripper {
	if cfg.Login == "" {
		cfg.Login, cfg.Password = "u", "pw"
	}
	return middleware.Digest(cfg)(rt)
}

func TestDigestPreemptive(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{"preemptive": 4, "not": 6} {
		server := &digestServer{}
		rt := digestWith(middleware.DigestConfig{NoPreemptive: name == "not"}, server)
		for i := range 3 {
			code, body, err := roundTrip(t, rt, newRequest(t, "GET", "http://h/a", nil))
			if want := fmt.Sprintf("in %08x", i+1); code != 200 || body != want || err != nil {
				t.Errorf("%s: got %d %q %v, want %q", name, code, body, err, want)
			}
		}
		if server.requests != want {
			t.Errorf("%s: got %d requests, want %d", name, server.requests, want)
		}
	}
}

// TestDigestStale: a nonce that is used up costs one more request, and a second
// one if the next is used up as well.
func TestDigestStale(t *testing.T) {
	t.Parallel()
	server := &digestServer{each: 2}
	rt := digestWith(middleware.DigestConfig{}, server)
	for range 6 {
		if code, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil)); code != 200 {
			t.Fatalf("got %d %v", code, err)
		}
	}
	if server.requests != 6+3 {
		t.Errorf("got %d requests, want 6 and 3 challenges", server.requests)
	}
}

// TestDigestGivesUp: no login is tried twice, and the server's answer is kept.
func TestDigestGivesUp(t *testing.T) {
	t.Parallel()
	t.Run("wrong password", func(t *testing.T) {
		t.Parallel()
		server := &digestServer{}
		rt := digestWith(middleware.DigestConfig{Login: "u", Password: "wrong"}, server)
		for i, want := range []int{2, 3} { // the second time with the first sending
			code, body, err := roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil))
			if code != 401 || body != "out" || err != nil || server.requests != want {
				t.Errorf("%d: got %d %q %v, %d requests", i, code, body, err, server.requests)
			}
		}
	})
	t.Run("always another nonce", func(t *testing.T) {
		t.Parallel()
		for stale, want := range map[bool]int{false: 2, true: 3} {
			n := 0
			rt := digestWith(middleware.DigestConfig{}, middleware.Func(func(req *http.Request) (*http.Response, error) {
				n++
				return stubStatus(401, "", "Www-Authenticate", fmt.Sprintf(`Digest realm="r", nonce="%d", stale=%v`, n, stale))(req)
			}))
			if code, _, _ := roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil)); code != 401 || n != want {
				t.Errorf("stale %v: got %d after %d requests, want %d", stale, code, n, want)
			}
		}
	})
	t.Run("body is gone", func(t *testing.T) {
		t.Parallel()
		server := &digestServer{}
		rt := digestWith(middleware.DigestConfig{}, server)
		for i, want := range []int{401, 200} { // what was learned helps the next
			if code, _, _ := roundTrip(t, rt, newRequest(t, "POST", "http://h/", onceBody("x"))); code != want {
				t.Errorf("%d: got %d, want %d", i, code, want)
			}
		}
	})
}

// TestDigestUnusable: challenges that are not answered.
func TestDigestUnusable(t *testing.T) {
	t.Parallel()
	for name, challenge := range map[string]string{
		"none":              "",
		"basic":             `Basic realm="r"`,
		"no realm":          `Digest nonce="n"`,
		"no nonce":          `Digest realm="r"`,
		"empty nonce":       `Digest realm="r", nonce=""`,
		"unknown algorithm": `Digest realm="r", nonce="n", algorithm=CRC32`,
		"unknown qop":       `Digest realm="r", nonce="n", qop="auth-conf"`,
		"lone quote":        `Digest realm="r", nonce="n", domain="/`,
	} {
		rt := &stub{steps: []stubStep{stubStatus(401, "no", "Www-Authenticate", challenge)}}
		code, body, err := roundTrip(t, digestWith(middleware.DigestConfig{}, rt), newRequest(t, "GET", "http://h/", nil))
		if code != 401 || body != "no" || err != nil || rt.calls() != 1 {
			t.Errorf("%s: got %d %q %v after %d requests", name, code, body, err, rt.calls())
		}
	}
}

// TestDigestScans: the first challenge that can be answered, wherever it is.
func TestDigestScans(t *testing.T) {
	t.Parallel()
	for name, headers := range map[string][]string{
		"behind Basic":             {"Www-Authenticate", `Basic realm="b", Digest realm="r", nonce="right"`},
		"second line":              {"Www-Authenticate", `Negotiate abc==`, "Www-Authenticate", `Digest realm="r", nonce="right"`},
		"behind an unknown one":    {"Www-Authenticate", `Digest realm="r", nonce="x", algorithm=NEW, Digest realm="r", nonce="right"`},
		"the server's order":       {"Www-Authenticate", `Digest realm="r", nonce="right", algorithm=SHA-256`, "Www-Authenticate", `Digest realm="r", nonce="x"`},
		"auth-int, body is gone":   {"Www-Authenticate", `Digest realm="r", nonce="right", qop="auth,auth-int"`},
		"behind a quote left open": {"Www-Authenticate", `Digest realm="r, nonce="x`, "Www-Authenticate", `Digest realm="r", nonce="right"`},
	} {
		rt := &stub{steps: []stubStep{stubStatus(401, "", headers...), stubStatus(200, "")}}
		code, _, err := roundTrip(t, digestWith(middleware.DigestConfig{}, rt), newRequest(t, "GET", "http://h/", nil))
		if code != 200 || err != nil || !strings.Contains(rt.request(1).Header.Get("Authorization"), `nonce="right"`) {
			t.Errorf("%s: got %d %v", name, code, err)
		}
	}
}

// TestDigestOneShotAuthInt: signing needs the body twice.
func TestDigestOneShotAuthInt(t *testing.T) {
	t.Parallel()
	for qop, want := range map[string]bool{"auth-int": false, "auth,auth-int": true} {
		rt := &stub{steps: []stubStep{stubStatus(401, "", "Www-Authenticate", `Digest realm="r", nonce="n", qop="`+qop+`"`), stubStatus(200, "")}}
		digest := digestWith(middleware.DigestConfig{}, rt)
		roundTrip(t, digest, newRequest(t, "GET", "http://h/", nil))
		roundTrip(t, digest, newRequest(t, "POST", "http://h/", onceBody("x")))
		got := rt.request(rt.calls() - 1).Header.Get("Authorization")
		if strings.Contains(got, "qop=auth,") != want || want == (got == "") {
			t.Errorf("%s: got %q", qop, got)
		}
	}
}

func TestDigestConcurrent(t *testing.T) {
	t.Parallel()
	server := &digestServer{}
	rt := digestWith(middleware.DigestConfig{}, server)
	roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil))
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if code, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil)); code != 200 {
				t.Errorf("got %d %v", code, err)
			}
		})
	}
	wg.Wait()
	if len(server.seen) != 51 || server.requests != 52 {
		t.Errorf("got %d counts in %d requests, want 51 in 52", len(server.seen), server.requests)
	}
}

func TestDigestFailures(t *testing.T) {
	t.Parallel()
	for _, login := range []string{"a:b", "a\r\nX: y", "a\x00"} {
		rt := &stub{steps: []stubStep{stubStatus(200, "")}}
		_, _, err := roundTrip(t, digestWith(middleware.DigestConfig{Login: login}, rt), newRequest(t, "GET", "http://h/", nil))
		if !stderrors.Is(err, errors.ErrInvalidRequest) || rt.calls() != 0 || strings.Contains(err.Error(), login) {
			t.Errorf("%q: got %v", login, err)
		}
	}
	challenge := stubStatus(401, "", "Www-Authenticate", `Digest realm="r", nonce="n", qop=auth-int`)
	for name, tt := range map[string]struct {
		getBody func() (io.ReadCloser, error)
		want    error
	}{
		"not opened": {func() (io.ReadCloser, error) { return nil, errStub }, errors.ErrBodyNotReplayable},
		"not read":   {func() (io.ReadCloser, error) { return struct{ io.ReadCloser }{digestBroken{}}, nil }, errors.ErrClientOS},
	} {
		rt := &stub{steps: []stubStep{challenge}}
		req := newRequest(t, "PUT", "http://h/", strings.NewReader("x"))
		req.GetBody = tt.getBody
		_, _, err := roundTrip(t, digestWith(middleware.DigestConfig{}, rt), req)
		if !stderrors.Is(err, errStub) || !stderrors.Is(err, tt.want) || rt.open() != 0 {
			t.Errorf("%s: got %v, %d open", name, err, rt.open())
		}
	}
}

// TestDigestSigningEnds: a long body is not hashed for a request that is over.
func TestDigestSigningEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	rt := &stub{steps: []stubStep{func(req *http.Request) (*http.Response, error) {
		cancel()
		return stubStatus(401, "", "Www-Authenticate", `Digest realm="r", nonce="n", qop=auth-int`)(req)
	}}}
	req := newRequest(t, "PUT", "http://h/", strings.NewReader("x")).WithContext(ctx)
	if _, _, err := roundTrip(t, digestWith(middleware.DigestConfig{}, rt), req); !stderrors.Is(err, context.Canceled) || rt.calls() != 1 {
		t.Errorf("got %v after %d requests", err, rt.calls())
	}
}

type digestBroken struct{}

func (digestBroken) Read([]byte) (int, error) { return 0, errStub }
func (digestBroken) Close() error             { return nil }
