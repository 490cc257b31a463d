package redaction_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
	"github.com/aiolos-http/aiolos/middleware/internal/redaction"
)

func TestRedactionURL(t *testing.T) {
	t.Parallel()
	show := redaction.Rules{ShowQuery: []string{"page", "a b"}}
	for _, tc := range []struct {
		rules     redaction.Rules
		url, want string
	}{
		{redaction.Rules{}, "http://h/p", "http://h/p"},
		{redaction.Rules{}, "http://u:p@h/p?a=b&c#f", "http://***@h/p?a=***&***"},
		{redaction.Rules{}, "mailto:me@h", "mailto:***"},
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
		if got := tc.rules.URL(u); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.url, got, tc.want)
		}
	}
	if got := show.URL(nil); got != "" {
		t.Errorf("nil: got %v", got)
	}
}

func TestRedactionHeader(t *testing.T) {
	t.Parallel()
	mine := redaction.Rules{Headers: []string{"X-MINE", "link", "location"}}
	for _, tc := range []struct {
		rules             redaction.Rules
		name, value, want string
	}{
		{redaction.Rules{}, "Accept", "*/*", "*/*"},
		{redaction.Rules{}, "Authorization", "Basic x", "***"},
		{redaction.Rules{}, "proxy-authorization", "Basic x", "***"},
		{redaction.Rules{}, "X-Access-Token", "x", "***"},
		{redaction.Rules{}, "X-Mine", "x", "x"},
		{mine, "x-mine", "x", "***"},
		{redaction.Rules{}, "Cookie", "a=b; c=d=e;f", "a=***; c=***;***"},
		{redaction.Rules{}, "cookie", "a=b", "a=***"},
		{redaction.Rules{}, "Cookie", "", "***"},
		{redaction.Rules{}, "Set-Cookie", "a=b; Path=/; Max-Age=5", "a=***; Path=/; Max-Age=5"},
		{redaction.Rules{}, "Set-Cookie", "secret", "***"},
		{redaction.Rules{}, "Set-Cookie", "secret; Path=/", "***; Path=/"},
		{redaction.Rules{}, "Location", "https://u:p@h/x?a=b#c", "https://***@h/x?a=***"},
		{redaction.Rules{}, "Location", "http://u:p@h:bad/x?a=b", "http://***@h:***?a=***"},
		{redaction.Rules{}, "Referer", "/x?a=b", "/x?a=***"},
		{redaction.Rules{}, "Link", `<a?b=c>; rel="x", </d>; t="<e?f=g"`, `<a?b=***>; rel="x", </d>; t="<e?f=***>`},
		{redaction.Rules{}, "Link", "nothing", "nothing"},
		{mine, "Link", "<a?b=c>", "***"},
		{mine, "Location", "/x", "***"},
		{redaction.Rules{ShowQuery: []string{"page"}}, "Link", "<a?page=2&b=c>", "<a?page=2&b=***>"},
	} {
		if got := tc.rules.FieldValue(tc.name, tc.value); got != tc.want {
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
		if got := new(redaction.Rules).ErrorText(req, errors.New(text)); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	if got := new(redaction.Rules).ErrorText(&http.Request{}, errors.New("origin is down")); got != "origin is down" {
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
		if strings.Contains(path+name+rest, mwtest.Canary) {
			return
		}
		show := redaction.Rules{ShowQuery: []string{"page"}}
		plain := strings.Map(func(r rune) rune {
			if strings.ContainsRune("=&;#?@:<>%+/\\ ", r) || r < ' ' {
				return '_'
			}
			return r
		}, name)
		if plain == "page" {
			return
		}
		raw := "http://u" + mwtest.Canary + ":" + mwtest.Canary + "@h/" + url.PathEscape(path) + "?" + plain + "=" + mwtest.Canary + "&" + rest
		for _, tc := range []struct{ name, value string }{
			{"Location", raw},
			{"Referer", raw},
			{"Link", "<" + strings.ReplaceAll(raw, ">", "") + ">; rel=" + plain},
			{"Cookie", plain + "=" + mwtest.Canary + ";" + plain + "=" + mwtest.Canary},
			{"Set-Cookie", plain + "=" + mwtest.Canary + "; Path=/"},
			{"X-Auth-" + plain, mwtest.Canary + rest},
		} {
			for _, rules := range []redaction.Rules{{}, show} {
				if got := rules.FieldValue(tc.name, tc.value); strings.Contains(got, mwtest.Canary) {
					t.Errorf("%s: %q became %q", tc.name, tc.value, got)
				}
			}
		}
	})
}
