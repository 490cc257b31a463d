package session_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// hopping is a session without a network: each path of the map leads on, with a
// status and a Location, and all others answer.
func hopping(t *testing.T, cfg session.Config, hops map[string]string) (s *session.Session, seen *[]*http.Request) {
	t.Helper()
	seen = new([]*http.Request)
	cfg.Transport = middleware.Func(func(req *http.Request) (*http.Response, error) {
		if req.Body != nil {
			io.Copy(io.Discard, req.Body) // it is as good as sent
			req.Body.Close()
		}
		clone := req.Clone(req.Context())
		*seen = append(*seen, clone)
		resp := &http.Response{StatusCode: 200, Status: "200 OK", Header: http.Header{}, Body: io.NopCloser(strings.NewReader("end")), Request: req}
		if next, ok := hops[req.URL.Path]; ok {
			status, location, _ := strings.Cut(next, " ")
			resp.StatusCode, _ = strconv.Atoi(status)
			resp.Status = status + " " + http.StatusText(resp.StatusCode)
			resp.Header.Set("Location", location)
		}
		return resp, nil
	})
	return newSession(t, cfg), seen
}

// TestOrigins: scheme, host and port make the origin, and whoever leaves it leaves
// all that is secret behind, in all its lines.
func TestOrigins(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		from, to string
		same     bool
	}{
		{"http://a.example/", "http://a.example/end", true},
		{"http://a.example/", "http://A.Example:80/end", true},
		{"https://a.example:443/", "https://a.example/end", true},
		{"http://a.example/", "https://a.example/end", false},
		{"https://a.example/", "http://a.example/end", false},
		{"http://a.example:80/", "https://a.example:80/end", false},
		{"http://a.example/", "http://a.example:8080/end", false},
		{"http://a.example/", "http://b.example/end", false},
		{"http://a.example/", "http://sub.a.example/end", false},
		{"http://sub.a.example/", "http://a.example/end", false},
		{"http://[::1]/", "http://[::1]:80/end", true},
		{"http://[::1]/", "http://[::2]/end", false},
	} {
		s, seen := hopping(t, session.Config{Options: opt(session.Bearer("session's"))}, map[string]string{"/": "302 " + test.to})
		resp, err := s.Get(t.Context(), test.from, session.AddHeader("Authorization", "Digest second"),
			session.AddHeader("Cookie", "a=1"), session.AddHeader("Cookie", "b=2"), session.Cookie("c", "3"),
			session.AddHeader("Proxy-Authorization", "p1"), session.AddHeader("Proxy-Authorization", "p2"),
			session.Header("X-Api-Key", "k"), session.Header("Referer", "r"))
		readBody(t, resp, err)
		last := (*seen)[1]
		for _, name := range []string{"Authorization", "Cookie", "Proxy-Authorization"} {
			if got := last.Header.Values(name); (len(got) > 0) != test.same {
				t.Errorf("%s -> %s: got %s %q", test.from, test.to, name, got)
			}
		}
		if n := len(last.Header["Authorization"]); test.same && n != 2 {
			t.Errorf("%s -> %s: %d lines of Authorization, want 2", test.from, test.to, n)
		}
		// They are of no origin, unless SensitiveHeaders says so.
		if last.Header.Get("X-Api-Key") != "k" || last.Header.Get("Referer") != "r" {
			t.Errorf("%s -> %s: a header is lost: %v", test.from, test.to, last.Header)
		}
	}
}

