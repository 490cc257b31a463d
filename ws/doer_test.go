package ws_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/leak"
	"github.com/aiolos-http/aiolos/ws"
)

// TestConnector holds a slot of a connector until the WebSocket ends, however it
// ends.
func TestConnector(t *testing.T) {
	t.Parallel()
	conn, err := connector.New(connector.Config{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	leak.Slots(t, func() (inUse, waiting int) { s := conn.Stats(); return s.InUse, s.Waiting })
	doer := doerFunc(conn.RoundTrip)
	polite := serve(t, (*peer).echo)
	rude := serve(t, func(p *peer) { p.read(); p.Reset() })
	broken := serve(t, func(p *peer) { p.Write(frame(fin|3, "")) })
	for range 3 {
		one := dialWith(t, doer, polite.URL(), nil)
		two := dialWith(t, doer, rude.URL(), nil)
		if s := conn.Stats(); s.InUse != 2 {
			t.Errorf("got %d slots in use, want 2", s.InUse)
		}
		one.SendText(t.Context(), "hello")
		if m := receive(t, one, ws.Text); m.Text() != "hello" {
			t.Errorf("got %q", m.Data)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if _, err := one.Receive(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		cancel()
		two.SendText(t.Context(), "hello")
		if end := ended(t, two); end.Code != 1006 {
			t.Errorf("got %v", end)
		}
		if err := one.Close(0, ""); err != nil {
			t.Error(err)
		}
		two.Close(0, "")
		if s := conn.Stats(); s.InUse != 0 {
			t.Errorf("got %d slots in use after Close", s.InUse)
		}
		three := dialWith(t, doer, broken.URL(), nil)
		if end := ended(t, three); end.Code != 1002 {
			t.Errorf("got %v", end)
		}
		three.Close(0, "")
	}
	refusing := httptest.NewServer(http.NotFoundHandler())
	defer refusing.Close()
	if _, err := ws.Dial(t.Context(), doer, refusing.URL, nil); !errors.Is(err, errors.ErrWSServerHandshake) {
		t.Errorf("got %v", err)
	}
}

// coderEcho is coder's server with TLS.
func coderEcho(t *testing.T) *httptest.Server {
	t.Helper()
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			typ, data, err := c.Read(context.Background())
			if err != nil || c.Write(context.Background(), typ, data) != nil {
				return
			}
		}
	}))
	t.Cleanup(srv.Close)
	return srv
}

// TestTLS gives up receives and sends in the middle, which crypto/tls is touchy
// about.
func TestTLS(t *testing.T) {
	t.Parallel()
	srv := coderEcho(t)
	c := dialWith(t, srv.Client(), strings.Replace(srv.URL, "https", "wss", 1), nil)
	if c.TLS() == nil || !c.TLS().HandshakeComplete || c.RemoteAddr().String() != srv.Listener.Addr().String() {
		t.Errorf("got %v %v", c.TLS(), c.RemoteAddr())
	}
	for i := range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*100*time.Microsecond)
		c.Receive(ctx)
		cancel()
		ctx, cancel = context.WithCancel(t.Context())
		if err := c.SendText(ctx, strings.Repeat("x", 1000*i)); err != nil {
			t.Fatal(err)
		}
		cancel()
		if m := receive(t, c, ws.Text); len(m.Data) != 1000*i {
			t.Errorf("got %d bytes, want %d", len(m.Data), 1000*i)
		}
	}
}

// TestHiddenConnection works without deadlines: by the pump alone.
func TestHiddenConnection(t *testing.T) {
	t.Parallel()
	c := dialWith(t, hidden{client(t)}, serve(t, (*peer).echo).URL(), &ws.Options{ReceiveTimeout: 5 * time.Millisecond})
	if _, err := c.Receive(t.Context()); !errors.Is(err, errors.ErrTimeout) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 100 {
		if err := c.SendText(ctx, "again"); err != nil {
			t.Fatal(err)
		}
		for {
			m, err := c.Receive(ctx)
			if errors.Is(err, errors.ErrTimeout) {
				continue
			}
			if err != nil || m.Text() != "again" {
				t.Fatalf("got %q, %v", m.Data, err)
			}
			break
		}
	}
}

// body is what a connector may give: it knows its connection.
type body struct {
	io.ReadWriteCloser
	nc net.Conn
}

func (b *body) NetConn() net.Conn { return b.nc }

// TestNetConn takes the addresses from the body.
func TestNetConn(t *testing.T) {
	t.Parallel()
	inner := client(t)
	nc, other := net.Pipe()
	defer nc.Close()
	defer other.Close()
	c := dialWith(t, doerFunc(func(req *http.Request) (*http.Response, error) {
		resp, err := inner.Do(req)
		if err == nil {
			resp.Body = &body{resp.Body.(io.ReadWriteCloser), nc}
		}
		return resp, err
	}), serve(t, (*peer).echo).URL(), nil)
	if c.RemoteAddr() != nc.RemoteAddr() || c.LocalAddr() != nc.LocalAddr() {
		t.Errorf("got %v, %v", c.LocalAddr(), c.RemoteAddr())
	}
}

// TestRedirect leaves redirects to the doer.
func TestRedirect(t *testing.T) {
	t.Parallel()
	srv := serve(t, (*peer).echo)
	redirecting := httptest.NewServer(http.RedirectHandler(srv.URL()+"/there", http.StatusFound))
	defer redirecting.Close()
	c := dialWith(t, client(t), redirecting.URL, nil)
	if got := c.Response().Request.URL.Path; got != "/there" {
		t.Errorf("got %q", got)
	}
	_, err := ws.Dial(t.Context(), doerFunc((&http.Transport{DisableKeepAlives: true}).RoundTrip), redirecting.URL, nil)
	if e, ok := errors.AsType[*errors.WSServerHandshakeError](err); !ok || e.Status != 302 || e.Header.Get("Location") == "" {
		t.Errorf("got %v", err)
	}
}
