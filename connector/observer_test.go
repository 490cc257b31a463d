package connector_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// TestObserver: the second Recorder hears of each request that it was given to, of one that
// fails too, and the first goes its own way.
func TestObserver(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		script func(*wiretest.Conn)
		url    string
		wait   time.Duration // in DNS
		conn   bool          // there was one
		proto  string
	}{
		{"answered", fine, "http://h/", 0, true, "HTTP/1.1"},
		{"cut", func(c *wiretest.Conn) { c.ReadHead() }, "http://h/", 0, true, ""},
		{"refused", fine, "http://none/", 0, false, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newConnector(t, connector.Config{DialContext: serveMemory(t, test.script).DialContext})
				var first, observer connector.Recorder
				ctx := connector.WithSettings(t.Context(), connector.Settings{Recorder: &first, Observer: &observer})
				resp, err := c.RoundTrip(newRequest(t, ctx, "GET", test.url, nil))
				if err == nil {
					read(t, resp)
				}
				answered := test.proto != ""
				if (err == nil) != answered || first.Timing().Start.IsZero() == answered {
					t.Errorf("got %v, and the first Recorder %+v", err, first.Timing())
				}
				if got := observer.Timing(); got.Start.IsZero() || got.Remote != first.Timing().Remote || got.Received != first.Timing().Received {
					t.Errorf("got %+v, want it as %+v", got, first.Timing())
				}
				if got := observer.Conn(); !got.Created.IsZero() != test.conn || got.Proto != test.proto {
					t.Errorf("got %+v", got)
				}
			})
		})
	}
}

// TestObserverQueue: the wait of a request that never got a slot is told.
func TestObserverQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newConnector(t, connector.Config{Limit: 1, DialContext: serveMemory(t, fine).DialContext})
		holder, err := c.RoundTrip(newRequest(t, t.Context(), "GET", "http://h/", nil))
		if err != nil {
			t.Fatal(err)
		}
		defer holder.Body.Close()
		var observer connector.Recorder
		ctx := connector.WithSettings(t.Context(), connector.Settings{
			Observer: &observer, Timeout: connector.ClientTimeout{Connect: time.Second},
		})
		_, err = c.RoundTrip(newRequest(t, ctx, "GET", "http://h/", nil))
		if got := observer.Timing(); !errors.Is(err, errors.ErrConnectionTimeout) || got.Queue != time.Second || got.Total != time.Second {
			t.Errorf("got %v, %+v, want a second in the queue", err, got)
		}
	})
}

// TestOnClose: each connection that was in use is told of once, however it ends.
func TestOnClose(t *testing.T) {
	t.Parallel()
	for _, wire := range []string{"http", "https with HTTP/1.1", "https with HTTP/2"} {
		t.Run(wire, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/cut" {
					panic(http.ErrAbortHandler)
				}
			}))
			defer srv.Close()
			var mu sync.Mutex
			var told []connector.ClosedConn
			cfg := connector.Config{OnClose: func(c connector.ClosedConn) {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, c)
			}}
			proto := "HTTP/1.1"
			if wire == "http" {
				srv.Start()
			} else {
				leaf := certs.For(t, certs.Options{})
				srv.TLS, cfg.TLS = leaf.Server(), leaf.Client()
				if srv.EnableHTTP2 = wire == "https with HTTP/2"; srv.EnableHTTP2 {
					proto = "HTTP/2.0"
				}
				srv.StartTLS()
			}
			c := newConnector(t, cfg)
			ctx, cancel := context.WithCancel(t.Context())
			for _, path := range []string{"/", "/cut", "/"} {
				if resp, err := c.RoundTrip(newRequest(t, ctx, "GET", srv.URL+path, nil)); err == nil {
					read(t, resp)
				}
			}
			cancel()
			c.CloseIdleConnections()
			get(t, c, srv.URL)
			c.Close()
			mu.Lock()
			defer mu.Unlock()
			if s := c.Stats(); int(s.Closed) != len(told) || s.Opened != s.Closed || len(told) < 2 {
				t.Errorf("told of %d, and %+v", len(told), s)
			}
			for _, got := range told {
				if got.Host != srv.URL || got.Proto != proto || got.Remote.String() != srv.Listener.Addr().String() || got.Age <= 0 || got.Created.IsZero() {
					t.Errorf("got %+v", got)
				}
			}
		})
	}
}

// Connections that live for seconds only are a sign that something closes them.
func ExampleConfig_onClose() {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	c, err := connector.New(connector.Config{
		ForceClose: true,
		OnClose:    func(c connector.ClosedConn) { fmt.Println(c.Host == srv.URL, c.Proto, c.Age < time.Minute) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	resp, err := (&http.Client{Transport: c}).Get(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	// Output: true HTTP/1.1 true
}

// A middleware below all others sees each attempt: its number, and where its time has gone,
// also if it has failed.
func ExampleRecorder_CountAttempt() {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	c, err := connector.New(connector.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	observe := func(req *http.Request) (*http.Response, error) {
		own := *connector.SettingsFrom(req.Context())
		own.Observer = new(connector.Recorder)
		resp, err := c.RoundTrip(req.WithContext(connector.WithSettings(req.Context(), own)))
		fmt.Println("attempt", own.Recorder.CountAttempt(), "reused:", own.Observer.Timing().Reused)
		return resp, err
	}
	ctx := connector.WithSettings(context.Background(), connector.Settings{Recorder: new(connector.Recorder)})
	for range 2 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp, err := observe(req)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
	}
	// Output:
	// attempt 1 reused: false
	// attempt 2 reused: true
}

// TestRecorderCopyFrom: what was noted is passed on, and nothing is not.
func TestRecorderCopyFrom(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	c, err := connector.New(connector.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var noted, copied connector.Recorder
	ctx := connector.WithSettings(t.Context(), connector.Settings{Observer: &noted})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	copied.CopyFrom(&noted)
	resp.Body.Close()
	copied.CopyFrom(new(connector.Recorder))
	(*connector.Recorder)(nil).CopyFrom(&noted)
	if got, want := copied.Timing(), noted.Timing(); got != want || got.Total == 0 {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A middleware with an Observer of its own leaves the one that was there what it had.
func ExampleRecorder_CopyFrom() {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	c, err := connector.New(connector.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	before := new(connector.Recorder) // somebody else's
	ctx := connector.WithSettings(context.Background(), connector.Settings{Observer: before})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	own := *connector.SettingsFrom(req.Context())
	own.Observer = new(connector.Recorder)
	resp, err := c.RoundTrip(req.WithContext(connector.WithSettings(req.Context(), own)))
	before.CopyFrom(own.Observer)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	fmt.Println(before.Conn().Proto, before.Timing().Total == own.Observer.Timing().Total)
	// Output: HTTP/1.1 true
}
