package session_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/session"
)

// userServer answers with the serial number of the client's certificate, which may
// be kept, and counts.
func userServer(t *testing.T) (url string, server *certs.Leaf, asked func() int) {
	t.Helper()
	server = certs.For(t, certs.Options{})
	var mu sync.Mutex
	n := 0
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n++
		mu.Unlock()
		user := "nobody"
		if shown := r.TLS.PeerCertificates; len(shown) > 0 {
			user = shown[0].SerialNumber.String()
		}
		w.Header().Set("Cache-Control", "max-age=1000")
		fmt.Fprint(w, user)
	}))
	srv.TLS = server.Server()
	srv.TLS.ClientAuth = tls.RequestClientCert
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv.URL, server, func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

// Users who are told apart by their certificates do not get each other's pages, nor
// does a request with a pin get what an insecure one has fetched.
func TestCacheKeepsPoliciesApart(t *testing.T) {
	t.Parallel()
	url, server, asked := userServer(t)
	responses := cache.New(cache.Config{})
	defer responses.Close()
	conn, err := connector.New(connector.Config{TLS: server.Client()})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s, err := session.New(session.Config{
		Connector:  conn,
		Middleware: []middleware.Middleware{responses.Wrap, middleware.Dedupe(middleware.DedupeConfig{})},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	user := func() (session.Option, string) {
		leaf := certs.For(t, certs.Options{Client: true})
		cfg := server.Client()
		cfg.Certificates = []tls.Certificate{leaf.TLS}
		return session.TLS(cfg), leaf.TLS.Leaf.SerialNumber.String()
	}
	alice, aliceName := user()
	bob, bobName := user()
	for _, tt := range []struct {
		name string
		opts []session.Option
		want string
		sent int // in all
	}{
		{"alice", []session.Option{alice}, aliceName, 1},
		{"bob", []session.Option{bob}, bobName, 2},
		{"nobody", nil, "nobody", 3},
		{"alice again", []session.Option{alice}, aliceName, 3},
		{"bob again", []session.Option{bob}, bobName, 3},
		{"insecure", []session.Option{session.Insecure()}, "nobody", 4},
	} {
		if got := fetchText(t, s, url, tt.opts...); got != tt.want || asked() != tt.sent {
			t.Errorf("%s: got %v after %d requests, want %v after %d", tt.name, got, asked(), tt.want, tt.sent)
		}
	}
	if _, err := s.Get(t.Context(), url, session.Fingerprint(make([]byte, 32))); err == nil {
		t.Error("a pin that does not match: got a response that nobody has verified")
	}
}

func fetchText(t *testing.T, s *session.Session, url string, opts ...session.Option) string {
	t.Helper()
	resp, err := s.Get(t.Context(), url, opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Close()
	text, err := resp.Text()
	if err != nil {
		t.Fatal(err)
	}
	return text
}
