//go:build interop && linux

package interop_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/session"
)

const nginxConfig = `
daemon off;
user root;
worker_processes 1;
pid $(dir)/nginx.pid;
error_log $(dir)/error.log info;
events { worker_connections 512; }
http {
	access_log $(dir)/access.log;
	client_body_temp_path $(dir)/body;
	proxy_temp_path $(dir)/proxy;
	fastcgi_temp_path $(dir)/fastcgi;
	uwsgi_temp_path $(dir)/uwsgi;
	scgi_temp_path $(dir)/scgi;
	default_type text/plain;
	large_client_header_buffers 4 32k;
	gzip on;
	gzip_min_length 1;
	gzip_types text/plain application/json;
	$(http)
	server {
		listen $(plain);
		$(keepalive)
		root $(dir)/www;
		$(locations)
	}
	server {
		listen $(tls) ssl http2;
		ssl_certificate $(cert);
		ssl_certificate_key $(key);
		ssl_client_certificate $(clientca);
		ssl_verify_client optional;
		http2_max_concurrent_streams 8;
		keepalive_requests 50;
		root $(dir)/www;
		location = /who { return 200 "$ssl_client_verify $server_protocol $connection\n"; }
		location = /strict {
			if ($ssl_client_verify != SUCCESS) { return 403; }
			return 200 "$ssl_client_verify\n";
		}
		$(locations)
	}
	server {
		listen $(h2c) http2;
		location / { return 200 "$server_protocol\n"; }
	}
}
`

const nginxLocations = `
		location = /connection { return 200 "$connection\n"; }
		location = /cut { return 444; }
		location = /big-header { add_header X-Big $arg_b$arg_b$arg_b; return 204; }
		location = /moved { return 302 /connection; }
		location /small/ { client_max_body_size 1k; proxy_pass http://$(origin); }
		location /backend/ { client_max_body_size 0; proxy_pass http://$(origin); }
		location /stream/ {
			client_max_body_size 0; proxy_request_buffering off; proxy_buffering off; proxy_http_version 1.1;
			proxy_pass http://$(origin);
		}
		location /ws {
			proxy_pass http://$(origin); proxy_http_version 1.1;
			proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
		}
`

// nginx is a running one, and what its clients have to know.
type nginx struct {
	*server
	plain, tls, h2c string // addresses
	leaf            *certs.Leaf
	clients         *certs.Authority
	text            string // what /file.txt is
}

// startNginx runs one in front of an origin, with what is added to its plain
// server.
func startNginx(t *testing.T, originAddr, keepalive string) *nginx {
	t.Helper()
	program(t, "nginx")
	dir := workDir(t)
	ca, err := certs.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	host := loopback()
	n := &nginx{
		plain: host + ":" + freePort(t, host), tls: host + ":" + freePort(t, host), h2c: host + ":" + freePort(t, host),
		clients: ca, text: strings.Repeat("a line of some text\n", 50_000),
	}
	n.leaf = leafFor(t, n.tls)
	cert, key := keyFiles(t, dir, n.leaf)
	config := expand(nginxConfig, map[string]string{"http": "", "locations": nginxLocations})
	config = expand(config, map[string]string{
		"dir": dir, "plain": n.plain, "tls": n.tls, "h2c": n.h2c, "cert": cert, "key": key, "origin": originAddr,
		"keepalive": keepalive,
		"clientca":  file(t, dir, "clients.pem", pemText("CERTIFICATE", ca.Cert.Raw)),
	})
	mkdir(t, dir+"/www")
	file(t, dir+"/www", "file.txt", n.text)
	n.server = start(t, dir, []string{n.plain, n.tls, n.h2c}, "nginx", "-p", dir, "-e", dir+"/error.log", "-c", file(t, dir, "nginx.conf", config))
	return n
}

// A server that ends a connection after some requests is dialed again, and
// nothing is lost.
func TestInteropNginxKeepAlive(t *testing.T) {
	t.Parallel()
	n := startNginx(t, "127.0.0.1:1", "keepalive_requests 4;")
	s := newSession(t, connector.Config{})
	numbers := map[string]int{}
	for range 12 {
		_, text := get(t, s, "http://"+n.plain+"/connection")
		numbers[text]++
	}
	if len(numbers) != 3 {
		t.Errorf("requests by connection: got %v, want 3 with 4 each", numbers)
	}
	if st := s.Connector().Stats(); st.Opened != 3 || st.Reused != 9 || st.Retried != 0 {
		t.Errorf("got %+v, want 3 opened, 9 reused", st)
	}
}

