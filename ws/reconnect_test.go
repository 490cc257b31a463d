package ws_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/ws"
)

// unreliable is a server in memory with a script for each connection in turn; a
// nil one refuses with 503.
func unreliable(t *testing.T, scripts ...func(*peer)) ws.Doer {
	t.Helper()
	network := memnet.New()
	ln, err := network.Listen("example.com:80")
	if err != nil {
		t.Fatal(err)
	}
	wiretest.NewOn(t, ln, func(c *wiretest.Conn) {
		script := scripts[min(c.N, len(scripts)-1)]
		if script == nil {
			c.ReadHead()
			c.Write("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		} else if p := (&peer{c, t}); p.accept() {
			script(p)
		}
	})
	return &http.Client{Transport: &http.Transport{DialContext: network.DialContext}}
}

func TestReconnect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hello := func(after func(*peer)) func(*peer) {
			return func(p *peer) {
				if f, ok := p.read(); !ok || f.payload != "subscribe" {
					t.Errorf("got %q first", f.payload)
				}
				p.Write(text("hello"))
				after(p)
			}
		}
		doer := unreliable(t,
			nil, nil,
			hello(func(p *peer) { p.Write(closeFrame(1001, "")); p.readClose() }),
			hello((*peer).Reset),
			nil,
			hello(func(p *peer) { p.Write(text("last")); p.echo() }),
		)
		var waits []time.Duration
		var got []string
		done := errors.New("done")
		err := ws.Reconnect(t.Context(), doer, "ws://example.com/", &ws.ReconnectOptions{
			MinWait: time.Second, MaxWait: 3 * time.Second,
			Subscribe: func(ctx context.Context, c *ws.Conn) error { return c.SendText(ctx, "subscribe") },
			Down:      func(_ error, wait time.Duration) { waits = append(waits, wait) },
		}, func(_ context.Context, c *ws.Conn, m ws.Message) error {
			got = append(got, m.Text())
			if m.Text() == "last" {
				return done
			}
			return nil
		})
		if err != done {
			t.Errorf("got %v", err)
		}
		if len(got) != 4 || len(waits) != 5 {
			t.Fatalf("got messages %q, waits %v", got, waits)
		}
		const s = time.Second
		for i, most := range []time.Duration{s, 2 * s, s, s, 2 * s} {
			if waits[i] > most || waits[i] < most/2 {
				t.Errorf("wait %d: got %v, want %v to %v", i, waits[i], most/2, most)
			}
		}
	})
}

func TestReconnectGivesUp(t *testing.T) {
	t.Parallel()
	refuse := func(status string) ws.Doer {
		return doerFunc(func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: int(status[0]-'0')*100 + int(status[2]-'0'), Body: http.NoBody, Header: http.Header{}, Request: req}, nil
		})
	}
	never := func(context.Context, *ws.Conn, ws.Message) error { return nil }
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		err := ws.Reconnect(t.Context(), refuse("404"), "ws://example.com/", nil, never)
		if !errors.Is(err, errors.ErrWSServerHandshake) || time.Since(start) != 0 {
			t.Errorf("404: got %v after %v", err, time.Since(start))
		}
		err = ws.Reconnect(t.Context(), refuse("503"), "ws://example.com/", &ws.ReconnectOptions{Attempts: 4}, never)
		if took := time.Since(start); !errors.Is(err, errors.ErrWSServerHandshake) || took > 3500*time.Millisecond || took < 1750*time.Millisecond {
			t.Errorf("503: got %v after %v", err, took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		start = time.Now()
		err = ws.Reconnect(ctx, refuse("503"), "ws://example.com/", nil, never)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Hour {
			t.Errorf("context: got %v after %v", err, time.Since(start))
		}
		tries := 0
		err = ws.Reconnect(t.Context(), refuse("503"), "ws://example.com/", &ws.ReconnectOptions{
			MinWait: -1, Retry: func(error) bool { tries++; return tries < 100 },
		}, never)
		if err == nil || tries != 100 {
			t.Errorf("retry: got %v after %d", err, tries)
		}
		failed := errors.New("no password")
		doer := unreliable(t, (*peer).echo)
		err = ws.Reconnect(t.Context(), doer, "ws://example.com/", &ws.ReconnectOptions{
			Subscribe: func(context.Context, *ws.Conn) error { return failed }, Attempts: 1,
		}, never)
		if err != failed {
			t.Errorf("subscribe: got %v", err)
		}
	})
	if err := ws.Reconnect(t.Context(), refuse("503"), "gopher://x/", nil, never); !errors.Is(err, errors.ErrInvalidURL) {
		t.Errorf("url: got %v", err)
	}
}

func TestTransient(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want bool
	}{
		{&ws.CloseError{Code: 1000}, true},
		{&ws.CloseError{Code: 1006}, true},
		{&ws.CloseError{Code: 1012}, true},
		{&ws.CloseError{Code: 4000}, true},
		{&ws.CloseError{Code: 1008}, false},
		{&ws.CloseError{Code: 1002}, false},
		{&errors.WSServerHandshakeError{ClientResponseError: errors.ClientResponseError{Status: 429}}, true},
		{&errors.WSServerHandshakeError{ClientResponseError: errors.ClientResponseError{Status: 502}}, true},
		{&errors.WSServerHandshakeError{ClientResponseError: errors.ClientResponseError{Status: 101}}, false},
		{&errors.WSServerHandshakeError{ClientResponseError: errors.ClientResponseError{Status: 401}}, false},
		{errors.ErrInvalidURL, false},
		{errors.ErrClientConnectorCertificate, false},
		{errors.ErrClientConnectorDNS, true},
		{errors.ErrServerDisconnected, true},
	} {
		if got := ws.Transient(test.err); got != test.want {
			t.Errorf("%v: got %v", test.err, got)
		}
	}
}
