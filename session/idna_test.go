package session_test

import (
	"context"
	"net"
	"net/http"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

const (
	unicodeHost = "bücher.example"
	asciiHost   = "xn--bcher-kva.example"
)

// anyName returns a session for which every name is the server's.
func anyName(t *testing.T, rec *recorder) *session.Session {
	t.Helper()
	conn, err := connector.New(connector.Config{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, rec.Listener.Addr().String())
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return newSession(t, session.Config{Connector: conn, OwnConnector: true})
}

func TestIDNAHost(t *testing.T) {
	t.Parallel()
	rec := record(t, func(http.ResponseWriter, *http.Request) {})
	s := anyName(t, rec)
	resp, err := s.Get(t.Context(), "http://BÜCHER.example:8080/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Close()
	if got := rec.last(t).host; got != asciiHost+":8080" {
		t.Errorf("got Host %q, want %q", got, asciiHost+":8080")
	}
	if got := resp.URL().Hostname(); got != asciiHost {
		t.Errorf("got the URL's host %q, want %q", got, asciiHost)
	}

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+unicodeHost+"/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	native, err := s.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	native.Body.Close()
	if got := rec.last(t).host; got != asciiHost {
		t.Errorf("Do: got Host %q, want %q", got, asciiHost)
	}
	if req.URL.Host != unicodeHost || req.Host != unicodeHost {
		t.Errorf("Do has changed the caller's request to %q, %q", req.URL.Host, req.Host)
	}
}

func TestIDNARedirect(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/same":
			w.Header()["Location"] = []string{"http://" + asciiHost + "/there"}
			w.WriteHeader(http.StatusFound)
		case "/other":
			w.Header()["Location"] = []string{"http://" + unicodeHost + "/there"}
			w.WriteHeader(http.StatusFound)
		}
	})
	s := anyName(t, rec)
	for _, tt := range []struct{ name, url, auth string }{
		{"one origin in two spellings", "http://" + unicodeHost + "/same", "Bearer t"},
		{"another origin", "http://plain.example/other", ""},
	} {
		resp, err := s.Get(t.Context(), tt.url, session.Bearer("t"))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		resp.Close()
		got := rec.last(t)
		if got.host != asciiHost || got.path != "/there" || got.header.Get("Authorization") != tt.auth {
			t.Errorf("%s: got %s%s with Authorization %q, want %q", tt.name, got.host, got.path, got.header.Get("Authorization"), tt.auth)
		}
	}
}

func TestIDNABadHost(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Location"] = []string{"http://é..x--/"}
		w.WriteHeader(http.StatusFound)
	})
	s := anyName(t, rec)
	if _, err := s.Get(t.Context(), "http://é_é.example/"); !errors.Is(err, errors.ErrInvalidURLClient) {
		t.Errorf("got %v, want ErrInvalidURLClient", err)
	}
	if rec.count() != 0 {
		t.Error("the request was sent")
	}
	if _, err := s.Get(t.Context(), "http://plain.example/"); !errors.Is(err, errors.ErrInvalidURLRedirectClient) {
		t.Errorf("redirect: got %v, want ErrInvalidURLRedirectClient", err)
	}
}
