package middleware_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

func TestRedactionURL(t *testing.T) {
	t.Parallel()
	show := middleware.Redaction{ShowQuery: []string{"page", "a b"}}
	for _, tc := range []struct {
		redaction middleware.Redaction
		url, want string
	}{
		{middleware.Redaction{}, "http://h/p", "http://h/p"},
		{middleware.Redaction{}, "http://u:p@h/p?a=b&c#f", "http://***@h/p?a=***&***"},
		{middleware.Redaction{}, "mailto:me@h", "mailto:***"},
		{show, "http://h/p?page=2&q=x", "http://h/p?page=2&q=***"},
		{show, "http://u:p@h/p?PAGE=2&page=&page", "http://***@h/p?PAGE=***&page=&***"},
		{show, "http://h/p?a%20b=2&a+b=3&%zz=4&&=5", "http://h/p?a%20b=2&a+b=3&%zz=***&&=***"},
		{show, "http://h/p?p%61ge=2", "http://h/p?p%61ge=2"},
		{show, "/only/path?page=1", "/only/path?page=1"},
	} {
		u, err := url.Parse(tc.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := middleware.RedactedURL(tc.redaction, u); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.url, got, tc.want)
		}
	}
	if got := middleware.RedactedURL(show, nil); got != "" {
		t.Errorf("nil: got %v", got)
	}
}

func TestRedactionHeader(t *testing.T) {
	t.Parallel()
	mine := middleware.Redaction{Headers: []string{"X-MINE", "link", "location"}}
	for _, tc := range []struct {
		redaction         middleware.Redaction
		name, value, want string
	}{
		{middleware.Redaction{}, "Accept", "*/*", "*/*"},
		{middleware.Redaction{}, "Authorization", "Basic x", "***"},
		{middleware.Redaction{}, "proxy-authorization", "Basic x", "***"},
		{middleware.Redaction{}, "X-Access-Token", "x", "***"},
		{middleware.Redaction{}, "X-Mine", "x", "x"},
		{mine, "x-mine", "x", "***"},
		{middleware.Redaction{}, "Cookie", "a=b; c=d=e;f", "a=***; c=***;***"},
		{middleware.Redaction{}, "cookie", "a=b", "a=***"},
		{middleware.Redaction{}, "Cookie", "", "***"},
		{middleware.Redaction{}, "Set-Cookie", "a=b; Path=/; Max-Age=5", "a=***; Path=/; Max-Age=5"},
		{middleware.Redaction{}, "Set-Cookie", "secret", "***"},
		{middleware.Redaction{}, "Set-Cookie", "secret; Path=/", "***; Path=/"},
		{middleware.Redaction{}, "Location", "https://u:p@h/x?a=b#c", "https://***@h/x?a=***"},
		{middleware.Redaction{}, "Location", "http://u:p@h:bad/x?a=b", "http://***@h:***?a=***"},
		{middleware.Redaction{}, "Referer", "/x?a=b", "/x?a=***"},
		{middleware.Redaction{}, "Link", `<a?b=c>; rel="x", </d>; t="<e?f=g"`, `<a?b=***>; rel="x", </d>; t="<e?f=***>`},
		{middleware.Redaction{}, "Link", "nothing", "nothing"},
		{mine, "Link", "<a?b=c>", "***"},
		{mine, "Location", "/x", "***"},
		{middleware.Redaction{ShowQuery: []string{"page"}}, "Link", "<a?page=2&b=c>", "<a?page=2&b=***>"},
	} {
		if got := middleware.RedactedValue(tc.redaction, tc.name, tc.value); got != tc.want {
			t.Errorf("%s: %s: got %v, want %v", tc.name, tc.value, got, tc.want)
		}
	}
}

func TestRedactionError(t *testing.T) {
	t.Parallel()
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://user1:pass1@h/p?token=tok1", nil)
	req.Header.Set("Authorization", "Bearer bear1")
	req.Header.Set("X-Open", "open1")
	for text, want := range map[string]string{
		"dial tcp: refused":                         "dial tcp: refused",
		"get http://user1:pass1@h/p?token=tok1: no": "get http://***@h/p?token=***: no",
		`Get "http://user1:***@h/p?token=tok1"`:     `Get "http://***:***@h/p?***"`,
		"xxxxx http://user1:xxxxx@h/p?token=tok1":   "xxxxx http://***@h/p?token=***",
		"bad query token=tok1":                      "bad query ***",
		"password pass1 of user1":                   "password *** of ***",
		"bad value Bearer bear1 or open1":           "bad value *** or open1",
	} {
		if got := middleware.RedactedError(middleware.Redaction{}, req, errors.New(text)); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	if got := middleware.RedactedError(middleware.Redaction{}, &http.Request{}, errCacheOrigin); got != "origin is down" {
		t.Errorf("without a url: got %v", got)
	}
}

// Whatever stands around it, a secret in its place does not get out.
func FuzzRedaction(f *testing.F) {
	f.Add("path", "name", "rest")
	f.Add("a/b;c", "%", "&page=2")
	f.Add("<>", "a&b", "#x")
	f.Add("@:", "", ">")
	f.Fuzz(func(t *testing.T, path, name, rest string) {
		if strings.Contains(path+name+rest, canary) {
			return
		}
		show := middleware.Redaction{ShowQuery: []string{"page"}}
		plain := strings.Map(func(r rune) rune {
			if strings.ContainsRune("=&;#?@:<>%+/\\ ", r) || r < ' ' {
				return '_'
			}
			return r
		}, name)
		if plain == "page" {
			return
		}
		raw := "http://u" + canary + ":" + canary + "@h/" + url.PathEscape(path) + "?" + plain + "=" + canary + "&" + rest
		for _, tc := range []struct{ name, value string }{
			{"Location", raw},
			{"Referer", raw},
			{"Link", "<" + strings.ReplaceAll(raw, ">", "") + ">; rel=" + plain},
			{"Cookie", plain + "=" + canary + ";" + plain + "=" + canary},
			{"Set-Cookie", plain + "=" + canary + "; Path=/"},
			{"X-Auth-" + plain, canary + rest},
		} {
			for _, redaction := range []middleware.Redaction{{}, show} {
				if got := middleware.RedactedValue(redaction, tc.name, tc.value); strings.Contains(got, canary) {
					t.Errorf("%s: %q became %q", tc.name, tc.value, got)
				}
			}
		}
	})
}
