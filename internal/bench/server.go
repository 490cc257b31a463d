package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/aiolos-http/aiolos/internal/certs"
)

// addresses is what the servers tell the client about themselves.
type addresses struct {
	Plain  string `json:"plain"`  // HTTP/1.1, raw
	TLS    string `json:"tls"`    // the same over TLS
	HTTP2  string `json:"http2"`  // net/http's, over TLS
	Socket string `json:"socket"` // WebSockets
	CA     []byte `json:"ca"`     // DER
}

// server is the servers' process, as the client sees it.
type server struct {
	addresses
	roots *x509.CertPool
	cmd   *exec.Cmd
	stdin io.Closer
}

// startServer starts this program once more, as the servers.
func startServer(ctx context.Context, m mode) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-serve", "-cpus", formatCPUs(m.server)) //nolint:gosec // it is this program
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd, stdin: stdin}
	if err := json.NewDecoder(stdout).Decode(&s.addresses); err != nil {
		s.Close()
		return nil, fmt.Errorf("the servers do not start: %w", err)
	}
	if s.roots, err = s.trust(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// trust is a pool of the servers' authority.
func (a addresses) trust() (*x509.CertPool, error) {
	ca, err := x509.ParseCertificate(a.CA)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	return pool, nil
}

// Close ends the servers' process.
func (s *server) Close() {
	_ = s.stdin.Close()
	_ = s.cmd.Wait() // it was told to go; how it went is of no interest
}

// tls is a configuration that trusts the servers. Each of them has one version of
// HTTP only.
func (s *server) tls() *tls.Config {
	return &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12}
}

// serveUntilEOF is the servers' process.
func serveUntilEOF(in io.Reader, out io.Writer, cpus string) error {
	if cpus != "" {
		list, err := parseCPUs(cpus)
		if err != nil {
			return err
		}
		runtime.GOMAXPROCS(len(list))
		if err := pinProcess(list); err != nil {
			return err
		}
	}
	leaf, err := certs.New(certs.Options{})
	if err != nil {
		return err
	}
	raw := newRawServer()
	plain, err := raw.listen(nil)
	if err != nil {
		return err
	}
	secureConfig := leaf.Server()
	secureConfig.NextProtos = []string{"http/1.1"}
	secure, err := raw.listen(secureConfig)
	if err != nil {
		return err
	}
	h2 := httptest.NewUnstartedServer(http.HandlerFunc(serveSmall))
	h2.TLS, h2.EnableHTTP2 = leaf.Server(), true
	h2.StartTLS()
	defer h2.Close()
	sockets := httptest.NewServer(http.HandlerFunc(echo))
	defer sockets.Close()
	err = json.NewEncoder(out).Encode(addresses{
		Plain: "http://" + plain, TLS: "https://" + secure, HTTP2: h2.URL,
		Socket: "ws" + strings.TrimPrefix(sockets.URL, "http"),
		CA:     leaf.TLS.Certificate[len(leaf.TLS.Certificate)-1],
	})
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

// serveSmall is /small over HTTP/2.
func serveSmall(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	w.Write(smallBody) //nolint:errcheck // the client has gone
}

// listen serves on a free port of loopback as long as the process lives.
func (s *rawServer) listen(config *tls.Config) (address string, err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it listens as long as the process lives
	if err != nil {
		return "", err
	}
	address = ln.Addr().String()
	if config != nil {
		ln = tls.NewListener(ln, config)
	}
	go s.accept(ln)
	return address, nil
}
