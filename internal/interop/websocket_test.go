//go:build interop && linux

package interop_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
)

// converse talks to aiohttp's echo, whatever is in between.
func converse(t *testing.T, s *session.Session, url string, opts ...session.Option) {
	t.Helper()
	ctx := within(t)
	for _, compression := range []*ws.Compression{nil, {Threshold: -1}} {
		c, err := s.WebSocket(ctx, url, &ws.Options{Protocols: []string{"chat"}, Compress: compression, Heartbeat: 5 * time.Second}, opts...)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ws.CloseNormal, "") // in vain, if all goes well
		if c.Protocol() != "chat" || (c.Compression() != nil) != (compression != nil) {
			t.Errorf("%s: got protocol %q, compression %v", url, c.Protocol(), c.Compression())
		}
		for _, size := range []int{0, 1, 126, 65_536, 1 << 20} {
			want := bytes.Repeat([]byte("z"), size)
			if err := c.SendBytes(ctx, want); err != nil {
				t.Fatal(err)
			}
			if got, err := c.ReceiveBytes(ctx); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s: %d bytes: got %d, %v", url, size, len(got), err)
			}
		}
		if err := c.SendText(ctx, "close"); err != nil {
			t.Error(err)
		}
		if m, err := c.Receive(ctx); err != nil || m.Type != ws.Close || c.CloseCode() != 4001 || c.CloseReason() != "told to" {
			t.Errorf("%s: got %v, %v, code %d %q", url, m.Type, err, c.CloseCode(), c.CloseReason())
		}
		if err := c.Close(0, ""); err != nil {
			t.Errorf("%s: close: %v", url, err)
		}
	}
	if st := s.Connector().Stats(); st.InUse != 0 {
		t.Errorf("%s: after the end: %+v", url, st)
	}
}

func TestInteropWebSocket(t *testing.T) {
	t.Parallel()
	a := startAiohttp(t)
	for base, s := range a.ways(t) {
		converse(t, s, base+"/ws")
		converse(t, s, strings.Replace(base, "http", "ws", 1)+"/ws")
		_, err := s.WebSocket(within(t), base+"/echo", nil)
		if e, ok := errors.AsType[*errors.WSServerHandshakeError](err); !ok || e.Status != http.StatusOK {
			t.Errorf("no WebSocket there: got %v", err)
		}
	}
}

// nginx passes the upgrade on, with TLS and HTTP/2 beside it.
func TestInteropWebSocketNginx(t *testing.T) {
	t.Parallel()
	a := startAiohttp(t)
	n := startNginx(t, a.tcp, "")
	s := newSession(t, connector.Config{TLS: n.leaf.Client()})
	if resp, _ := get(t, s, "https://"+n.tls+"/who"); resp.ProtoMajor != 2 {
		t.Errorf("got %s", resp.Proto)
	}
	converse(t, s, "ws://"+n.plain+"/ws")
	converse(t, s, "wss://"+n.tls+"/ws")
	if resp, _ := get(t, s, "https://"+n.tls+"/who"); resp.ProtoMajor != 2 {
		t.Errorf("after WebSockets: got %s", resp.Proto)
	}
}

// Through proxies, ws takes a tunnel as wss does.
func TestInteropWebSocketProxies(t *testing.T) {
	t.Parallel()
	a := startAiohttp(t)
	for name, proxy := range map[string]func() string{
		"squid":      func() string { return startSquid(t, "", "").plain },
		"tinyproxy":  func() string { return startTinyproxy(t, "") },
		"microsocks": func() string { return "socks5://" + startMicrosocks(t) },
		"dante":      func() string { return "socks5h://" + startDante(t, "1") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t, connector.Config{TLS: a.leaf.Client()})
			via := session.Proxy(proxy())
			converse(t, s, "ws://"+a.tcp+"/ws", via)
			converse(t, s, "wss://"+a.tls+"/ws", via)
		})
	}
}

// haproxy cuts a WebSocket that is silent: its heartbeat keeps it, and without
// one the end is told.
func TestInteropWebSocketCut(t *testing.T) {
	t.Parallel()
	a := startAiohttp(t)
	h := startHAProxy(t, a.tcp)
	s := newSession(t, connector.Config{TLS: h.leaf.Client()})
	converse(t, s, "wss://"+h.tls+"/ws")
	ctx := within(t)
	kept, err := s.WebSocket(ctx, "ws://"+h.plain+"/ws", &ws.Options{Heartbeat: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close(ws.CloseNormal, "") // in vain, if all goes well
	silent, err := s.WebSocket(ctx, "ws://"+h.plain+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close(ws.CloseNormal, "") // as above
	if _, err := silent.Receive(ctx); silent.CloseCode() != 1006 {
		t.Errorf("cut: got %v, code %d", err, silent.CloseCode())
	}
	if err := kept.SendText(ctx, "still here"); err != nil {
		t.Error(err)
	}
	if text, err := kept.ReceiveText(ctx); text != "still here" {
		t.Errorf("with a heartbeat: got %q, %v", text, err)
	}
	if err := kept.Close(ws.CloseNormal, ""); err != nil {
		t.Error(err)
	}
}
