package session_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/session"
)

// hop is a request as a server saw it.
type hop struct {
	method, host, path, body string
	header                   http.Header
}

// recorder is a server that answers as it is told and remembers what it saw.
type recorder struct {
	*httptest.Server
	mu   sync.Mutex
	hops []hop
}

func record(t *testing.T, answer http.HandlerFunc) *recorder {
	t.Helper()
	rec := &recorder{}
	rec.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("reading the request's body: %v", err)
		}
		rec.mu.Lock()
		rec.hops = append(rec.hops, hop{r.Method, r.Host, r.URL.RequestURI(), string(body), r.Header.Clone()})
		rec.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(rec.Close)
	return rec
}

func (r *recorder) last(t *testing.T) hop {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.hops) == 0 {
		t.Fatal("the server saw no request")
	}
	return r.hops[len(r.hops)-1]
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.hops)
}

func newSession(t *testing.T, cfg session.Config) *session.Session {
	t.Helper()
	if cfg.Jar == nil {
		cfg.Jar = jar.New(jar.Config{Unsafe: true}) // the servers of the tests have IP addresses
	}
	s, err := session.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if c := s.Connector(); c != nil {
			if st := c.Stats(); st.InUse != 0 || st.Waiting != 0 {
				t.Errorf("slots leaked: %+v", st)
			}
		}
		s.Close()
	})
	return s
}

// readBody is a response's body, which is thereby closed.
func readBody(t *testing.T, resp *session.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	text, err := resp.Text()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func ok(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }

// TestRedirectTable goes through every status, method, kind of body, and both
// a redirect within the origin and one that leaves it.
func TestRedirectTable(t *testing.T) {
	t.Parallel()
	statuses := []int{301, 302, 303, 307, 308}
	methods := []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "QUERY"}
	bodies := map[string]func() session.Option{
		"none":     func() session.Option { return session.Join() },
		"bytes":    func() session.Option { return session.Bytes([]byte("payload")) },
		"json":     func() session.Option { return session.JSON("payload") },
		"seeker":   func() session.Option { return session.Body(strings.NewReader("payload")) },
		"stream":   func() session.Option { return session.Body(io.MultiReader(strings.NewReader("payload"))) },
		"sequence": func() session.Option { return session.Stream(oneChunk("payload")) },
	}
	other := record(t, ok)
	s := newSession(t, session.Config{})
	for _, status := range statuses {
		for _, method := range methods {
			for kind, body := range bodies {
				for _, cross := range []bool{false, true} {
					name := fmt.Sprintf("%d/%s/%s/cross=%v", status, method, kind, cross)
					target := "/end"
					if cross {
						target = other.URL + "/end"
					}
					checkRedirect(t, s, name, redirectCase{status, method, kind, body(), target, cross, other})
				}
			}
		}
	}
}

func oneChunk(s string) func(yield func([]byte, error) bool) {
	return func(yield func([]byte, error) bool) { yield([]byte(s), nil) }
}

type redirectCase struct {
	status       int
	method, kind string
	body         session.Option
	target       string
	cross        bool
	other        *recorder
}

// wantMethod is the table of methods: what aiohttp sends next.
func (c redirectCase) wantMethod() string {
	switch {
	case c.method == "HEAD":
		return "HEAD"
	case c.status == 303, (c.status == 301 || c.status == 302) && c.method == "POST":
		return "GET"
	}
	return c.method
}

func checkRedirect(t *testing.T, s *session.Session, name string, c redirectCase) {
	t.Helper()
	first := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end" {
			ok(w, r)
			return
		}
		w.Header().Set("Location", c.target)
		w.WriteHeader(c.status)
	})
	defer first.Close()
	resp, err := s.Request(t.Context(), c.method, first.URL+"/start?a=1", c.body, session.Redirects(3),
		session.Header("Authorization", "secret"), session.Header("X-Mine", "1"))
	want := c.wantMethod()
	keepsBody := want == c.method && c.kind != "none"
	if keepsBody && (c.kind == "stream" || c.kind == "sequence") {
		if !errors.Is(err, errors.ErrBodyNotReplayable) || !errors.Is(err, errors.ErrClientPayload) {
			t.Errorf("%s: got %v, want an error about a body that is gone", name, err)
		}
		return
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	defer resp.Close()
	end := first
	if c.cross {
		end = c.other
	}
	got := end.last(t)
	if got.method != want || got.path != "/end" {
		t.Errorf("%s: got %s %s, want %s /end", name, got.method, got.path, want)
	}
	wantBody := ""
	if keepsBody {
		wantBody = "payload"
		if c.kind == "json" {
			wantBody = `"payload"`
		}
	}
	if got.body != wantBody {
		t.Errorf("%s: got body %q, want %q", name, got.body, wantBody)
	}
	if has := got.header.Get("Content-Type") != ""; has != keepsBody {
		t.Errorf("%s: got Content-Type %q with body %v", name, got.header.Get("Content-Type"), keepsBody)
	}
	if has := got.header.Get("Authorization") != ""; has == c.cross {
		t.Errorf("%s: Authorization sent: %v", name, has)
	}
	if got.header.Get("X-Mine") != "1" {
		t.Errorf("%s: own header lost", name)
	}
	if want == "GET" && got.header.Get("Content-Length") != "" && !keepsBody {
		t.Errorf("%s: a GET without a body has Content-Length %q", name, got.header.Get("Content-Length"))
	}
	if len(resp.History()) != 1 || resp.History()[0].StatusCode != c.status {
		t.Errorf("%s: got history %v", name, resp.History())
	}
}

