package middleware_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// canary is the secret that must not appear in a log, a HAR or a cassette.
const canary = "CaNaRy-53cr3t"

// canaryRequest has the secret wherever one can be.
func canaryRequest(t testing.TB, body string) *http.Request {
	t.Helper()
	raw := "http://user" + canary + ":" + canary + "@example.com/path?token=" + canary + "&q=" + canary + "&" + canary + "&page=2#" + canary
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, raw, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Authorization", "Proxy-Authorization", "X-Api-Key", "X-Session-Id", "X-Amz-Security-Token", "X-Mine"} {
		req.Header.Set(name, canary)
	}
	req.Header["authorization"] = []string{canary} // not in canonical form
	req.Header.Set("Cookie", "sid="+canary+"; "+canary+"; b="+canary)
	req.Header.Set("Referer", "http://u:"+canary+"@example.com/?a="+canary)
	req.Header.Set("X-Open", "seen")
	return req
}

// canaryResponse answers with the secret wherever one can be, but not in the body.
func canaryResponse(req *http.Request) *http.Response {
	return &http.Response{
		Status: "200 OK", StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: http.Header{
			"Set-Cookie": {"sid=" + canary + "; Path=/; HttpOnly", canary}, "Location": {"/next?code=" + canary + "#" + canary},
			"Content-Location": {"//u:" + canary + "@example.com/"}, "Www-Authenticate": {`Digest nonce="` + canary + `"`},
			"Link":         {"</a?cursor=" + canary + `>; rel=next, <http://x:` + canary + `@h/>; rel="last"`},
			"X-Auth-Token": {canary}, "X-Mine": {canary}, "X-Seen": {"open"}, "Content-Type": {"text/plain"},
			"Authentication-Info": {"rspauth=" + canary},
		},
		Body: io.NopCloser(strings.NewReader("hello")), ContentLength: 5,
	}
}

// canaryCheck fails if text has the secret, or lacks what is none.
func canaryCheck(t testing.TB, text string, wants ...string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if strings.Contains(strings.ToLower(line), strings.ToLower(canary)) {
			t.Errorf("the secret is in: %s", line)
		}
	}
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
}
