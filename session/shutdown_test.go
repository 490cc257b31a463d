package session_test

import (
	"context"
	stderrors "errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// slow answers by path: some after a second, some in two parts with a second
// between them.
func slow(c *wiretest.Conn) {
	for {
		head, ok := c.ReadHead()
		if !ok {
			return
		}
		path := strings.Fields(head)[1]
		switch path {
		case "/wait", "/away":
			c.Pause(time.Second)
		case "/body":
			c.Write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok")
			c.Pause(time.Second)
			c.Write("ok")
			continue
		case "/none":
			c.Write("HTTP/1.1 204 No Content\r\n\r\n")
			continue
		case "/upgrade":
			c.Write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
			c.Stall()
			return
		}
		if path == "/away" {
			c.Write("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
			continue
		}
		c.Write(okResponse)
	}
}

// inShutdown is inBubble with the slow server, and a middleware that sends a
// request of its own, after a second, for those that want a token.
func inShutdown(t *testing.T, f func(t *testing.T, b *bubble)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{net: memnet.New()}
		var err error
		if b.conn, err = connector.New(connector.Config{Limit: 2, DialContext: b.net.DialContext}); err != nil {
			t.Fatal(err)
		}
		b.s, err = session.New(session.Config{Connector: b.conn, OwnConnector: true, Middleware: []middleware.Middleware{fetchToken}})
		if err != nil {
			t.Fatal(err)
		}
		b.serve(t, "h:80", slow)
		f(t, b)
		b.s.Close()
		synctest.Wait()
		if st := b.conn.Stats(); st.InUse != 0 || st.Waiting != 0 {
			t.Errorf("slots leaked: %+v", st)
		}
	})
}

func fetchToken(next http.RoundTripper) http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		switch req.URL.Path {
		case "/panic":
			panic("middleware")
		case "/token":
			time.Sleep(time.Second)
			resp, err := session.FromContext(req.Context()).Get(req.Context(), "http://h/")
			if err != nil {
				return nil, err
			}
			resp.Close()
		}
		return next.RoundTrip(req)
	})
}

// shut calls Shutdown in a goroutine.
func shut(s *session.Session, ctx context.Context) <-chan error { //nolint:revive // the session is what it is about
	result := make(chan error, 1)
	go func() { result <- s.Shutdown(ctx) }()
	return result
}

func pending(t *testing.T, result <-chan error) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-result:
		t.Fatalf("Shutdown did not wait: %v", err)
	default:
	}
}

// TestShutdownWaits: what is under way ends by itself, nothing else begins, and
// then the session is closed.
func TestShutdownWaits(t *testing.T) {
	t.Parallel()
	get := func(path string) func(t *testing.T, b *bubble) error {
		return func(_ *testing.T, b *bubble) error { return b.get(context.Background(), "http://h"+path) }
	}
	for name, call := range map[string]func(t *testing.T, b *bubble) error{
		"head": get("/wait"), "body": get("/body"), "redirect": get("/away"), "middleware's request": get("/token"),
		"waiting": func(t *testing.T, b *bubble) error {
			for range 2 { // both slots
				resp, err := b.s.Get(context.Background(), "http://h/body")
				if err != nil {
					return err
				}
				time.AfterFunc(time.Second, func() { resp.Close() })
			}
			return get("/")(t, b)
		},
		"derived": func(_ *testing.T, b *bubble) error {
			resp, err := b.s.With(session.Header("X-A", "1")).Get(context.Background(), "http://h/body")
			if err != nil {
				return err
			}
			_, err = resp.Bytes()
			return err
		},
		"Do": func(_ *testing.T, b *bubble) error {
			req, err := http.NewRequest(http.MethodGet, "http://h/body", nil)
			if err != nil {
				return err
			}
			resp, err := b.s.Do(req)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			_, err = io.Copy(io.Discard, resp.Body)
			return err
		},
		"Save": func(t *testing.T, b *bubble) error {
			_, err := b.s.Save(context.Background(), "http://h/away", session.SaveConfig{Path: t.TempDir() + string(os.PathSeparator) + "f"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inShutdown(t, func(t *testing.T, b *bubble) {
				start, done := time.Now(), make(chan error, 1)
				go func() { done <- call(t, b) }()
				time.Sleep(time.Second / 2)
				result := shut(b.s, context.Background())
				pending(t, result)
				if err := b.get(context.Background(), "http://h/"); !errors.Is(err, errors.ErrSessionClosed) || !b.s.Closed() {
					t.Errorf("a new call: got %v, want a closed session", err)
				}
				if b.conn.Closed() {
					t.Error("the connector is closed already")
				}
				if err := <-done; err != nil {
					t.Errorf("the call under way: %v", err)
				}
				if err := <-result; err != nil || !b.conn.Closed() {
					t.Errorf("Shutdown: got %v, connector closed: %t", err, b.conn.Closed())
				}
				if got := time.Since(start); got != time.Second {
					t.Errorf("it took %v", got)
				}
			})
		})
	}
}

// TestShutdownIdle: nothing is under way after calls of every end.
func TestShutdownIdle(t *testing.T) {
	t.Parallel()
	inShutdown(t, func(t *testing.T, b *bubble) {
		ctx, cancel := context.WithCancel(context.Background())
		b.get(ctx, "http://h/")
		b.get(ctx, "::", session.Header("bad name", ""))
		b.get(ctx, "http://h/", session.Header("bad name", ""))
		b.get(ctx, "http://h/", session.CheckStatusFunc(func(*session.Response) error { return io.ErrNoProgress }))
		b.get(ctx, "http://h/away", session.Redirects(0))
		b.get(ctx, "http://h/body", session.MaxBodySize(1))
		if _, err := b.s.Get(ctx, "http://h/none"); err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() { recover() }() // the panic is the middleware's
			b.get(ctx, "http://h/panic", session.Body(io.NopCloser(strings.NewReader("x"))))
		}()
		resp, err := b.s.Get(ctx, "http://h/body")
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		resp.Close()
		resp.Close()
		if err := b.s.Shutdown(context.Background()); err != nil || !b.conn.Closed() {
			t.Errorf("got %v, connector closed: %t", err, b.conn.Closed())
		}
		if err := b.s.Shutdown(context.Background()); err != nil {
			t.Errorf("once more: %v", err)
		}
		if err := b.s.Shutdown(nil); !errors.Is(err, errors.ErrInvalidRequest) { //nolint:staticcheck // that is the test
			t.Errorf("without a context: %v", err)
		}
	})
}