// A server that closes idle connections costs a new one, and no request.
func TestInteropNginxIdleClosed(t *testing.T) {
	t.Parallel()
	n := startNginx(t, "127.0.0.1:1", "keepalive_timeout 1s;")
	s := newSession(t, connector.Config{})
	get(t, s, "http://"+n.plain+"/connection")
	eventually(t, "the idle connection is closed", func() bool { return s.Connector().Stats().Idle == 0 })
	resp, _ := get(t, s, "http://"+n.plain+"/connection")
	if resp.Connection().Reused {
		t.Error("the closed connection was used again")
	}
}

// A restart of the workers is not seen by those who use it.
func TestInteropNginxReload(t *testing.T) {
	t.Parallel()
	n := startNginx(t, "127.0.0.1:1", "")
	s := newSession(t, connector.Config{TLS: n.leaf.Client()})
	urls := []string{"http://" + n.plain + "/connection", "https://" + n.tls + "/connection"}
	for i := range 60 {
		if i%20 == 10 {
			n.signal(t, hangUp)
		}
		resp, _ := get(t, s, urls[i%2])
		wantStatus(t, resp, http.StatusOK)
	}
}

func TestInteropNginxBodies(t *testing.T) {
	t.Parallel()
	n := startNginx(t, "127.0.0.1:1", "")
	s := newSession(t, connector.Config{})
	url := "http://" + n.plain + "/file.txt"

	resp, text := get(t, s, url)
	if text != n.text || !resp.Uncompressed && resp.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("gzip: got %d bytes, header %v", len(text), resp.Header)
	}
	if !slices.Contains(resp.TransferEncoding, "chunked") {
		t.Errorf("gzip: got transfer encoding %v, want chunks", resp.TransferEncoding)
	}
	if got := resp.Timing().Received; got > int64(len(n.text))/10 {
		t.Errorf("gzip: %d bytes received, which is not compressed", got)
	}
	resp, text = get(t, s, url, session.SkipHeader("Accept-Encoding"))
	if text != n.text || resp.ContentLength != int64(len(n.text)) {
		t.Errorf("identity: got %d bytes, length %d", len(text), resp.ContentLength)
	}
	modified := resp.Header.Get("Last-Modified")
	resp, text = get(t, s, url, session.Header("If-Modified-Since", modified))
	if wantStatus(t, resp, http.StatusNotModified); text != "" {
		t.Errorf("not modified: got %q", text)
	}
	resp, text = get(t, s, url, session.Header("Range", "bytes=2-5"), session.SkipHeader("Accept-Encoding"))
	if wantStatus(t, resp, http.StatusPartialContent); text != "line" {
		t.Errorf("range: got %q", text)
	}
	resp, err := s.Head(t.Context(), url, session.SkipHeader("Accept-Encoding"))
	resp, text = taken(t, resp, err)
	if text != "" || resp.ContentLength != int64(len(n.text)) {
		t.Errorf("HEAD: got %q, length %d", text, resp.ContentLength)
	}
	if st := s.Connector().Stats(); st.Opened != 1 {
		t.Errorf("got %+v, want one connection for all", st)
	}
	resp, text = get(t, s, url, session.Version(1, 0))
	if text != n.text || resp.Response.Close || !resp.Connection().Reused {
		t.Errorf("HTTP/1.0: got %d bytes, close %v, reused %v", len(text), resp.Response.Close, resp.Connection().Reused)
	}
	resp, _ = get(t, s, "http://"+n.plain+"/moved")
	if wantStatus(t, resp, http.StatusOK); len(resp.History()) != 1 {
		t.Errorf("redirect: got history %v", resp.History())
	}
}

