package middleware_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
)

func TestSchemes(t *testing.T) {
	t.Parallel()
	open := middleware.SchemeRules{}
	strict := middleware.SchemeRules{HTTPSOnly: true, NoCredentials: true, NamesOnly: true, Ports: []string{"443", "8443"}}
	for _, tc := range []struct {
		rules  middleware.SchemeRules
		url    string
		reason string // "" allows
		kind   error
	}{
		{open, "http://example.com/", "", nil},
		{open, "https://user:pw@example.com:99/", "", nil},
		{open, "http://127.0.0.1/", "", nil},
		{open, "http://[::1]:80/", "", nil},
		{open, "http://[fe80::1%25eth0]/", "", nil},
		{open, "http://a1.example/", "", nil},
		{open, "http://1a/", "", nil},
		{open, "http://0x.example/", "", nil},
		{open, "http://127.0.0.1./", "", nil},
		{open, "file:///etc/passwd", "neither http nor https", errors.ErrNonHTTPURLClient},
		{open, "gopher://example.com/", "neither http nor https", errors.ErrNonHTTPURLClient},
		{open, "ws://example.com/", "neither http nor https", errors.ErrNonHTTPURLClient},
		{open, "//example.com/", "neither http nor https", errors.ErrNonHTTPURLClient},
		{open, "http:///path", "no host", errors.ErrInvalidURLClient},
		{open, "http://:80/", "no host", errors.ErrInvalidURLClient},
		{open, "http://2130706433/", "no ip address", errors.ErrInvalidURLClient},
		{open, "http://0x7f000001/", "no ip address", errors.ErrInvalidURLClient},
		{open, "http://0x7f.1/", "no ip address", errors.ErrInvalidURLClient},
		{open, "http://127.1/", "no ip address", errors.ErrInvalidURLClient},
		{open, "http://0177.0.0.1/", "no ip address", errors.ErrInvalidURLClient},
		{open, "http://127.0.0.0x1/", "no ip address", errors.ErrInvalidURLClient},
		{open, "http://127.0.0.0X/", "no ip address", errors.ErrInvalidURLClient},
		{open, "http://256.1.1.1/", "no ip address", errors.ErrInvalidURLClient},
		{open, "http://127.0.0.1.1/", "no ip address", errors.ErrInvalidURLClient},
		{open, "http://１２７.０.０.１/", "no ip address", errors.ErrInvalidURLClient},
		{open, "http://127。0。0。1/", "no ip address", errors.ErrInvalidURLClient},
		{strict, "https://example.com/", "", nil},
		{strict, "https://example.com:8443/", "", nil},
		{strict, "http://example.com:443/", "not https", errors.ErrInvalidURLClient},
		{strict, "https://example.com:22/", "port", errors.ErrInvalidURLClient},
		{strict, "https://u@example.com/", "credentials", errors.ErrInvalidURLClient},
		{strict, "https://10.0.0.1/", "ip address", errors.ErrInvalidURLClient},
		{strict, "https://[::ffff:10.0.0.1]/", "ip address", errors.ErrInvalidURLClient},
		{middleware.SchemeRules{Ports: []string{"80"}}, "http://example.com/", "", nil},
		{middleware.SchemeRules{Ports: []string{}}, "http://example.com/", "port", errors.ErrInvalidURLClient},
	} {
		u, err := url.Parse(tc.url)
		if err != nil {
			t.Fatal(err)
		}
		count, closed := 0, 0
		req := (&http.Request{Method: http.MethodPost, URL: u, Body: mwtest.CountClose(strings.NewReader(""), &closed)}).WithContext(t.Context())
		_, err = middleware.Schemes(tc.rules)(faultEcho(&count)).RoundTrip(req)
		if tc.reason == "" {
			if err != nil || count != 1 {
				t.Errorf("%s: got %v", tc.url, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tc.reason) || !errors.Is(err, tc.kind) || !errors.Is(err, errors.ErrInvalidURL) || count != 0 || closed != 1 {
			t.Errorf("%s: got %v, sent %v, closed %v; want %q", tc.url, err, count, closed, tc.reason)
		}
	}
	if _, err := middleware.Schemes(open)(nil).RoundTrip((&http.Request{}).WithContext(t.Context())); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("no url: got %v", err)
	}
}

// Every hop of a redirect is looked at.
func TestSchemesRedirect(t *testing.T) {
	t.Parallel()
	redirect := func(location string) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			if req.URL.Path != "/" {
				return &http.Response{StatusCode: 200, Body: http.NoBody, Request: req}, nil
			}
			return &http.Response{StatusCode: 302, Header: http.Header{"Location": {location}}, Body: http.NoBody, Request: req}, nil
		})
	}
	for _, tc := range []struct {
		rules    middleware.SchemeRules
		from, to string
		kind     error // nil allows
	}{
		{middleware.SchemeRules{}, "https://example.com/", "http://example.com/x", nil},
		{middleware.SchemeRules{NoDowngrade: true}, "https://example.com/", "https://other.example/x", nil},
		{middleware.SchemeRules{NoDowngrade: true}, "http://example.com/", "http://other.example/x", nil},
		{middleware.SchemeRules{NoDowngrade: true}, "http://example.com/", "https://example.com/x", nil},
		{middleware.SchemeRules{NoDowngrade: true}, "https://example.com/", "http://u:" + mwtest.Canary + "@example.com/x?" + mwtest.Canary, errors.ErrInvalidURLRedirectClient},
		{middleware.SchemeRules{HTTPSOnly: true}, "https://example.com/", "http://example.com/x", errors.ErrInvalidURLRedirectClient},
		{middleware.SchemeRules{}, "https://example.com/", "file:///x", errors.ErrNonHTTPURLRedirectClient},
		{middleware.SchemeRules{}, "https://example.com/", "http://0x7f.1/x", errors.ErrInvalidURLRedirectClient},
	} {
		client := &http.Client{Transport: middleware.Schemes(tc.rules)(redirect(tc.to))}
		resp, err := client.Get(tc.from)
		if err == nil {
			resp.Body.Close()
		}
		if tc.kind == nil && err != nil || tc.kind != nil && (!errors.Is(err, tc.kind) || !errors.Is(err, errors.ErrRedirectClient)) {
			t.Errorf("%s to %s: got %v, want %v", tc.from, tc.to, err, tc.kind)
		}
		if invalid, ok := errors.AsType[*errors.InvalidURLError](err); ok {
			mwtest.CheckCanary(t, invalid.Error())
		}
	}
}

func ExampleSchemes() {
	guard := middleware.Schemes(middleware.SchemeRules{HTTPSOnly: true, Ports: []string{"443"}})
	client := &http.Client{Transport: guard(mwtest.HelloServer())}
	for _, target := range []string{"https://example.com/a", "http://example.com/a", "https://0x7f.1/a"} {
		resp, err := client.Get(target)
		if err != nil {
			fmt.Println(errors.Unwrap(err))
			continue
		}
		resp.Body.Close()
	}
	// Output:
	// the server is asked: GET /a
	// invalid url http://example.com/a: the scheme is not https
	// invalid url https://0x7f.1/a: the host is a number that is no ip address
}
