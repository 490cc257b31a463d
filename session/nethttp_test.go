package session_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"reflect"
	"slices"
	"strings"
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

// natives are the three ways in which a session does what net/http's types do.
func natives(s *session.Session) map[string]func(*http.Request) (*http.Response, error) {
	return map[string]func(*http.Request) (*http.Response, error){
		"Do": s.Do, "Client": s.Client().Do, "RoundTripper": s.RoundTripper().RoundTrip,
	}
}

func request(ctx context.Context, t *testing.T, method, url string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// bodyText is the body of a response, which is closed.
func bodyText(t *testing.T, resp *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	resp.Body.Close()
	return string(text)
}

// TestNativeRequest: what only net/http's request can say is kept, and the request
// is not changed.
func TestNativeRequest(t *testing.T) {
	t.Parallel()
	var closes bool
	var trailer http.Header
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		closes, trailer = r.Close, r.Trailer
		w.Header().Set("Trailer", "X-Sum")
		io.WriteString(w, "body")
		w.Header().Set("X-Sum", "42")
	})
	s := newSession(t, session.Config{Options: opt(session.Header("X-Default", "d"), session.CheckStatus())})
	for name, do := range natives(s) {
		req := request(t.Context(), t, "POST", rec.URL+"/p?q=%41", io.MultiReader(strings.NewReader("data")))
		req.Host, req.Close = "virtual.example", true
		req.Header["x-odd"] = []string{"1"}
		req.Trailer = http.Header{"X-Check": {"sum"}}
		before := *req
		header := req.Header.Clone()
		resp, err := do(req)
		if got := bodyText(t, resp, err); got != "body" {
			t.Errorf("%s: got %q", name, got)
		}
		if got := resp.Trailer.Get("X-Sum"); got != "42" {
			t.Errorf("%s: trailer: got %q", name, got)
		}
		got := rec.last(t)
		if got.host != "virtual.example" || got.path != "/p?q=%41" || got.body != "data" || !closes || trailer.Get("X-Check") != "sum" ||
			got.header.Get("X-Default") != "d" || got.header.Get("X-Odd") != "1" {
			t.Errorf("%s: got %+v, close %v, trailer %v", name, got, closes, trailer)
		}
		before.Header = header
		after := *req
		if !reflect.DeepEqual(before.Header, after.Header) || before.URL.String() != after.URL.String() || after.Host != before.Host ||
			after.Method != before.Method || after.ContentLength != before.ContentLength || after.Trailer.Get("X-Check") != "sum" {
			t.Errorf("%s: the request was changed: %+v", name, after)
		}
		if resp.Request == nil || resp.Request.URL.Path != "/p" {
			t.Errorf("%s: the response's request is %v", name, resp.Request)
		}
	}
}

// TestNativeRedirects: Do and Client follow them with the body from GetBody, and a
// RoundTripper does not.
func TestNativeRedirects(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusTemporaryRedirect)
		}
	})
	s := newSession(t, session.Config{})
	for name, do := range natives(s) {
		opened := 0
		req := request(t.Context(), t, "PUT", rec.URL+"/old", strings.NewReader("data"))
		get := req.GetBody
		req.GetBody = func() (io.ReadCloser, error) {
			opened++
			return get()
		}
		resp, err := do(req)
		bodyText(t, resp, err)
		got := rec.last(t)
		if name == "RoundTripper" {
			if resp.StatusCode != http.StatusTemporaryRedirect || opened != 0 {
				t.Errorf("%s: got %s after %d bodies", name, resp.Status, opened)
			}
			continue
		}
		if got.path != "/new" || got.method != "PUT" || got.body != "data" || opened != 1 || resp.StatusCode != 200 {
			t.Errorf("%s: got %+v after %d bodies", name, got, opened)
		}
		mine := errors.New("mine")
		req = request(t.Context(), t, "PUT", rec.URL+"/old", strings.NewReader("data"))
		req.GetBody = func() (io.ReadCloser, error) { return nil, mine }
		if _, err := do(req); !errors.Is(err, mine) {
			t.Errorf("%s: got %v, want GetBody's error", name, err)
		}
		req = request(t.Context(), t, "PUT", rec.URL+"/old", io.MultiReader(strings.NewReader("data")))
		if _, err := do(req); !errors.Is(err, errors.ErrBodyNotReplayable) {
			t.Errorf("%s: without GetBody: got %v", name, err)
		}
	}
}

