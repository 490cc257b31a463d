package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/internal/certs"
)

// addresses is what the server tells the client about itself.
type addresses struct {
	Plain string `json:"plain"`
	TLS   string `json:"tls"`
	CA    []byte `json:"ca"` // DER
}

// server is the server's process, as the client sees it.
type server struct {
	addresses
	roots *x509.CertPool
	cmd   *exec.Cmd
	stdin io.Closer
}

// startServer starts this program once more, as the server.
func startServer(ctx context.Context) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-serve") //nolint:gosec // it is this program
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
	s := &server{cmd: cmd, stdin: stdin, roots: x509.NewCertPool()}
	if err := json.NewDecoder(stdout).Decode(&s.addresses); err != nil {
		s.Close()
		return nil, fmt.Errorf("the server does not start: %w", err)
	}
	ca, err := x509.ParseCertificate(s.CA)
	if err != nil {
		s.Close()
		return nil, err
	}
	s.roots.AddCert(ca)
	return s, nil
}

// Close ends the server's process.
func (s *server) Close() {
	_ = s.stdin.Close()
	_ = s.cmd.Wait() // it was told to go; how it went is of no interest
}

// tls is a configuration that trusts the server. HTTP/1.1 is what all of the
// clients have.
func (s *server) tls() *tls.Config {
	return &tls.Config{RootCAs: s.roots, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}
}

// serveUntilEOF is the server's process.
func serveUntilEOF(in io.Reader, out io.Writer) error {
	leaf, err := certs.New(certs.Options{})
	if err != nil {
		return err
	}
	plain := httptest.NewServer(handler())
	defer plain.Close()
	secure := httptest.NewUnstartedServer(handler())
	secure.TLS = leaf.Server()
	secure.StartTLS()
	defer secure.Close()
	ca := leaf.TLS.Certificate[len(leaf.TLS.Certificate)-1]
	if err := json.NewEncoder(out).Encode(addresses{Plain: plain.URL, TLS: secure.URL, CA: ca}); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

func handler() http.Handler {
	small := bytes.Repeat([]byte("0123456789abcdef"), 4)
	packed := compressed(jsonText(1 << 20))
	block := make([]byte, 1<<20)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /small", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Write(small) //nolint:errcheck // the client has gone
	})
	mux.HandleFunc("GET /gzip", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Length", strconv.Itoa(len(packed)))
		w.Write(packed) //nolint:errcheck // the client has gone
	})
	mux.HandleFunc("GET /big", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(bigSize))
		for range bigSize / len(block) {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	sink := func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"received":%d}`, n)
	}
	mux.HandleFunc("GET /ws", echo)
	mux.HandleFunc("POST /sink", sink)
	mux.HandleFunc("PUT /sink", sink)
	return mux
}

// jsonText is text such as a list from an API, with the fields that a list of
// issues has: names and addresses that recur, numbers, dates and words that do
// not.
func jsonText(size int) []byte {
	rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same text every time
	words := strings.Fields("open closed merged draft fix the crash when a header is empty add support for tests in docs " +
		"update version remove unused code improve error message handle timeout of connection")
	word := func() string { return words[rng.IntN(len(words))] }
	var b bytes.Buffer
	b.WriteByte('[')
	for b.Len() < size {
		n, user := rng.IntN(100_000), rng.IntN(5000)
		repo := fmt.Sprintf("https://api.example.com/repos/gopher/burrow/issues/%d", n)
		fmt.Fprintf(&b, `{"url":"%s","labels_url":"%s/labels{/name}","comments_url":"%s/comments","events_url":"%s/events",`, repo, repo, repo, repo)
		fmt.Fprintf(&b, `"id":%d,"number":%d,"title":"%s %s %s %s",`, rng.Uint32(), n, word(), word(), word(), word())
		fmt.Fprintf(&b, `"user":{"login":"user-%d","url":"https://api.example.com/users/user-%d","type":"User","site_admin":false},`, user, user)
		fmt.Fprintf(&b, `"state":"%s","locked":false,"assignee":null,"comments":%d,"created_at":"2026-%02d-%02dT%02d:%02d:00Z"},`,
			words[rng.IntN(4)], rng.IntN(40), 1+rng.IntN(12), 1+rng.IntN(28), rng.IntN(24), rng.IntN(60))
	}
	b.WriteString("{}]")
	return b.Bytes()
}

func compressed(p []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(p) // a Buffer takes all
	_ = w.Close()
	return b.Bytes()
}
