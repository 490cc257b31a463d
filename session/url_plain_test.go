package session_test

import (
	"net/url"
	"testing"

	"github.com/aiolos-http/aiolos/session"
)

// TestPlainURLs: the usual URLs are plain, so that parsing them takes no memory.
func TestPlainURLs(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]bool{
		"http://host": true, "https://host/": true, "http://127.0.0.1:8080/path?q=1": true,
		"https://api.example.com/v1/users/1/things.json?a=b&c=%20d": true,
		"HTTP://host/": false, "//host/": false, "/path": false, "": false, "http://": false, "http:///x": false,
		"ftp://host/": false, "http://[::1]/": false, "http://u:p@host/": false, "http://host:/": false,
		"http://host/a%20b": false, "http://host/ä": false, "http://höst/": false, "http://host?": false,
		"http://host/?": false, "http://host/#f": false, "http://host/?q#f": false, "http://host/?<": false,
		"http://host:80x/": false, "http://host:80:81/": false, "http://host\n/": false, "http://host/?\x7f": false,
	} {
		var u url.URL
		if got := session.ParsePlain(raw, &u); got != want {
			t.Errorf("%q: got %t, want %t", raw, got, want)
		}
		comparePlain(t, raw)
	}
}

// comparePlain holds what is plain against net/url.
func comparePlain(t *testing.T, raw string) {
	t.Helper()
	var got url.URL
	if !session.ParsePlain(raw, &got) {
		return
	}
	want, err := session.ParseURL(raw)
	if err != nil {
		t.Errorf("%q is taken, and should be an error: %v", raw, err)
		return
	}
	if got != *want {
		t.Errorf("%q: got %#v, want %#v", raw, got, *want)
	}
}

// FuzzPlainURL: what is plain is what net/url makes of it, and needs none of the
// checks and changes that follow.
func FuzzPlainURL(f *testing.F) {
	for _, seed := range []string{
		"http://host:80/a/b?c=d", "https://a.b-c_d/~x/+&=:@$?!%zz", "http://h/?a b", "http://1.2.3.4:99999999/", "http://h?x", "http://h/;,", "http://h:0", "http://...//",
	} {
		f.Add(seed)
	}
	f.Fuzz(comparePlain)
}