// TestHistory: the oldest first, each with its own head and URL, and with nothing
// to read or to close.
func TestHistory(t *testing.T) {
	t.Parallel()
	s, _ := hopping(t, session.Config{}, map[string]string{
		"/1": "301 /2#part", "/2": "302 http://b.example/3", "/3": "303 /4", "/4": "307 /5",
	})
	resp, err := s.Post(t.Context(), "http://a.example/1#own", session.Text("x"))
	readBody(t, resp, err)
	var got []string
	for _, r := range resp.History() {
		got = append(got, fmt.Sprint(r.StatusCode, " ", r.RequestInfo().Method, " ", r.RealURL(), " ", r.Header.Get("Location")))
		if text, err := r.Text(); err == nil && text != "" {
			t.Errorf("a hop has the body %q", text)
		}
		r.Close()
	}
	want := []string{
		"301 POST http://a.example/1#own /2#part", "302 GET http://a.example/2#part http://b.example/3",
		"303 GET http://b.example/3 /4", "307 GET http://b.example/4 /5",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if resp.URL().String() != "http://b.example/5" || resp.RequestInfo().Method != "GET" {
		t.Errorf("the last: %s %s", resp.RequestInfo().Method, resp.URL())
	}
	_, err = s.Post(t.Context(), "http://a.example/1", session.Text("x"), session.Redirects(2))
	many, ok := errors.AsType[*errors.TooManyRedirects](err)
	if !ok || len(many.History) != 3 || many.RequestInfo.Method != "POST" || many.RequestInfo.URL.Path != "/1" || many.Status != 303 {
		t.Errorf("got %#v, want three hops and the first request", many)
	}
	for i, r := range many.History {
		if want := []int{301, 302, 303}[i]; r.StatusCode != want {
			t.Errorf("hop %d: status %d, want %d", i, r.StatusCode, want)
		}
	}
}

// TestHopHeaders: what a request without its body does not say any more, and what
// the next hop says anew.
func TestHopHeaders(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if n, ok := strings.CutPrefix(r.URL.Path, "/to/"); ok {
			status, err := strconv.Atoi(n)
			if err != nil {
				t.Error(err)
			}
			w.Header().Set("Location", "/end")
			w.WriteHeader(status)
		}
	})
	s := newSession(t, session.Config{})
	body := func() session.Option { return session.Body(io.MultiReader(strings.NewReader("12345"))) }
	own := session.Join(session.Header("Content-Length", "5"), session.Header("Content-Language", "en"), session.Header("Content-Type", "text/csv"))
	resp, err := s.Post(t.Context(), rec.URL+"/to/302", body(), own, session.Query("p", "1"))
	readBody(t, resp, err)
	if first := rec.hops[0]; first.path != "/to/302?p=1" || first.header.Get("Content-Length") != "5" {
		t.Errorf("first hop: got %s with %v", first.path, first.header)
	}
	got := rec.last(t)
	if got.method != "GET" || got.path != "/end" {
		t.Errorf("got %s %s, want GET /end without the parameter", got.method, got.path)
	}
	for _, name := range []string{"Content-Length", "Content-Type", "Content-Language", "Transfer-Encoding"} {
		if value := got.header.Get(name); value != "" {
			t.Errorf("%s: got %q, want none", name, value)
		}
	}
	// With its body it says all of it again.
	resp, err = s.Post(t.Context(), rec.URL+"/to/308", session.Body(strings.NewReader("12345")), own)
	readBody(t, resp, err)
	if got = rec.last(t); got.body != "12345" || got.header.Get("Content-Length") != "5" || got.header.Get("Content-Type") != "text/csv" {
		t.Errorf("got %q with %v", got.body, got.header)
	}
	// What never had a body does not get one on the way.
	for _, status := range []string{"301", "307"} {
		resp, err := s.Get(t.Context(), rec.URL+"/to/"+status)
		readBody(t, resp, err)
		if got := rec.last(t).header; got.Get("Content-Length") != "" || got.Get("Content-Type") != "" || got.Get("Referer") != "" {
			t.Errorf("%s: GET has got %v", status, got)
		}
	}
}

// TestOwnHostAgain: a Host of the caller's holds on every hop of its origin, and
// when a stale connection is replaced. (aiohttp forgets it)
func TestOwnHostAgain(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		for {
			req := c.ReadRequest()
			switch {
			case req.Target == "/old":
				c.Write("HTTP/1.1 307 Temporary Redirect\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n")
			case req.Target == "/stale" && c.N == 0, req.Target == "/gone":
				return // the client finds its connection closed
			default:
				c.Write(okResponse)
			}
		}
	})
	s := newSession(t, session.Config{})
	for _, path := range []string{"/old", "/stale"} {
		resp, err := s.Put(t.Context(), srv.URL()+path, session.Header("Host", "virtual.example"), session.Body(strings.NewReader("replayed")))
		if got := readBody(t, resp, err); got != "ok" {
			t.Errorf("%s: got %q", path, got)
		}
		if again := resp.Timing().Retried; again != (path == "/stale") {
			t.Errorf("%s: sent again: %v", path, again)
		}
	}
	heads := srv.Requests()
	if len(heads) != 4 {
		t.Errorf("%d requests, want 4", len(heads))
	}
	for _, head := range heads {
		if !strings.Contains(head, "\r\nHost: virtual.example\r\n") || !strings.Contains(head, "Content-Length: 8\r\n") {
			t.Errorf("got %q", head)
		}
	}
	once := session.Body(io.MultiReader(strings.NewReader("once")))
	if _, err := s.Put(t.Context(), srv.URL()+"/gone", once); !errors.Is(err, errors.ErrServerDisconnected) {
		t.Errorf("a body that cannot be sent again: got %v", err)
	}
	if n := len(srv.Requests()); n != 5 {
		t.Errorf("%d requests, want 5", n)
	}
}

