package errors_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/errors"
)

// FuzzWords gives an error a body that anybody may have sent: its text is one bounded line
// without what the request holds in confidence.
func FuzzWords(f *testing.F) {
	for _, seed := range []string{
		"", "no", `{"error":"no"}`, `{"token":"x","a":[{"key":1}]}`, `{"a":`, `[`, `{"token"`, "[[[[[[", "password=x", "Bearer abc123", "http://u:p@h/?a=b",
		"secret-canary", `{"secret-canary":"secret-canary"}`, "\x00", "\xff\xfe", "<html>", "\uFEFF{}", "a\nb", "\u202e", "key: \"x1\"", `{"a":"\u0073ecret-canary"}`,
	} {
		f.Add(seed, "application/json")
		f.Add(seed, "text/plain")
		f.Add(seed, "")
	}
	f.Fuzz(func(t *testing.T, body, contentType string) {
		e := &errors.ClientResponseError{
			RequestInfo: errors.RequestInfo{
				Method: "GET", URL: &url.URL{Scheme: "http", Host: "h"}, Header: http.Header{"Authorization": {"Bearer secret-canary"}},
			},
			Status: 422, Header: http.Header{"Content-Type": {contentType}}, Body: []byte(body),
		}
		text := e.Error()
		switch {
		case !strings.HasPrefix(text, "get http://h: 422 Unprocessable Entity") || len(text) > 300 || !utf8.ValidString(text):
			t.Errorf("got %q", text)
		case strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }):
			t.Errorf("not printable: %q", text)
		case strings.Contains(text, "secret-canary"):
			t.Errorf("a secret is in %q", text)
		}
	})
}
