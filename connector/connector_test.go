package connector_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// TestLimitsOnTheWireInFull: what the servers see at the same time stays within the
// limits, whatever happens to the requests.
func TestLimitsOnTheWireInFull(t *testing.T) {
	t.Parallel()
	const goroutines, limit, perHost = 64, 7, 3
	requests := racetest.Count(60, 20)
	var total atomic.Int32
	handler := func(each *atomic.Int32) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if n := total.Add(1); n > limit {
				t.Errorf("%d requests at the same time", n)
			}
			if n := each.Add(1); n > perHost {
				t.Errorf("%d requests to a host at the same time", n)
			}
			each.Add(-1)
			total.Add(-1)
			if r.URL.Path == "/cut" {
				panic(http.ErrAbortHandler)
			}
			io.WriteString(w, strings.Repeat("x", 200))
		}
	}
	var urls []string
	for range 5 {
		srv := httptest.NewServer(handler(new(atomic.Int32)))
		defer srv.Close()
		urls = append(urls, srv.URL)
	}
	c := newConnector(t, connector.Config{Limit: limit, LimitPerHost: perHost})
	var wg sync.WaitGroup
	for g := range goroutines {
		rnd := rand.New(rand.NewPCG(uint64(g), 2))
		wg.Go(func() {
			for range requests {
				useWire(t, c, rnd, urls[rnd.IntN(len(urls))])
			}
		})
	}
	wg.Wait()
	if st := c.Stats(); st.InUse != 0 || st.Waiting != 0 {
		t.Errorf("at the end: %+v", st)
	}
}

func useWire(t *testing.T, c *connector.Connector, rnd *rand.Rand, url string) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	kind := rnd.IntN(6)
	switch kind {
	case 0:
		time.AfterFunc(time.Duration(rnd.IntN(2000))*time.Microsecond, cancel)
	case 1:
		url += "/cut"
	}
	resp, err := c.RoundTrip(newRequest(t, ctx, "GET", url, nil))
	if err != nil {
		if kind > 1 || !errors.Is(err, context.Canceled) && !errors.Is(err, errors.ErrServerDisconnected) {
			t.Errorf("kind %d: %v", kind, err)
		}
		return
	}
	if kind != 2 {
		io.Copy(io.Discard, resp.Body)
	}
	resp.Body.Close()
}

// TestClose ends everything with one and the same error.
func TestClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		n.Blackhole("hole:80")
		ln, err := n.Listen("h:80")
		if err != nil {
			t.Fatal(err)
		}
		wiretest.NewOn(t, ln, func(c *wiretest.Conn) {
			if head, ok := c.ReadHead(); ok && strings.HasPrefix(head, "GET /body") {
				c.Write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
			}
			c.Stall()
		})
		c := newConnector(t, connector.Config{Limit: 3, DialContext: n.DialContext})
		resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", "http://h/body", nil))
		if err != nil {
			t.Fatal(err)
		}
		var ended atomic.Int32
		for _, url := range []string{"http://h/head", "http://hole/", "http://h/queue", "http://hole/queue"} {
			go func() {
				if _, err := c.RoundTrip(newRequest(t, t.Context(), "GET", url, nil)); !errors.Is(err, errors.ErrConnectorClosed) {
					t.Errorf("%s: got %v", url, err)
				}
				ended.Add(1)
			}()
			synctest.Wait()
		}
		if st := c.Stats(); st.InUse != 3 || st.Waiting != 2 {
			t.Errorf("before: %+v", st)
		}
		c.Close()
		c.Close()
		synctest.Wait()
		if got := ended.Load(); got != 4 {
			t.Errorf("%d of 4 requests ended", got)
		}
		if _, err := io.ReadAll(resp.Body); !errors.Is(err, errors.ErrConnectorClosed) {
			t.Errorf("the body: got %v", err)
		}
		resp.Body.Close()
		if !c.Closed() {
			t.Error("it does not say that it is closed")
		}
		if st := c.Stats(); st.InUse+st.Idle+st.Waiting+st.Hosts != 0 {
			t.Errorf("after: %+v", st)
		}
		if _, err := c.RoundTrip(newRequest(t, t.Context(), "GET", "http://h/", nil)); !errors.Is(err, errors.ErrConnectorClosed) {
			t.Errorf("afterwards: got %v", err)
		}
	})
}

