package session_test

import (
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

// echoHead answers with a head of its own making, to any request.
func echoHead(c *wiretest.Conn) {
	for {
		head, ok := c.ReadHead()
		if !ok {
			return
		}
		switch {
		case strings.Contains(head, "100-continue"):
			c.Write("HTTP/1.1 100 Continue\r\n\r\n")
			c.ReadBody(4)
		case strings.Contains(head, "chunked"):
			c.ReadChunked()
		case strings.Contains(head, "Content-Length: 4"):
			c.ReadBody(4)
		}
		c.Write("HTTP/1.1 200 OK\r\nx-ONE: 1\r\nX-One: 2\r\nContent-Length: 2\r\n\r\nok")
	}
}

// wireText sends a request and returns its head as it was on the wire.
func wireText(t *testing.T, srv *wiretest.Server, s *session.Session, method, url string, opts ...session.Option) string {
	t.Helper()
	before := len(srv.Requests())
	resp, err := s.Request(t.Context(), method, url, opts...)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := resp.Text(); err != nil || text != "ok" {
		t.Errorf("got %q, %v", text, err)
	}
	return srv.Requests()[before]
}

// TestResponseConnection: what the connector knows comes through the session.
func TestResponseConnection(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, echoHead)
	s := newSession(t, session.Config{})
	for i := range 2 {
		resp, err := s.Get(t.Context(), srv.URL(), session.RawHeaders())
		if err != nil {
			t.Fatal(err)
		}
		info := resp.Connection()
		if info.Remote.String() != srv.Addr() || info.Local == nil || info.TLS != nil || info.Proto != "HTTP/1.1" || info.Reused != (i == 1) || info.Created.IsZero() {
			t.Errorf("got %+v", info)
		}
		var raw []string
		for _, h := range resp.RawHeaders() {
			raw = append(raw, string(h.Name)+"="+string(h.Value))
		}
		if want := []string{"x-ONE=1", "X-One=2", "Content-Length=2"}; !slices.Equal(raw, want) {
			t.Errorf("got %q, want %q", raw, want)
		}
		if _, err := resp.Bytes(); err != nil {
			t.Error(err)
		}
	}
	resp, err := s.Get(t.Context(), srv.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Close()
	if resp.RawHeaders() != nil {
		t.Error("the head was kept unasked")
	}
}

// TestLimitOptions are those of one request.
func TestLimitOptions(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, echoHead)
	s := newSession(t, session.Config{})
	for name, test := range map[string]struct {
		opt session.Option
		ok  bool
	}{
		"line": {session.MaxLineSize(14), false}, "line fits": {session.MaxLineSize(15), true},
		"field": {session.MaxFieldSize(14), false}, "field fits": {session.MaxFieldSize(15), true},
		"count": {session.MaxHeaders(2), false}, "count fits": {session.MaxHeaders(3), true},
	} {
		resp, err := s.Get(t.Context(), srv.URL(), test.opt)
		if err == nil {
			resp.Close()
		}
		re, is := errors.AsType[*errors.ClientResponseError](err)
		if (err == nil) != test.ok || err != nil && (!is || re.Status != 400) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestFraming: how the body is announced.
func TestFraming(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, echoHead)
	s := newSession(t, session.Config{})
	body := session.Bytes([]byte("body"))
	for name, test := range map[string]struct {
		method string
		opts   []session.Option
		has    []string
		hasNot []string
	}{
		"DELETE":        {"DELETE", nil, []string{"Content-Length: 0\r\n"}, []string{"Transfer-Encoding"}},
		"custom method": {"PURGE", nil, []string{"Content-Length: 0\r\n"}, []string{"Transfer-Encoding"}},
		"POST":          {"POST", nil, []string{"Content-Length: 0\r\n"}, []string{"Transfer-Encoding"}},
		"GET":           {"GET", nil, nil, []string{"Content-Length", "Transfer-Encoding"}},
		"OPTIONS":       {"OPTIONS", nil, nil, []string{"Content-Length", "Transfer-Encoding"}},
		"body":          {"POST", []session.Option{body}, []string{"Content-Length: 4\r\n"}, []string{"Transfer-Encoding", "Expect"}},
		"chunked":       {"POST", []session.Option{body, session.Chunked()}, []string{"Transfer-Encoding: chunked\r\n"}, []string{"Content-Length"}},
		"expect":        {"POST", []session.Option{body, session.Expect100()}, []string{"Expect: 100-continue\r\n", "Content-Length: 4\r\n"}, []string{"Connection"}},
		"expect, none":  {"POST", []session.Option{session.Expect100()}, nil, []string{"Expect"}},
		"1.0":           {"POST", []session.Option{body, session.Version(1, 0)}, []string{"POST / HTTP/1.0\r\n", "Content-Length: 4\r\n", "Connection: keep-alive\r\n"}, nil},
		"skipped": {
			"POST",
			[]session.Option{body, session.SkipHeader("user-agent", "Accept", "Accept-Encoding", "Content-Type")},
			nil,
			[]string{"User-Agent", "Accept", "Content-Type"},
		},
	} {
		head := wireText(t, srv, s, test.method, srv.URL()+"/", test.opts...)
		for _, text := range test.has {
			if strings.Count(head, text) != 1 {
				t.Errorf("%s: no %q in %q", name, text, head)
			}
		}
		for _, text := range test.hasNot {
			if strings.Contains(head, text) {
				t.Errorf("%s: %q in %q", name, text, head)
			}
		}
	}
	_, err := s.Post(t.Context(), srv.URL(), body, session.Chunked(), session.Version(1, 0))
	if bad, ok := errors.AsType[*errors.InvalidRequestError](err); !ok || bad.Field != "Version" {
		t.Errorf("chunks in HTTP/1.0: got %v", err)
	}
}

// TestHostHeader: without the dot of the root, in ASCII.
func TestHostHeader(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Skip("no Unix sockets: ", err)
	}
	srv := wiretest.NewOn(t, ln, echoHead)
	c, err := connector.NewUnix(path, connector.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(t, session.Config{Connector: c, OwnConnector: true})
	for url, want := range map[string]string{
		"http://a.test./":        "a.test",
		"http://a.test..:81/":    "a.test:81",
		"http://a.test:80/":      "a.test",
		"http://bücher.test/":    "xn--bcher-kva.test",
		"http://[::1]:80/":       "[::1]",
		"http://[::1]:8080/":     "[::1]:8080",
		"http://bücher.test.:8/": "xn--bcher-kva.test:8",
	} {
		if head := wireText(t, srv, s, http.MethodGet, url); !strings.Contains(head, "\r\nHost: "+want+"\r\n") {
			t.Errorf("%s: got %q, want %s", url, head, want)
		}
	}
}
