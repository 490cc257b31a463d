package session_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// handled is a session whose Transport is a handler.
func handled(t *testing.T, h http.HandlerFunc) *session.Session {
	t.Helper()
	return newSession(t, session.Config{Transport: middleware.Func(func(req *http.Request) (*http.Response, error) {
		if req.Body == nil {
			req = req.Clone(req.Context())
			req.Body = http.NoBody
		}
		defer req.Body.Close()
		rec := httptest.NewRecorder()
		h(rec, req)
		resp := rec.Result()
		resp.Request = req
		return resp, nil
	})})
}

// TestGuideRequests runs the code of docs/nethttp.md and docs/resty.md.
func TestGuideRequests(t *testing.T) {
	t.Parallel()
	s := handled(t, func(w http.ResponseWriter, r *http.Request) {
		if w.Header().Set("Content-Type", "application/json"); r.Method == http.MethodPost {
			w.WriteHeader(http.StatusUnprocessableEntity)
			io.WriteString(w, `{"message": "no lamps"}`)
			return
		}
		io.WriteString(w, `{"name": "lamp"}`)
	})
	if body, err := guideSameRequest(t.Context(), s, "https://api.example/things/1"); err != nil || !strings.Contains(string(body), "lamp") {
		t.Errorf("got %q, %v", body, err)
	}
	if got, err := guideShort(t.Context(), s); err != nil || got.Name != "lamp" {
		t.Errorf("got %v, %v", got, err)
	}
	if said, err := guideErrorBody(t.Context(), s); err != nil || said != "no lamps" {
		t.Errorf("got %q, %v", said, err)
	}
	client, err := guideClient()
	if err != nil || client.Transport == nil {
		t.Errorf("got %v, %v", client, err)
	}
}

// TestGuideHMAC: what docs/signing.md signs is what the server gets, for each attempt.
func TestGuideHMAC(t *testing.T) {
	t.Parallel()
	key := []byte("key")
	attempts := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if attempts++; !signedBody(key, r) {
			w.WriteHeader(http.StatusUnauthorized)
		} else if attempts == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		} else if r.URL.Path == "/away" {
			http.Redirect(w, r, r.FormValue("to"), http.StatusFound)
		}
	}))
	defer srv.Close()
	s := newSession(t, session.Config{Middleware: []middleware.Middleware{
		middleware.Retry(middleware.RetryPolicy{MinWait: 1, MaxWait: 1}), signHMAC(key, srv.URL, time.Now),
	}})
	for _, opts := range [][]session.Option{nil, opt(session.JSON(thing{"lamp"})), opt(session.Body(io.MultiReader(strings.NewReader("stream"))))} {
		resp, err := s.Put(t.Context(), srv.URL+"/things?b=%2F&a=1", opts...)
		readBody(t, resp, err)
		if resp.StatusCode != http.StatusOK {
			t.Errorf("got %s", resp.Status)
		}
	}
	if attempts != 4 {
		t.Errorf("%d attempts, want 4", attempts)
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("X-Signature")) }))
	defer other.Close()
	resp, err := s.Get(t.Context(), srv.URL+"/away?to="+other.URL)
	if got := readBody(t, resp, err); got != "" {
		t.Errorf("another origin got the signature %q", got)
	}
	if _, err := guideSigned(key); err != nil {
		t.Error(err)
	}
}

