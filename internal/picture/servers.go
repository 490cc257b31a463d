package main

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/internal/certs"
)

// startServers starts the servers of the picture, http on 8080 and https on 8443. It
// writes the certificate of their authority into dir, and returns the file's name.
func startServers(dir string) (authority string, stop func(), err error) {
	ca, err := certs.NewAuthority()
	if err != nil {
		return "", nil, err
	}
	leaf, err := ca.Issue(certs.Options{})
	if err != nil {
		return "", nil, err
	}
	authority = filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Cert.Raw}), 0o600); err != nil {
		return "", nil, err
	}
	plain, err := net.Listen("tcp4", "127.0.0.1:8080")
	if err != nil {
		return "", nil, fmt.Errorf("the picture needs the port: %w", err)
	}
	secure, err := net.Listen("tcp4", "127.0.0.1:8443")
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("the picture needs the port: %w", err), plain.Close())
	}
	srv := &http.Server{Handler: newHandler(), TLSConfig: leaf.Server(), ReadHeaderTimeout: time.Minute}
	go srv.Serve(plain)
	go srv.ServeTLS(secure, "", "")
	return authority, func() { srv.Close() }, nil
}

// newHandler answers what the commands ask for.
func newHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /get", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"args":{},"headers":{"User-Agent":[%q]},"method":"GET","url":"http://%s/get"}`, r.UserAgent(), r.Host)
	})
	mux.HandleFunc("POST /things", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Location", "/things/7")
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, `{"id":7,"name":"gopher","age":16,"tags":["blue",null,true]}`)
	})
	mux.HandleFunc("GET /report", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(30 * time.Millisecond)
		io.WriteString(w, strings.Repeat("a line of the report\n", 200))
		_ = http.NewResponseController(w).Flush()
		time.Sleep(12 * time.Millisecond)
		io.WriteString(w, "the end\n")
	})
	for i, name := range []string{"/a.iso", "/b.iso", "/c.iso"} {
		mux.HandleFunc("GET "+name, func(w http.ResponseWriter, _ *http.Request) {
			const pieces = 30
			piece := make([]byte, 400_000*(i+1))
			w.Header().Set("Content-Length", strconv.Itoa(pieces*len(piece)))
			for range pieces {
				w.Write(piece)
				_ = http.NewResponseController(w).Flush()
				time.Sleep(time.Duration(30+20*i) * time.Millisecond)
			}
		})
	}
	return mux
}