// TestNativeOddCase: a secret is one in whatever case its name is written.
func TestNativeOddCase(t *testing.T) {
	t.Parallel()
	cfg := session.Config{SensitiveHeaders: []string{"x-API-key"}}
	s, seen := hopping(t, cfg, map[string]string{"/": "302 http://b.example/end"})
	for _, method := range []string{"GET", "POST"} {
		req := request(t.Context(), t, method, "http://a.example/", nil)
		for _, name := range []string{"authorization", "COOKIE", "proxy-authorization", "x-api-key", "content-type", "x-odd"} {
			req.Header[name] = []string{"canary"}
		}
		resp, err := s.Do(req)
		bodyText(t, resp, err)
		header := (*seen)[len(*seen)-1].Header
		odd := 0
		for name, values := range header {
			if name == "x-odd" {
				odd++
				continue
			}
			kept := name == "content-type" && method == "GET"
			if values[0] == "canary" && !kept {
				t.Errorf("%s: %s went along", method, name)
			}
		}
		if odd != 1 || len(req.Header) != 6 {
			t.Errorf("%s: got %v of %v", method, header, req.Header)
		}
	}
}

// TestNativeStreaming: a response is there with its head, and its body as it comes.
func TestNativeStreaming(t *testing.T) {
	t.Parallel()
	next := make(chan struct{})
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		for range 3 {
			io.WriteString(w, "piece\n")
			http.NewResponseController(w).Flush()
			select {
			case <-next:
			case <-r.Context().Done():
				return
			case <-t.Context().Done():
				return
			}
		}
	})
	s := newSession(t, session.Config{})
	for name, do := range natives(s) {
		resp, err := do(request(t.Context(), t, "GET", rec.URL, nil))
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(resp.Body)
		for range 3 {
			if line, err := lines.ReadString('\n'); err != nil || line != "piece\n" {
				t.Fatalf("%s: got %q, %v", name, line, err)
			}
			next <- struct{}{}
		}
		if _, err := lines.ReadByte(); err != io.EOF {
			t.Errorf("%s: at the end: %v", name, err)
		}
		resp.Body.Close()
	}
}

// TestNativeErrors: Client's are a *url.Error around the tree's; the body is
// closed.
func TestNativeErrors(t *testing.T) {
	t.Parallel()
	s := newSession(t, session.Config{})
	for name, do := range natives(s) {
		for _, target := range []string{"http://127.0.0.1:1/", "ftp://h/", "http://é_é.example/"} {
			body := newCloser(strings.NewReader("data"))
			req := request(t.Context(), t, "POST", target, body)
			resp, err := do(req)
			if resp != nil || !errors.Is(err, errors.ErrClient) {
				t.Errorf("%s %s: got %v, %v", name, target, resp, err)
			}
			if _, ok := errors.AsType[*url.Error](err); ok != (name == "Client") {
				t.Errorf("%s %s: got %T", name, target, err)
			}
			wait(t, body.done, name+" "+target+": the body was not closed")
		}
		if _, err := do(&http.Request{Header: http.Header{}}); err == nil {
			t.Errorf("%s: a request without a URL", name)
		}
	}
}

