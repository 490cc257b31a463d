// Package mwtest has what the tests of several packages of middlewares share.
package mwtest

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// Canary is the secret that must not appear in a log, a HAR or a cassette.
const Canary = "CaNaRy-53cr3t"

// CanaryRequest has the secret wherever one can be.
func CanaryRequest(t testing.TB, body string) *http.Request {
	t.Helper()
	raw := "http://user" + Canary + ":" + Canary + "@example.com/path?token=" + Canary + "&q=" + Canary + "&" + Canary + "&page=2#" + Canary
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, raw, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Authorization", "Proxy-Authorization", "X-Api-Key", "X-Session-Id", "X-Amz-Security-Token", "X-Mine"} {
		req.Header.Set(name, Canary)
	}
	req.Header["authorization"] = []string{Canary} // not in canonical form
	req.Header.Set("Cookie", "sid="+Canary+"; "+Canary+"; b="+Canary)
	req.Header.Set("Referer", "http://u:"+Canary+"@example.com/?a="+Canary)
	req.Header.Set("X-Open", "seen")
	return req
}

// CanaryResponse answers with the secret wherever one can be, but not in the body.
func CanaryResponse(req *http.Request) *http.Response {
	return &http.Response{
		Status: "200 OK", StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: http.Header{
			"Set-Cookie": {"sid=" + Canary + "; Path=/; HttpOnly", Canary}, "Location": {"/next?code=" + Canary + "#" + Canary},
			"Content-Location": {"//u:" + Canary + "@example.com/"}, "Www-Authenticate": {`Digest nonce="` + Canary + `"`},
			"Link":         {"</a?cursor=" + Canary + `>; rel=next, <http://x:` + Canary + `@h/>; rel="last"`},
			"X-Auth-Token": {Canary}, "X-Mine": {Canary}, "X-Seen": {"open"}, "Content-Type": {"text/plain"},
			"Authentication-Info": {"rspauth=" + Canary},
		},
		Body: io.NopCloser(strings.NewReader("hello")), ContentLength: 5,
	}
}

// CheckCanary fails if text has the secret, or lacks what is none.
func CheckCanary(t testing.TB, text string, wants ...string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if strings.Contains(strings.ToLower(line), strings.ToLower(Canary)) {
			t.Errorf("the secret is in: %s", line)
		}
	}
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
}
