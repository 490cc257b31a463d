package session_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// TestBadInput: what cannot be sent is a typed error, and no byte of it is.
func TestBadInput(t *testing.T) {
	t.Parallel()
	rec := record(t, ok)
	s := newSession(t, session.Config{})
	closed := newSession(t, session.Config{})
	closed.Close()
	based := newSession(t, session.Config{BaseURL: rec.URL + "/v1/"})
	for _, test := range []struct {
		name   string
		s      *session.Session
		method string
		url    string
		opts   []session.Option
		class  error
	}{
		{"bad escape", s, "GET", "http://h%zz/", nil, errors.ErrInvalidURLClient},
		{"control character", s, "GET", "http://h/\x01", nil, errors.ErrInvalidURLClient},
		{"newline in URL", s, "GET", rec.URL + "/\r\nX: y", nil, errors.ErrInvalidURLClient},
		{"empty URL", s, "GET", "", nil, errors.ErrInvalidURLClient},
		{"relative URL", s, "GET", "/path", nil, errors.ErrInvalidURLClient},
		{"no host", s, "GET", "http:///path", nil, errors.ErrInvalidURLClient},
		{"bad port", s, "GET", "http://h:port/", nil, errors.ErrInvalidURLClient},
		{"port out of range", s, "GET", "http://127.0.0.1:70000/", nil, errors.ErrInvalidURLClient},
		{"bad host", s, "GET", "http://a_b^c/", nil, errors.ErrInvalidURLClient},
		{"ftp", s, "GET", "ftp://h/", nil, errors.ErrNonHTTPURLClient},
		{"file", s, "GET", "file:///etc/passwd", nil, errors.ErrNonHTTPURLClient},
		{"two slashes with a base", based, "GET", "//evil/x", nil, errors.ErrInvalidURL},
		{"method with a space", s, "GE T", rec.URL, nil, errors.ErrInvalidRequest},
		{"method with a newline", s, "GET / HTTP/1.1\r\nX: y", rec.URL, nil, errors.ErrInvalidRequest},
		{"newline in a header", s, "GET", rec.URL, opt(session.Header("X-A", "a\r\nX-B: b")), errors.ErrInvalidRequest},
		{"NUL in a header", s, "GET", rec.URL, opt(session.AddHeader("X-A", "a\x00")), errors.ErrInvalidRequest},
		{"newline in a header's name", s, "GET", rec.URL, opt(session.Header("X\r\nA", "a")), errors.ErrInvalidRequest},
		{"empty header name", s, "GET", rec.URL, opt(session.Header("", "a")), errors.ErrInvalidRequest},
		{"bad Host", s, "GET", rec.URL, opt(session.Header("Host", "a/b\n")), errors.ErrInvalidRequest},
		{"own framing", s, "POST", rec.URL, opt(session.Header("Transfer-Encoding", "chunked")), errors.ErrInvalidRequest},
		{"length with a sign", s, "POST", rec.URL, opt(session.Header("Content-Length", "+5")), errors.ErrInvalidRequest},
		{"length with a space", s, "POST", rec.URL, opt(session.Header("Content-Length", " 5")), errors.ErrInvalidRequest},
		{"length in other digits", s, "POST", rec.URL, opt(session.Header("Content-Length", "٥")), errors.ErrInvalidRequest},
		{"wrong length", s, "POST", rec.URL, opt(session.Text("four"), session.Header("Content-Length", "5")), errors.ErrInvalidRequest},
		{"length and chunks", s, "POST", rec.URL, opt(session.Text("four"), session.Chunked(), session.Header("Content-Length", "4")), errors.ErrInvalidRequest},
		{"length without a body", s, "POST", rec.URL, opt(session.Header("Content-Length", "5")), errors.ErrInvalidRequest},
		{"skipped framing", s, "POST", rec.URL, opt(session.SkipHeader("Content-Length")), errors.ErrInvalidRequest},
		{"cookie name", s, "GET", rec.URL, opt(session.Cookie("a b", "c")), errors.ErrInvalidRequest},
		{"cookie value", s, "GET", rec.URL, opt(session.Cookie("a", "b\x01")), errors.ErrInvalidRequest},
		{"colon in a login", s, "GET", rec.URL, opt(session.BasicAuth("a:b", "c")), errors.ErrInvalidRequest},
		{"empty token", s, "GET", rec.URL, opt(session.Bearer("")), errors.ErrInvalidRequest},
		{"newline in a token", s, "GET", rec.URL, opt(session.Bearer("a\nb")), errors.ErrInvalidRequest},
		{"two credentials", s, "GET", "http://u:p@h/", opt(session.Bearer("x")), errors.ErrInvalidRequest},
		{"negative redirects", s, "GET", rec.URL, opt(session.Redirects(-1)), errors.ErrInvalidRequest},
		{"not JSON", s, "POST", rec.URL, opt(session.JSON(func() {})), errors.ErrInvalidRequest},
		{"odd pairs", s, "POST", rec.URL, opt(session.FormPairs("a")), errors.ErrInvalidRequest},
		{"nil reader", s, "POST", rec.URL, opt(session.Body(nil)), errors.ErrInvalidRequest},
		{"nil sequence", s, "POST", rec.URL, opt(session.Stream(nil)), errors.ErrInvalidRequest},
		{"closed session", closed, "GET", rec.URL, nil, errors.ErrSessionClosed},
	} {
		resp, err := test.s.Request(t.Context(), test.method, test.url, test.opts...)
		if !errors.Is(err, test.class) || !errors.Is(err, errors.ErrClient) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.class)
		}
		if resp != nil {
			t.Errorf("%s: got a response with an error", test.name)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\r\n\x00\x01") {
			t.Errorf("%s: the text is not one line: %q", test.name, err)
		}
	}
	if n := rec.count(); n != 0 {
		t.Errorf("the server saw %d requests", n)
	}
	if st := s.Connector().Stats(); st.Opened != 0 {
		t.Errorf("opened %d connections", st.Opened)
	}
}

