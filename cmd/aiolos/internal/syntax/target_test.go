package syntax_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

func TestExpandURL(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		":8000/x":               "http://localhost:8000/x",
		":8000":                 "http://localhost:8000",
		":8000?a=1":             "http://localhost:8000?a=1",
		":/x":                   "http://localhost/x",
		":":                     "http://localhost",
		"localhost":             "http://localhost",
		"localhost:3000":        "http://localhost:3000",
		"LOCALHOST/x":           "http://LOCALHOST/x",
		"localhost?a":           "http://localhost?a",
		"api.localhost/x":       "http://api.localhost/x",
		"127.0.0.1:9/x":         "http://127.0.0.1:9/x",
		"127.8.8.8":             "http://127.8.8.8",
		"10.1.2.3":              "http://10.1.2.3",
		"172.16.0.1/":           "http://172.16.0.1/",
		"192.168.0.7":           "http://192.168.0.7",
		"0.0.0.0:80":            "http://0.0.0.0:80",
		"[::1]:8000/x":          "http://[::1]:8000/x",
		"[fd00::1]/x":           "http://[fd00::1]/x",
		"[::ffff:10.0.0.1]":     "http://[::ffff:10.0.0.1]",
		"172.32.0.1":            "https://172.32.0.1",
		"8.8.8.8":               "https://8.8.8.8",
		"[2001:db8::1]":         "https://[2001:db8::1]",
		"example.org":           "https://example.org",
		"example.org:80/x":      "https://example.org:80/x",
		"localhost.example.org": "https://localhost.example.org",
		"notlocalhost.org":      "https://notlocalhost.org",
		"//example.org/x":       "https://example.org/x",
		"host/":                 "https://host/",
		"user:pw@127.0.0.1/x":   "http://user:pw@127.0.0.1/x",
		"user@example.org":      "https://user@example.org",
		"127.0.0.1.nip.io":      "https://127.0.0.1.nip.io",
		"http://example.org":    "http://example.org",
		"https://localhost":     "https://localhost",
		"HTTP://X":              "HTTP://X",
		"ftp://x/y":             "ftp://x/y",
		"example.org/http://x":  "https://example.org/http://x",
		"http:8080/x":           "https://http:8080/x",
		"http:":                 "https://http:",
		"host:/x":               "https://host:/x",
	} {
		if got, err := syntax.ExpandURL(word); err != nil || got != want {
			t.Errorf("ExpandURL(%q) = %q, %v, want %q", word, got, err, want)
		}
	}
	for _, word := range []string{"", "foo", "get", "post", "/x", "//", "://x", ":80a/x", ":x", "http:/h/x", "https:h", "WS:/h", "http:h:80/x", "http:/"} {
		if got, err := syntax.ExpandURL(word); err == nil {
			t.Errorf("ExpandURL(%q) = %q, want an error", word, got)
		}
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		args []string
		want syntax.Target
	}{
		{"URL", []string{"a.b/c"}, syntax.Target{URL: "https://a.b/c", Items: []string{}}},
		{"method", []string{"PUT", "a.b"}, syntax.Target{Method: "PUT", URL: "https://a.b", Items: []string{}}},
		{"own method", []string{"M-SEARCH", "a.b"}, syntax.Target{Method: "M-SEARCH", URL: "https://a.b", Items: []string{}}},
		{"items", []string{"a.b", "x=1", "y==2"}, syntax.Target{URL: "https://a.b", Items: []string{"x=1", "y==2"}}},
		{"number is no method", []string{"1.1"}, syntax.Target{URL: "https://1.1", Items: []string{}}},
	} {
		if got, err := syntax.Split(tt.args); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %+v, %v, want %+v", tt.name, got, err, tt.want)
		}
	}
	for _, args := range [][]string{nil, {"GET"}, {"LOCALHOST"}} {
		if got, err := syntax.Split(args); !errors.Is(err, syntax.ErrNoURL) {
			t.Errorf("Split(%q) = %+v, %v, want %v", args, got, err, syntax.ErrNoURL)
		}
	}
	var not *syntax.NotURLError
	if _, err := syntax.Split([]string{"GET", "foo"}); !errors.As(err, &not) || not.Word != "foo" {
		t.Errorf("got %v, want *NotURLError for foo", err)
	}
	if _, err := syntax.Split([]string{"Get", "a.b"}); !errors.As(err, &not) || not.Word != "Get" {
		t.Errorf("got %v, want *NotURLError for Get", err)
	}
}

// TestIsLoopback: names and addresses of this machine, as a header Host has them.
func TestIsLoopback(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST:80": true, "localhost.": true, "a.localhost:1": true, "127.0.0.1": true, "127.1.2.3:80": true,
		"[::1]:80": true, "[::1]": true, "[::ffff:127.0.0.1]:80": true,
		"": false, "evil.example": false, "localhost.evil.example": false, "127.0.0.1.nip.io": false, "10.0.0.1": false, "0.0.0.0": false,
		"evil.example@localhost": true, "localhost@evil.example": false, "127.1": false, "2130706433": false,
	} {
		if got := syntax.IsLoopback(host); got != want {
			t.Errorf("%q: got %v", host, got)
		}
	}
}
