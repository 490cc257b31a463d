package session_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

func TestETag(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]session.ETag{
		`"a"`: {Value: "a"}, `W/"a"`: {Value: "a", Weak: true}, `""`: {}, ` "a" `: {Value: "a"},
		`"!#~ÿ"`: {Value: "!#~ÿ"}, `"a,b"`: {Value: "a,b"}, `"\"`: {Value: `\`},
	} {
		resp := answerOf(t, http.StatusOK, "", "ETag", header)
		got, ok := resp.ETag()
		if !ok || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", header, got, ok, want)
		}
		if got.String() != strings.TrimSpace(header) {
			t.Errorf("%s is written %s", header, got)
		}
	}
	for _, header := range []string{``, `a`, `"`, `W/`, `w/"a"`, `W/a`, `"a"b"`, `"a b"`, "\"a\x7f\"", `*`, `W/ "a"`} {
		if got, ok := session.ParseETag(header); ok || got != (session.ETag{}) {
			t.Errorf("%q is a tag: %+v", header, got)
		}
	}
}

// TestETagMatch is the table of RFC 9110 8.8.3.2.
func TestETagMatch(t *testing.T) {
	t.Parallel()
	weak := func(s string) session.ETag { return session.ETag{Value: s, Weak: true} }
	strong := func(s string) session.ETag { return session.ETag{Value: s} }
	for _, tt := range []struct {
		a, b           session.ETag
		strongly, weak bool
	}{
		{weak("1"), weak("1"), false, true},
		{weak("1"), weak("2"), false, false},
		{weak("1"), strong("1"), false, true},
		{strong("1"), strong("1"), true, true},
	} {
		if got := tt.a.StrongMatch(tt.b); got != tt.strongly {
			t.Errorf("%s and %s match strongly: %v", tt.a, tt.b, got)
		}
		if got := tt.a.Match(tt.b); got != tt.weak {
			t.Errorf("%s and %s match: %v", tt.a, tt.b, got)
		}
	}
}

func TestIfNoneMatch(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("If-None-Match"), `"now"`) {
			w.WriteHeader(http.StatusNotModified)
		}
	})
	s := newSession(t, session.Config{})
	for _, tt := range []struct {
		tags    []session.ETag
		want    string
		current bool
	}{
		{nil, "*", false},
		{[]session.ETag{{Value: session.ETagAny}}, "*", false},
		{[]session.ETag{{Value: "old"}, {Value: "now", Weak: true}}, `"old", W/"now"`, true},
	} {
		resp, err := s.Get(t.Context(), rec.URL, session.IfNoneMatch(tt.tags...))
		readBody(t, resp, err)
		if got := rec.last(t).header.Get("If-None-Match"); got != tt.want || resp.NotModified() != tt.current {
			t.Errorf("%v: sent %q, status %d", tt.tags, got, resp.StatusCode)
		}
	}
	_, err := s.Get(t.Context(), rec.URL, session.IfNoneMatch(session.ETag{Value: "a\"\r\nX: y"}))
	wantIs(t, err, errors.ErrInvalidRequest)
	if rec.count() != 3 {
		t.Errorf("%d requests, want 3", rec.count())
	}
}

func TestResponseCookies(t *testing.T) {
	t.Parallel()
	resp := answerOf(t, http.StatusOK, "",
		"Set-Cookie", "a=1; Path=/; HttpOnly", "Set-Cookie", `b{}="x;y"; Max-Age=3`,
		"Set-Cookie", "bad\x01=1", "Set-Cookie", "a=2; Path=/x", "Set-Cookie", "=none")
	var got []string
	for _, c := range resp.Cookies() {
		got = append(got, fmt.Sprintf("%s=%s path=%s age=%d http=%v", c.Name, c.Value, c.Path, c.MaxAge, c.HttpOnly))
	}
	want := "a=1 path=/ age=0 http=true|b{}=x;y path= age=3 http=false|a=2 path=/x age=0 http=false"
	if strings.Join(got, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
	}
	if c := resp.Cookie("a"); c == nil || c.Value != "2" {
		t.Errorf("cookie a is %v, want the last", c)
	}
	if c := resp.Cookie("A"); c != nil {
		t.Errorf("cookie A is %v, want none", c)
	}
}

// TestRequestInfo checks that what was asked can be printed without its secrets,
// and that the two URLs differ by the fragment.
func TestRequestInfo(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new?token=canary#part", http.StatusFound)
		}
	})
	s := newSession(t, session.Config{})
	resp, err := s.Get(t.Context(), rec.URL+"/old", session.Bearer("canary"), session.Header("X-App", "1"))
	readBody(t, resp, err)
	if got := resp.URL().String(); got != rec.URL+"/new?token=canary" {
		t.Errorf("URL %s", got)
	}
	if got := resp.RealURL().String(); got != rec.URL+"/new?token=canary#part" {
		t.Errorf("real URL %s", got)
	}
	info := resp.RequestInfo()
	if info.Method != "GET" || info.URL.Fragment != "" || info.RealURL.Fragment != "part" ||
		info.Header.Get("X-App") != "1" || info.Header.Get("Authorization") != "Bearer canary" {
		t.Errorf("got %s with %v", info.RealURL, info.Header)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if text := fmt.Sprintf(verb, info); strings.Contains(text, "canary") || !strings.Contains(text, "get http") {
			t.Errorf("%s prints %s", verb, text)
		}
	}
	if got := resp.History()[0].RequestInfo(); !strings.HasSuffix(got.URL.Path, "/old") {
		t.Errorf("the first hop was %s", got)
	}
}
