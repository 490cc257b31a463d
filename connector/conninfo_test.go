package connector_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// TestConnInfo tells of the connection: its ends, TLS, the protocol, its age.
func TestConnInfo(t *testing.T) {
	t.Parallel()
	before := time.Now()
	overBoth(t, connector.Config{}, fine, func(t *testing.T, c *connector.Connector, srv *wiretest.Server) {
		t.Helper()
		var first connector.ConnInfo
		for i := range 3 {
			var record connector.Recorder
			if info := record.Conn(); info.Remote != nil {
				t.Errorf("before: %+v", info)
			}
			ctx := connector.WithSettings(t.Context(), connector.Settings{Recorder: &record})
			resp, err := c.RoundTrip(newRequest(t, ctx, "GET", srv.URL(), nil))
			if err != nil {
				t.Fatal(err)
			}
			info := record.Conn() // it is there with the head
			read(t, resp)
			if info.Remote.String() != srv.Addr() || info.Local == nil || info.Proto != "HTTP/1.1" || info.RawHeaders != nil {
				t.Errorf("got %+v", info)
			}
			if secure := srv.URL()[:5] == "https"; secure != (info.TLS != nil) || info.TLS != resp.TLS || secure && !info.TLS.HandshakeComplete {
				t.Errorf("TLS: %+v", info.TLS)
			}
			if info.Reused != (i == 1) || info.Created.Before(before) || info.Created.After(time.Now()) {
				t.Errorf("request %d: reused %v, created %v", i, info.Reused, info.Created)
			}
			if i == 0 {
				first = info
			}
			if same := info.Local.String() == first.Local.String() && info.Created.Equal(first.Created); same != (i < 2) {
				t.Errorf("request %d: the same connection: %v", i, same)
			}
			if i == 1 {
				c.CloseIdleConnections()
			}
		}
	})
}

// TestConnInfoHTTP2 says so, and has no raw headers.
func TestConnInfoHTTP2(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	c := newConnector(t, connector.Config{TLS: srv.Client().Transport.(*http.Transport).TLSClientConfig})
	defer c.Close()
	var record connector.Recorder
	ctx := connector.WithSettings(t.Context(), connector.Settings{Recorder: &record, Head: &connector.HeadLimits{Keep: true}})
	resp, err := c.RoundTrip(newRequest(t, ctx, "GET", srv.URL, nil))
	if err != nil {
		t.Fatal(err)
	}
	read(t, resp)
	info := record.Conn()
	if info.Proto != "HTTP/2.0" || info.TLS == nil || info.TLS.NegotiatedProtocol != "h2" || info.RawHeaders != nil {
		t.Errorf("got %+v", info)
	}
}

// TestPoolWait is in the timing of the one who waited.
func TestPoolWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := serveMemory(t, func(c *wiretest.Conn) {
			for {
				if _, ok := c.ReadHead(); !ok || !c.Pause(3*time.Second) || !c.Write(okResponse) {
					return
				}
			}
		})
		c := newConnector(t, connector.Config{DialContext: n.DialContext, Limit: 1})
		go func() {
			resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", "http://h/", nil))
			if err != nil {
				t.Error(err)
				return
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}()
		synctest.Wait()
		time.Sleep(time.Second)
		if timing := timed(t, c, "http://h/"); timing.Queue != 2*time.Second || !timing.Reused || timing.Total != 5*time.Second {
			t.Errorf("got %+v", timing)
		}
		c.Close()
	})
}

// TestCloseEverywhere: Close ends look-ups, handshakes, and reads under way, with
// one error, and waits for none of them.
func TestCloseEverywhere(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		cfg  connector.Config
		url  string // $ is the silent server
		wait func(c *connector.Connector, dns *names, srv *wiretest.Server) bool
	}{
		"look-up": {
			url:  "http://a.test/",
			wait: func(_ *connector.Connector, dns *names, _ *wiretest.Server) bool { return dns.count() == 1 },
		},
		"handshake": {
			url:  "https://$/",
			wait: func(_ *connector.Connector, _ *names, srv *wiretest.Server) bool { return srv.Received(0) != "" },
		},
		"tunnel": {
			cfg: connector.Config{Proxy: "http://$"}, url: "https://a.test/",
			wait: func(_ *connector.Connector, _ *names, srv *wiretest.Server) bool { return len(srv.Requests()) == 1 },
		},
		"head": {
			url:  "http://$/",
			wait: func(_ *connector.Connector, _ *names, srv *wiretest.Server) bool { return len(srv.Requests()) == 1 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.New(t, func(c *wiretest.Conn) { c.ReadHead(); c.Stall() })
			dns := &names{wait: make(chan struct{})}
			test.cfg.Resolver = dns
			test.cfg.Proxy = withAddr(test.cfg.Proxy, srv)
			c := newConnector(t, test.cfg)
			failed := make(chan error)
			go func() {
				_, err := c.RoundTrip(newRequest(t, t.Context(), "GET", withAddr(test.url, srv), nil))
				failed <- err
			}()
			for !test.wait(c, dns, srv) {
				time.Sleep(time.Millisecond)
			}
			c.Close()
			if err := <-failed; !errors.Is(err, errors.ErrConnectorClosed) {
				t.Errorf("got %v", err)
			}
			if st := c.Stats(); st.InUse+st.Idle+st.Waiting+st.Hosts != 0 {
				t.Errorf("at the end: %+v", st)
			}
			if len(c.CachedHosts()) != 0 {
				t.Error("addresses are kept")
			}
		})
	}
}

// TestCloseWhileReading wakes a Read that is under way.
func TestCloseWhileReading(t *testing.T) {
	t.Parallel()
	overBoth(t, connector.Config{}, answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), func(t *testing.T, c *connector.Connector, srv *wiretest.Server) {
		t.Helper()
		resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", srv.URL(), nil))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		io.ReadFull(resp.Body, make([]byte, 3))
		failed := make(chan error)
		go func() {
			_, err := resp.Body.Read(make([]byte, 1))
			failed <- err
		}()
		time.Sleep(5 * time.Millisecond) // so that it is most likely under way; either is fine
		c.Close()
		if err := <-failed; !errors.Is(err, errors.ErrConnectorClosed) {
			t.Errorf("got %v", err)
		}
	})
}

// withAddr puts the address of a server into a URL.
func withAddr(url string, srv *wiretest.Server) string {
	return strings.ReplaceAll(url, "$", srv.Addr())
}
