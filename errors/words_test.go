package errors_test

import (
	"encoding/base64"
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

// TestWordsHideEchoes: what a server repeats of what it was sent is hidden if it may be a
// secret, and nothing else is.
func TestWordsHideEchoes(t *testing.T) {
	t.Parallel()
	basic := http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("alice:opensesame"))}}
	for _, test := range []struct {
		name, contentType, body, want string
		request, response             http.Header
	}{
		{
			name: "pydantic", contentType: "application/json",
			body: `{"detail":[{"loc":["body","password"],"msg":"too short","input":"hunter2"}]}`,
			want: `{"detail":[{"loc":["body","password"],"msg":"too short","input":"***"}]}`,
		},
		{
			name: "Spring", contentType: "application/json",
			body: `{"errors":[{"rejectedValue":"hunter2","field":"newPassword"}]}`,
			want: `{"errors":[{"rejectedValue":"***","field":"newPassword"}]}`,
		},
		{
			name: "FluentValidation", contentType: "application/problem+json",
			body: `[{"propertyName":"Password","attemptedValue":{"a":["hunter2"]},"severity":0}]`,
			want: `[{"propertyName":"Password","attemptedValue":"***","severity":0}]`,
		},
		{
			name: "Joi, cut off", contentType: "application/json",
			body: `{"details":[{"path":["token"],"context":{"value":"hunter2`,
			want: `{"details":[{"path":["token"],"context":{"value":"***"...`,
		},
		{
			name: "another field", contentType: "application/json",
			body: `{"loc":["body","age"],"input":"-1"}`, want: `{"loc":["body","age"],"input":"-1"}`,
		},
		{
			name: "a password of Basic", contentType: "text/plain", request: basic,
			body: "no such user: alice:opensesame", want: "no such user: alice:***",
		},
		{
			name: "attributes of a cookie", contentType: "text/plain",
			response: http.Header{"Set-Cookie": {"sid=0123456789; Path=/api; SameSite=None"}},
			body:     "None of 0123456789 is below /api", want: "None of *** is below /api",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := &errors.ClientResponseError{
				RequestInfo: errors.RequestInfo{Header: test.request}, Status: 422,
				Header: http.Header{"Content-Type": {test.contentType}}, Body: []byte(test.body),
			}
			for name, values := range test.response {
				e.Header[name] = values
			}
			if got, want := e.Error(), "422 Unprocessable Entity: "+test.want; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
