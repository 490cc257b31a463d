package connector_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// What a server of HTTP/2 can do to a request, and what becomes of it. The first
// connection answers one request well, so that it is a kept one, and then does its
// worst; the others are fine.
func TestH2Failures(t *testing.T) {
	t.Parallel()
	goAway := func(f *frames, last uint32, code http2.ErrCode) { f.WriteGoAway(last, code, []byte("debug")) }
	cases := []struct {
		name   string
		worst  func(f *frames, id uint32)
		again  string // the methods that are sent again: G, P, and O for a body that cannot be
		want   error  // of the others
		reads  error  // of the body, if the head is fine
		remain bool   // the connection is still used
	}{
		{name: "refused stream", worst: func(f *frames, id uint32) {
			f.WriteRSTStream(id, http2.ErrCodeRefusedStream)
			f.fine()
		}, again: "GP", want: errors.ErrServerDisconnected, remain: true},
		{name: "refused more than once", worst: func(f *frames, id uint32) {
			for range 3 {
				f.WriteRSTStream(id, http2.ErrCodeRefusedStream)
				id = f.request()
			}
			if id != 0 {
				f.ok(id)
				f.fine()
			}
		}, again: "GP", want: errors.ErrServerDisconnected, remain: true},
		{name: "reset before the head", worst: func(f *frames, id uint32) {
			f.WriteRSTStream(id, http2.ErrCodeInternal)
			f.fine()
		}, want: errors.ErrServerDisconnected, remain: true},
		{name: "reset for breaking the protocol", worst: func(f *frames, id uint32) {
			f.WriteRSTStream(id, http2.ErrCodeProtocol)
			f.fine()
		}, again: "G", want: errors.ErrServerDisconnected},
		{name: "reset in the body", worst: func(f *frames, id uint32) {
			f.head(id, 200, false, "content-length", "10")
			f.WriteData(id, false, []byte("half"))
			f.WriteRSTStream(id, http2.ErrCodeInternal)
			f.fine()
		}, reads: errors.ErrClientPayload, remain: true},
		{name: "body ends early", worst: func(f *frames, id uint32) {
			f.head(id, 200, false, "content-length", "10")
			f.WriteData(id, true, []byte("half"))
			f.fine()
		}, reads: errors.ErrContentLength, remain: true},
		{
			name: "connection lost before the head", worst: func(f *frames, _ uint32) { f.c.Reset() },
			again: "G", want: errors.ErrServerDisconnected,
		},
		{
			name: "connection ends before the head", worst: func(*frames, uint32) {},
			again: "G", want: errors.ErrServerDisconnected,
		},
		{name: "connection lost in the body", worst: func(f *frames, id uint32) {
			f.head(id, 200, false)
			f.WriteData(id, false, []byte("half"))
			f.c.Reset()
		}, reads: errors.ErrClientPayload},
		{name: "goaway, request not processed", worst: func(f *frames, id uint32) {
			goAway(f, id-2, http2.ErrCodeNo)
			f.request()
		}, again: "GP", want: errors.ErrServerDisconnected},
		{name: "goaway with an error, request not processed", worst: func(f *frames, id uint32) {
			goAway(f, id-2, http2.ErrCodeEnhanceYourCalm)
			f.request()
		}, again: "GP", want: errors.ErrServerDisconnected},
		{name: "goaway with an error, request perhaps processed", worst: func(f *frames, id uint32) {
			goAway(f, id, http2.ErrCodeInternal)
		}, again: "G", want: errors.ErrServerDisconnected},
		{name: "goaway, request processed", worst: func(f *frames, id uint32) {
			goAway(f, id, http2.ErrCodeNo)
			f.ok(id)
			f.request()
		}},
		{name: "malformed head", worst: func(f *frames, id uint32) {
			f.head(id, 200, true, "Upper-Case", "1")
			f.fine()
		}, want: errors.ErrBadHTTPMessage, remain: true},
		{name: "broken protocol", worst: func(f *frames, _ uint32) {
			f.WriteRawFrame(http2.FrameData, 0, 0, []byte("on no stream"))
			f.request()
		}, again: "G", want: errors.ErrBadHTTPMessage},
	}
	for _, tt := range cases {
		for _, method := range []string{"GET", "POST", "OPAQUE"} {
			t.Run(tt.name+", "+method, func(t *testing.T) {
				t.Parallel()
				srv, cfg := h2Script(t, func(f *frames) {
					if f.c.N > 0 {
						f.fine()
						return
					}
					f.ok(f.request())
					if id := f.request(); id != 0 {
						f.whole() // or writing it fails, too
						tt.worst(f, id)
					}
				})
				c := newConnector(t, cfg)
				get(t, c, srv.URL())
				var body io.Reader
				name := method
				switch method {
				case "POST":
					body = strings.NewReader("body")
				case "OPAQUE":
					name, body = "POST", io.MultiReader(strings.NewReader("body"))
				}
				resp, err := c.RoundTrip(newRequest(t, t.Context(), name, srv.URL(), body))
				again := strings.Contains(tt.again, method[:1])
				if again || tt.want == nil {
					if err != nil {
						t.Fatal(err)
					}
					_, err = io.ReadAll(resp.Body)
					resp.Body.Close()
					if !errors.Is(err, tt.reads) {
						t.Errorf("the body gave %v, want %v", err, tt.reads)
					}
				} else if !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				if s := c.Stats(); (s.Retried > 0) != again {
					t.Errorf("sent again: %d", s.Retried)
				}
				get(t, c, srv.URL())
				if remain := srv.Conns() == 1; remain != tt.remain {
					t.Errorf("%d connections", srv.Conns())
				}
			})
		}
	}
}

