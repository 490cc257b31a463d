package cli_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/certs"
)

// certFiles writes ca.pem, cert.pem, key.pem, and both.pem with the certificate and its
// key, all for the clients that an authority has issued them for.
func certFiles(t *testing.T, dir string, ca *certs.Authority) {
	t.Helper()
	leaf, err := ca.Issue(certs.Options{Names: []string{"client"}, Client: true})
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(leaf.TLS.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	cert, private := text("CERTIFICATE", leaf.DER), text("PRIVATE KEY", key)
	for name, text := range map[string]string{
		"ca.pem": text("CERTIFICATE", ca.Cert.Raw), "cert.pem": cert, "key.pem": private, "both.pem": cert + private,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// authority issues the certificate of a server at localhost that asks for one.
func authority(t *testing.T) (*certs.Authority, *tls.Config) {
	t.Helper()
	ca, err := certs.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := ca.Issue(certs.Options{Names: []string{"localhost"}})
	if err != nil {
		t.Fatal(err)
	}
	cfg := leaf.Server()
	cfg.ClientAuth, cfg.ClientCAs = tls.VerifyClientCertIfGiven, ca.Pool
	return ca, cfg
}

// TestTLSFiles: --cacert, --cert and --key, of the tool's own form, of a download and of
// a curl command, which can be printed as one again.
func TestTLSFiles(t *testing.T) {
	t.Parallel()
	ca, cfg := authority(t)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, c := range r.TLS.PeerCertificates {
			fmt.Fprint(w, "client ", c.DNSNames)
		}
	}))
	srv.TLS, srv.Config.ErrorLog = cfg, quietLog()
	srv.StartTLS()
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	certFiles(t, dir, ca)
	port := srv.URL[strings.LastIndexByte(srv.URL, ':'):]
	url := "https://localhost" + port
	file := func(name string) string { return filepath.Join(dir, name) }
	resolve := []string{"--resolve", "localhost" + port + ":127.0.0.1"}
	for _, tt := range []struct {
		name string
		args []string
		code int
		out  string
	}{
		{"no authority", []string{url}, 8, ""},
		{"authority", []string{"--cacert", file("ca.pem"), url}, 0, ""},
		{"insecure", []string{"-k", url}, 0, ""},
		{"certificate", []string{"--cacert", file("ca.pem"), "--cert", file("cert.pem"), "--key", file("key.pem"), url}, 0, "client [client]"},
		{"one file", []string{"-k", "--cert", file("both.pem"), url}, 0, "client [client]"},
		{"no key in it", []string{"-k", "--cert", file("cert.pem"), url}, 2, ""},
	} {
		got := run(t.Context(), streams(), append(resolve, tt.args...)...)
		if got.code != tt.code || got.out != tt.out {
			t.Errorf("%s: got %+v, want %d and %q", tt.name, got, tt.code, tt.out)
		}
	}
	line := fmt.Sprintf("curl %s --resolve localhost%s:127.0.0.1 --cacert %s -E %s --key %s", url, port, file("ca.pem"), file("cert.pem"), file("key.pem"))
	if got := run(t.Context(), streams(), "curl", line); got.out != "client [client]" {
		t.Errorf("%s: %+v", line, got)
	}
	again := run(t.Context(), streams(), "curl", "--curl", line)
	if got := run(t.Context(), streams(), "curl", again.out); got.out != "client [client]" {
		t.Errorf("%s: %+v", again.out, got)
	}
	words := run(t.Context(), streams(), "curl", "--print", line)
	if got := run(t.Context(), streams(), strings.Fields(words.out)[1:]...); got.out != "client [client]" {
		t.Errorf("%s: %+v", words.out, got)
	}
	got := run(t.Context(), streams(), "get", "-q", "-k", "--cert", file("both.pem"), "-d", dir, "-o", "got", "--resolve", resolve[1], url)
	if data, err := os.ReadFile(file("got")); got.code != 0 || string(data) != "client [client]" {
		t.Errorf("get: %+v, %q, %v", got, data, err)
	}
}
