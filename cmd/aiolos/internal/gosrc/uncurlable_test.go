package gosrc_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// beyond are requests that no curl command can ask for.
func beyond() []*curlconv.Request {
	pin := strings.Repeat("ab", 32)
	all := curlconv.Beyond{Pin: pin, Silence: time.Second, Limit: 3, PerHost: 2, TrustEnv: true, Sensitive: []string{"X-Api-Key", "Token"}}
	parts := []syntax.Part{{Name: "a", Value: "b"}, {Name: "f", File: "x.png", Type: "a/b", As: "y"}, {Name: "s", File: "-"}}
	return []*curlconv.Request{
		{Method: "GET", URL: "http://h.example/", Follow: true, Beyond: all, Retry: 2, Login: "me", Timeout: -1, Connect: time.Second},
		{Method: "GET", URL: "http://h.example/", Version: "2", OnlyHTTP2: true, Beyond: curlconv.Beyond{Limit: 1}},
		{Method: "GET", URL: "http://h.example/", Version: "2", OnlyHTTP2: true, Unix: "/s"},
		{Method: "GET", URL: "http://h.example/", Beyond: curlconv.Beyond{TrustEnv: true, Silence: -1}},
		{Method: "POST", URL: "http://h.example/", Parts: parts, Boundary: "XX"},
		{Method: "POST", URL: "http://h.example/", Parts: parts, Headers: []curlconv.Header{{Name: "Content-Type", Value: "multipart/related"}}},
		{Method: "POST", URL: "http://h.example/", Parts: parts, Headers: []curlconv.Header{{Name: "Content-Type", Value: "multipart/form-data; boundary=YY"}}},
		{Method: "POST", URL: "http://h.example/", Parts: parts[:1], Headers: []curlconv.Header{{Name: "content-type", Value: `multipart/mixed; boundary="Z Z"`}}},
	}
}

// TestBeyond: what only this library has is in the programs.
func TestBeyond(t *testing.T) {
	t.Parallel()
	for i, wants := range [][]string{
		{
			"connector.Config{Limit: 3, LimitPerHost: 2}", `Connector: conn, OwnConnector: true, SensitiveHeaders: []string{"X-Api-Key", "Token"}, TrustEnv: true`,
			"connector.ParsePin(", "session.Pin(pin),", "middleware.RetryPolicy{Attempts: 3}", `session.BasicAuth("me", os.Getenv("PASSWORD")),`,
			"session.ClientTimeout{Total: -1, Connect: 1 * time.Second, SockRead: 1 * time.Second}",
		},
		{"protocols.SetUnencryptedHTTP2(true)", "connector.New(connector.Config{Limit: 1, Protocols: protocols})", `"net/http"`},
		{`connector.NewUnix("/s", connector.Config{Protocols: protocols})`},
		{"session.Config{TrustEnv: true}", "session.ClientTimeout{SockRead: -1}"},
		{`form.New().Multipart().Boundary("XX")`, `data.OSFile("s", os.Stdin, form.FileName("-"))`, `form.ContentType("a/b"), form.FileName("y")`},
		{`Boundary("----FormBoundary")`, `session.Header("Content-Type", "multipart/related; boundary=----FormBoundary")`},
		{`Boundary("YY")`},
		{`Boundary("Z Z")`, "multipart/mixed; boundary="},
	} {
		src := source(t, beyond()[i])
		for _, want := range wants {
			if !strings.Contains(src, want) {
				t.Errorf("%d: %s is missing in:\n%s", i, want, src)
			}
		}
	}
	if src := source(t, beyond()[6]); strings.Contains(src, `"Content-Type"`) {
		t.Errorf("the form's own type is set:\n%s", src)
	}
}
