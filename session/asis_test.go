package session_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/middleware/har"
	"github.com/aiolos-http/aiolos/session"
)

// asIs are URLs as servers and people write them, from the path on, and what is sent of
// them: as the caller's own, and as a server's in a redirect, where escapes have their
// normal form.
var asIs = []struct{ written, sent, redirected string }{
	{"/sale-100%-off", "/sale-100%25-off", ""},
	{"/a%zz", "/a%25zz", ""},
	{"/100%", "/100%25", ""},
	{"/100%2", "/100%252", ""},
	{"/%%41", "/%25%41", "/%25A"},
	{"/100%25", "/100%25", ""},
	{"/?a=100%&b=%zz", "/?a=100%25&b=%25zz", ""},
	{"/n?sig=a%2Fb%3Fq%3A%40", "/n?sig=a%2Fb%3Fq%3A%40", ""},
	{"/n?x=a+b&y=%2F", "/n?x=a+b&y=%2F", ""},
	{"/n?sig=%21%24%27%28%29%2A%2C%3B%3D", "/n?sig=%21%24%27%28%29%2A%2C%3B%3D", ""},
	{"/%40%3A%21%24%27%28%29/x", "/%40%3A%21%24%27%28%29/x", ""},
	{"/a%2Fb c?d", "/a%2Fb%20c?d", ""},
	{"/a%2Fb/100%", "/a%2Fb/100%25", ""},
	{`/a"<b>^{c}|` + "`" + `\?"<b>^{c}|` + "`" + `\`, "/a%22%3Cb%3E%5E%7Bc%7D%7C%60%5C?%22%3Cb%3E%5E%7Bc%7D%7C%60%5C", ""},
	{"/a[1]?b[]=2", "/a[1]?b[]=2", "/a%5B1%5D?b%5B%5D=2"},
	{"/é?ü=ö#ä", "/%C3%A9?%C3%BC=%C3%B6", ""},
	{"/p#100%", "/p", ""},
}

// TestAsIs sends each through every door.
func TestAsIs(t *testing.T) {
	t.Parallel()
	location, link := "", ""
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusFound)
		case "/link":
			w.Header().Set("Link", link)
		}
	})
	s := newSession(t, session.Config{BaseURL: rec.URL})
	cached := cache.New(cache.Config{})
	archive := har.New(har.Config{})
	wrapped := newSession(t, session.Config{Middleware: []middleware.Middleware{archive.Wrap, cached.Wrap}})
	get := func(s *session.Session, url string, opts ...session.Option) func() error {
		return func() error {
			resp, err := s.Get(t.Context(), url, opts...)
			if err == nil {
				resp.Close()
			}
			return err
		}
	}
	for _, tt := range asIs {
		if tt.redirected == "" {
			tt.redirected = tt.sent
		}
		location, link = tt.written, "<"+strings.ReplaceAll(tt.written, ">", "%3E")+">; rel=next"
		for _, door := range []struct {
			name string
			send func() error
			want string
		}{
			{"absolute", get(s, rec.URL+tt.written), tt.sent},
			{"relative", get(s, tt.written), tt.sent},
			{"with a query", get(s, tt.written, session.Query("q", "%")), ""},
			{"middlewares", get(wrapped, rec.URL+tt.written), tt.sent},
			{"redirect", get(s, "/redirect"), tt.redirected},
			{"verbatim redirect", get(s, "/redirect", session.VerbatimRedirects()), tt.sent},
			{"requoted", get(s, tt.written, session.Requote()), ""}, // as aiohttp has it: see TestWire
			{"pages", func() error { _, err := turn(t, s, "/link"); return err }, tt.sent},
			{"native", func() error {
				u, err := session.ParseURL(rec.URL + tt.written)
				if err != nil {
					return err
				}
				resp, err := s.Do((&http.Request{Method: "GET", URL: u}).WithContext(t.Context()))
				if err == nil {
					resp.Body.Close()
				}
				return err
			}, tt.sent},
		} {
			if err := door.send(); err != nil {
				t.Errorf("%s, %s: %v", tt.written, door.name, err)
			} else if got := rec.last(t).path; got != door.want && door.want != "" {
				t.Errorf("%s, %s: sent %s, want %s", tt.written, door.name, got, door.want)
			}
		}
	}
}

// TestLocationWithBlanks: the blanks around a field's value are no part of it, whatever
// the version. Alone they are no target.
func TestLocationWithBlanks(t *testing.T) {
	t.Parallel()
	onWires(t, connector.Config{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/to" {
			io.WriteString(w, r.URL.RawQuery)
			return
		}
		w.Header()["Location"] = []string{r.URL.Query().Get("at")}
		w.WriteHeader(http.StatusFound)
	}, func(t *testing.T, s *session.Session, u string) {
		for at, want := range map[string]string{" /to?1": "1", "/to?2 \t": "2", "\t /to?a b\t": "a%20b", " \t ": ""} {
			resp, err := s.Get(t.Context(), u, session.Query("at", at))
			if got := readBody(t, resp, err); got != want {
				t.Errorf("%q: got %q, want %q", at, got, want)
			}
		}
	})
}

// TestNativeURL: what net/url leaves to be sent as it should not be.
func TestNativeURL(t *testing.T) {
	t.Parallel()
	rec := record(t, ok)
	s := newSession(t, session.Config{})
	for written, want := range map[string]string{
		"/a%2Fb c?q=1 2": "/a%2Fb%20c?q=1%202",
		"/?a=100%&ü={}":  "/?a=100%25&%C3%BC=%7B%7D",
		"/%2f?a=%2f":     "/%2f?a=%2f",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, rec.URL+written, nil)
		if err != nil {
			t.Fatal(err)
		}
		before := req.URL.String()
		resp, err := s.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := rec.last(t).path; got != want || req.URL.String() != before {
			t.Errorf("%s: sent %s, want %s", written, got, want)
		}
	}
}

// TestBaseAsIs: a base URL is read as any other.
func TestBaseAsIs(t *testing.T) {
	t.Parallel()
	rec := record(t, ok)
	s := newSession(t, session.Config{BaseURL: rec.URL + "/100%/a%2Fb c/"})
	resp, err := s.Get(t.Context(), "x")
	readBody(t, resp, err)
	if got, want := rec.last(t).path, "/100%25/a%2Fb%20c/x"; got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
}

// TestUnrepairable: what only guessing could mend is an error at every door, of the
// class that says whose URL it was.
func TestUnrepairable(t *testing.T) {
	t.Parallel()
	location, link := "", ""
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusFound)
		case "/link":
			w.Header().Set("Link", link)
		}
	})
	s := newSession(t, session.Config{})
	for _, raw := range []string{
		"http://example.com:999999/p", "http://example.com:0/", "http://h%zz/", "http://[::1", "http:///x", "http://a b/",
		"http://h:port/", `http://a\@h/`, "http://localhost:80a/", "http://..", "http://h/\x01",
	} {
		if _, err := s.Get(t.Context(), raw); !errors.Is(err, errors.ErrInvalidURLClient) || errors.Is(err, errors.ErrRedirectClient) {
			t.Errorf("%s: got %v", raw, err)
		}
		if strings.Contains(raw, "\x01") {
			continue // no server can send it
		}
		location, link = raw, "<"+raw+">; rel=next"
		_, err := s.Get(t.Context(), rec.URL+"/redirect")
		if !errors.Is(err, errors.ErrInvalidURLRedirectClient) {
			t.Errorf("redirect to %s: got %v", raw, err)
		}
		if _, err := turn(t, s, rec.URL+"/link"); !errors.Is(err, errors.ErrInvalidURLRedirectClient) {
			t.Errorf("link to %s: got %v", raw, err)
		}
	}
	for _, line := range []string{
		"</2; rel=next", "/2; rel=next", `</2>; rel=next; anchor="http://["`, "<http://[>; rel=\"prev next\", <3>; rel=last",
	} {
		link = line
		if got, err := turn(t, s, rec.URL+"/link"); !errors.Is(err, errors.ErrInvalidURLRedirectClient) {
			t.Errorf("%s: pages %q, %v", line, got, err)
		}
	}
	for _, line := range []string{
		"<http://[>; rel=last", `<http://[>; rel=next; anchor="/else"`, "<http://[>; rel=next, </ok>; rel=next", "next",
	} {
		link = line
		if _, err := turn(t, s, rec.URL+"/link"); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// TestNoCredentials: an empty login and an empty password are none, at every door.
func TestNoCredentials(t *testing.T) {
	t.Parallel()
	location := ""
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/redirect" {
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusFound)
		}
	})
	s := newSession(t, session.Config{})
	for user, want := range map[string]string{
		"@": "", ":@": "", "u@": "Basic dTo=", ":p@": "Basic OnA=", "100%:ü@": "Basic MTAwJTrDvA==", "a%40b:c@": "Basic YUBiOmM=",
	} {
		location = strings.Replace(rec.URL, "://", "://"+user, 1) + "/end"
		for _, url := range []string{rec.URL + "/redirect", location} {
			resp, err := s.Get(t.Context(), url)
			readBody(t, resp, err)
			last := rec.last(t)
			if got := last.header["Authorization"]; strings.Join(got, "|") != want || last.path != "/end" {
				t.Errorf("%s by %s: got %q, want %q", location, url, got, want)
			}
		}
	}
	resp, err := s.Get(t.Context(), strings.Replace(rec.URL, "://", "://@", 1), session.Bearer("t"))
	readBody(t, resp, err)
}