// TestNativeCancel: by the context, by the old field, and by Client.Timeout.
func TestNativeCancel(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		head, _ := c.ReadHead()
		if strings.Contains(head, "/body") {
			c.Write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
		}
		c.Stall()
	})
	s := newSession(t, session.Config{})
	for name, do := range natives(s) {
		for _, path := range []string{"/head", "/body"} {
			for _, way := range []string{"context", "Cancel"} {
				ctx, cancel := context.WithCancel(t.Context())
				req := request(ctx, t, "GET", srv.URL()+path, nil)
				if way == "Cancel" {
					gone := make(chan struct{})
					req = request(t.Context(), t, "GET", srv.URL()+path, nil)
					req.Cancel = gone //nolint:staticcheck // net/http still has it
					end := func() { close(gone) }
					defer time.AfterFunc(30*time.Millisecond, end).Stop()
				} else {
					defer time.AfterFunc(30*time.Millisecond, cancel).Stop()
				}
				resp, err := do(req)
				if err == nil {
					_, err = io.ReadAll(resp.Body)
					resp.Body.Close()
				}
				if err == nil || (way == "context") && !errors.Is(err, context.Canceled) {
					t.Errorf("%s %s by %s: got %v", name, path, way, err)
				}
				cancel()
			}
		}
	}
	eventuallyFree(t, s.Connector())
}

// TestNativeInterim: answers before the answer are told, and passed over.
func TestNativeInterim(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		for {
			if _, ok := c.ReadHead(); !ok {
				return
			}
			c.Write("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" + okResponse)
		}
	})
	s := newSession(t, session.Config{})
	for name, do := range natives(s) {
		var got []string
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				got = append(got, fmt.Sprint(code, h.Get("Link")))
				return nil
			},
		})
		resp, err := do(request(ctx, t, "GET", srv.URL(), nil))
		if text := bodyText(t, resp, err); text != "ok" || resp.StatusCode != 200 {
			t.Errorf("%s: got %s %q", name, resp.Status, text)
		}
		if want := []string{"102", "103</a.css>; rel=preload"}; !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if n := srv.Conns(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

// TestNativeUpgrade: the body of a 101 is the connection, whatever the session
// adds, for as long as it is open.
func TestNativeUpgrade(t *testing.T) {
	t.Parallel()
	echo := func(c *wiretest.Conn) {
		c.ReadHead()
		c.Write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello")
		for {
			b, ok := c.ReadBody(1)
			if !ok {
				return
			}
			c.Write(strings.ToUpper(b))
		}
	}
	through := func(next http.RoundTripper) http.RoundTripper { return next }
	around := func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) { return next.RoundTrip(req) })
	}
	timeout := session.ClientTimeout{Total: 80 * time.Millisecond, SockRead: 50 * time.Millisecond}
	for kind, cfg := range map[string]session.Config{
		"plain":      {Timeout: timeout},
		"middleware": {Timeout: timeout, Middleware: []middleware.Middleware{through, around}},
		"trace":      {Timeout: timeout, Trace: []*session.Trace{diary(new([]string))}},
		"limits":     {Timeout: timeout, Options: opt(session.MaxBodySize(3), session.Progress(func(int64, int64) {}))},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := &bubble{net: memnet.New()}
				b.serve(t, "h:80", echo)
				var err error
				if b.conn, err = connector.New(connector.Config{DialContext: b.net.DialContext}); err != nil {
					t.Fatal(err)
				}
				cfg.Connector, cfg.OwnConnector = b.conn, true
				s := newSession(t, cfg)
				for name, do := range natives(s) {
					req := request(t.Context(), t, "GET", "http://h/", nil)
					req.Header.Set("Connection", "Upgrade")
					req.Header.Set("Upgrade", "echo")
					resp, err := do(req)
					if err != nil {
						t.Errorf("%s: %v", name, err)
						continue
					}
					outlive(t, name, s, resp)
				}
			})
		})
	}
}