// TestShutdownCut: if the context ends first, the session stays shut, what is under
// way goes on, and one can wait again.
func TestShutdownCut(t *testing.T) {
	t.Parallel()
	inShutdown(t, func(t *testing.T, b *bubble) {
		resp, err := b.s.Get(context.Background(), "http://h/body")
		if err != nil {
			t.Fatal(err)
		}
		impatient := stderrors.New("impatient")
		ctx, cancel := context.WithTimeoutCause(context.Background(), time.Millisecond, impatient)
		defer cancel()
		if err := b.s.Shutdown(ctx); err != impatient {
			t.Errorf("got %v, want the context's cause", err)
		}
		if err := b.get(context.Background(), "http://h/"); !errors.Is(err, errors.ErrSessionClosed) {
			t.Errorf("a new call: got %v", err)
		}
		var waiting sync.WaitGroup
		for range 3 {
			waiting.Go(func() {
				if err := b.s.Shutdown(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		if text, err := resp.Text(); text != "okok" || err != nil {
			t.Errorf("got %q, %v", text, err)
		}
		waiting.Wait()
	})
}

// TestShutdownClose: Close breaks what Shutdown waits for.
func TestShutdownClose(t *testing.T) {
	t.Parallel()
	inShutdown(t, func(t *testing.T, b *bubble) {
		resp, err := b.s.Get(context.Background(), "http://h/body")
		if err != nil {
			t.Fatal(err)
		}
		result := shut(b.s, context.Background())
		pending(t, result)
		b.s.Close()
		if _, err := resp.Bytes(); !errors.Is(err, errors.ErrClient) {
			t.Errorf("the body: got %v", err)
		}
		if err := <-result; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}

// TestShutdownUpgraded: a connection that was taken over is not waited for.
func TestShutdownUpgraded(t *testing.T) {
	t.Parallel()
	inShutdown(t, func(t *testing.T, b *bubble) {
		resp, err := b.s.Get(context.Background(), "http://h/upgrade", session.Header("Upgrade", "x"), session.Header("Connection", "Upgrade"))
		if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
			t.Fatal(resp, err)
		}
		if err := b.s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		resp.Close()
	})
}

// TestShutdownDerived: a derived session waits for its own calls, and ends alone.
func TestShutdownDerived(t *testing.T) {
	t.Parallel()
	inShutdown(t, func(t *testing.T, b *bubble) {
		d := b.s.With()
		resp, err := b.s.Get(context.Background(), "http://h/body")
		if err != nil {
			t.Fatal(err)
		}
		own, err := d.Get(context.Background(), "http://h/body")
		if err != nil {
			t.Fatal(err)
		}
		result := shut(d, context.Background())
		pending(t, result)
		own.Close()
		if err := <-result; err != nil || !d.Closed() || b.s.Closed() {
			t.Errorf("got %v, derived closed: %t, session closed: %t", err, d.Closed(), b.s.Closed())
		}
		if text, err := resp.Text(); text != "okok" || err != nil {
			t.Errorf("got %q, %v", text, err)
		}
		if err := b.get(context.Background(), "http://h/"); err != nil {
			t.Error(err)
		}
	})
}
