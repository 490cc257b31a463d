package session_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// TestForgottenScheme: what is missing is said, whatever net/url makes of the rest.
func TestForgottenScheme(t *testing.T) {
	t.Parallel()
	s := newSession(t, session.Config{})
	for _, raw := range []string{"example.com/x", "localhost:8080/x", "127.0.0.1:8080/x", "/x"} {
		_, err := s.Get(t.Context(), raw)
		if !errors.Is(err, errors.ErrInvalidURL) || !strings.Contains(err.Error(), "https://") {
			t.Errorf("%s: got %v", raw, err)
		}
	}
}

// TestClose: who made the connector closes it, and a closed session sends
// nothing.
func TestClose(t *testing.T) {
	t.Parallel()
	rec := record(t, ok)
	for _, test := range []struct {
		name       string
		given, own bool
		end        func(*session.Session)
		connClosed bool
	}{
		{"own connector", false, false, func(s *session.Session) { s.Close() }, true},
		{"given connector", true, false, func(s *session.Session) { s.Close() }, false},
		{"handed over", true, true, func(s *session.Session) { s.Close() }, true},
		{"closed twice", false, false, func(s *session.Session) { s.Close(); s.Close() }, true},
		{"detached", true, true, func(s *session.Session) { s.Detach() }, false},
		{"detached and closed", true, true, func(s *session.Session) { s.Detach(); s.Close() }, false},
		{"derived session closed", false, false, func(s *session.Session) { s.With().Close() }, false},
	} {
		cfg := session.Config{OwnConnector: test.own}
		if test.given {
			conn, err := connector.New(connector.Config{})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			cfg.Connector = conn
		}
		s := newSession(t, cfg)
		conn := s.Connector()
		derived := s.With()
		test.end(s)
		if got := conn.Closed(); got != test.connClosed {
			t.Errorf("%s: connector closed: got %t, want %t", test.name, got, test.connClosed)
		}
		if test.name == "derived session closed" {
			if s.Closed() {
				t.Errorf("%s: it took the session along", test.name)
			}
			continue
		}
		for name, s := range map[string]*session.Session{"session": s, "derived session": derived} {
			if !s.Closed() {
				t.Errorf("%s: the %s is not closed", test.name, name)
			}
			if _, err := s.Get(t.Context(), rec.URL); !errors.Is(err, errors.ErrSessionClosed) {
				t.Errorf("%s: %s: got %v", test.name, name, err)
			}
		}
		conn.Close()
	}
	if n := rec.count(); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// TestCloseUnderWay: closing a session ends a response that is being read, with
// an error that says so.
func TestCloseUnderWay(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "start")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	s := newSession(t, session.Config{})
	resp, err := s.Get(t.Context(), rec.URL)
	if err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 5)
	if _, err := io.ReadFull(resp.Body, head); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := io.ReadAll(resp.Body); !errors.Is(err, errors.ErrClient) {
		t.Errorf("got %v, want an error of the tree", err)
	}
	if err := resp.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// TestHead: a response to HEAD has the length and no body.
func TestHead(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusFound)
			return
		}
		w.Header().Set("Content-Length", "1000")
		w.Header().Set("Content-Encoding", "gzip")
	})
	s := newSession(t, session.Config{})
	resp, err := s.Head(t.Context(), rec.URL)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := resp.Bytes(); err != nil || len(data) != 0 {
		t.Errorf("got %q, %v, want no body", data, err)
	}
	if got := resp.Header.Get("Content-Length"); got != "1000" {
		t.Errorf("Content-Length: got %q", got)
	}
	// aiohttp: ClientSession.head(allow_redirects=False)
	resp, err = s.Head(t.Context(), rec.URL+"/old")
	if err != nil || resp.StatusCode != http.StatusFound {
		t.Errorf("got %v, %v, want the redirect itself", resp, err)
	}
	resp, err = s.Head(t.Context(), rec.URL+"/old", session.Redirects(3))
	if err != nil || resp.StatusCode != http.StatusOK || len(resp.History()) != 1 {
		t.Errorf("got %v, %v, want the redirect's target", resp, err)
	}
	if st := s.Connector().Stats(); st.InUse != 0 {
		t.Errorf("%d connections in use", st.InUse)
	}
}

