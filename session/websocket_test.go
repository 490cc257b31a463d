package session_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
)

// echoServer echoes what comes over a WebSocket at /ws, redirects to it from
// /old, and sets a cookie at /login.
func echoServer(t *testing.T) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(echo())
	t.Cleanup(srv.Close)
	return srv
}

func echo() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "id", Value: "42"})
	})
	mux.HandleFunc("/old", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "ws://"+r.Host+"/ws")
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("/no", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "not here", http.StatusForbidden) })
	mux.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		cookie, auth := r.Header.Get("Cookie"), r.Header.Get("X-Default")
		if err := c.Write(r.Context(), websocket.MessageText, []byte(cookie+" "+auth)); err != nil {
			return
		}
		for {
			kind, data, err := c.Read(r.Context())
			if err != nil {
				return
			}
			if err := c.Write(r.Context(), kind, data); err != nil {
				return
			}
		}
	})
	return mux
}

// TestWebSocket goes through the session: jar, headers, redirects, limits.
func TestWebSocket(t *testing.T) {
	t.Parallel()
	srv := echoServer(t)
	s := newSession(t, session.Config{
		BaseURL: srv.URL + "/", Options: opt(session.Header("X-Default", "d")),
		Jar: jar.New(jar.Config{Unsafe: true}),
	})
	resp, err := s.Get(t.Context(), "login")
	readBody(t, resp, err)
	for _, url := range []string{"ws", "/ws", "ws" + srv.URL[len("http"):] + "/ws", srv.URL + "/ws", "old"} {
		c, err := s.WebSocket(t.Context(), url, nil)
		if err != nil {
			t.Fatalf("%s: %v", url, err)
		}
		if got, err := c.ReceiveText(t.Context()); err != nil || got != "id=42 d" {
			t.Errorf("%s: got %q, %v", url, got, err)
		}
		if err := c.SendText(t.Context(), "hello"); err != nil {
			t.Errorf("%s: %v", url, err)
		}
		if got, err := c.ReceiveText(t.Context()); err != nil || got != "hello" {
			t.Errorf("%s: got %q, %v", url, got, err)
		}
		if st := s.Connector().Stats(); st.InUse != 1 {
			t.Errorf("%s: %d slots are taken, want 1", url, st.InUse)
		}
		if err := c.Close(ws.CloseNormal, ""); err != nil {
			t.Errorf("%s: Close: %v", url, err)
		}
		if st := s.Connector().Stats(); st.InUse != 0 {
			t.Errorf("%s: %d slots are taken after Close", url, st.InUse)
		}
	}
}

// TestWebSocketOutlives the timeouts, which are those of the handshake.
func TestWebSocketOutlives(t *testing.T) {
	t.Parallel()
	timeout := session.ClientTimeout{Total: time.Minute, SockRead: 200 * time.Millisecond}
	inBubble(t, connector.Config{}, timeout, func(t *testing.T, b *bubble) {
		ln, err := b.net.Listen("h:80")
		if err != nil {
			t.Fatal(err)
		}
		srv := &http.Server{Handler: echo()}
		go srv.Serve(ln)
		defer srv.Close()
		for _, url := range []string{"ws://h/ws", "http://h/old"} {
			c, err := b.s.WebSocket(t.Context(), url, nil)
			if err != nil {
				t.Fatalf("%s: %v", url, err)
			}
			if got, err := c.ReceiveText(t.Context()); err != nil || got != " " {
				t.Errorf("%s: got %q, %v", url, got, err)
			}
			time.Sleep(time.Hour)
			if err := c.SendText(t.Context(), "hello"); err != nil {
				t.Errorf("%s: %v", url, err)
			}
			if got, err := c.ReceiveText(t.Context()); err != nil || got != "hello" {
				t.Errorf("%s: got %q, %v", url, got, err)
			}
			if err := c.Close(ws.CloseNormal, ""); err != nil {
				t.Errorf("%s: Close: %v", url, err)
			}
		}
	})
}

