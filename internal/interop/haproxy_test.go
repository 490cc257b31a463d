//go:build interop && linux

package interop_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/session"
)

const haproxyConfig = `
global
	log stdout format raw local0
	maxconn 200
	hard-stop-after 1s
defaults
	mode http
	log global
	option httplog
	timeout connect 2s
	timeout client 20s
	timeout server 500ms
	timeout http-request 5s
	timeout http-keep-alive 300ms
frontend plain
	bind $(plain)
	http-request reject if { path /reject }
	http-request silent-drop if { path /silent }
	http-request return status 503 content-type text/plain string no if { path /no }
	default_backend site
frontend secure
	bind $(tls) ssl crt $(both) alpn h2,http/1.1
	default_backend site
frontend wantsproxy
	bind $(wantsproxy) accept-proxy
	default_backend site
frontend passthrough
	mode tcp
	option tcplog
	bind $(tcp)
	default_backend raw
backend site
	option forwardfor
	timeout tunnel 3s
	server origin $(origin)
backend raw
	mode tcp
	server origin $(origin)
`

// haproxy is a running one. Answers that stand still are cut after half a second,
// idle connections a little earlier, and WebSockets much later: their heartbeats
// have half of their time to be answered.
type haproxy struct {
	*server
	plain, tls, wantsProxy, tcp string // addresses
	leaf                        *certs.Leaf
}

func startHAProxy(t *testing.T, originAddr string) *haproxy {
	t.Helper()
	program(t, "haproxy")
	dir := workDir(t)
	host := loopback()
	at := func() string { return host + ":" + freePort(t, host) }
	h := &haproxy{plain: at(), tls: at(), wantsProxy: at(), tcp: at()}
	h.leaf = leafFor(t, h.tls)
	keyFiles(t, dir, h.leaf)
	config := expand(haproxyConfig, map[string]string{
		"plain": h.plain, "tls": h.tls, "wantsproxy": h.wantsProxy, "tcp": h.tcp, "both": dir + "/both.pem", "origin": originAddr,
	})
	h.server = start(t, dir, []string{h.plain, h.tls, h.wantsProxy, h.tcp}, "haproxy", "-db", "-f", file(t, dir, "haproxy.cfg", config))
	return h
}

func TestInteropHAProxy(t *testing.T) {
	t.Parallel()
	o := newOrigin(t, false)
	h := startHAProxy(t, o.addr())
	s := newSession(t, connector.Config{TLS: h.leaf.Client()})
	for _, base := range []string{"http://" + h.plain, "https://" + h.tls, "http://" + h.tcp} {
		for _, opts := range [][]session.Option{
			nil,
			{session.Text("body")},
			{session.Text("body"), session.Chunked()},
			{session.Text("body"), session.Expect100(), session.Version(1, 1)},
		} {
			resp, err := s.Put(t.Context(), base, opts...)
			got := tellsSeen(t, resp, err)
			if want := len(opts) > 0; (got.Body == "body") != want {
				t.Errorf("%s %v: got body %q", base, opts, got.Body)
			}
			if want := base != "http://"+h.tcp; (got.Header.Get("X-Forwarded-For") != "") != want {
				t.Errorf("%s: got %v", base, got.Header)
			}
			if want := base == "https://"+h.tls && len(opts) < 3; (resp.ProtoMajor == 2) != want {
				t.Errorf("%s %v: got %s", base, opts, resp.Proto)
			}
		}
	}
	resp, text := get(t, s, "http://"+h.plain+"/no")
	if wantStatus(t, resp, http.StatusServiceUnavailable); text != "no" {
		t.Errorf("got %q", text)
	}
}