// TestTypos: an error shows what was mistyped, and no secret.
func TestTypos(t *testing.T) {
	t.Parallel()
	s := newSession(t, session.Config{})
	for raw, want := range map[string]string{
		"http://localhost:80a/":      "get: invalid url http://localhost:80a/: cannot be parsed: invalid port",
		"skype:handle":               "get: invalid url skype:handle: unsupported scheme: no http:// or https://",
		"http://u:p@localhost:80a/":  "get: invalid url http://***@localhost:80a/: cannot be parsed: invalid port",
		"http://localhost:80a/?k=v":  "get: invalid url http://localhost:80a/?k=***: cannot be parsed: invalid port",
		"http://[::1":                "get: invalid url http://[::1: cannot be parsed: missing ']' in host",
		"/a:b%":                      "get: invalid url /a:b%25: relative URL without a base URL: no http:// or https://",
		"localhost:8080/x":           "get: invalid url localhost:8080/x: unsupported scheme: no http:// or https://",
		"http://h%zz/":               "get: invalid url http://h%zz/: cannot be parsed: invalid URL escape",
		"mailto:someone@example.com": "get: invalid url mailto:***: unsupported scheme: no http:// or https://",
	} {
		if _, err := s.Get(t.Context(), raw); err == nil || err.Error() != want {
			t.Errorf("%s\ngot  %v\nwant %s", raw, err, want)
		}
	}
}