func opt(opts ...session.Option) []session.Option { return opts }

func TestBadConfig(t *testing.T) {
	t.Parallel()
	conn, err := connector.New(connector.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for name, cfg := range map[string]session.Config{
		"relative base":           {BaseURL: "/v1/"},
		"base without a slash":    {BaseURL: "http://h/v1"},
		"base of another scheme":  {BaseURL: "ftp://h/"},
		"transport and connector": {Transport: http.DefaultTransport, Connector: conn},
		"timeout of a connector":  {Transport: http.DefaultTransport, Timeout: session.ClientTimeout{SockRead: time.Second}},
		"bad option":              {Options: opt(session.Redirects(-1))},
		"body of a single use":    {Options: opt(session.Body(io.MultiReader()))},
	} {
		if _, err := session.New(cfg); !errors.Is(err, errors.ErrInvalidRequest) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := connector.New(connector.Config{ForceClose: true, KeepAlive: time.Second}); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("keep-alive without keeping: got %v", err)
	}
	s := newSession(t, session.Config{})
	bad := s.With(session.Redirects(-1))
	if _, err := bad.Get(t.Context(), "http://127.0.0.1:1/"); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("With a bad option: got %v", err)
	}
}

func TestBaseURL(t *testing.T) {
	t.Parallel()
	rec := record(t, ok)
	for _, test := range []struct{ base, url, want string }{
		{"/foo/", "bar", "/foo/bar"},
		{"/foo/", "/bar", "/bar"},
		{"/foo/", "?q=1", "/foo/?q=1"},
		{"/foo/", "", "/foo/"},
		{"/foo/", "../bar", "/bar"},
		{"/foo/", "bar%2Fbaz?a=%41", "/foo/bar%2Fbaz?a=%41"},
		{"", "bar", "/bar"},
		{"/foo/?lost=1", "bar", "/foo/bar"},
	} {
		s := newSession(t, session.Config{BaseURL: rec.URL + test.base})
		resp, err := s.Get(t.Context(), test.url)
		readBody(t, resp, err)
		if got := rec.last(t).path; got != test.want {
			t.Errorf("%s + %s: got %s, want %s", test.base, test.url, got, test.want)
		}
	}
	other := record(t, ok)
	s := newSession(t, session.Config{BaseURL: rec.URL + "/foo/"})
	resp, err := s.Get(t.Context(), other.URL+"/abs")
	readBody(t, resp, err)
	if got := other.last(t).path; got != "/abs" {
		t.Errorf("absolute URL: got %s", got)
	}
}

