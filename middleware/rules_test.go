package middleware_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/aiolos-http/aiolos/middleware"
)

func TestOrigin(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://Example.ORG/x?y": "https://example.org", "https://h:443": "https://h", "http://h:80": "http://h",
		"http://h:443": "http://h:443", "wss://h/x": "https://h", "ws://h:8080": "http://h:8080", "http://[::1]:8080/": "http://[::1]:8080",
		"http://u:p@h": "http://h", "ftp://h": "", "/x": "", "http://": "", "HTTP://h": "http://h",
		"https://bücher.example": "https://xn--bcher-kva.example", "http://h:0080": "http://h", "http://h:": "http://h",
	} {
		u, err := url.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := middleware.Origin(u); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := middleware.Origin(nil); got != "" {
		t.Errorf("nil: got %q", got)
	}
}

func ExampleOrigin() {
	for _, text := range []string{"https://Example.org:443/a?b", "ws://[::1]:8080/", "file:///etc/hosts"} {
		u, err := url.Parse(text)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%q\n", middleware.Origin(u))
	}
	// Output:
	// "https://example.org"
	// "http://[::1]:8080"
	// ""
}

func ExampleIdempotent() {
	for _, header := range []http.Header{nil, {"Idempotency-Key": {"7b1e"}}} {
		for _, method := range []string{http.MethodPut, http.MethodPost} {
			fmt.Println(method, len(header), middleware.Idempotent(&http.Request{Method: method, Header: header}))
		}
	}
	// Output:
	// PUT 0 true
	// POST 0 false
	// PUT 1 true
	// POST 1 true
}
