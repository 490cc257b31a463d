package connector_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
)

func protocols(h1, h2, h2c bool) *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(h1)
	p.SetHTTP2(h2)
	p.SetUnencryptedHTTP2(h2c)
	return p
}

// Which version is spoken, by what both sides want.
func TestH2Negotiation(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name     string
		server   h2Options
		cfg      func(*connector.Config)
		settings connector.Settings
		header   http.Header
		want     string
		wantErr  error
	}{
		{name: "default", want: "HTTP/2.0"},
		{name: "server has none", server: h2Options{h1: true}, want: "HTTP/1.1"},
		{name: "off", cfg: func(c *connector.Config) { c.Protocols = protocols(true, false, false) }, want: "HTTP/1.1"},
		{name: "only", cfg: func(c *connector.Config) { c.Protocols = protocols(false, true, false) }, want: "HTTP/2.0"},
		{
			name: "only, server has none", server: h2Options{h1: true},
			cfg:     func(c *connector.Config) { c.Protocols = protocols(false, true, false) },
			wantErr: errors.ErrClientConnector,
		},
		{
			name: "h2c", server: h2Options{h2c: true},
			cfg: func(c *connector.Config) { c.Protocols = protocols(true, true, true) }, want: "HTTP/2.0",
		},
		{
			name: "h2c beside HTTP/1.1 over TLS",
			cfg:  func(c *connector.Config) { c.Protocols = protocols(true, false, true) }, want: "HTTP/1.1",
		},
		{name: "h2c not asked for", server: h2Options{h2c: true}, wantErr: errors.ErrClientConnection},
		{name: "request wants HTTP/1.1", settings: connector.Settings{HTTP1: true}, want: "HTTP/1.1"},
		{name: "request wants HTTP/1.0", settings: connector.Settings{HTTP10: true}, want: "HTTP/1.0"},
		{name: "upgrade", header: http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}}, want: "HTTP/1.1"},
		{name: "force close", cfg: func(c *connector.Config) { c.ForceClose = true }, want: "HTTP/2.0"},
		{
			name: "own TLS configuration",
			cfg:  func(c *connector.Config) { c.TLS.NextProtos = []string{"http/1.1"} }, want: "HTTP/2.0",
		},
		{name: "policy of the request", settings: connector.Settings{TLS: &connector.TLSPolicy{Insecure: true}}, want: "HTTP/2.0"},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := newH2Server(t, tt.server, proto)
			cfg := srv.config()
			if tt.cfg != nil {
				tt.cfg(&cfg)
			}
			c := newConnector(t, cfg)
			ctx := connector.WithSettings(t.Context(), tt.settings)
			for range 2 {
				req := newRequest(t, ctx, "GET", srv.url, nil)
				for name, values := range tt.header {
					req.Header[name] = values
				}
				resp, err := c.RoundTrip(req)
				if tt.wantErr != nil {
					if !errors.Is(err, tt.wantErr) {
						t.Fatalf("got %v, want %v", err, tt.wantErr)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if got := read(t, resp); got != tt.want {
					t.Errorf("the server says %q, want %q", got, tt.want)
				}
				if want := tt.want == "HTTP/2.0"; (resp.ProtoMajor == 2) != want {
					t.Errorf("the response says %s", resp.Proto)
				}
				if https := strings.HasPrefix(srv.url, "https"); (resp.TLS != nil) != https {
					t.Errorf("TLS state: %v", resp.TLS)
				}
			}
			if cfg.ForceClose {
				waitFor(t, "end of its connections", func() bool { return srv.open.Load() == 0 })
			}
		})
	}
}

// A request that needs HTTP/1.1 gets no connection of HTTP/2, and the other way
// round; both are kept.
func TestH2AndHTTP1SideBySide(t *testing.T) {
	t.Parallel()
	srv := newH2Server(t, h2Options{}, proto)
	c := newConnector(t, srv.config())
	h1 := connector.WithSettings(t.Context(), connector.Settings{HTTP1: true})
	for range 3 {
		for want, ctx := range map[string]context.Context{"HTTP/2.0": t.Context(), "HTTP/1.1": h1} {
			if r := fetch(ctx, c, "GET", srv.url); r.text != want {
				t.Fatalf("got %q, %v; want %q", r.text, r.err, want)
			}
		}
	}
	if s := c.Stats(); s.Opened != 2 || s.Idle != 2 || s.Hosts != 2 {
		t.Errorf("%+v", s)
	}
}

