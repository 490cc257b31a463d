package otelaiolos_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/contrib/otelaiolos"
)

// Behind a balance the origin is the one that was asked for: redirects within it take the
// span along, to whichever backend, and those that leave it do not.
func TestPropagationBehindBalance(t *testing.T) {
	for _, wire := range wires {
		var got []bool
		var backend string
		handle := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = append(got, r.Header.Get("Traceparent") != "")
			to := map[string]string{"/": "/second", "/second": "//api.example/third", "/out": "//" + backend + "/end"}[r.URL.Path]
			if to != "" {
				w.Header().Set("Location", to)
				w.WriteHeader(http.StatusFound)
			}
		})
		a, conn := serve(t, wire, handle)
		b, _ := serve(t, wire, handle)
		u, _ := url.Parse(a.URL)
		v, _ := url.Parse(b.URL)
		backend = u.Host
		for _, test := range []struct {
			name, path string
			cfg        otelaiolos.Config
			want       []bool
		}{
			{"all", "/", otelaiolos.Config{}, []bool{true, true, true}},
			{"the same origin", "/", otelaiolos.Config{SameOrigin: true}, []bool{true, true, true}},
			{"a backend by its name", "/out", otelaiolos.Config{SameOrigin: true}, []bool{true, false}},
			{"the origin", "/", otelaiolos.Config{PropagateTo: []string{u.Scheme + "://api.example"}}, []bool{true, true, true}},
			{"the origin and no other", "/out", otelaiolos.Config{PropagateTo: []string{u.Scheme + "://api.example"}}, []bool{true, false}},
			{"the backends", "/", otelaiolos.Config{PropagateTo: []string{a.URL, b.URL}}, []bool{true, true, true}},
			{"one backend of two", "/", otelaiolos.Config{SameOrigin: true, PropagateTo: []string{"http://other.example"}}, []bool{false, false, false}},
		} {
			t.Run(wire+", "+test.name, func(t *testing.T) {
				got = nil
				sdk := newSDK(t, test.cfg)
				conn := conn
				if conn.TLS != nil {
					conn.TLS = conn.TLS.Clone()
					conn.TLS.InsecureSkipVerify = true // the certificate is not api.example's
				}
				balance := middleware.Balance(middleware.BalanceConfig{Host: "api.example", Backends: []middleware.Backend{{Addr: u.Host}, {Addr: v.Host}}})
				s := open(t, sdk, conn, session.Config{Middleware: []middleware.Middleware{balance}})
				resp, err := s.Get(t.Context(), u.Scheme+"://api.example"+test.path)
				if err != nil {
					t.Fatal(err)
				}
				resp.Bytes()
				sdk.checkEnded(t)
				if !slices.Equal(got, test.want) {
					t.Errorf("got a header in the hops %v, want %v", got, test.want)
				}
			})
		}
	}
}