// A server that refuses everything is not asked for ever.
func TestH2RefusesAll(t *testing.T) {
	t.Parallel()
	srv, cfg := h2Script(t, func(f *frames) {
		for id := f.request(); id != 0; id = f.request() {
			f.WriteRSTStream(id, http2.ErrCodeRefusedStream)
		}
	})
	c := newConnector(t, cfg)
	if r := fetch(t.Context(), c, "GET", srv.URL()); !errors.Is(r.err, errors.ErrServerDisconnected) {
		t.Errorf("got %v", r.err)
	}
	retried := c.Stats().Retried
	if retried < 1 || retried > 8 {
		t.Errorf("sent again %d times", retried)
	}
	ctx := connector.WithSettings(t.Context(), connector.Settings{DisableStaleRetry: true})
	if r := fetch(ctx, c, "GET", srv.URL()); r.err == nil {
		t.Error("no error")
	}
	if n := c.Stats().Retried; n != retried {
		t.Errorf("sent again, though that is off: %d", n-retried)
	}
}

// The servers that close kept connections, in the three ways: a request on one
// notices nothing, not even one that cannot be sent twice if the server has said
// goodbye in time.
func TestH2IdleConnectionCloses(t *testing.T) {
	t.Parallel()
	closes := map[string]func(*frames){
		"ends":   func(*frames) {},
		"reset":  func(f *frames) { f.c.Reset() },
		"goaway": func(f *frames) { f.WriteGoAway(1, http2.ErrCodeNo, nil); f.request() },
	}
	for name, end := range closes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, cfg := h2Script(t, func(f *frames) {
				f.ok(f.request())
				if f.c.N == 0 {
					end(f)
					return
				}
				f.fine()
			})
			c := newConnector(t, cfg)
			get(t, c, srv.URL())
			waitFor(t, "its end", func() bool { return c.Stats().Closed == 1 })
			if s := c.Stats(); s.Idle != 0 {
				t.Errorf("%+v", s)
			}
			resp, err := c.RoundTrip(newRequest(t, t.Context(), "POST", srv.URL(), io.MultiReader(strings.NewReader("once"))))
			if err != nil {
				t.Fatal(err)
			}
			read(t, resp)
			if s := c.Stats(); s.Retried != 0 || s.Opened != 2 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// A connection that dies without a word is found dead by a ping, and its requests
// end with that.
func TestH2Ping(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		ln, err := n.Listen("host:443")
		if err != nil {
			t.Fatal(err)
		}
		leaf := certs.For(t, certs.Options{})
		server := leaf.Server()
		server.NextProtos = []string{"h2"}
		wiretest.NewTLSOn(t, ln, server, func(c *wiretest.Conn) {
			http2.NewFramer(c.NetConn(), nil).WriteSettings()
			c.Stall()
		})
		client := leaf.Client()
		client.ServerName = "localhost"
		c := newConnector(t, connector.Config{
			TLS: client, DialContext: n.DialContext,
			HTTP2: &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
		})
		start := time.Now()
		r := fetch(context.Background(), c, "GET", "https://host")
		if !errors.Is(r.err, errors.ErrServerDisconnected) || time.Since(start) != 15*time.Second {
			t.Errorf("got %v after %v", r.err, time.Since(start))
		}
		synctest.Wait() // net/http tells of the end of a connection in a goroutine of its own
		if s := c.Stats(); s.InUse != 0 || s.Closed != s.Opened {
			t.Errorf("%+v", s)
		}
	})
}

// TestH2Status: net/http takes any number for a status of HTTP/2.
func TestH2Status(t *testing.T) {
	t.Parallel()
	for status, good := range map[string]bool{
		"200": true, "999": true, "600": true, "000": false, "0": false, "099": false, "1000": false, "-200": false, "+200": false, "0200": false, "20": false,
	} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			srv, cfg := h2Script(t, func(f *frames) {
				id := f.request()
				f.headOf(id, status, false)
				f.WriteData(id, true, []byte("ok"))
				f.fine()
			})
			c := newConnector(t, cfg)
			resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", srv.URL(), nil))
			if good {
				if err != nil || read(t, resp) != "ok" {
					t.Errorf("got %v", err)
				}
				return
			}
			badHead(t, status, err, "malformed status")
			if got := get(t, c, srv.URL()); got != "ok" || c.Stats().InUse != 0 {
				t.Errorf("then got %q, %d in use", got, c.Stats().InUse)
			}
		})
	}
}