// TestWith: a derived session has its parent's settings and its own, and does
// not change its parent.
func TestWith(t *testing.T) {
	t.Parallel()
	rec := record(t, ok)
	s := newSession(t, session.Config{Options: opt(session.Header("X-A", "1"), session.Header("X-B", "1"))})
	d := s.With(session.Header("X-B", "2"), session.Cookie("c", "3"))
	for _, one := range []*session.Session{d, s} {
		resp, err := one.Get(t.Context(), rec.URL)
		if err != nil {
			t.Fatal(err)
		}
		resp.Close()
	}
	hops := rec.hops
	if h := hops[0].header; h.Get("X-A") != "1" || h.Get("X-B") != "2" || h.Get("Cookie") != "c=3" {
		t.Errorf("derived session: %v", h)
	}
	if h := hops[1].header; h.Get("X-A") != "1" || h.Get("X-B") != "1" || h.Get("Cookie") != "" {
		t.Errorf("parent: %v", h)
	}
	if d.Connector() != s.Connector() || d.Jar() != s.Jar() {
		t.Error("the derived session has a connector or a jar of its own")
	}
	bad := s.With(session.Header("bad name", ""))
	if _, err := bad.Get(t.Context(), rec.URL); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("a bad default: got %v", err)
	}
}

// TestCanary: a secret does not get into the text of any error, wherever the
// request fails.
func TestCanary(t *testing.T) {
	t.Parallel()
	const canary = "s3cr3t-canary"
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "id="+canary)
		switch r.URL.Path {
		case "/loop":
			w.Header().Set("Location", "/loop?token="+canary)
			w.WriteHeader(http.StatusFound)
		case "/ftp":
			w.Header().Set("Location", "ftp://u:"+canary+"@h/?"+canary)
			w.WriteHeader(http.StatusFound)
		case "/bad-location":
			w.Header().Set("Location", "http://u:"+canary+"@h:"+canary+"/%zz")
			w.WriteHeader(http.StatusFound)
		case "/cut":
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, canary)
		case "/hang-up":
			panic(http.ErrAbortHandler)
		case "/json":
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `"`+canary)
		default:
			http.Error(w, canary, http.StatusTeapot)
		}
	})
	s := newSession(t, session.Config{})
	secret := opt(
		session.Header("X-Api-Key", canary), session.Cookie("c", canary), session.Query("token", canary),
		session.CheckStatus(), session.Redirects(2),
	)
	host := strings.TrimPrefix(rec.URL, "http://")
	withUser := "http://user:" + canary + "@" + host
	targets := []string{
		withUser + "/loop", withUser + "/ftp", withUser + "/bad-location", withUser + "/cut", withUser + "/hang-up",
		withUser + "/json", withUser + "/status", "http://user:" + canary + "@127.0.0.1:1/refused?" + canary,
		"http://user:" + canary + "@host:" + canary + "/", "http://user:" + canary + "@host/%zz?" + canary,
		"gopher://user:" + canary + "@host/?" + canary, "http://user:" + canary + "@no-such-host.invalid./?" + canary,
	}
	for _, target := range targets {
		resp, err := s.Get(t.Context(), target, secret...)
		if err == nil {
			var v any
			err = resp.JSON(&v)
		}
		if err == nil {
			t.Errorf("%s: no error", target)
			continue
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			// The standard library's own errors below ours say what they like.
			if errors.Is(e, errors.ErrClient) && strings.Contains(e.Error(), canary) {
				t.Errorf("%T: %v", e, e)
			}
		}
	}
	for _, o := range append(secret, session.BasicAuth("user", canary), session.Bearer(canary)) {
		if strings.Contains(o.String(), canary) {
			t.Errorf("option: %v", o)
		}
	}
}