// TestGuideOAuth2: one fetch for many requests, and no token for another origin.
func TestGuideOAuth2(t *testing.T) {
	t.Parallel()
	s, err := guideOAuth2(func(context.Context) (string, time.Time, error) { return "t", time.Now().Add(time.Hour), nil })
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

// TestGuideRotate: the proxies take turns, and one that is not there is passed over.
func TestGuideRotate(t *testing.T) {
	t.Parallel()
	next := rotate("http://a.example:1", "http://b.example:1")
	var got []string
	for range 3 {
		got = append(got, fmt.Sprint(next()))
	}
	if !slices.Equal(got, []string{got[0], got[1], got[0]}) || got[0] == got[1] {
		t.Errorf("got %q", got)
	}
	guideRotate(t.Context(), newSession(t, session.Config{}), nil)
}

// TestGuideQueue: six hundred seconds of queue need no more than the settings of
// docs/queues.md; with the default of Total some would fail.
func TestGuideQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		network := memnet.New()
		ln, err := network.Listen("api.example:80")
		if err != nil {
			t.Fatal(err)
		}
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(time.Minute) // and 16 at a time: forty minutes in all
			io.WriteString(w, "ok")
		})}
		go srv.Serve(ln)
		defer srv.Close()
		conn, err := connector.New(connector.Config{DialContext: network.DialContext})
		if err != nil {
			t.Fatal(err)
		}
		s := newSession(t, session.Config{Connector: conn, OwnConnector: true})
		urls := make([]string, 640)
		for i := range urls {
			urls[i] = fmt.Sprint("http://api.example/", i)
		}
		var mu sync.Mutex
		stored := 0
		err = guideQueueAll(t.Context(), s, urls, func(string, []byte) { mu.Lock(); defer mu.Unlock(); stored++ })
		if err != nil || stored != len(urls) {
			t.Errorf("%d of %d, %v", stored, len(urls), err)
		}
		paced, err := guideQueue()
		if err != nil {
			t.Fatal(err)
		}
		paced.Close()
	})
}

// TestGuideWarmUp: so many connections are there before the first request, and the end
// waits for the last one.
func TestGuideWarmUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		network := memnet.New()
		ln, err := network.Listen("api.example:80")
		if err != nil {
			t.Fatal(err)
		}
		srv := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(time.Second) })}
		go srv.Serve(ln)
		conn, err := connector.New(connector.Config{DialContext: network.DialContext})
		if err != nil {
			t.Fatal(err)
		}
		s := newSession(t, session.Config{
			Connector: conn, Middleware: []middleware.Middleware{plainHTTP}, // api.example has no TLS here
		})
		if err := guideWarmUp(t.Context(), s, 8); err != nil {
			t.Fatal(err)
		}
		if st := conn.Stats(); st.Idle != 8 || st.Opened != 8 {
			t.Errorf("got %+v", st)
		}
		stop, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			resp, err := s.Get(t.Context(), "http://api.example/last")
			readBody(t, resp, err)
		})
		synctest.Wait()
		cancel()
		if err := guideEnd(stop, srv, s, conn); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if !s.Closed() || !conn.Closed() {
			t.Error("something is open")
		}
	})
}

// plainHTTP sends what is for https over http.
func plainHTTP(next http.RoundTripper) http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		req = req.Clone(req.Context())
		req.URL.Scheme = "http"
		return next.RoundTrip(req)
	})
}

// TestGuideClientCert: a certificate that was renewed is shown by the next connection; a
// file that is just being written does not count.
func TestGuideClientCert(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := &renewed{certFile: filepath.Join(dir, "client.pem"), keyFile: filepath.Join(dir, "client.key")}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshake without a certificate
	srv.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	srv.StartTLS()
	defer srv.Close()
	conn, err := guideClientCert(r)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s := newSession(t, session.Config{Connector: conn, Options: opt(session.Insecure())})
	ask := func() (string, error) {
		conn.CloseIdleConnections()
		resp, err := s.Get(t.Context(), srv.URL)
		if err != nil {
			return "", err
		}
		return resp.Text()
	}
	if _, err := ask(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a file: got %v", err)
	}
	for i, name := range []string{"first", "second"} {
		writeClientCert(t, r, name, time.Unix(int64(1e9+i), 0))
		if got, err := ask(); err != nil || got != name {
			t.Errorf("got %q, %v, want %s", got, err, name)
		}
	}
	if err := os.WriteFile(r.certFile, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := ask(); err != nil || got != "second" {
		t.Errorf("while it is written: got %q, %v", got, err)
	}
}

// writeClientCert writes a certificate of its own making.
func writeClientCert(t *testing.T, r *renewed, name string, at time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(at.Unix()), NotAfter: time.Now().Add(time.Hour)}
	template.Subject.CommonName = name
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(
		os.WriteFile(r.keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600),
		os.WriteFile(r.certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.Chtimes(r.certFile, at, at),
	)
	if err != nil {
		t.Fatal(err)
	}
}
