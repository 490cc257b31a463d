package har_test

import (
	"context"
	"crypto/tls"
	stderrors "errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/har"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
)

// tlsServer is a server in memory that shakes hands for 300 ms and answers after 200,
// and a transport to it that needs 40 ms for the name and 100 to connect.
func tlsServer(t *testing.T, http2 bool) *http.Transport {
	t.Helper()
	network := memnet.New()
	listener, err := network.Listen("192.0.2.1:443")
	if err != nil {
		t.Fatal(err)
	}
	leaf := certs.For(t, certs.Options{})
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(200 * time.Millisecond)
			io.WriteString(w, "hello")
		}),
		TLSConfig: &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			time.Sleep(300 * time.Millisecond)
			cfg := leaf.Server()
			if http2 {
				cfg.NextProtos = []string{"h2"}
			}
			return cfg, nil
		}},
		Protocols: new(http.Protocols), ErrorLog: log.New(io.Discard, "", 0),
	}
	server.Protocols.SetHTTP1(!http2)
	server.Protocols.SetHTTP2(http2)
	go server.ServeTLS(listener, "", "") // it ends with the listener
	t.Cleanup(func() { server.Close() })
	transport := &http.Transport{
		TLSClientConfig: leaf.Client(), ForceAttemptHTTP2: http2,
		DialContext: func(ctx context.Context, network2, _ string) (net.Conn, error) {
			hooks := httptrace.ContextClientTrace(ctx) // as net's own dialer has it
			hooks.DNSStart(httptrace.DNSStartInfo{})
			time.Sleep(40 * time.Millisecond)
			hooks.DNSDone(httptrace.DNSDoneInfo{})
			hooks.ConnectStart(network2, "192.0.2.1:443")
			time.Sleep(100 * time.Millisecond)
			conn, err := network.DialContext(ctx, network2, "192.0.2.1:443")
			hooks.ConnectDone(network2, "192.0.2.1:443", err)
			return conn, err
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// timingsOf are the timings of an entry, without what did not happen.
func timingsOf(entry map[string]any) string {
	var b strings.Builder
	for _, name := range []string{"blocked", "dns", "connect", "ssl", "send", "wait", "receive"} {
		if ms := valueAt(entry, "timings."+name); ms != -1.0 {
			fmt.Fprintf(&b, "%s %v ", name, ms)
		}
	}
	return b.String()
}

// overConnector is a Connector that dials and trusts as the transport does.
func overConnector(t *testing.T, transport *http.Transport) http.RoundTripper {
	t.Helper()
	c, err := connector.New(connector.Config{TLS: transport.TLSClientConfig, DialContext: transport.DialContext})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// The entries over TLS, of a real transport and of a Connector: with a new connection,
// and with the one that is there then.
func TestOverTLS(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, version string
		http2         bool
		connector     bool
	}{
		{"net/http, HTTP/1.1", "HTTP/1.1", false, false},
		{"net/http, HTTP/2", "HTTP/2.0", true, false},
		{"connector, HTTP/1.1", "HTTP/1.1", false, true},
		{"connector, HTTP/2", "HTTP/2.0", true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				transport := tlsServer(t, tt.http2)
				var next http.RoundTripper = transport
				if tt.connector {
					next = overConnector(t, transport)
				}
				h := har.New(har.Config{})
				rt := h.Wrap(next)
				for _, want := range []string{
					"blocked 0 dns 40 connect 400 ssl 300 send 0 wait 200 receive 0 ",
					"blocked 0 send 0 wait 200 receive 0 ",
				} {
					h.Reset()
					if got := mwtest.Send(t, rt, "GET", "https://localhost/", "", ""); got != "hello" {
						t.Fatalf("got %q", got)
					}
					synctest.Wait() // the idle connection is watched, for which its next request would wait
					entry := onlyEntry(t, h)
					checkTimings(t, entry, want, "192.0.2.1")
					if got := valueAt(entry, "response.httpVersion"); got != tt.version {
						t.Errorf("got %v, want %s", got, tt.version)
					}
				}
			})
		})
	}
}

// onlyEntry is the entry of an archive that has one.
func onlyEntry(t *testing.T, h *har.Recorder) map[string]any {
	t.Helper()
	entries := checkArchive(t, archiveText(t, h))
	if len(entries) != 1 {
		t.Fatalf("got %d entries, want one", len(entries))
	}
	return entries[0]
}

// checkTimings compares the timings of an entry, and the address of its server.
func checkTimings(t *testing.T, entry map[string]any, want string, server any) {
	t.Helper()
	if got := timingsOf(entry); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := valueAt(entry, "serverIPAddress"); got != server {
		t.Errorf("server: got %v, want %v", got, server)
	}
}

// A failure is in the phase in which it happened.
func TestFailedHandshake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := har.New(har.Config{})
		transport := tlsServer(t, false)
		transport.TLSClientConfig = nil // whose certificate nobody knows
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.com/", nil)
		if _, err := h.Wrap(transport).RoundTrip(req); err == nil {
			t.Fatal("no error")
		}
		checkTimings(t, onlyEntry(t, h), "blocked 0 dns 40 connect 400 ssl 300 send 0 wait 0 receive 0 ", "192.0.2.1")
	})
}

// peerConn is a connection with an address.
type peerConn struct {
	net.Conn
	address string
}