// The PROXY protocol is off in the client: a frontend that wants it hangs up.
func TestInteropHAProxyWithoutPROXY(t *testing.T) {
	t.Parallel()
	o := newOrigin(t, false)
	h := startHAProxy(t, o.addr())
	s := newSession(t, connector.Config{})
	if err := fails(t, s, "http://"+h.wantsProxy); !errors.Is(err, errors.ErrServerDisconnected) {
		t.Errorf("got %v", err)
	}
	if n := len(o.requests()); n != 0 {
		t.Errorf("%d requests came through", n)
	}
}

// A connection that haproxy closes while it is idle is found dead, or replaced.
func TestInteropHAProxyIdle(t *testing.T) {
	t.Parallel()
	o := newOrigin(t, false)
	h := startHAProxy(t, o.addr())
	s := newSession(t, connector.Config{TLS: h.leaf.Client()})
	for _, url := range []string{"http://" + h.plain, "https://" + h.tls} {
		for i := range 3 {
			get(t, s, url)
			if i > 0 { // at once the second time
				eventually(t, "the idle connection is closed", func() bool { return s.Connector().Stats().Idle == 0 })
			}
		}
	}
}

// cutter starts an answer and then stands still until its client is gone.
func cutter(t *testing.T) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/length":
			w.Header().Set("Content-Length", "1000")
		case "/nothing":
			<-r.Context().Done()
			return
		}
		w.Write([]byte("the start"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

// What a cut connection is depends on how far the answer has come.
func TestInteropHAProxyCut(t *testing.T) {
	t.Parallel()
	h := startHAProxy(t, cutter(t))
	s := newSession(t, connector.Config{TLS: h.leaf.Client()})
	for _, base := range []string{"http://" + h.plain, "https://" + h.tls, "http://" + h.tcp} {
		for path, kind := range map[string]error{"/length": errors.ErrContentLength, "/chunked": errors.ErrTransferEncoding} {
			if base == "https://"+h.tls {
				if path == "/chunked" {
					continue // haproxy 2.6 says by HTTP/2 that all is well
				}
				kind = errors.ErrClientPayload
			}
			resp, err := s.Get(t.Context(), base+path)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(resp.Body)
			if string(text) != "the start" || !errors.Is(err, kind) || !errors.Is(err, errors.ErrClientPayload) {
				t.Errorf("%s%s: got %q, %v", base, path, text, err)
			}
			resp.Close()
		}
	}
	resp, _ := get(t, s, "http://"+h.plain+"/nothing")
	wantStatus(t, resp, http.StatusGatewayTimeout)
	for _, url := range []string{"http://" + h.tcp + "/nothing", "http://" + h.plain + "/reject"} {
		if err := fails(t, s, url); !errors.Is(err, errors.ErrServerDisconnected) {
			t.Errorf("%s: got %v", url, err)
		}
	}
	start := time.Now()
	err := fails(t, s, "http://"+h.plain+"/silent", session.Timeouts(session.ClientTimeout{SockRead: 300 * time.Millisecond}))
	if !errors.Is(err, errors.ErrSocketTimeout) || time.Since(start) > 5*time.Second {
		t.Errorf("silence: got %v after %v", err, time.Since(start))
	}
}

// A proxy that is killed in the middle of answers.
func TestInteropHAProxyKilled(t *testing.T) {
	t.Parallel()
	h := startHAProxy(t, cutter(t))
	s := newSession(t, connector.Config{TLS: h.leaf.Client()})
	var all []*session.Response
	for _, base := range []string{"http://" + h.plain, "https://" + h.tls, "http://" + h.tcp} {
		resp, err := s.Get(t.Context(), base+"/length")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, resp)
	}
	h.stop(syscall.SIGKILL)
	for _, resp := range all {
		if text, err := io.ReadAll(resp.Body); !errors.Is(err, errors.ErrClientPayload) {
			t.Errorf("%s: got %q, %v", resp.URL(), text, err)
		}
		resp.Close()
		if err := fails(t, s, resp.URL().String()); !errors.Is(err, errors.ErrClientConnector) || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s: got %v", resp.URL(), err)
		}
	}
}
