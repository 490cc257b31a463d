package middleware_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/middleware"
)

// rewritten sends requests to another place, below a Balance.
func rewritten(scheme, host string) middleware.Middleware {
	return func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			req = req.Clone(req.Context())
			req.URL.Scheme, req.URL.Host = scheme, host
			return next.RoundTrip(req)
		})
	}
}

// TestAuthBelowBalance: credentials go to all backends of the host that was asked for, and
// nowhere else, whether they stand above or below the Balance.
func TestAuthBelowBalance(t *testing.T) {
	t.Parallel()
	makers := map[string]func(origins ...string) middleware.Middleware{
		"basic":  func(o ...string) middleware.Middleware { return middleware.BasicAuth("l", "p", o...) },
		"bearer": func(o ...string) middleware.Middleware { return middleware.Bearer("t", o...) },
		"token": func(o ...string) middleware.Middleware {
			return middleware.TokenSource(middleware.TokenConfig{Origins: o, Fetch: func(context.Context) (middleware.Token, error) {
				return middleware.Token{Value: "t"}, nil
			}})
		},
		"digest": func(o ...string) middleware.Middleware {
			return middleware.Digest(middleware.DigestConfig{Login: "l", Password: "p", Origins: o})
		},
	}
	balance := middleware.BalanceConfig{Host: "api.example", Backends: []middleware.Backend{{Addr: "a:443"}, {Addr: "b:443"}}}
	asked, elsewhere := "https://api.example/x", "https://evil.example/x"
	for _, tt := range []struct {
		name    string
		origins []string
		between middleware.Middleware // Balance and the credentials
		urls    []string
		want    []bool // by URL: with credentials, at whichever backend
	}{
		{"the first origin", nil, nil, []string{asked, asked, asked, asked, elsewhere}, []bool{true, true, true, true, false}},
		{"another one first", nil, nil, []string{elsewhere, asked}, []bool{true, false}},
		{"given", []string{"https://api.example"}, nil, []string{asked, asked, elsewhere}, []bool{true, true, false}},
		{"the backends are given", []string{"https://a:443", "https://b:443"}, nil, []string{asked, asked, elsewhere}, []bool{true, true, false}},
		{"another scheme was asked for", []string{"https://api.example"}, nil, []string{"http://api.example:443/x"}, []bool{false}},
		{"sent elsewhere", []string{"https://api.example"}, rewritten("https", "evil.example"), []string{asked}, []bool{false}},
		{"sent in the clear", []string{"https://api.example"}, rewritten("http", "a:443"), []string{asked}, []bool{false}},
	} {
		for name, auth := range makers {
			for _, below := range []bool{true, false} {
				if !below && (tt.between != nil || strings.HasPrefix(tt.name, "the backends")) {
					continue
				}
				t.Run(tt.name+"/"+name, func(t *testing.T) {
					t.Parallel()
					with := map[*http.Request]bool{}
					server := middleware.Func(func(req *http.Request) (*http.Response, error) {
						with[req] = true
						if req.Header.Get("Authorization") == "" {
							with[req] = false
							domain := ""
							if strings.HasSuffix(req.URL.Host, ":443") {
								domain = `, domain="https://api.example/"`
							}
							return stubStatus(401, "", "WWW-Authenticate", `Digest realm="r", qop="auth", nonce="of `+req.URL.Host+`"`+domain)(req)
						}
						if below && strings.HasPrefix(req.Header.Get("Authorization"), "Digest") && !strings.Contains(req.Header.Get("Authorization"), req.URL.Host) {
							t.Errorf("%s got the nonce of another backend: %s", req.URL.Host, req.Header.Get("Authorization"))
						}
						return stubStatus(200, "")(req)
					})
					chain := []middleware.Middleware{auth(tt.origins...), middleware.Balance(balance)}
					if below {
						slices.Reverse(chain)
						chain = slices.Insert(chain, 1, tt.between)
					}
					rt := middleware.Chain(server, chain...)
					for i, url := range tt.urls {
						clear(with)
						roundTrip(t, rt, newRequest(t, "GET", url, nil))
						got := false
						for _, had := range with {
							got = got || had
						}
						if got != tt.want[i] {
							t.Errorf("below: %v, request %d to %s: credentials were sent: %v, want %v", below, i, url, got, tt.want[i])
						}
					}
				})
			}
		}
	}
}
