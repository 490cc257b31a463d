package httprule_test

import (
	"net/url"
	"testing"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

func TestOrigin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ url, want string }{
		{"http://h", "http://h:80"},
		{"http://h:80/path?q", "http://h:80"},
		{"http://h:", "http://h:80"},
		{"http://h:080/", "http://h:80"},
		{"http://h:0/", "http://h:0"},
		{"https://H.Example/", "https://h.example:443"},
		{"https://user:pw@h:8443/", "https://h:8443"},
		{"ws://h", "http://h:80"},
		{"WSS://h", "https://h:443"},
		{"http://h:443", "http://h:443"},
		{"http://bücher.example", "http://xn--bcher-kva.example:80"},
		{"http://xn--bcher-kva.EXAMPLE", "http://xn--bcher-kva.example:80"},
		{"http://[::0:1]:80/", "http://[::1]:80"},
		{"http://[FE80::1%25eth0]/", "http://[fe80::1%eth0]:80"},
		{"http://h./", "http://h.:80"},
		{"http://H.:80/", "http://h.:80"},
		{"http://192.0.2.1", "http://192.0.2.1:80"},
		{"http://A_b", "http://a_b:80"},
		{"ftp://H", "ftp://h"},
		{"ftp://[::1]", "ftp://[::1]"},
		{"http://a..B", "http://a..b:80"},
	} {
		u, err := url.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := httprule.OriginOf(u).String(); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.url, got, tt.want)
		}
	}
	for raw, want := range map[string]string{
		"http://H:80/": "h", "https://h:80": "h:80", "https://[::1]:443": "[::1]", "http://[::1]:81": "[::1]:81", "ws://h:443": "h:443",
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := httprule.OriginOf(u).Authority(); got != want {
			t.Errorf("%s: got authority %q, want %q", raw, got, want)
		}
	}
	if got := httprule.OriginOf(nil); got.String() != "" || got != (httprule.Origin{}) {
		t.Errorf("no URL: got %q", got)
	}
}

func TestHost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		host, want string
		ok         bool
	}{
		{"h", "h", true},
		{"H.Example.", "h.example", true},
		{"bücher.example.", "xn--bcher-kva.example", true},
		{"bücher。example。", "xn--bcher-kva.example", true},
		{"192.0.2.1", "192.0.2.1", true},
		{"2001:DB8::0:1", "2001:db8::1", true},
		{"", "", false},
		{".", "", false},
		{".h", "", false},
		{"h..", "", false},
		{"a:b", "", false},
		{"a b", "", false},
		{"a/b", "", false},
		{"a\x00", "", false},
		{"\xff", "", false},
	} {
		got, ok := httprule.Host(tt.host)
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("%q: got %q %v, want %q %v", tt.host, got, ok, tt.want, tt.ok)
		}
	}
}

func TestOriginAllocs(t *testing.T) {
	u := &url.URL{Scheme: "https", Host: "h.example:8443", Path: "/"}
	if got := testing.AllocsPerRun(100, func() { httprule.OriginOf(u) }); got != 0 {
		t.Errorf("got %v allocations, want none", got)
	}
}