// Of what a request and its response can be, HTTP/2 has its own forms.
func TestH2Exchanges(t *testing.T) {
	t.Parallel()
	srv := newH2Server(t, h2Options{}, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/echo":
			w.Header().Set("Trailer", "T-Announced")
			io.Copy(w, r.Body)
			w.Header().Set("T-Announced", r.Trailer.Get("T-Request"))
			w.Header().Set(http.TrailerPrefix+"T-Other", "2")
		case "/hints":
			w.Header().Set("Link", "</a>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusOK)
		case "/unchanged":
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(http.StatusNotModified)
		case "/refuse":
			w.WriteHeader(http.StatusExpectationFailed)
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("Content-Length", "5")
			io.WriteString(w, "hello")
		}
	})
	c := newConnector(t, srv.config())
	big := strings.Repeat("0123456789abcdef", 1<<17) // 2 MiB: more than any window
	cases := []struct {
		name, method, path string
		body               io.Reader
		set                func(*http.Request)
		wantStatus         int
		want               string
		check              func(*testing.T, *http.Response)
	}{
		{name: "get", method: "GET", path: "/", wantStatus: 200, want: "hello"},
		{
			name: "head", method: "HEAD", path: "/", wantStatus: 200,
			check: func(t *testing.T, r *http.Response) {
				if r.Body != http.NoBody || r.ContentLength != 5 {
					t.Errorf("body %T, length %d", r.Body, r.ContentLength)
				}
			},
		},
		{name: "no content", method: "GET", path: "/none", wantStatus: 204},
		{name: "not modified, with a length", method: "GET", path: "/unchanged", wantStatus: 304},
		{name: "upload from memory", method: "POST", path: "/echo", body: strings.NewReader(big), wantStatus: 200, want: big},
		{
			name: "upload of a stream", method: "POST", path: "/echo",
			body: io.MultiReader(strings.NewReader(big)), wantStatus: 200, want: big,
		},
		{
			name: "trailers", method: "POST", path: "/echo", body: io.MultiReader(strings.NewReader("x")),
			set:        func(r *http.Request) { r.Trailer = http.Header{"T-Request": {"1"}} },
			wantStatus: 200, want: "x",
			check: func(t *testing.T, r *http.Response) {
				if r.Trailer.Get("T-Announced") != "1" || r.Trailer.Get("T-Other") != "2" {
					t.Errorf("trailer %v", r.Trailer)
				}
			},
		},
		{name: "early hints", method: "GET", path: "/hints", wantStatus: 200},
		{
			name: "expect", method: "POST", path: "/echo", body: strings.NewReader(big),
			set: func(r *http.Request) { r.Header.Set("Expect", "100-continue") }, wantStatus: 200, want: big,
		},
		{
			name: "expect, refused", method: "POST", path: "/refuse", body: unread{t},
			set: func(r *http.Request) { r.Header.Set("Expect", "100-continue") }, wantStatus: 417,
		},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req := newRequest(t, t.Context(), tt.method, srv.url+tt.path, tt.body)
			if tt.set != nil {
				tt.set(req)
			}
			resp, err := c.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, resp); got != tt.want || resp.StatusCode != tt.wantStatus {
				t.Errorf("got %d %.40q (%d bytes), want %d and %d bytes", resp.StatusCode, got, len(got), tt.wantStatus, len(tt.want))
			}
			if tt.check != nil {
				tt.check(t, resp)
			}
		})
	}
}

// unread is a body that nobody is to read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was sent")
	return 0, io.EOF
}

func TestH2Recorder(t *testing.T) {
	t.Parallel()
	srv := newH2Server(t, h2Options{}, proto)
	c := newConnector(t, srv.config())
	for i := range 2 {
		r := new(connector.Recorder)
		ctx := connector.WithSettings(t.Context(), connector.Settings{Recorder: r})
		resp, err := c.RoundTrip(newRequest(t, ctx, "GET", srv.url, nil))
		if err != nil {
			t.Fatal(err)
		}
		read(t, resp)
		info, timing := r.Conn(), r.Timing()
		if info.Proto != "HTTP/2.0" || info.Reused != (i > 0) || info.Remote.String() != strings.TrimPrefix(srv.url, "https://") {
			t.Errorf("connection: %+v", info)
		}
		if info.TLS == nil || info.TLS.NegotiatedProtocol != "h2" || info.RawHeaders != nil {
			t.Errorf("TLS: %+v, raw headers: %v", info.TLS, info.RawHeaders)
		}
		if (timing.TLS > 0) != (i == 0) || timing.FirstByte <= 0 || timing.Total < timing.FirstByte || timing.Received != 0 {
			t.Errorf("timing: %+v", timing)
		}
	}
}

// The limits of a head hold for that of HTTP/2 too, and for its trailer; its
// stream is all that ends.
func TestH2HeadLimits(t *testing.T) {
	t.Parallel()
	srv := newH2Server(t, h2Options{}, func(w http.ResponseWriter, r *http.Request) {
		at := w.Header()
		if r.URL.Path == "/trailer" {
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			at = http.Header{}
		}
		for i := range 20 {
			at.Add("X-Many", strings.Repeat("v", 100+i))
		}
		for name, values := range at {
			w.Header()[http.TrailerPrefix+name] = values
		}
		if r.URL.Path != "/trailer" {
			io.WriteString(w, "never read")
		}
	})
	c := newConnector(t, srv.config())
	for _, tt := range []struct {
		limits connector.HeadLimits
		fails  bool
	}{
		{connector.HeadLimits{}, false},
		{connector.HeadLimits{MaxHeaders: 19}, true},
		{connector.HeadLimits{MaxFieldSize: len("X-Many") + 118}, true},
		{connector.HeadLimits{MaxFieldSize: len("X-Many") + 119, MaxHeaders: 24}, false},
	} {
		ctx := connector.WithSettings(t.Context(), connector.Settings{Head: &tt.limits})
		r := fetch(ctx, c, "GET", srv.url)
		if got := errors.Is(r.err, errors.ErrBadHTTPMessage); got != tt.fails || !tt.fails && r.err != nil {
			t.Errorf("%+v: %v", tt.limits, r.err)
		}
		r = fetch(ctx, c, "GET", srv.url+"/trailer")
		if got := errors.Is(r.err, errors.ErrBadHTTPMessage); got != tt.fails || !tt.fails && r.err != nil {
			t.Errorf("trailer, %+v: %v", tt.limits, r.err)
		}
	}
	if s := c.Stats(); s.Opened != 1 || s.Retried != 0 {
		t.Errorf("%+v", s)
	}
}