// TestWebSocketRefused: failures have their class and leave nothing behind.
func TestWebSocketRefused(t *testing.T) {
	t.Parallel()
	srv := echoServer(t)
	s := newSession(t, session.Config{})
	_, err := s.WebSocket(t.Context(), srv.URL+"/no", nil)
	var refused *errors.WSServerHandshakeError
	if !errors.As(err, &refused) || refused.Status != http.StatusForbidden || string(refused.Body) != "not here\n" {
		t.Errorf("got %v", err)
	}
	for name, url := range map[string]string{"relative": "/ws", "scheme": "ftp://h/", "no host": "ws:///x", "unparsable": "ws://h%zz/"} {
		if _, err := s.WebSocket(t.Context(), url, nil); !errors.Is(err, errors.ErrInvalidURL) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := s.WebSocket(nil, srv.URL, nil); !errors.Is(err, errors.ErrInvalidRequest) { //nolint:staticcheck // that is the test
		t.Errorf("nil context: got %v", err)
	}
	if _, err := s.WebSocket(t.Context(), srv.URL, nil, session.Redirects(-1)); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("bad option: got %v", err)
	}
	s.Close()
	if _, err := s.WebSocket(t.Context(), srv.URL+"/ws", nil); !errors.Is(err, errors.ErrSessionClosed) {
		t.Errorf("closed session: got %v", err)
	}
}

// TestWebSocketEndsWithConnector: closing the connector ends the socket.
func TestWebSocketEndsWithConnector(t *testing.T) {
	t.Parallel()
	srv := echoServer(t)
	conn, err := connector.New(connector.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(t, session.Config{Connector: conn})
	c, err := s.WebSocket(t.Context(), srv.URL+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if _, err := c.Receive(t.Context()); err == nil || c.CloseCode() != ws.CloseAbnormal {
		t.Errorf("got %v, code %v", err, c.CloseCode())
	}
	c.Close(ws.CloseNormal, "") // it has ended
}

// TestWebSocketOwnsSession: the session of the package's function ends with the Conn, or
// with the handshake that failed.
func TestWebSocketOwnsSession(t *testing.T) {
	t.Parallel()
	srv := echoServer(t)
	for name, end := range map[string]func(*ws.Conn){
		"Close":    func(c *ws.Conn) { c.Close(ws.CloseNormal, "") },
		"CloseNow": (*ws.Conn).CloseNow,
	} {
		var own *session.Session
		c, err := session.WebSocket(t.Context(), srv.URL+"/ws", nil, session.Header("X-Default", "d"), seeSession(&own))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.ReceiveText(t.Context()); err != nil || got != " d" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
		if own == nil || own.Closed() || own.Connector().Closed() {
			t.Fatalf("%s: the session is closed before the Conn", name)
		}
		end(c)
		if !own.Closed() || !own.Connector().Closed() {
			t.Errorf("%s: the session is open after it", name)
		}
	}
	var own *session.Session
	_, err := session.WebSocket(t.Context(), srv.URL+"/no", nil, seeSession(&own))
	if !errors.Is(err, errors.ErrWSServerHandshake) || own == nil || !own.Connector().Closed() {
		t.Errorf("refused: got %v", err)
	}
}

// seeSession notes the session of a request.
func seeSession(s **session.Session) session.Option {
	return session.AddMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			*s = session.FromContext(req.Context())
			return next.RoundTrip(req)
		})
	})
}

// TestWebSocketProtocolNotOffered: RFC 6455 4.1, item 6, through a session, with a server
// that would speak HTTP/2 as well; the slot is free again.
func TestWebSocketProtocolNotOffered(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{})
	for _, offers := range [][]string{{"http/1.1"}, {"h2", "http/1.1"}} {
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Sec-WebSocket-Protocol", "mqtt")
			websocket.Accept(w, r, nil)
		}))
		srv.TLS = leaf.Server()
		srv.TLS.NextProtos = offers
		srv.EnableHTTP2 = len(offers) > 1
		srv.StartTLS()
		t.Cleanup(srv.Close)
		s := newSession(t, session.Config{Options: opt(session.TLS(leaf.Client()))})
		c, err := s.WebSocket(t.Context(), srv.URL, &ws.Options{Protocols: []string{"chat"}})
		if c != nil || !errors.Is(err, errors.ErrWSServerHandshake) {
			t.Errorf("%v: got %v", offers, err)
		}
		if st := s.Connector().Stats(); st.InUse != 0 {
			t.Errorf("%v: %d slots are taken", offers, st.InUse)
		}
	}
}
