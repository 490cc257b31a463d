package session_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// fixedResolver knows one address for every name.
type fixedResolver struct{ addr string }

func (r fixedResolver) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr(r.addr)}, nil
}

// TestNewPublic: no notation of a private address gets through, and nothing is
// sent.
func TestNewPublic(t *testing.T) {
	t.Parallel()
	rec := record(t, ok)
	s, err := session.NewPublic(session.Config{}, connector.Config{Resolver: fixedResolver{"10.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, url := range []string{
		rec.URL, "http://localhost.example/", "http://[::1]:1/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/latest/meta-data",
		"http://2130706433/", "http://0x7f.1/", "http://127.1/", "http://[64:ff9b::7f00:1]/", "ftp://example.com/",
	} {
		_, err := s.Get(t.Context(), url, session.Timeout(10*time.Second))
		if !errors.Is(err, errors.ErrClientConnector) && !errors.Is(err, errors.ErrInvalidURL) {
			t.Errorf("%s: got %v", url, err)
		}
	}
	if rec.count() != 0 {
		t.Errorf("%d requests were sent", rec.count())
	}
	for name, tt := range map[string]struct {
		cfg  session.Config
		conn connector.Config
	}{
		"transport": {session.Config{Transport: http.DefaultTransport}, connector.Config{}},
		"proxy":     {session.Config{}, connector.Config{Proxy: "http://proxy:3128"}},
		"env":       {session.Config{TrustEnv: true}, connector.Config{}},
		"env below": {session.Config{}, connector.Config{TrustEnv: true}},
		"bad base":  {session.Config{BaseURL: "/x"}, connector.Config{}},
		"bad conn":  {session.Config{}, connector.Config{Family: "ip5"}},
	} {
		if s, err := session.NewPublic(tt.cfg, tt.conn); !errors.Is(err, errors.ErrInvalidRequest) {
			s.Close()
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestNewPublicAsks: the caller's own rule counts too.
func TestNewPublicAsks(t *testing.T) {
	t.Parallel()
	mine := errors.New("not today")
	s, err := session.NewPublic(session.Config{}, connector.Config{
		Resolver:  fixedResolver{"93.184.216.34"},
		AllowAddr: func(netip.AddrPort) error { return mine },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Get(t.Context(), "http://example.com/"); !errors.Is(err, mine) {
		t.Errorf("got %v", err)
	}
}

// TestHedgedSession: several sends of one call do not disturb each other.
func TestHedgedSession(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	defer srv.Close()
	s := newSession(t, session.Config{Middleware: []middleware.Middleware{
		middleware.Hedge(middleware.HedgePolicy{Delay: time.Nanosecond, Extra: 2}),
	}})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 30 {
				resp, err := s.Get(t.Context(), srv.URL)
				if err != nil {
					t.Error(err)
					return
				}
				if text, err := resp.Text(); err != nil || text != "ok" || resp.Timing().Start.IsZero() {
					t.Errorf("got %q, %v", text, err)
				}
			}
		})
	}
	wg.Wait()
	eventuallyFree(t, s.Connector())
}