// TestSkippedUserAgent: a header that is not sent is shown nowhere.
func TestSkippedUserAgent(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/redirect" {
			http.Redirect(w, r, "/fail", http.StatusFound)
			return
		}
		w.WriteHeader(http.StatusTeapot)
	})
	var log bytes.Buffer
	archive := har.New(har.Config{})
	var seen []http.Header
	see := func(h http.Header) { seen = append(seen, h) }
	s := newSession(t, session.Config{
		Middleware: []middleware.Middleware{archive.Wrap, middleware.Log(middleware.LogConfig{Handler: slog.NewTextHandler(&log, nil), Headers: true})},
		Trace: []*session.Trace{{
			RequestHeadersSent: func(_ context.Context, e session.RequestEvent) { see(e.Header) },
			RequestRedirect:    func(_ context.Context, e session.ResponseEvent) { see(e.Header) },
			RequestEnd:         func(_ context.Context, e session.ResponseEvent) { see(e.Header) },
			RequestException:   func(_ context.Context, e session.ErrorEvent) { see(e.Header) },
		}},
	})
	for _, opt := range []session.Option{session.SkipHeader("User-Agent"), session.Header("User-Agent", "")} {
		resp, err := s.Get(t.Context(), rec.URL+"/redirect", opt)
		readBody(t, resp, err)
		see(resp.RequestInfo().Header)
		see(resp.History()[0].RequestInfo().Header)
		e, isResponse := errors.AsType[*errors.ClientResponseError](resp.CheckStatus())
		if !isResponse {
			t.Fatalf("got %v", e)
		}
		see(e.RequestInfo.Header)
		if got, ok := rec.last(t).header["User-Agent"]; ok {
			t.Errorf("sent %q", got)
		}
	}
	for i, h := range seen {
		if got, ok := h["User-Agent"]; ok || h.Get("Accept") != "*/*" {
			t.Errorf("%d of %d: %q in %v", i, len(seen), got, h)
		}
	}
	var file bytes.Buffer
	if _, err := archive.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	if text := file.String() + log.String(); strings.Contains(strings.ToLower(text), "user-agent") {
		t.Errorf("shown: %s", text)
	}
	resp, err := s.Get(t.Context(), rec.URL)
	readBody(t, resp, err)
	if got := resp.RequestInfo().Header.Get("User-Agent"); got != "aiolos/"+session.LibraryVersion {
		t.Errorf("got %q", got)
	}
}