// TestLinesOfOneCookie: all cookies of one name reach the jar, each for its path,
// though the response shows the last.
func TestLinesOfOneCookie(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header()["Set-Cookie"] = []string{"id=root; Path=/", "id=deep; Path=/deep", `other="x\054y"; Path=/`}
		}
	})
	s := newSession(t, session.Config{})
	resp, err := s.Get(t.Context(), rec.URL+"/")
	readBody(t, resp, err)
	if c := resp.Cookie("id"); len(resp.Cookies()) != 3 || c == nil || c.Value != "deep" {
		t.Errorf("got %v, and %v of them as id", resp.Cookies(), c)
	}
	for path, want := range map[string]string{
		"/shallow": `id=root; other="x\054y"`, "/deep": `id=deep; id=root; other="x\054y"`,
	} {
		resp, err := s.Get(t.Context(), rec.URL+path)
		readBody(t, resp, err)
		if got := rec.last(t).header.Get("Cookie"); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	// A header of the caller's stays as it is written beside the others.
	resp, err = s.Get(t.Context(), rec.URL+"/x", session.Header("Cookie", `mine="a\073b"; id=typed`), session.Cookie("more", "1"))
	readBody(t, resp, err)
	if got, want := rec.last(t).header.Get("Cookie"), `mine="a\073b"; id=root; other="x\054y"; more=1`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestCredentialsInURL: an empty name is one too, and the URL that is shown has
// none.
func TestCredentialsInURL(t *testing.T) {
	t.Parallel()
	s, seen := hopping(t, session.Config{BaseURL: "http://base:pw@h.example/"}, nil)
	for user, want := range map[string]string{
		"http://:pw@h.example/":        ":pw",
		"http://user@h.example/":       "user:",
		"http://user:@h.example/":      "user:",
		"http://%C3%BC:p%40@h.example": "ü:p@",
		"relative":                     "base:pw",
	} {
		resp, err := s.Get(t.Context(), user)
		readBody(t, resp, err)
		last := (*seen)[len(*seen)-1]
		login, password, _ := last.BasicAuth()
		if login+":"+password != want || last.URL.User != nil || resp.URL().User != nil {
			t.Errorf("%s: got %s:%s to %s", user, login, password, last.URL)
		}
	}
	if _, err := s.Get(t.Context(), "relative", session.BasicAuth("a", "b")); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("credentials twice: got %v", err)
	}
	resp, err := s.Get(t.Context(), (&url.URL{Scheme: "http", Host: "h.example"}).String(), session.BasicAuth("ü", "pass:word"))
	readBody(t, resp, err)
	if got := (*seen)[len(*seen)-1].Header.Get("Authorization"); got != "Basic w7w6cGFzczp3b3Jk" {
		t.Errorf("got %s, want it in UTF-8", got)
	}
}

// TestRedirectCookies: what a hop sets is stored before the next hop is sent.
func TestRedirectCookies(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/set":
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "1", Path: "/"})
			http.SetCookie(w, &http.Cookie{Name: "b", Value: "2", Path: "/"})
			http.Redirect(w, r, "/change", http.StatusFound)
		case "/change":
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "3", Path: "/"})
			http.Redirect(w, r, "/end", http.StatusFound)
		default:
			ok(w, r)
		}
	})
	s := newSession(t, session.Config{})
	resp, err := s.Get(t.Context(), rec.URL+"/set", session.Cookie("b", "mine"))
	readBody(t, resp, err)
	for i, want := range []string{"b=mine", "a=1; b=mine", "a=3; b=mine"} {
		if got := rec.hops[i].header.Get("Cookie"); got != want {
			t.Errorf("hop %d: got Cookie %q, want %q", i, got, want)
		}
	}
	resp, err = s.Get(t.Context(), rec.URL+"/later")
	readBody(t, resp, err)
	if got := rec.last(t).header.Get("Cookie"); got != "a=3; b=2" {
		t.Errorf("later: got Cookie %q", got)
	}
}

// TestRedirectKeepsConnection: a redirect's body is short and is read, so that
// one connection serves the chain. The reading has little time, which a busy machine
// may not have either.
func TestRedirectKeepsConnection(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Location", "/end")
			w.WriteHeader(http.StatusFound)
			io.WriteString(w, strings.Repeat("x", 2000))
			return
		}
		ok(w, r)
	})
	s := newSession(t, session.Config{})
	for range 5 {
		resp, err := s.Get(t.Context(), rec.URL+"/")
		readBody(t, resp, err)
	}
	if got := s.Connector().Stats().Opened; got > 3 { // and 6 if it never were read
		t.Errorf("opened %d connections for 5 redirects", got)
	}
}