func TestRedirectCount(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		var n int
		fmt.Sscanf(r.URL.Path, "/%d", &n)
		if n == 0 {
			ok(w, r)
			return
		}
		http.Redirect(w, r, fmt.Sprintf("/%d", n-1), http.StatusFound)
	})
	s := newSession(t, session.Config{})
	for _, test := range []struct {
		hops int
		opts []session.Option
		fail bool
	}{
		{10, nil, false},
		{11, nil, true},
		{2, []session.Option{session.Redirects(2)}, false},
		{3, []session.Option{session.Redirects(2)}, true},
		{0, []session.Option{session.Redirects(0)}, false},
		{1, []session.Option{session.Redirects(0)}, true},
		{1, []session.Option{session.NoRedirects(), session.Redirects(1)}, false},
	} {
		resp, err := s.Get(t.Context(), fmt.Sprintf("%s/%d", rec.URL, test.hops), test.opts...)
		if !test.fail {
			if got := readBody(t, resp, err); got != "ok" || len(resp.History()) != test.hops {
				t.Errorf("%+v: got %q after %d redirects", test, got, len(resp.History()))
			}
			continue
		}
		var many *errors.TooManyRedirects
		if !errors.As(err, &many) || !errors.Is(err, errors.ErrClientResponse) {
			t.Errorf("%+v: got %v, want TooManyRedirects", test, err)
			continue
		}
		if len(many.History) != test.hops-0 && len(many.History) == 0 {
			t.Errorf("%+v: got a history of %d", test, len(many.History))
		}
		if got := many.RequestInfo.URL.Path; got != fmt.Sprintf("/%d", test.hops) {
			t.Errorf("%+v: request info is of %s, want that of the first hop", test, got)
		}
	}
	resp, err := s.Get(t.Context(), rec.URL+"/1", session.NoRedirects())
	if err != nil || resp.StatusCode != http.StatusFound {
		t.Fatalf("got %v, %v, want the redirect itself", resp, err)
	}
	resp.Close()
	resp, err = s.Head(t.Context(), rec.URL+"/1")
	if err != nil || resp.StatusCode != http.StatusFound {
		t.Fatalf("HEAD: got %v, %v, want the redirect itself", resp, err)
	}
	resp.Close()
}