func (p peerConn) RemoteAddr() net.Addr { return memnet.Addr(p.address) }

// Sequences of hooks that are hard to bring about, each step a second long.
func TestHooks(t *testing.T) {
	t.Parallel()
	type hooks = *httptrace.ClientTrace
	var (
		get       = func(h hooks) { h.GetConn("h:443") }
		dnsStart  = func(h hooks) { h.DNSStart(httptrace.DNSStartInfo{}) }
		dnsDone   = func(h hooks) { h.DNSDone(httptrace.DNSDoneInfo{}) }
		connect   = func(h hooks) { h.ConnectStart("tcp", "[2001:db8::1]:443") }
		connected = func(h hooks) { h.ConnectDone("tcp", "[2001:db8::1]:443", nil) }
		other     = func(h hooks) { h.ConnectDone("tcp", "192.0.2.9:443", nil) }
		refused   = func(h hooks) { h.ConnectDone("tcp", "192.0.2.9:443", stderrors.New("refused")) }
		shake     = func(h hooks) { h.TLSHandshakeStart() }
		shaken    = func(h hooks) { h.TLSHandshakeDone(tls.ConnectionState{}, nil) }
		got       = func(h hooks) { h.GotConn(httptrace.GotConnInfo{Conn: peerConn{address: "192.0.2.1:443"}}) }
		reused    = func(h hooks) {
			h.GotConn(httptrace.GotConnInfo{Conn: peerConn{address: "[::ffff:192.0.2.2]:443"}, Reused: true})
		}
		unix       = func(h hooks) { h.GotConn(httptrace.GotConnInfo{Conn: peerConn{address: "/run/socket"}}) }
		wrote      = func(h hooks) { h.WroteRequest(httptrace.WroteRequestInfo{}) }
		firstByte  = func(h hooks) { h.GotFirstResponseByte() }
		nothingYet = func(hooks) {}
	)
	for _, tt := range []struct {
		name   string
		steps  []func(hooks)
		fails  bool
		want   string
		server any
	}{
		{
			"all",
			[]func(hooks){get, dnsStart, dnsDone, connect, connected, shake, shaken, got, wrote, firstByte},
			false,
			"blocked 3000 dns 1000 connect 3000 ssl 1000 send 1000 wait 1000 receive 0 ", "192.0.2.1",
		},
		{"a shared connection of HTTP/2", []func(hooks){get, nothingYet, got, wrote, firstByte}, false, "blocked 2000 send 1000 wait 1000 receive 0 ", "192.0.2.1"},
		{
			"another's connection came first",
			[]func(hooks){get, dnsStart, dnsDone, connect, reused, connected, shake, wrote, shaken, firstByte},
			false,
			"blocked 4000 send 3000 wait 2000 receive 0 ", "192.0.2.2",
		},
		{
			"a second try",
			[]func(hooks){get, reused, wrote, get, dnsStart, dnsDone, connect, connected, got, wrote, firstByte},
			false,
			"blocked 6000 dns 1000 connect 1000 send 1000 wait 1000 receive 0 ", "192.0.2.1",
		},
		{
			"two addresses",
			[]func(hooks){get, dnsStart, connect, dnsDone, connect, refused, connected, shake, other, shaken, got, wrote, firstByte},
			false,
			"blocked 2000 dns 1000 connect 7000 ssl 2000 send 1000 wait 1000 receive 0 ", "192.0.2.1",
		},
		{
			"a proxy with TLS",
			[]func(hooks){get, connect, connected, shake, shaken, nothingYet, shake, shaken, got, wrote, firstByte},
			false,
			"blocked 2000 connect 6000 ssl 1000 send 1000 wait 1000 receive 0 ", "192.0.2.1",
		},
		{"a dialer without hooks", []func(hooks){get, shake, shaken, unix, wrote, firstByte}, false, "blocked 2000 connect 1000 ssl 1000 send 1000 wait 1000 receive 0 ", nil},
		{"no GotConn", []func(hooks){connect, connected, shake, shaken, wrote, firstByte}, false, "blocked 0 connect 3000 ssl 1000 send 1000 wait 1000 receive 0 ", "2001:db8::1"},
		{"fails in the name", []func(hooks){get, dnsStart, nothingYet}, true, "blocked 1000 dns 1000 send 0 wait 0 receive 0 ", nil},
		{"fails to connect", []func(hooks){get, dnsStart, dnsDone, connect, refused}, true, "blocked 2000 dns 1000 connect 1000 send 0 wait 0 receive 0 ", nil},
		{"fails in the handshake", []func(hooks){get, connect, connected, shake, nothingYet}, true, "blocked 1000 connect 3000 ssl 1000 send 0 wait 0 receive 0 ", "2001:db8::1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := har.New(har.Config{})
				rt := h.Wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
					for i, step := range tt.steps {
						if i > 0 {
							time.Sleep(time.Second)
						}
						step(httptrace.ContextClientTrace(req.Context()))
					}
					if tt.fails {
						return nil, io.EOF
					}
					return &http.Response{StatusCode: 200, Proto: "HTTP/1.1", Body: http.NoBody, Request: req}, nil
				}))
				req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.com/", nil)
				if _, err := rt.RoundTrip(req); (err != nil) != tt.fails {
					t.Fatal(err)
				}
				checkTimings(t, onlyEntry(t, h), tt.want, tt.server)
			})
		})
	}
}