// TestHistoryFacts: each hop keeps what is known of it.
func TestHistoryFacts(t *testing.T) {
	t.Parallel()
	other := record(t, ok)
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Hop", r.URL.Path)
		if r.URL.Path == "/1" {
			http.Redirect(w, r, "/2", http.StatusFound)
			return
		}
		http.Redirect(w, r, other.URL, http.StatusFound)
	})
	s := newSession(t, session.Config{})
	resp, err := s.Get(t.Context(), rec.URL+"/1", session.RawHeaders())
	readBody(t, resp, err)
	hops := resp.History()
	if len(hops) != 2 {
		t.Fatalf("got %d hops", len(hops))
	}
	for i, hop := range hops {
		var raw string
		for _, f := range hop.RawHeaders() {
			raw += fmt.Sprintf("%s: %s\n", string(f.Name), string(f.Value))
		}
		if want := fmt.Sprintf("X-Hop: /%d\n", i+1); !strings.Contains(raw, want) {
			t.Errorf("hop %d: raw headers %s, want %s", i, raw, want)
		}
		c, at := hop.Connection(), hop.Timing()
		if c.Remote == nil || c.Remote.String() != strings.TrimPrefix(rec.URL, "http://") || c.Reused != (i == 1) || at.Reused != c.Reused {
			t.Errorf("hop %d: connection %+v, %+v", i, c, at)
		}
		if at.Start.IsZero() || at.Total <= 0 || at.Received == 0 || i > 0 && at.Start.Before(hops[i-1].Timing().Start) {
			t.Errorf("hop %d: timing %+v", i, at)
		}
	}
	if got := resp.Connection().Remote.String(); got != strings.TrimPrefix(other.URL, "http://") {
		t.Errorf("the last hop: %s", got)
	}
	mock := newSession(t, session.Config{Transport: http.DefaultTransport})
	resp, err = mock.Get(t.Context(), rec.URL+"/1")
	readBody(t, resp, err)
	if hop := resp.History()[0]; hop.Timing() != (session.Timing{}) || hop.Connection().Remote != nil || hop.RawHeaders() != nil {
		t.Errorf("with a foreign transport: %+v", hop.Timing())
	}
}

// TestFactsOfCachedHop: what a cache answers has not come over the connection of the
// redirect before it.
func TestFactsOfCachedHop(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hop" {
			http.Redirect(w, r, "/kept", http.StatusFound)
			return
		}
		w.Header().Set("Cache-Control", "max-age=1000")
		io.WriteString(w, "kept")
	})
	s := newSession(t, session.Config{Middleware: []middleware.Middleware{cache.New(cache.Config{}).Wrap}})
	for i, path := range []string{"/kept", "/kept", "/hop"} {
		resp, err := s.Get(t.Context(), rec.URL+path, session.RawHeaders())
		readBody(t, resp, err)
		wired := resp.Connection().Remote != nil
		if timed := resp.Timing() != (session.Timing{}); wired != (i == 0) || timed != wired || len(resp.RawHeaders()) > 0 != wired {
			t.Errorf("request %d: connection: %v, timing: %v", i, wired, timed)
		}
		if hops := resp.History(); len(hops) > 0 && hops[0].Connection().Remote == nil {
			t.Error("the redirect has lost its connection")
		}
	}
}

// TestHeadRedirects: HEAD follows where it is told to, and the number has a name.
func TestHeadRedirects(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/end" {
			http.Redirect(w, r, "/end", http.StatusFound)
		}
	}))
	t.Cleanup(srv.Close)
	follow := session.Redirects(session.DefaultRedirects)
	for _, tt := range []struct {
		name     string
		defaults []session.Option
		own      []session.Option
		want     int
	}{
		{"by itself", nil, nil, http.StatusFound},
		{"told", nil, opt(follow), http.StatusOK},
		{"told for the session", opt(follow), nil, http.StatusOK},
		{"told otherwise", opt(follow), opt(session.NoRedirects()), http.StatusFound},
	} {
		s := newSession(t, session.Config{Options: tt.defaults})
		resp, err := s.Head(t.Context(), srv.URL, tt.own...)
		readBody(t, resp, err)
		if resp.StatusCode != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, resp.StatusCode, tt.want)
		}
	}
}

func TestParseURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"http://h/100%":         "http://h/100%25",
		"http://bücher.test/ü?": "http://xn--bcher-kva.test/%C3%BC?",
		"HTTP://u:100%@H/":      "http://u:100%25@H/",
	} {
		if u, err := session.ParseURL(raw); err != nil || u.String() != want {
			t.Errorf("%s: got %v, %v, want %s", raw, u, err, want)
		}
	}
	for _, raw := range []string{"", "/x", "h/x", "ftp://h/", "http://", "http://h:x/", "http://h%/"} {
		if u, err := session.ParseURL(raw); u != nil || !errors.Is(err, errors.ErrInvalidURL) {
			t.Errorf("%s: got %v, %v", raw, u, err)
		}
	}
}

// TestRedirectBase: a reference that is repaired is still joined as RFC 3986 5 has it.
func TestRedirectBase(t *testing.T) {
	t.Parallel()
	base, err := url.Parse("http://h/a%2Fb/c?d")
	if err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]string{"e%": "http://h/a%2Fb/e%25", "?x=%": "http://h/a%2Fb/c?x=%25", "../%": "http://h/%25", "//g/%": "http://g/%25"} {
		if links := session.ParseLinks([]string{"<" + ref + ">"}, base); len(links) != 1 || links[0].URL.String() != want {
			t.Errorf("%s: got %v, want %s", ref, linkText(links), want)
		}
	}
}
