package dial

import (
	"net/url"
	"testing"
)

// TestSplitHost: it is what net/url says, for what net/url parses and for what it would not.
func TestSplitHost(t *testing.T) {
	for _, host := range []string{
		"", "h", "h:", "h:80", "h:080", "h:8a", "h:-1", ":80", ":", "[::1]", "[::1]:80", "[::1", "::1", "a:b:80", "a:80:", "h:99999999999", "[", "]:80", "ü:80", "h.:80",
	} {
		u := &url.URL{Scheme: "http", Host: host}
		gotHost, gotPort := splitHost(u)
		if gotHost != u.Hostname() || gotPort != u.Port() {
			t.Errorf("%q: got %q and %q, want %q and %q", host, gotHost, gotPort, u.Hostname(), u.Port())
		}
	}
}
