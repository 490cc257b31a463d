package curl_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session/curl"
)

func newRequest(t *testing.T, method, url, body string, header ...string) *http.Request {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, r)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header[header[i]] = append(req.Header[header[i]], header[i+1])
	}
	return req
}

// TestFromRequest: what a request says is what curl is told, in the order of names.
func TestFromRequest(t *testing.T) {
	t.Parallel()
	host := newRequest(t, "GET", "http://h/", "")
	host.Host = "other"
	for _, tt := range []struct {
		name string
		req  *http.Request
		want string
	}{
		{"a GET of net/http's", newRequest(t, "GET", "http://h/a?b=c", ""), `curl --url 'http://h/a?b=c' -H Accept:`},
		{"no method", newRequest(t, "", "http://h/", "", "Accept", "*/*"), `curl --url http://h/`},
		{"HEAD", newRequest(t, "HEAD", "http://h/", "", "Accept", "*/*"), `curl -I --url http://h/`},
		{"another host", host, `curl --url http://h/ -H 'Host: other' -H Accept:`},
		{"headers", newRequest(t, "GET", "http://h/", "", "B", "2", "A", "1", "A", "", "accept", "*/*"), `curl --url http://h/ -H 'A: 1' -H 'A;' -H 'B: 2'`},
		{"no User-Agent", newRequest(t, "GET", "http://h/", "", "User-Agent", "", "Accept", "*/*"), `curl --url http://h/ -H User-Agent:`},
		{"encodings", newRequest(t, "GET", "http://h/", "", "Accept-Encoding", "gzip", "Accept", "*/*"), `curl --url http://h/ -H 'Accept-Encoding: gzip' --compressed`},
		{"a body", newRequest(t, "POST", "http://h/", `{"it's": 1}`, "Content-Type", "application/json", "Accept", "*/*"), `curl --url http://h/ -H 'Content-Type: application/json' --data-raw '{"it'\''s": 1}'`},
		{"a body without a type", newRequest(t, "PUT", "http://h/", `x`, "Accept", "*/*"), `curl -X PUT --url http://h/ -H Content-Type: --data-raw x`},
		{"brackets", newRequest(t, "GET", "http://h/?a=[1-3]", "", "Accept", "*/*"), `curl -g --url 'http://h/?a=[1-3]'`},
		{"dots in the path", newRequest(t, "GET", "http://h/a/../b?c=/../d", "", "Accept", "*/*"), `curl --path-as-is --url 'http://h/a/../b?c=/../d'`},
		{"a dot at the end", newRequest(t, "GET", "http://h/a/.", "", "Accept", "*/*"), `curl --path-as-is --url http://h/a/.`},
		{"encoded dots", newRequest(t, "GET", "http://h/%2E%2e/b", "", "Accept", "*/*"), `curl --path-as-is --url http://h/%2E%2e/b`},
		{"dots of a name", newRequest(t, "GET", "http://h/.../.b?/./#/../", "", "Accept", "*/*"), `curl --url 'http://h/.../.b?/./#/../'`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := curl.FromRequest(tt.req)
			if err != nil {
				t.Fatal(err)
			}
			text, err := c.Text()
			if got := strings.ReplaceAll(text, " \\\n  ", " "); err != nil || got != tt.want {
				t.Errorf("got %s, %v\nwant %s", got, err, tt.want)
			}
		})
	}
}

// TestFromRequestRefuses: what no command line can hold is a typed error, and the
// request can still be sent.
func TestFromRequestRefuses(t *testing.T) {
	t.Parallel()
	once := newRequest(t, "POST", "http://h/", "body")
	once.GetBody = nil
	broken := newRequest(t, "POST", "http://h/", "body")
	broken.GetBody = func() (io.ReadCloser, error) { return nil, io.ErrUnexpectedEOF }
	for name, tt := range map[string]struct {
		req   *http.Request
		field string
	}{
		"nil":         {nil, "URL"},
		"no URL":      {&http.Request{}, "URL"},
		"once":        {once, "body"},
		"broken":      {broken, "body"},
		"large":       {newRequest(t, "POST", "http://h/", strings.Repeat("x", curl.MaxBody+1)), "body"},
		"a NUL in it": {newRequest(t, "POST", "http://h/", "a\x00b"), "curl"},
	} {
		c, err := curl.FromRequest(tt.req)
		if err == nil {
			_, err = c.Text()
		}
		invalid, ok := errors.AsType[*errors.InvalidRequestError](err)
		if !ok || invalid.Field != tt.field || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v", name, err)
		}
		if tt.req != nil && tt.req.Body != nil {
			if body, err := io.ReadAll(tt.req.Body); err != nil || len(body) == 0 {
				t.Errorf("%s: the body is gone: %q, %v", name, body, err)
			}
		}
	}
}

// TestRedactURLs: a URL in a header is as that of the request.
func TestRedactURLs(t *testing.T) {
	t.Parallel()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://h/cb#access_token=canary&state=7", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Referer", "http://me:canary@h/?token=canary&page=2")
	c, err := curl.FromRequest(req)
	if err != nil {
		t.Fatal(err)
	}
	plain, changed := c.Redact()
	text, err := plain.Text()
	if err != nil || !changed || strings.Contains(text, "canary") || !strings.Contains(text, "http://***@h/?token=***&page=2") || !strings.Contains(text, "#access_token=***&state=7") {
		t.Errorf("%v, got %s", err, text)
	}
	if kept, err := c.Text(); err != nil || !strings.Contains(kept, "http://me:canary@h/?token=canary&page=2") {
		t.Errorf("%v, the command itself was changed: %s", err, kept)
	}
}

// TestRedact: no secret is left, in any place that has one by its name.
func TestRedact(t *testing.T) {
	t.Parallel()
	c := &curl.Command{
		URL: "http://me:canary@h/?token=canary&x=1#f", Login: "me:canary",
		Headers: []curl.Header{{Name: "authorization", Value: "canary"}, {Name: "X-Api-Key", Value: "canary"}, {Name: "Content-Type", Value: "application/x-www-form-urlencoded"}},
		HasBody: true, Body: []byte("password=canary&name=gopher"),
		Parts: []curl.Part{{Name: "api_key", Value: "canary"}, {Name: "plain", Value: "text"}},
	}
	plain, changed := c.Redact()
	text, err := plain.Text()
	if err != nil || !changed || strings.Contains(text, "canary") {
		t.Errorf("got %s, %v, %v", text, changed, err)
	}
	for _, want := range []string{"x=1#f", "name=gopher", "plain=text", "me:***"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	for _, way := range []string{"%v", "%+v", "%#v", "%s"} {
		if out := fmt.Sprintf(way, c); strings.Contains(out, "canary") {
			t.Errorf("%s: %s", way, out)
		}
	}
	if again, changed := plain.Redact(); changed || !bytes.Equal(again.Body, plain.Body) {
		t.Error("redacted again it is another")
	}
}
