package errors_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
)

func TestRedactURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"http://u:12/secret@host/p":       "http://***@host/p",
		"":                                "",
		"https://h/p":                     "https://h/p",
		"https://u:p@h:8443/a%2Fb":        "https://***@h:8443/a%2Fb",
		"https://u@h/":                    "https://***@h/",
		"http://h/?a=1&b=2&c&=d#frag":     "http://h/?a=***&b=***&***&=***",
		"http://[::1]:80/":                "http://[::1]:80/",
		"/relative?x=1":                   "/relative?x=***",
		"mailto:someone@h":                "mailto:***",
		"http://u:p@h:port/x?k=v":         "http://***@h:***?k=***",
		"http://u:p@h:80a/x?k=v":          "http://***@h:80a/x?k=***",
		"http://localhost:80a/":           "http://localhost:80a/",
		"http://localhost:80a/?k=v#f":     "http://localhost:80a/?k=***",
		"http://h:8O80":                   "http://h:8O80",
		"http://h:1secret":                "http://h:***",
		"http://u:80a#b@h/":               "http://u:***",
		"http://u:80a?b@h/":               "http://u:***?***",
		"http://u:a@80a?b@h:80b/":         "http://***@80a?***",
		"skype:handle":                    "skype:handle",
		"skype:handle?call=1":             "skype:handle?call=***",
		"http:h.example/x":                "http:h.example/x",
		"data:text/plain,secret":          "data:***",
		"http://u:p/w@h/%zz":              "http://***@h/%zz",
		"http://h:secret":                 "http://h:***",
		"/a:b/100%":                       "/a:b/100%",
		"/u:p@h/100%":                     "***@h/100%",
		"//u:p/100%":                      "//u:***",
		"http://h/a:b/100%?k=v":           "http://h/a:b/100%?k=***",
		"http://h/%zz#frag":               "http://h/%zz",
		"http://u:p@h/\x7f\n?q=secret#x@": "http://***@h/\\x7f\\n?q=***",
		"u:p@h":                           "u:***",
	} {
		if got := errors.RedactURLString(raw); got != want {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
	}
	if got := errors.RedactURL(nil); got != "" {
		t.Errorf("nil: got %q", got)
	}
}

func TestRedactHeader(t *testing.T) {
	t.Parallel()
	h := http.Header{"Authorization": {"a", "b"}, "X-Api-Key": {"k"}, "Set-Cookie": {"c"}, "Accept": {"*/*"}, "X-Csrf-Token": {"t"}}
	got := errors.RedactHeader(h)
	if got["Authorization"][1] != "***" || got.Get("X-Api-Key") != "***" || got.Get("Set-Cookie") != "***" || got.Get("X-Csrf-Token") != "***" || got.Get("Accept") != "*/*" {
		t.Errorf("got %v", got)
	}
	if h.Get("Authorization") != "a" {
		t.Error("the header itself was changed")
	}
	if errors.RedactHeader(nil) != nil {
		t.Error("nil is not nil")
	}
}

// TestRedactError: no URL keeps its secrets, whoever quotes it, and the text stays.
func TestRedactError(t *testing.T) {
	t.Parallel()
	quoted := &url.Error{Op: "parse", URL: "http://u:canary@h/%zz", Err: url.EscapeError("%zz")}
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"nil", nil, ""},
		{"no URL", errors.New("a: b, c"), "a: b, c"},
		{"net/url's", quoted, `parse "http://***@h/%zz": invalid URL escape "%zz"`},
		{"a text", errors.New("ask http://u:canary@h/p?q=canary#canary: no"), "ask http://***@h/p?q=***: no"},
		{"schemes", errors.New("no http:// or https://"), "no http:// or https://"},
		{"two", errors.New("(ftp://u:canary@a) https://b/?canary"), "(ftp://***@a) https://b/?***"},
		{"both", fmt.Errorf("of \"http://h:80\", through socks5://u:canary@p:1080: %w", quoted), `of "http://h:80", through socks5://***@p:1080: parse "http://***@h/%zz": invalid URL escape "%zz"`},
	} {
		if got := errors.RedactError(tt.err); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

// FuzzRedactURL: credentials and query values never survive, whether or not
// what is around them is a URL.
func FuzzRedactURL(f *testing.F) {
	for _, seed := range [][2]string{{"http", "h/p"}, {"", "h"}, {"https", "[::1]:80/%zz"}, {"h ttp", "\n"}, {"http", "h:port"}, {"a:b", "@/?#"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, scheme, rest string) {
		if strings.Contains(scheme+rest, "canary") || strings.ContainsAny(scheme, "/?#@:") || strings.Contains(rest, "@") {
			return
		}
		for _, raw := range []string{
			scheme + "://user:canary@" + rest,
			scheme + "://canary@" + rest,
			scheme + "://h/?k=canary&l=" + rest,
			scheme + "://h/#canary" + rest,
		} {
			got := errors.RedactURLString(raw)
			if strings.Contains(got, "canary") {
				t.Errorf("%q: got %q", raw, got)
			}
			if strings.ContainsAny(got, "\r\n") {
				t.Errorf("%q: more than a line: %q", raw, got)
			}
			if _, err := url.Parse(raw); err == nil {
				continue
			}
			if e := errors.NewInvalidURL(raw, "x", err(raw)); strings.Contains(e.Error(), "canary") {
				t.Errorf("%q: the error says %q", raw, e)
			}
		}
	})
}

func err(raw string) error {
	_, err := url.Parse(raw)
	return err
}
