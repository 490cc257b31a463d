package session_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

// TestTraceQueue: waiting is told, and a panic while waiting leaks no slot.
func TestTraceQueue(t *testing.T) {
	t.Parallel()
	mine := errors.New("mine")
	boom := func(context.Context, session.ConnectionEvent) { panic(mine) }
	for name, test := range map[string]struct {
		trace session.Trace
		fails bool
	}{
		"told":        {session.Trace{}, false},
		"panic":       {session.Trace{ConnectionQueuedStart: boom}, true},
		"panic later": {session.Trace{ConnectionQueuedEnd: boom}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				network := memnet.New()
				ln, err := network.Listen("h:80")
				if err != nil {
					t.Fatal(err)
				}
				wiretest.NewOn(t, ln, fine)
				conn, err := connector.New(connector.Config{Limit: 1, DialContext: network.DialContext})
				if err != nil {
					t.Fatal(err)
				}
				var log []string
				s, err := session.New(session.Config{Connector: conn, OwnConnector: true, Trace: []*session.Trace{diary(&log), &test.trace}})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				first, err := s.Get(t.Context(), "http://h/")
				if err != nil {
					t.Fatal(err)
				}
				log = nil
				time.AfterFunc(time.Second, func() { first.Close() })
				resp, err := s.Get(t.Context(), "http://h/")
				if errors.Is(err, mine) != test.fails {
					t.Errorf("got %v", err)
				}
				if err == nil {
					resp.Close()
					if want := []string{"start GET /", "queued", "queued end", "reuse", "headers GET /", "end 200 OK"}; !slices.Equal(log, want) {
						t.Errorf("got  %q\nwant %q", log, want)
					}
				}
				time.Sleep(2 * time.Second)
				if st := conn.Stats(); st.InUse != 0 || st.Waiting != 0 {
					t.Errorf("slots leaked: %+v", st)
				}
				resp, err = s.Get(t.Context(), "http://h/")
				if err != nil {
					t.Fatalf("the next request: %v", err)
				}
				resp.Close()
			})
		})
	}
}

// TestTracePanicsLater: in the functions that only a second request calls. The
// only slot is free afterwards, without Close.
func TestTracePanicsLater(t *testing.T) {
	t.Parallel()
	rec := record(t, ok)
	url := strings.Replace(rec.URL, "127.0.0.1", "localhost", 1)
	mine := errors.New("mine")
	for name, arm := range map[string]func(*session.Trace){
		"ConnectionReuse": func(tr *session.Trace) {
			tr.ConnectionReuse = func(context.Context, session.ConnectionEvent) { panic(mine) }
		},
		"DNSCacheHit": func(tr *session.Trace) { tr.DNSCacheHit = func(context.Context, session.HostEvent) { panic(mine) } },
		"DNSResolveHostStart": func(tr *session.Trace) {
			tr.DNSResolveHostStart = func(context.Context, session.HostEvent) { panic(mine) }
		},
		"ConnectionCreateStart": func(tr *session.Trace) {
			tr.ConnectionCreateStart = func(context.Context, session.ConnectionEvent) { panic(mine) }
		},
		"ResponseChunkReceived": func(tr *session.Trace) {
			tr.ResponseChunkReceived = func(context.Context, session.ChunkEvent) { panic(mine) }
		},
	} {
		conn, err := connector.New(connector.Config{Limit: 1, DisableDNSCache: name == "DNSResolveHostStart"})
		if err != nil {
			t.Fatal(err)
		}
		s := newSession(t, session.Config{Connector: conn, OwnConnector: true})
		resp, err := s.Get(t.Context(), url)
		readBody(t, resp, err)
		if name != "ConnectionReuse" {
			conn.CloseIdleConnections()
		}
		trace := &session.Trace{}
		arm(trace)
		traced := newSession(t, session.Config{Connector: conn, Trace: []*session.Trace{trace}})
		resp, err = traced.Get(t.Context(), url)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
		}
		if !errors.Is(err, mine) {
			t.Errorf("%s: got %v", name, err)
		}
		eventuallyFree(t, conn)
		resp, err = s.Get(t.Context(), url)
		readBody(t, resp, err)
	}
}

// TestTraceStart: it sees the URL with its parameters, and what it adds to the
// header and takes from it is what is sent and what is told later.
func TestTraceStart(t *testing.T) {
	t.Parallel()
	rec := record(t, ok)
	var urls, agents []string
	note := func(e session.RequestEvent) {
		urls, agents = append(urls, e.URL.RequestURI()), append(agents, e.Header.Get("User-Agent"))
	}
	s := newSession(t, session.Config{Trace: []*session.Trace{{
		RequestStart: func(_ context.Context, e session.RequestEvent) {
			e.Header.Set("User-Agent", "traced/1")
			e.Header.Del("Accept")
			note(e)
		},
		RequestHeadersSent: func(_ context.Context, e session.RequestEvent) { note(e) },
		RequestEnd:         func(_ context.Context, e session.ResponseEvent) { note(e.RequestEvent) },
	}}})
	resp, err := s.Get(t.Context(), rec.URL+"/p?a=1", session.Query("b", "2"))
	readBody(t, resp, err)
	got := rec.last(t)
	if _, ok := got.header["Accept"]; ok || got.header.Get("User-Agent") != "traced/1" {
		t.Errorf("sent %v", got.header)
	}
	for i := range urls {
		if urls[i] != "/p?a=1&b=2" || agents[i] != "traced/1" {
			t.Errorf("got %q by %q", urls[i], agents[i])
		}
	}
	if len(urls) != 3 {
		t.Errorf("%d events, want 3", len(urls))
	}
}

// TestTraceRetry: a stale connection that is replaced makes no second start, and
// the pieces of a body are told as they are before their framing and their coding
// is undone.
func TestTraceRetry(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		for {
			req := c.ReadRequest()
			if req.Target == "/stale" && c.N == 0 {
				return
			}
			c.Write(response("Content-Encoding: gzip\r\n", gzipped("plain")))
		}
	})
	var log []string
	s := newSession(t, session.Config{Trace: []*session.Trace{diary(&log)}})
	for _, path := range []string{"/", "/stale"} {
		log = nil
		resp, err := s.Put(t.Context(), srv.URL()+path, session.Text("data"), session.Chunked())
		readBody(t, resp, err)
	}
	want := []string{
		"start PUT /stale", "reuse", "headers PUT /stale", "sent data",
		"create", "create end", "headers PUT /stale", "sent data", "end 200 OK", "received plain",
	}
	if !slices.Equal(log, want) {
		t.Errorf("got  %q\nwant %q", log, want)
	}
}

// TestTraceNative: the requests of net/http's making are traced as well, and so
// is one that a middleware answers.
func TestTraceNative(t *testing.T) {
	t.Parallel()
	var log []string
	s, _ := hopping(t, session.Config{Trace: []*session.Trace{diary(&log)}}, map[string]string{"/": "302 /end"})
	resp, err := s.Do(request(t.Context(), t, http.MethodGet, "http://h.example/", nil))
	bodyText(t, resp, err)
	if want := []string{"start GET /", "redirect 302 Found", "end 200 OK", "received end"}; !slices.Equal(log, want) {
		t.Errorf("got  %q\nwant %q", log, want)
	}
}