// TestUpgrade hands the connection over, with its slot, until it is closed. No
// timeout and no context of the request's holds for it any more.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		heads := make(chan string, 1)
		n := serveMemory(t, func(c *wiretest.Conn) {
			head, _ := c.ReadHead()
			heads <- head
			c.Write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello ")
			for {
				b, ok := c.ReadBody(4)
				if !ok || !c.Write(b) {
					return
				}
			}
		})
		timeout := connector.ClientTimeout{Total: time.Second, SockRead: time.Second}
		c := newConnector(t, connector.Config{DialContext: n.DialContext, Timeout: timeout, ForceClose: true})
		ctx, cancel := context.WithCancel(t.Context())
		req := newRequest(t, ctx, "GET", "http://h/", nil)
		req.Header.Set("Connection", "Upgrade")
		req.Header.Set("Upgrade", "echo")
		resp, err := c.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if head := wiretest.Receive(t, heads); strings.Contains(head, "close") || !strings.Contains(head, "Connection: Upgrade") {
			t.Errorf("sent %q", head)
		}
		cancel()
		time.Sleep(time.Minute)
		rwc, ok := resp.Body.(io.ReadWriteCloser)
		if !ok || resp.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("got %d with a %T", resp.StatusCode, resp.Body)
		}
		for _, want := range []string{"hello ", "ping", "pong"} {
			if want != "hello " {
				if _, err := io.WriteString(rwc, want); err != nil {
					t.Fatal(err)
				}
			}
			got := make([]byte, len(want))
			if _, err := io.ReadFull(rwc, got); err != nil || string(got) != want {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
			time.Sleep(time.Minute)
		}
		if st := c.Stats(); st.InUse != 1 {
			t.Errorf("open: %+v", st)
		}
		rwc.Close()
		rwc.Close()
		if st := c.Stats(); st.InUse != 0 || st.Idle != 0 {
			t.Errorf("closed: %+v", st)
		}
		c.Close()
	})
}

// TestKeepAliveRules: which connections are used again.
func TestKeepAliveRules(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		cfg    connector.Config
		answer string
		early  bool // the body is closed without being read
		method string
		kept   bool
	}{
		"length":            {answer: okResponse, kept: true},
		"chunked":           {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", kept: true},
		"no content":        {answer: "HTTP/1.1 204 No Content\r\n\r\n", kept: true},
		"not modified":      {answer: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", kept: true},
		"HEAD":              {answer: "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", method: "HEAD", kept: true},
		"HEAD, chunked":     {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", method: "HEAD", kept: true},
		"1.0, kept":         {answer: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", kept: true},
		"1.0":               {answer: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"},
		"close":             {answer: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"},
		"force close":       {cfg: connector.Config{ForceClose: true}, answer: okResponse},
		"early, short rest": {answer: okResponse, early: true, kept: true},
		"early, rest at hand": {
			answer: "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + strings.Repeat("x", 20000), early: true, kept: true,
		},
		"early, rest to come": {answer: "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\nabc", early: true},
		"early, long rest":    {answer: "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + strings.Repeat("x", 2000000), early: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.New(t, func(c *wiretest.Conn) {
				for {
					if _, ok := c.ReadHead(); !ok || !c.Write(test.answer) {
						return
					}
				}
			})
			c := newConnector(t, test.cfg)
			method := test.method
			if method == "" {
				method = "GET"
			}
			for range 2 {
				resp, err := c.RoundTrip(newRequest(t, t.Context(), method, srv.URL(), nil))
				if err != nil {
					t.Fatal(err)
				}
				if !test.early {
					io.Copy(io.Discard, resp.Body)
				}
				resp.Body.Close()
				resp.Body.Close()
				if _, err := resp.Body.Read(make([]byte, 1)); err == nil {
					t.Error("a closed body can be read")
				}
			}
			want := 2
			if test.kept {
				want = 1
			}
			if got := srv.Conns(); got != want {
				t.Errorf("%d connections, want %d", got, want)
			}
			if has := strings.Contains(srv.Requests()[0], "Connection: close"); has != test.cfg.ForceClose {
				t.Errorf("the request says close: %v", has)
			}
		})
	}
}

// TestMaxConnAge retires a connection that is used all the time.
func TestMaxConnAge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		ln, err := n.Listen("h:80")
		if err != nil {
			t.Fatal(err)
		}
		srv := wiretest.NewOn(t, ln, fine)
		c := newConnector(t, connector.Config{DialContext: n.DialContext, MaxConnAge: time.Minute, KeepAlive: 20 * time.Second})
		for range 30 {
			get(t, c, "http://h/")
			time.Sleep(10 * time.Second)
		}
		if got := srv.Conns(); got != 5 {
			t.Errorf("%d connections in five minutes, want 5", got)
		}
		time.Sleep(30 * time.Second)
		if st := c.Stats(); st.Idle != 0 {
			t.Errorf("after the keep-alive: %+v", st)
		}
		c.Close()
	})
}

