package httprule_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

func TestEscapeURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"":                             "",
		"http://h/a%2Fb?c=%2f#%41":     "http://h/a%2Fb?c=%2f#%41",
		"http://h/%":                   "http://h/%25",
		"http://h/%4":                  "http://h/%254",
		"http://h/%4g%zz%":             "http://h/%254g%25zz%25",
		"http://h?%":                   "http://h?%25",
		"http://h#%":                   "http://h#%25",
		"http://h/#a#b":                "http://h/#a%23b",
		"http://h/a b?c d#e f":         "http://h/a%20b?c%20d#e%20f",
		"http://u:1%@h/":               "http://u:1%25@h/",
		"http://ü:p@h%/":               "http://%C3%BC:p@h%/",
		`http://a\@h/`:                 `http://a\@h/`,
		"http://h/u@v%":                "http://h/u@v%25",
		"//h%/x%":                      "//h%/x%25",
		"/x%/y":                        "/x%25/y",
		"x%":                           "x%25",
		"?%":                           "?%25",
		"///x%":                        "///x%25",
		"http:///x%":                   "http:///x%25",
		"mailto:a%b":                   "mailto:a%b",
		"http://[fe80::1%25eth0]/%":    "http://[fe80::1%25eth0]/%25",
		"http://bücher.test/ü":         "http://bücher.test/%C3%BC",
		"http://h/\x01\x7f\t":          "http://h/\x01\x7f\t",
		"http://h/[1]{2}?[3]{4}":       "http://h/[1]%7B2%7D?[3]%7B4%7D",
		"http://h/a:b@c!$&'()*+,;=~-_": "http://h/a:b@c!$&'()*+,;=~-_",
	} {
		if got := httprule.EscapeURL(raw); got != want {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
	}
}

func TestEscapeURLAllocs(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		httprule.EscapeURL("https://user:pw@host.example:8080/a/b%20c?d=%2Fe&f[]=g#h")
		httprule.EscapeParts(&url.URL{RawPath: "/a%2Fb", RawQuery: "c=%2F"})
	}); n > 0 {
		t.Errorf("a clean URL costs %v pieces of memory", n)
	}
}

func TestSentHeader(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		values []string
		sent   bool
	}{{[]string{"x"}, true}, {[]string{""}, false}, {[]string{"", "x"}, false}, {nil, false}} {
		h := map[string][]string{"User-Agent": tt.values, "Accept": {""}}
		got := httprule.SentHeader(h)
		if _, ok := got["User-Agent"]; ok != tt.sent || len(got["Accept"]) != 1 || len(h) != 2 {
			t.Errorf("%q: got %v", tt.values, got)
		}
	}
}

// FuzzEscapeURL: what is escaped stays so, means the same, and breaks no URL.
func FuzzEscapeURL(f *testing.F) {
	for _, seed := range []string{
		"http://h/a%2Fb?c=%2f#%41", "http://u:1%@h:80/%", `http://a\@h/ `, "//h%/x%", "a:b%", "?%", "#%#", "http://[::1%25]/%", "http://h/\x00", "%",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		escaped := httprule.EscapeURL(raw)
		if again := httprule.EscapeURL(escaped); again != escaped {
			t.Errorf("%q: %q becomes %q", raw, escaped, again)
		}
		before, err := url.Parse(raw)
		after, escapedErr := url.Parse(escaped)
		switch {
		case err == nil && escapedErr != nil:
			t.Errorf("%q is a URL, and %q is none: %v", raw, escaped, escapedErr)
		case err == nil && (before.Host != after.Host || before.Path != after.Path || before.Scheme != after.Scheme):
			t.Errorf("%q: %#v is not %#v", raw, before, after)
		case escapedErr == nil && after.Opaque == "" && after.EscapedPath() != after.RawPath && after.RawPath != "":
			t.Errorf("%q: the path %q is sent as %q", raw, after.RawPath, after.EscapedPath())
		case escapedErr == nil && strings.ContainsAny(after.RawQuery, " \"<>#"):
			t.Errorf("%q: query %q", raw, after.RawQuery)
		}
	})
}