// TestURLVerbatim: a URL is sent as it was written; only what cannot stand in a
// request line is escaped.
func TestURLVerbatim(t *testing.T) {
	t.Parallel()
	rec := record(t, ok)
	s := newSession(t, session.Config{})
	for _, test := range []struct {
		url  string
		opts []session.Option
		want string
	}{
		{"/%41%2f?x=%41%2F+y&sig=a%2Bb", nil, "/%41%2f?x=%41%2F+y&sig=a%2Bb"},
		{"/a b?c d", nil, "/a%20b?c%20d"},
		{"/ü?ö", nil, "/%C3%BC?%C3%B6"},
		{"/'()*!", nil, "/'()*!"},
		{"/p#fragment", nil, "/p"},
		{"", nil, "/"},
		{"/p?q=1", opt(session.Query("q", "2"), session.Query("a b", "c&d")), "/p?q=1&q=2&a+b=c%26d"},
		{"/p", opt(session.Params(url.Values{"b": {"2", "3"}, "a": {"1"}})), "/p?a=1&b=2&b=3"},
		{"/p?", opt(session.Params(nil)), "/p?"},
	} {
		resp, err := s.Get(t.Context(), rec.URL+test.url, test.opts...)
		readBody(t, resp, err)
		if got := rec.last(t).path; got != test.want {
			t.Errorf("%s: got %s, want %s", test.url, got, test.want)
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	rec := record(t, ok)
	s := newSession(t, session.Config{Options: opt(
		session.Header("X-Session", "s"), session.Header("X-Both", "s"), session.AddHeader("X-Many", "s"))})
	get := func(opts ...session.Option) http.Header {
		resp, err := s.Get(t.Context(), rec.URL, opts...)
		readBody(t, resp, err)
		return rec.last(t).header
	}
	plain := get()
	for name, want := range map[string]string{
		"User-Agent": "aiolos/" + session.LibraryVersion, "Accept": "*/*", "Accept-Encoding": "gzip, deflate, br, zstd", "X-Session": "s", "X-Both": "s",
	} {
		if got := plain.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"Content-Type", "Content-Length", "Referer", "Cookie"} {
		if got, has := plain[name]; has {
			t.Errorf("%s: got %q, want none", name, got)
		}
	}
	h := get(session.Header("x-both", "r"), session.AddHeader("X-Many", "r1"), session.AddHeader("X-Many", "r2"),
		session.AddHeader("Accept", "text/html"), session.Header("User-Agent", "mine"), session.Header("X-Empty", ""))
	for name, want := range map[string]string{
		"X-Session": "[s]", "X-Both": "[r]", "X-Many": "[s r1 r2]", "Accept": "[text/html]", "User-Agent": "[mine]", "X-Empty": "[]",
	} {
		if got := fmt.Sprint(h[name]); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	h = get(session.SkipHeader("accept", "Accept-Encoding", "User-Agent"))
	for _, name := range []string{"Accept", "Accept-Encoding", "User-Agent"} {
		if got, has := h[name]; has {
			t.Errorf("skipped %s: got %q", name, got)
		}
	}
	if h := get(session.Header("Range", "bytes=5-")); h.Get("Accept-Encoding") != "" {
		t.Error("a part of an encoded body was asked for")
	}
	if h := get(); fmt.Sprint(h) != fmt.Sprint(plain) {
		t.Error("a request's headers stayed with the session")
	}
	d := s.With(session.Header("X-Derived", "d"), session.BasicAuth("Aladdin", "open sesame"))
	resp, err := d.Get(t.Context(), rec.URL)
	readBody(t, resp, err)
	if got := rec.last(t).header; got.Get("X-Derived") != "d" || got.Get("X-Session") != "s" ||
		got.Get("Authorization") != "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" {
		t.Errorf("derived session: got %v", got)
	}
	if h := get(); h.Get("X-Derived") != "" {
		t.Error("a derived session changed its parent")
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%d %v", r.ContentLength, r.TransferEncoding)
	})
	s := newSession(t, session.Config{})
	name := filepath.Join(t.TempDir(), "file.json")
	if err := os.WriteFile(name, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Seek(4, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	buffer := bytes.NewBufferString("xxbuffer")
	buffer.Next(2)
	for _, test := range []struct {
		name              string
		opt               session.Option
		body, typ, length string
	}{
		{"bytes", session.Bytes([]byte("data")), "data", "application/octet-stream", "4 []"},
		{"empty bytes", session.Bytes(nil), "", "application/octet-stream", "0 []"},
		{"text", session.Text("ü"), "ü", "text/plain; charset=utf-8", "2 []"},
		{"json", session.JSON(map[string]int{"a": 1}), `{"a":1}`, "application/json", "7 []"},
		{"null", session.JSON(nil), "null", "application/json", "4 []"},
		{"form", session.Form(url.Values{"b": {"2 3"}, "a": {"ü"}}), "a=%C3%BC&b=2+3", "application/x-www-form-urlencoded", "14 []"},
		{"pairs", session.FormPairs("b", "2", "a", "1", "b", "&="), "b=2&a=1&b=%26%3D", "application/x-www-form-urlencoded", "16 []"},
		{"file", session.Body(file), "456789", "application/json", "6 []"},
		{"buffer", session.Body(buffer), "buffer", "application/octet-stream", "6 []"},
		{"reader", session.Body(io.MultiReader(strings.NewReader("reader"))), "reader", "application/octet-stream", "-1 [chunked]"},
		{"sequence", session.Stream(oneChunk("sequence")), "sequence", "application/octet-stream", "-1 [chunked]"},
		{"later wins", session.Join(session.JSON(1), session.Text("late")), "late", "text/plain; charset=utf-8", "4 []"},
	} {
		for _, method := range []string{"POST", "PUT", "DELETE"} {
			if method != "POST" && (test.name == "reader" || test.name == "sequence") {
				continue // they are used up
			}
			resp, err := s.Request(t.Context(), method, rec.URL, test.opt)
			length := readBody(t, resp, err)
			got := rec.last(t)
			if got.body != test.body || got.header.Get("Content-Type") != test.typ || length != test.length {
				t.Errorf("%s %s: got %q as %q, length %s", method, test.name, got.body, got.header.Get("Content-Type"), length)
			}
		}
	}
	if _, err := file.Stat(); err != nil {
		t.Errorf("the file was closed: %v", err)
	}
	resp, err := s.Post(t.Context(), rec.URL, session.Body(io.MultiReader(strings.NewReader("12345"))), session.Header("Content-Length", "5"))
	if got := readBody(t, resp, err); got != "5 []" {
		t.Errorf("length of the caller's: got %s", got)
	}
}

// TestContentLengthZero: methods that usually have a body say that there is none.
func TestContentLengthZero(t *testing.T) {
	t.Parallel()
	rec := record(t, ok)
	s := newSession(t, session.Config{})
	for method, want := range map[string]string{
		"GET": "", "HEAD": "", "OPTIONS": "", "TRACE": "", "POST": "0", "PUT": "0", "PATCH": "0", "DELETE": "0", "QUERY": "0", "purge": "0",
	} {
		resp, err := s.Request(t.Context(), method, rec.URL)
		readBody(t, resp, err)
		got := rec.last(t)
		if got.method != strings.ToUpper(method) || got.header.Get("Content-Length") != want {
			t.Errorf("%s: got %s with Content-Length %q, want %q", method, got.method, got.header.Get("Content-Length"), want)
		}
	}
}

func TestCheckStatus(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Reason", "none")
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, strings.Repeat("short and stout ", 1000))
	})
	s := newSession(t, session.Config{Options: opt(session.CheckStatus())})
	_, err := s.Get(t.Context(), rec.URL+"/pot?secret=canary", session.Header("Authorization", "canary"))
	var re *errors.ClientResponseError
	if !errors.As(err, &re) {
		t.Fatalf("got %v, want a ClientResponseError", err)
	}
	if re.Status != 418 || len(re.Body) != 4096 || re.Header.Get("X-Reason") != "none" || re.RequestInfo.Method != "GET" {
		t.Errorf("got %+v with %d bytes", re, len(re.Body))
	}
	want := "get " + rec.URL + "/pot?secret=***: 418 I'm a teapot: short and stout short"
	if got := err.Error(); !strings.HasPrefix(got, want) || len(got) > len(want)+200 {
		t.Errorf("got %q, want %q", err, want)
	}
	resp, err := s.Get(t.Context(), rec.URL, session.CheckStatusFunc(nil))
	if err != nil || resp.OK() || resp.Reason() != "I'm a teapot" {
		t.Fatalf("got %v, %v, want the teapot itself", resp, err)
	}
	if b, err := resp.Bytes(); err != nil || len(b) != 16000 {
		t.Errorf("got %d bytes, %v", len(b), err)
	}
	mine := errors.New("mine")
	if _, err = s.Get(t.Context(), rec.URL, session.CheckStatusFunc(func(r *session.Response) error { return mine })); !errors.Is(err, mine) {
		t.Errorf("got %v, want the callable's error", err)
	}
	if native, err := s.Client().Get(rec.URL); err != nil || native.StatusCode != http.StatusTeapot {
		t.Errorf("through Client: got %v, %v; a status is no error there", native, err)
	} else {
		native.Body.Close()
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/json":
			w.Header().Set("Content-Type", "application/problem+JSON; charset=utf-8")
			io.WriteString(w, `{"name":"gopher","n":3}`)
		case "/html":
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, `{}`)
		case "/empty":
			w.Header().Set("Content-Type", "application/json")
		case "/trailing":
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"n":1} x`)
		default:
			http.NotFound(w, r)
		}
	})
	s := newSession(t, session.Config{BaseURL: rec.URL + "/"})
	type gopher struct {
		Name string `json:"name"`
		N    int    `json:"n"`
	}
	g, err := session.Decode[gopher](s.Get(t.Context(), "json"))
	if err != nil || g != (gopher{"gopher", 3}) {
		t.Errorf("got %+v, %v", g, err)
	}
	if _, err := session.Decode[gopher](s.Get(t.Context(), "html")); !errors.Is(err, errors.ErrContentType) || !errors.Is(err, errors.ErrClientResponse) {
		t.Errorf("html: got %v", err)
	}
	if _, err := session.Decode[gopher](s.Get(t.Context(), "missing")); !errors.Is(err, errors.ErrClientResponse) {
		t.Errorf("404: got %v", err)
	}
	for _, path := range []string{"empty", "trailing"} {
		_, err := session.Decode[gopher](s.Get(t.Context(), path))
		if _, isSyntax := errors.AsType[*json.SyntaxError](err); !isSyntax || !errors.Is(err, errors.ErrClient) {
			t.Errorf("%s: got %v, want a syntax error of the tree", path, err)
		}
	}
	if _, err := session.Decode[gopher](s.Get(t.Context(), "ftp://x/")); !errors.Is(err, errors.ErrNonHTTPURLClient) {
		t.Errorf("failed call: got %v", err)
	}
}

// TestCachedBody: the body can be asked for again once it was read, and not
// once it was thrown away.
func TestCachedBody(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=ISO-8859-1")
		w.Write([]byte("1 \xfc"))
	})
	s := newSession(t, session.Config{})
	resp, err := s.Get(t.Context(), rec.URL)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if b, err := resp.Bytes(); err != nil || string(b) != "1 \xfc" {
			t.Errorf("got %q, %v", b, err)
		}
		if text, err := resp.Text(); err != nil || text != "1 ü" {
			t.Errorf("got %q, %v", text, err)
		}
	}
	if resp.ContentType() != "text/plain" || resp.Charset() != "iso-8859-1" {
		t.Errorf("got %s, %s", resp.ContentType(), resp.Charset())
	}
	resp, err = s.Get(t.Context(), rec.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Release()
	resp.Close()
	if _, err := resp.Bytes(); !errors.Is(err, errors.ErrConnectionClosed) {
		t.Errorf("after Close: got %v", err)
	}
	if _, err := resp.Text(); !errors.Is(err, errors.ErrConnectionClosed) {
		t.Errorf("after Close: got %v", err)
	}
}

func TestOptionString(t *testing.T) {
	t.Parallel()
	got := session.Join(
		session.Query("q", "canary"), session.Header("Authorization", "canary"), session.Header("X-A", "1"),
		session.Cookie("c", "canary"), session.BasicAuth("canary", "canary"), session.Bearer("canary"), session.Redirects(3),
	).String()
	want := `Join(Query("q", ***), Header("Authorization", ***), Header("X-A", "1"), Cookie("c", ***), BasicAuth(***, ***), Bearer(***), Redirects(3))`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