// TestTLS verifies by default, offers HTTP/1.1, fills in the connection's state
// and resumes sessions.
func TestTLS(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Proto, " ", r.TLS.NegotiatedProtocol, " ", r.TLS.DidResume)
	}))
	srv.Config.ErrorLog = nil
	srv.StartTLS()
	defer srv.Close()
	c := newConnector(t, connector.Config{})
	_, err := c.RoundTrip(newRequest(t, t.Context(), "GET", srv.URL, nil))
	ce, ok := errors.AsType[*errors.ClientConnectorCertificateError](err)
	if !ok || ce.CertificateError() == nil || !errors.Is(err, errors.ErrClientSSL) {
		t.Fatalf("unverified: got %v", err)
	}
	cfg := srv.Client().Transport.(*http.Transport).TLSClientConfig
	c = newConnector(t, connector.Config{TLS: cfg})
	for i := range 2 {
		resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", srv.URL, nil))
		if err != nil {
			t.Fatal(err)
		}
		if resp.TLS == nil || !resp.TLS.HandshakeComplete || resp.TLS.DidResume != (i == 1) {
			t.Errorf("got %+v", resp.TLS)
		}
		if got, want := read(t, resp), fmt.Sprint("HTTP/1.1 http/1.1 ", i == 1); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		c.CloseIdleConnections()
	}
	named := newConnector(t, connector.Config{TLS: &tls.Config{RootCAs: cfg.RootCAs, ServerName: "other.example"}})
	if _, err := named.RoundTrip(newRequest(t, t.Context(), "GET", srv.URL, nil)); !errors.Is(err, errors.ErrClientConnectorCertificate) {
		t.Errorf("another name: got %v", err)
	}
}

// TestRequestUnchanged: a RoundTripper must not touch what it is given.
func TestRequestUnchanged(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, fine)
	c := newConnector(t, connector.Config{ForceClose: true, Timeout: connector.ClientTimeout{SockRead: time.Minute}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req := newRequest(t, ctx, "POST", srv.URL()+"/p?q", io.MultiReader(strings.NewReader("body")))
	req.Header.Set("X-A", "1")
	before, header, body := *req, req.Header.Clone(), req.Body
	resp, err := c.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	read(t, resp)
	if req.Method != before.Method || req.URL != before.URL || req.Close != before.Close || req.Body != body ||
		req.ContentLength != before.ContentLength || req.Context() != ctx || !maps.EqualFunc(req.Header, header, func(a, b []string) bool { return a[0] == b[0] }) {
		t.Errorf("got %+v, want %+v", req, before)
	}
	if resp.Request != req {
		t.Error("the response is of another request")
	}
}

// TestTiming splits the time of a request without a gap.
func TestTiming(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		n.Delay("h:80", 3*time.Second)
		ln, err := n.Listen("h:80")
		if err != nil {
			t.Fatal(err)
		}
		wiretest.NewOn(t, ln, func(c *wiretest.Conn) {
			for {
				if _, ok := c.ReadHead(); !ok {
					return
				}
				c.Pause(5 * time.Second)
				c.Write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
				c.Drip("slow", 2, 7*time.Second)
			}
		})
		c := newConnector(t, connector.Config{DialContext: n.DialContext})
		for i := range 2 {
			var record connector.Recorder
			ctx := connector.WithSettings(t.Context(), connector.Settings{Recorder: &record})
			resp, err := c.RoundTrip(newRequest(t, ctx, "GET", "http://h/", nil))
			if err != nil {
				t.Fatal(err)
			}
			read(t, resp)
			timing := record.Timing()
			want := connector.Timing{
				Start: timing.Start, Connect: 3 * time.Second, FirstByte: 5 * time.Second, Body: 7 * time.Second,
				Total: 15 * time.Second, Remote: "h:80", Received: timing.Received, Sent: timing.Sent,
			}
			if i == 1 {
				want.Connect, want.Total, want.Reused = 0, 12*time.Second, true
			}
			if timing != want || timing.Received != 42 || timing.Sent == 0 {
				t.Errorf("got  %+v\nwant %+v", timing, want)
			}
			time.Sleep(7 * time.Second) // the script's last pause
		}
		c.Close()
	})
}
