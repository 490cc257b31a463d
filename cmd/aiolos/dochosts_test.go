package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/aiolos-http/aiolos/internal/certs"
)

// hosts are the servers of the pages' command lines: one without and one with TLS
// that answer for every name, and the proxy that leads to them.
type hosts struct {
	direct, proxy string // host:port
	authority     string // file with the certificate of the authority
}

func startHosts(t *testing.T) hosts {
	t.Helper()
	quiet := log.New(io.Discard, "", 0)
	ca, err := certs.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := ca.Issue(certs.Options{Names: []string{"example.org", "example.com", "device.local"}})
	if err != nil {
		t.Fatal(err)
	}
	web := hostHandler()
	direct := httptest.NewServer(web)
	secure := httptest.NewUnstartedServer(web)
	secure.TLS, secure.EnableHTTP2, secure.Config.ErrorLog = leaf.Server(), true, quiet
	secure.StartTLS()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect {
			r.Host = secure.Listener.Addr().String()
			tunnel(w, r)
			return
		}
		web.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		proxy.Close()
		secure.Close()
		direct.Close()
	})
	return hosts{direct.Listener.Addr().String(), proxy.Listener.Addr().String(), writeAuthority(t, ca)}
}

// writeAuthority writes the certificate of an authority to a file, for
// SSL_CERT_FILE.
func writeAuthority(t *testing.T, ca *certs.Authority) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ca.pem")
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Cert.Raw})
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// hostHandler answers what the pages ask for: it has the files, takes the
// uploads and speaks over the WebSockets that they name, and else is httpbin.
func hostHandler() http.Handler {
	mux := http.NewServeMux()
	bin := handler()
	mux.Handle("/", bin)
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "welcome to "+r.Host+"\n") })
	for _, name := range []string{"/big.iso", "/a.iso", "/b.iso", "/download"} {
		mux.HandleFunc("GET "+name, func(w http.ResponseWriter, r *http.Request) { serveFile(w, r, 0) })
	}
	for _, name := range []string{"/things", "/upload", "/files/"} {
		mux.HandleFunc(name, func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path = "/anything" + r.URL.Path
			bin.ServeHTTP(w, r)
		})
	}
	mux.HandleFunc("/chat", webSocket(0, "welcome to room 7"))
	mux.HandleFunc("/feed", webSocket(1, `{"tick":1}`, `{"tick":2}`))
	mux.HandleFunc("/ticker", webSocket(0, "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"))
	return mux
}

// webSocket waits for some messages, sends its own, and closes.
func webSocket(receive int, send ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		head := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
			"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(sum[:]) + "\r\n"
		if protocol := r.Header.Get("Sec-WebSocket-Protocol"); protocol != "" {
			head += "Sec-WebSocket-Protocol: " + protocol + "\r\n"
		}
		_, _ = rw.WriteString(head + "\r\n")
		_ = rw.Flush()
		for range receive {
			if !skipFrame(rw.Reader) {
				return
			}
		}
		for _, text := range send {
			_, _ = rw.Write([]byte{0x81, byte(len(text))})
			_, _ = rw.WriteString(text)
		}
		_, _ = rw.Write([]byte{0x88, 2, 1000 >> 8, 1000 & 0xff})
		_ = rw.Flush()
		skipFrame(rw.Reader)
	}
}

// skipFrame reads a short frame of the client's, and says whether there was one.
func skipFrame(r *bufio.Reader) bool {
	head := make([]byte, 2)
	if _, err := io.ReadFull(r, head); err != nil {
		return false
	}
	_, err := r.Discard(4 + int(head[1]&0x7f)) // the mask and the text
	return err == nil
}