// An answer given up in the middle costs its connection, no other request.
func TestInteropNginxUnread(t *testing.T) {
	t.Parallel()
	n := startNginx(t, "127.0.0.1:1", "")
	s := newSession(t, connector.Config{})
	for range 5 {
		resp, err := s.Get(t.Context(), "http://"+n.plain+"/file.txt", session.SkipHeader("Accept-Encoding"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(resp.Body, make([]byte, 10)); err != nil {
			t.Error(err)
		}
		resp.Close()
	}
	if _, text := get(t, s, "http://"+n.plain+"/file.txt"); text != n.text {
		t.Errorf("got %d bytes", len(text))
	}
}

func TestInteropNginxUploads(t *testing.T) {
	t.Parallel()
	o := newOrigin(t, false)
	n := startNginx(t, o.addr(), "")
	s := newSession(t, connector.Config{TLS: n.leaf.Client()})
	body := strings.Repeat("upload ", 40_000)
	for name, opts := range map[string][]session.Option{
		"bytes":          {session.Bytes([]byte(body))},
		"chunked":        {session.Text(body), session.Chunked()},
		"stream":         {session.Body(struct{ io.Reader }{strings.NewReader(body)})},
		"expect":         {session.Text(body), session.Expect100()},
		"expect chunked": {session.Text(body), session.Expect100(), session.Chunked()},
	} {
		for _, base := range []string{"http://" + n.plain, "https://" + n.tls} {
			for _, path := range []string{"/backend/", "/stream/"} {
				if strings.HasPrefix(name, "stream") {
					opts = []session.Option{session.Body(struct{ io.Reader }{strings.NewReader(body)})}
				}
				resp, err := s.Put(t.Context(), base+path, opts...)
				if got := tellsSeen(t, resp, err); got.Body != body || got.Method != "PUT" {
					t.Errorf("%s %s%s: got %s with %d bytes", name, base, path, got.Method, len(got.Body))
				}
			}
		}
	}
}

// A server that refuses a body that was announced gets nothing of it.
func TestInteropNginxExpectRefused(t *testing.T) {
	t.Parallel()
	o := newOrigin(t, false)
	n := startNginx(t, o.addr(), "")
	s := newSession(t, connector.Config{})
	body := &countingReader{r: bytes.NewReader(make([]byte, 1<<20))}
	req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+n.plain+"/small/", body)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = 1 << 20
	req.Header.Set("Expect", "100-continue")
	resp, err := s.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge || body.n != 0 {
		t.Errorf("got status %d, and %d bytes were read of the body", resp.StatusCode, body.n)
	}
	if got := o.requests(); len(got) != 0 {
		t.Errorf("the origin got %d requests", len(got))
	}
}

type countingReader struct {
	r io.Reader
	n int
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

func TestInteropNginxHeads(t *testing.T) {
	t.Parallel()
	n := startNginx(t, "127.0.0.1:1", "")
	s := newSession(t, connector.Config{})
	big := "http://" + n.plain + "/big-header?b=" + strings.Repeat("b", 3000) // three times that
	err := fails(t, s, big)
	if e, ok := errors.AsType[*errors.ClientResponseError](err); !ok || e.Status != http.StatusBadRequest {
		t.Errorf("field of 9000 bytes: got %v", err)
	}
	resp, _ := get(t, s, big, session.MaxFieldSize(10_000), session.RawHeaders())
	if wantStatus(t, resp, http.StatusNoContent); len(resp.Header.Get("X-Big")) != 9000 {
		t.Errorf("with a higher limit: got %d bytes", len(resp.Header.Get("X-Big")))
	}
	if raw := resp.RawHeaders(); len(raw) < 3 || string(raw[0].Name) != "Server" || !strings.HasPrefix(string(raw[0].Value), "nginx") {
		t.Errorf("raw headers: got %q", raw)
	}
	if err := fails(t, s, "http://"+n.plain+"/cut"); !errors.Is(err, errors.ErrServerDisconnected) {
		t.Errorf("closed without an answer: got %v", err)
	}
}

func TestInteropNginxClientCertificate(t *testing.T) {
	t.Parallel()
	n := startNginx(t, "127.0.0.1:1", "")
	good, err := n.clients.Issue(certs.Options{Client: true, Names: []string{"me"}})
	if err != nil {
		t.Fatal(err)
	}
	with, strange := n.leaf.Client(), n.leaf.Client()
	with.Certificates = append(with.Certificates, good.TLS)
	strange.Certificates = append(strange.Certificates, certs.For(t, certs.Options{Client: true}).TLS)
	s := newSession(t, connector.Config{TLS: n.leaf.Client()})
	for _, version := range []int{1, 2} {
		// Twice, so that a connection of another policy would be found.
		for range 2 {
			for _, c := range []struct {
				name   string
				opts   []session.Option
				status int
			}{
				{"no certificate", nil, http.StatusForbidden},
				{"certificate", []session.Option{session.TLS(with)}, http.StatusOK},
				{"stranger's", []session.Option{session.TLS(strange)}, http.StatusBadRequest},
				{"certificate, pinned", []session.Option{session.TLS(with), session.Fingerprint(fingerprint(n.leaf))}, http.StatusOK},
			} {
				opts := append(c.opts[:len(c.opts):len(c.opts)], session.Version(version, version%2))
				resp, _ := get(t, s, "https://"+n.tls+"/strict", opts...)
				if resp.StatusCode != c.status || resp.ProtoMajor != version {
					t.Errorf("HTTP/%d, %s: got %s %d, want %d", version, c.name, resp.Proto, resp.StatusCode, c.status)
				}
			}
		}
	}
	bare := newSession(t, connector.Config{})
	if err := fails(t, bare, "https://"+n.tls+"/who"); !errors.Is(err, errors.ErrClientConnectorCertificate) {
		t.Errorf("unknown authority: got %v", err)
	}
	if err := fails(t, s, "https://"+n.tls+"/who", session.ServerName("other.example")); !errors.Is(err, errors.ErrClientConnectorCertificate) {
		t.Errorf("another name: got %v", err)
	}
	if err := fails(t, s, "https://"+n.tls+"/who", session.Fingerprint(make([]byte, 32))); !errors.Is(err, errors.ErrServerFingerprintMismatch) {
		t.Errorf("another fingerprint: got %v", err)
	}
	if err := fails(t, s, "https://"+n.plain+"/connection"); !errors.Is(err, errors.ErrClientSSL) {
		t.Errorf("no TLS there: got %v", err)
	}
}

// nginx allows 8 streams at a time, and 50 requests for a connection, after which
// it says GOAWAY.
func TestInteropNginxHTTP2(t *testing.T) {
	t.Parallel()
	o := newOrigin(t, false)
	n := startNginx(t, o.addr(), "")
	s := newSession(t, connector.Config{TLS: n.leaf.Client()})
	var wg sync.WaitGroup
	for i := range 400 {
		wg.Go(func() {
			want := fmt.Sprintf("number %d", i)
			resp, err := s.Post(t.Context(), "https://"+n.tls+"/backend/", session.Text(want))
			if err != nil {
				t.Errorf("request %d: %v", i, err)
				return
			}
			defer resp.Close()
			var got seen
			if err := resp.JSON(&got); err != nil || got.Body != want || resp.ProtoMajor != 2 {
				t.Errorf("request %d: got %s, body %q, %v", i, resp.Proto, got.Body, err)
			}
		})
	}
	wg.Wait()
	if st := s.Connector().Stats(); st.InUse != 0 || st.Opened < 8 || st.Opened > 60 {
		t.Errorf("got %+v, want 400/50 connections or somewhat more", st)
	}
	resp, text := get(t, s, "https://"+n.tls+"/file.txt")
	if resp.Proto != "HTTP/2.0" || text != n.text {
		t.Errorf("got %s with %d bytes", resp.Proto, len(text))
	}
	resp, text = get(t, s, "https://"+n.tls+"/who", session.Version(1, 1))
	if resp.Proto != "HTTP/1.1" || !strings.Contains(text, "HTTP/1.1") {
		t.Errorf("version 1.1: got %s: %s", resp.Proto, text)
	}
	if resp.Connection().TLS == nil || resp.Connection().TLS.NegotiatedProtocol == "h2" {
		t.Errorf("version 1.1: negotiated %+v", resp.Connection().TLS)
	}
	if err := fails(t, s, "https://"+n.tls+"/cut"); !errors.Is(err, errors.ErrClient) {
		t.Errorf("cut: got %v", err)
	}
	if resp, _ := get(t, s, "https://"+n.tls+"/who"); resp.StatusCode != http.StatusOK {
		t.Errorf("after it: got %d", resp.StatusCode)
	}
}

func TestInteropNginxH2C(t *testing.T) {
	t.Parallel()
	n := startNginx(t, "127.0.0.1:1", "")
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	s := newSession(t, connector.Config{Protocols: &p})
	for range 10 {
		resp, text := get(t, s, "http://"+n.h2c+"/")
		if resp.ProtoMajor != 2 || text != "HTTP/2.0\n" {
			t.Errorf("got %s: %s", resp.Proto, text)
		}
	}
	if st := s.Connector().Stats(); st.Opened != 1 {
		t.Errorf("got %+v, want one connection", st)
	}
}
