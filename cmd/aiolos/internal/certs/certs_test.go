package certs_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	aioerrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// open makes a session for a look.
func open(cfg connector.Config) (*session.Session, error) {
	conn, err := connector.New(cfg)
	if err != nil {
		return nil, err
	}
	return session.New(session.Config{Connector: conn, OwnConnector: true})
}

// certificate is one that signs itself, of a name that does harm to terminals.
func certificate(t *testing.T, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a\x1b[2Jb"},
		DNSNames: []string{"pin.example"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// server shows a certificate and counts requests.
func server(t *testing.T, cert tls.Certificate) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = &atomic.Int64{}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv.URL, requests
}

func TestLook(t *testing.T) {
	t.Parallel()
	cert := certificate(t, time.Now().Add(10*24*time.Hour+time.Hour))
	url, requests := server(t, cert)
	state, err := certs.Look(t.Context(), url, "", open)
	if err != nil || !state.PeerCertificates[0].Equal(cert.Leaf) || requests.Load() != 0 {
		t.Fatalf("got %v, %v after %d requests", state, err, requests.Load())
	}
	verdict := certs.Verify(state, "127.0.0.1")
	if verdict == nil {
		t.Error("a certificate that signs itself was verified")
	}
	u, err := certs.Target(url)
	if err != nil {
		t.Fatal(err)
	}
	r := certs.NewReport(u, state, verdict, time.Now())
	var out bytes.Buffer
	if err := r.Write(&out, render.NewPalette(false)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		u.Host + "  TLS 1.3, not verified: x509: ", `CN=a\x1b[2Jb`, "pin.example 127.0.0.1", "10 days left", "ECDSA P-256",
		"certificate  " + certs.Pin(cert.Leaf).String(), "public key   " + certs.KeyPin(cert.Leaf),
		"curl --insecure --pinnedpubkey " + certs.KeyPin(cert.Leaf) + " https://" + u.Host + "/",
		`connector.ParsePin("` + certs.Pin(cert.Leaf).String() + `")`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("an escape is in:\n%q", &out)
	}
	data, err := render.JSON(r)
	if err != nil || !bytes.Contains(data, []byte(`"verified":false`)) || bytes.ContainsRune(data, 0x1b) {
		t.Errorf("got %s, %v", data, err)
	}
	// The pin that is shown is one that the library takes.
	pinned, err := open(connector.Config{Pin: certs.Pin(cert.Leaf)})
	if err != nil {
		t.Fatal(err)
	}
	defer pinned.Close()
	resp, err := pinned.Get(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Close()
}

func TestLookFails(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	if _, err := certs.Look(t.Context(), "https://"+plain.Listener.Addr().String(), "", open); !aioerrors.Is(err, aioerrors.ErrClientSSL) {
		t.Errorf("of a server without TLS: %v", err)
	}
	if _, err := certs.Look(t.Context(), plain.URL, "", open); err == nil {
		t.Error("of an http URL: no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := certs.Look(ctx, "https://127.0.0.1:1", "", open); !aioerrors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	broken := aioerrors.New("broken")
	fail := func(connector.Config) (*session.Session, error) { return nil, broken }
	if _, err := certs.Look(t.Context(), "https://127.0.0.1:1", "", fail); !aioerrors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// TestServerName: the name that is asked for decides on the certificate.
func TestServerName(t *testing.T) {
	t.Parallel()
	one, two := certificate(t, time.Now().Add(time.Hour)), certificate(t, time.Now().Add(time.Hour))
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.TLS = &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName == "two.example" {
			return &two, nil
		}
		return &one, nil
	}}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	// The server of httptest has a certificate of its own at hand; GetCertificate counts first.
	state, err := certs.Look(t.Context(), srv.URL, "two.example", open)
	if err != nil || !state.PeerCertificates[0].Equal(two.Leaf) {
		t.Errorf("got another certificate, %v", err)
	}
}

func TestWanted(t *testing.T) {
	t.Parallel()
	cert, other := certificate(t, time.Now().Add(time.Hour)).Leaf, certificate(t, time.Now().Add(time.Hour)).Leaf
	digest := certs.Pin(cert).Digest()
	for _, text := range []string{
		hex.EncodeToString(digest), " " + strings.ToUpper(hex.EncodeToString(digest)) + "\n",
		base64.StdEncoding.EncodeToString(digest), "sha256/" + base64.StdEncoding.EncodeToString(digest), certs.KeyPin(cert),
	} {
		w, err := certs.ParseWanted(text)
		if err != nil || !w.Matches(cert) || w.Matches(other) || !bytes.Equal(w.Digest(), w.Of(cert)) {
			t.Errorf("%q: got %v, %v", text, w, err)
		}
	}
	for _, text := range []string{"", "x", "sha256//", "sha256//AAAA", "00", "sha256//" + strings.Repeat("=", 44)} {
		if w, err := certs.ParseWanted(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, w)
		}
	}
	// The base64 of a certificate's digest may begin with a slash.
	slash := append([]byte{0xff}, digest[1:]...)
	w, err := certs.ParseWanted("sha256/" + base64.StdEncoding.EncodeToString(slash))
	if err != nil || !bytes.Equal(w.Digest(), slash) || !bytes.Equal(w.Of(cert), digest) {
		t.Errorf("a digest that begins with a slash: %v, %v", w, err)
	}
	if (certs.Wanted{}).Matches(cert) {
		t.Error("no pin matches a certificate")
	}
}

func FuzzWanted(f *testing.F) {
	for _, seed := range []string{"", "sha256//", "sha256/", strings.Repeat("0", 64), "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if w, err := certs.ParseWanted(text); err == nil && len(w.Digest()) != 32 {
			t.Errorf("%q: a digest of %d bytes", text, len(w.Digest()))
		}
	})
}

func TestTarget(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"example.org": "https://example.org:443/", "example.org:8443": "https://example.org:8443/", "localhost": "https://localhost:443/",
		"host": "https://host:443/", "https://example.org/x?y": "https://example.org:443/", "wss://h:1/x": "https://h:1/",
		"::1": "https://[::1]:443/", "[::1]": "https://[::1]:443/", "[::1]:8443": "https://[::1]:8443/", "127.0.0.1:1": "https://127.0.0.1:1/",
		"https://u:secret@h/": "https://h:443/",
	} {
		if got, err := certs.Target(in); err != nil || got.String() != want {
			t.Errorf("%q: got %v, %v, want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", ":8443", "http://h/", "ftp://h", "https://", "h:x", "a b"} {
		if got, err := certs.Target(in); err == nil {
			t.Errorf("%q: got %v, want an error", in, got)
		}
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for want, cert := range map[string]*x509.Certificate{
		"Ed25519":     {PublicKey: public},
		"ECDSA P-256": certificate(t, time.Now()).Leaf,
		"DSA":         {PublicKeyAlgorithm: x509.DSA},
	} {
		if got := certs.Key(cert); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestReportTimes(t *testing.T) {
	t.Parallel()
	leaf := certificate(t, time.Now().Add(36*time.Hour)).Leaf
	u, err := certs.Target("it's.example")
	if err != nil {
		t.Fatal(err)
	}
	state := &tls.ConnectionState{Version: tls.VersionTLS12, PeerCertificates: []*x509.Certificate{leaf}}
	for want, now := range map[string]time.Time{
		"one day left": time.Now(), "expired": leaf.NotAfter, "not yet valid": leaf.NotBefore.Add(-time.Second), "0 days left": leaf.NotAfter.Add(-time.Hour),
	} {
		var out bytes.Buffer
		if err := certs.NewReport(u, state, nil, now).Write(&out, render.NewPalette(false)); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) || !strings.Contains(out.String(), "TLS 1.2, verified\n") ||
			!strings.Contains(out.String(), `curl --pinnedpubkey `+certs.KeyPin(leaf)+` 'https://it'\''s.example:443/'`) {
			t.Errorf("%q is missing in:\n%s", want, &out)
		}
	}
}