func TestRedirectLocation(t *testing.T) {
	t.Parallel()
	var location, uri string
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/dir/start") {
			if location != "" {
				w.Header()["Location"] = []string{location}
			}
			if uri != "" {
				w.Header()["URI"] = []string{uri}
			}
			w.WriteHeader(http.StatusFound)
			fmt.Fprint(w, "moved")
			return
		}
		ok(w, r)
	})
	s := newSession(t, session.Config{})
	get := func() (*session.Response, error) { return s.Get(t.Context(), rec.URL+"/dir/start?x=1#frag") }
	for _, test := range []struct{ location, want string }{
		{"end", "/dir/end"},
		{"/end", "/end"},
		{"../end?q=2", "/end?q=2"},
		{"?only=query", "/dir/start?only=query"},
		{"/c%2Fd?x=%41", "/c%2Fd?x=A"},
		{"/%7euser/%41%c3%bc", "/~user/A%C3%BC"},
		{"/a b?c d", "/a%20b?c%20d"},
		{"/x?a=%26&b=%2B+%3d", "/x?a=%26&b=%2B+%3D"},
		{"/ü", "/%C3%BC"},
	} {
		if test.location == "?only=query" {
			continue // it would lead back to the start
		}
		location, uri = test.location, ""
		resp, err := get()
		if got := readBody(t, resp, err); got != "ok" {
			t.Errorf("%s: got %q", test.location, got)
		}
		if got := rec.last(t).path; got != test.want {
			t.Errorf("%s: got %s, want %s", test.location, got, test.want)
		}
	}
	location, uri = "", "/by-uri"
	if resp, err := get(); readBody(t, resp, err) != "ok" || rec.last(t).path != "/by-uri" {
		t.Errorf("URI header: went to %s", rec.last(t).path)
	}
	location, uri = "", ""
	resp, err := get()
	if got := readBody(t, resp, err); got != "moved" || len(resp.History()) != 0 {
		t.Errorf("no Location: got %q with a history of %d", got, len(resp.History()))
	}
	location = "/end#mine"
	resp, err = get()
	readBody(t, resp, err)
	if resp.URL().Fragment != "" || resp.RealURL().Fragment != "mine" {
		t.Errorf("got fragments %q and %q", resp.URL().Fragment, resp.RealURL().Fragment)
	}
	for _, test := range []struct {
		location string
		class    error
	}{
		{"ftp://127.0.0.1/x", errors.ErrNonHTTPURLRedirectClient},
		{"file:///etc/passwd", errors.ErrNonHTTPURLRedirectClient},
		{"data:text/plain,x", errors.ErrNonHTTPURLRedirectClient},
		{"ws://127.0.0.1/x", errors.ErrNonHTTPURLRedirectClient},
		{"http:///nohost", errors.ErrInvalidURLRedirectClient},
		{"http://h:port/", errors.ErrInvalidURLRedirectClient},
		{"http://h%zz/", errors.ErrInvalidURLRedirectClient},
	} {
		location = test.location
		if _, err := get(); !errors.Is(err, test.class) || !errors.Is(err, errors.ErrRedirectClient) {
			t.Errorf("%s: got %v, want %v", test.location, err, test.class)
		}
	}
}

// TestRedirectSecrets follows a chain a -> b -> a: what was dropped when a was
// left is not sent again when it is reached once more.
func TestRedirectSecrets(t *testing.T) {
	t.Parallel()
	var a, b *recorder
	a = record(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/start":
			http.Redirect(w, r, "/same", http.StatusFound)
		case "/same":
			http.Redirect(w, r, b.URL+"/b", http.StatusFound)
		default:
			ok(w, r)
		}
	})
	b = record(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, a.URL+"/back", http.StatusFound)
	})
	s := newSession(t, session.Config{
		SensitiveHeaders: []string{"x-api-key"},
		Options:          []session.Option{session.Bearer("session-token")},
	})
	resp, err := s.Get(t.Context(), a.URL+"/start", session.Cookie("mine", "1"), session.AddHeader("Cookie", "typed=1"),
		session.Header("Proxy-Authorization", "p"), session.Header("X-Api-Key", "k"), session.Header("X-Other", "o"),
		session.Header("Host", "virtual.example"))
	readBody(t, resp, err)
	secrets := []string{"Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key"}
	same, left, back := a.hops[1], b.hops[0], a.hops[2]
	for _, name := range secrets {
		if same.header.Get(name) == "" {
			t.Errorf("%s lost within the origin", name)
		}
		for where, h := range map[string]hop{"b": left, "a again": back} {
			if got := h.header.Get(name); got != "" {
				t.Errorf("%s: got %s %q, want none", where, name, got)
			}
		}
	}
	if same.host != "virtual.example" || left.host == "virtual.example" || back.host == "virtual.example" {
		t.Errorf("got hosts %q, %q, %q", same.host, left.host, back.host)
	}
	if back.header.Get("X-Other") != "o" {
		t.Error("an ordinary header was dropped")
	}
	if got := same.header.Get("Cookie"); got != "typed=1; mine=1" {
		t.Errorf("got Cookie %q", got)
	}
}

func TestRedirectCredentials(t *testing.T) {
	t.Parallel()
	var target string
	end := record(t, ok)
	start := record(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", target)
		w.WriteHeader(http.StatusFound)
	})
	s := newSession(t, session.Config{})
	u, err := url.Parse(end.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User, u.Path = url.UserPassword("user", "pass"), "/end"
	target = u.String()
	resp, err := s.Get(t.Context(), start.URL, session.Bearer("other"))
	readBody(t, resp, err)
	if got := end.last(t).header.Get("Authorization"); got != "Basic dXNlcjpwYXNz" {
		t.Errorf("got Authorization %q, want that of the redirect's URL", got)
	}
	if resp.RealURL().User != nil {
		t.Error("the response's URL has the credentials")
	}
}
