package session_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cassette"
	"github.com/aiolos-http/aiolos/session"
)

// The tests of this file are what docs/testing.md shows.

// things is what is tested: it gets a session, and asks for a thing.
func things(ctx context.Context, s *session.Session) (thing, error) {
	return session.Decode[thing](s.Get(ctx, "https://api.example/things/1", session.CheckStatus()))
}

func TestThingsFromAnswer(t *testing.T) {
	header := http.Header{"Content-Type": {"application/json"}}
	for _, tt := range []struct {
		status     int
		body, name string
		class      error
	}{
		{http.StatusOK, `{"name": "lamp"}`, "lamp", nil},
		{http.StatusNotFound, `{"error": "no such thing"}`, "", errors.ErrClientResponse},
		{http.StatusOK, `{"name":`, "", errors.ErrClientPayload},
	} {
		s, err := session.New(session.Config{Transport: middleware.Answer(tt.status, header, tt.body)})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := things(t.Context(), s); !errors.Is(err, tt.class) || got.Name != tt.name {
			t.Errorf("got %v, %v", got, err)
		}
		s.Close()
	}
}

func TestThingsFromFunction(t *testing.T) {
	mock := middleware.Func(func(req *http.Request) (*http.Response, error) {
		if req.URL.Path != "/things/1" {
			t.Errorf("asked for %s", req.URL)
		}
		return &http.Response{ // what is nil is filled in
			StatusCode: http.StatusOK,
			Header:     http.Header{"Content-Type": {"application/json"}},
			Body:       io.NopCloser(strings.NewReader(`{"name": "lamp"}`)),
		}, nil
	})
	s, err := session.New(session.Config{Transport: mock})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, err := things(t.Context(), s); err != nil || got.Name != "lamp" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestThingsFromHandler(t *testing.T) {
	cfg := session.Config{ // the program's: its timeout needs a Connector, as TrustEnv does
		Timeout:  session.ClientTimeout{SockRead: 10 * time.Second},
		TrustEnv: true,
	}
	cfg.Transport = middleware.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("seen"); err != nil { // the first time
			http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1"})
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"name": "lamp"}`)
	}))
	cfg.Mock = true // what needs a Connector is taken and not kept
	s, err := session.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, err := things(t.Context(), s); err != nil || got.Name != "lamp" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestThingsFromServer(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/1", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"name": "lamp"}`)
	})
	srv := httptest.NewTLSServer(mux) // its certificate is for example.com
	defer srv.Close()
	conn, err := connector.New(connector.Config{
		TLS:   srv.Client().Transport.(*http.Transport).TLSClientConfig,
		Hosts: map[string]string{"*": srv.Listener.Addr().String()}, // every name leads there
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := session.New(session.Config{
		Connector: conn, OwnConnector: true,
		Options: []session.Option{session.ServerName("example.com")},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, err := things(t.Context(), s); err != nil || got.Name != "lamp" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestThingsWithFaults(t *testing.T) {
	works := middleware.Answer(http.StatusOK, http.Header{"Content-Type": {"application/json"}}, `{"name": "lamp"}`)
	s, err := session.New(session.Config{Transport: works, Middleware: []middleware.Middleware{
		middleware.Retry(middleware.RetryPolicy{MinWait: time.Millisecond}),
		middleware.Fault(
			middleware.FaultRule{Times: 1, Status: http.StatusServiceUnavailable},
			middleware.FaultRule{Times: 1, Err: errors.ErrServerDisconnected},
		),
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, err := things(t.Context(), s); err != nil || got.Name != "lamp" {
		t.Errorf("got %v, %v", got, err) // the third attempt
	}
}

func TestThingsFromCassette(t *testing.T) {
	tape, err := cassette.Open("testdata/things.txt", cassette.Config{Mode: cassette.Replay}) // Auto records what is not there
	if err != nil {
		t.Fatal(err)
	}
	defer tape.Close()
	s, err := session.New(session.Config{Middleware: []middleware.Middleware{tape.Wrap}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, err := things(t.Context(), s); err != nil || got.Name != "lamp" {
		t.Errorf("got %v, %v", got, err)
	}
}

// pipes is a network in memory: what is dialed is served.
type pipes chan net.Conn

func (p pipes) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept, Close and Addr make it a net.Listener.
func (p pipes) Accept() (net.Conn, error) {
	if c, ok := <-p; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

func TestThingsTimeOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := make(pipes)
		srv := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done() // it never answers
		})}
		go srv.Serve(network)
		defer srv.Close()
		conn, err := connector.New(connector.Config{DialContext: network.DialContext})
		if err != nil {
			t.Fatal(err)
		}
		s, err := session.New(session.Config{Connector: conn, OwnConnector: true})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		start := time.Now()
		_, err = s.Get(t.Context(), "http://api.example/")
		if !errors.Is(err, errors.ErrTotalTimeout) || time.Since(start) != 5*time.Minute { // at once by the clock on the wall
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

func TestThingsAreClosed(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	conn, err := connector.New(connector.Config{OnLeak: func(stack string) { t.Errorf("not closed:\n%s", stack) }})
	if err != nil {
		t.Fatal(err)
	}
	s, err := session.New(session.Config{Connector: conn, OwnConnector: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	resp, err := s.Get(t.Context(), srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Close()
	if st := conn.Stats(); st.InUse != 0 { // nothing is under way, so nothing was forgotten
		t.Errorf("%+v", st)
	}
}
