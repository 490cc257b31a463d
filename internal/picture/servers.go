package main

import (
	"context"
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
func startServers(ctx context.Context, dir string) (authority string, stop func(), err error) {
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
	listen := new(net.ListenConfig).Listen
	plain, err := listen(ctx, "tcp4", "127.0.0.1:8080")
	if err != nil {
		return "", nil, fmt.Errorf("the picture needs the port: %w", err)
	}
	secure, err := listen(ctx, "tcp4", "127.0.0.1:8443")
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("the picture needs the port: %w", err), plain.Close())
	}
	// Two servers: one whose Serve comes first has no HTTP/2 in its ServeTLS.
	servers := []*http.Server{
		{Handler: newHandler(), ReadHeaderTimeout: time.Minute},
		{Handler: newHandler(), ReadHeaderTimeout: time.Minute, TLSConfig: leaf.Server()},
	}
	go func() { _ = servers[0].Serve(plain) }() // they end when they are closed
	go func() { _ = servers[1].ServeTLS(secure, "", "") }()
	return authority, func() { _, _ = servers[0].Close(), servers[1].Close() }, nil
}

// newHandler answers what the commands ask for.
func newHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /get", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"args":{},"headers":{"Accept":["*/*"]},"method":"GET","origin":"127.0.0.1","url":"http://localhost:8080/get"}`)
	})
	mux.HandleFunc("POST /things", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Location", "/things/7")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"id":7,"name":"gopher","age":16,"tags":["blue",null,true]}`)
	})
	mux.HandleFunc("GET /report", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(30 * time.Millisecond)
		_, _ = io.WriteString(w, strings.Repeat("a line of the report\n", 200))
		_ = http.NewResponseController(w).Flush()
		time.Sleep(12 * time.Millisecond)
		_, _ = io.WriteString(w, "the end\n")
	})
	for i, name := range []string{"/a.iso", "/b.iso", "/c.iso"} {
		mux.HandleFunc("GET "+name, func(w http.ResponseWriter, _ *http.Request) {
			const pieces = 30
			piece := make([]byte, 400_000*(i+1))
			w.Header().Set("Content-Length", strconv.Itoa(pieces*len(piece)))
			for range pieces {
				_, _ = w.Write(piece)
				_ = http.NewResponseController(w).Flush()
				time.Sleep(time.Duration(30+20*i) * time.Millisecond)
			}
		})
	}
	addReportHandlers(mux)
	return mux
}