// outlive uses the connection of a 101 longer than the timeouts are, which were for the request.
func outlive(t *testing.T, name string, s *session.Session, resp *http.Response) {
	t.Helper()
	conn, ok := resp.Body.(io.ReadWriteCloser)
	if !ok || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%s: got %s with a %T", name, resp.Status, resp.Body)
	}
	buf := make([]byte, 5)
	if _, err := io.ReadFull(conn, buf); err != nil || string(buf) != "hello" {
		t.Errorf("%s: got %q, %v", name, buf, err)
	}
	time.Sleep(time.Hour)
	if _, err := io.WriteString(conn, "again"); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if _, err := io.ReadFull(conn, buf); err != nil || string(buf) != "AGAIN" {
		t.Errorf("%s: got %q, %v", name, buf, err)
	}
	if st := s.Connector().Stats(); st.InUse != 1 {
		t.Errorf("%s: %d slots are taken, want 1", name, st.InUse)
	}
	if err := conn.Close(); err != nil {
		t.Errorf("%s: Close: %v", name, err)
	}
	synctest.Wait()
	if st := s.Connector().Stats(); st.InUse != 0 {
		t.Errorf("%s: %d slots are taken after Close", name, st.InUse)
	}
}

// TestIdleConnections: the method of the client reaches the connector.
func TestIdleConnections(t *testing.T) {
	t.Parallel()
	rec := record(t, ok)
	s := newSession(t, session.Config{})
	for range 2 {
		resp, err := s.Client().Get(rec.URL)
		bodyText(t, resp, err)
		if st := s.Connector().Stats(); st.Idle != 1 {
			t.Errorf("%d idle connections, want 1", st.Idle)
		}
		s.Client().CloseIdleConnections()
		if st := s.Connector().Stats(); st.Idle != 0 {
			t.Errorf("%d idle connections, want none", st.Idle)
		}
	}
}

// Names of headers have no case (RFC 9110 5.1): those that the session goes by are
// found however they are written, and sent once. Others stay as they are.
func TestNativeNamesHaveNoCase(t *testing.T) {
	t.Parallel()
	rec := record(t, func(http.ResponseWriter, *http.Request) {})
	s := newSession(t, session.Config{Options: opt(session.Header("Accept", "text/plain"), session.Cookie("jar", "1"))})
	for name, do := range natives(s) {
		for header, want := range map[string]string{
			"accept": "a/b", "user-agent": "me", "accept-encoding": "x", "authorization": "Bearer t", "content-type": "c/d",
			"cookie": "own=1; jar=1", "COOKIE": "own=1; jar=1",
		} {
			req := request(t.Context(), t, "POST", strings.Replace(rec.URL, "://", "://user:pw@", 1), strings.NewReader("data"))
			value, _, _ := strings.Cut(want, ";")
			req.Header[header] = []string{value}
			if name == "Client" && header == "authorization" {
				req.URL.User = nil // net/http's own client adds it
			}
			resp, err := do(req)
			bodyText(t, resp, err)
			if got := rec.last(t).header.Values(header); len(got) != 1 || got[0] != want {
				t.Errorf("%s: %s: got %q, want %q alone", name, header, got, want)
			}
			if len(req.Header) != 1 || req.Header[header] == nil {
				t.Errorf("%s: %s: the request was changed: %v", name, header, req.Header)
			}
		}
	}
}

// A part of an encoded representation cannot be decoded, so none is asked for.
func TestNativeRangeHasNoCase(t *testing.T) {
	t.Parallel()
	rec := record(t, func(http.ResponseWriter, *http.Request) {})
	s := newSession(t, session.Config{})
	req := request(t.Context(), t, "GET", rec.URL, nil)
	req.Header["range"] = []string{"bytes=0-1"}
	resp, err := s.Do(req)
	bodyText(t, resp, err)
	if got := rec.last(t).header; got.Get("Range") != "bytes=0-1" || got.Get("Accept-Encoding") != "" {
		t.Errorf("got %v", got)
	}
}
