package proxyenv_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/proxyenv"
)

// TestNoProxyForms: in whatever form an entry of no_proxy is written, it counts.
func TestNoProxyForms(t *testing.T) {
	t.Parallel()
	v6 := []string{"[2001:db8::1]", "[2001:DB8::1]:8080", "[2001:0db8:0:0::0001]:443"}
	for _, tt := range []struct {
		list          string
		direct, other []string
	}{
		{"[2001:db8::1]", v6, []string{"[2001:db8::2]", "a.example"}},
		{"[2001:DB8::1]", v6, []string{"[2001:db8::2]"}},
		{"[2001:0db8:0:0::1]", v6, nil},
		{"2001:db8::1", v6, nil},
		{"[2001:db8::1]:", v6, nil},
		{"[2001:db8::1]:8080", []string{"[2001:db8::1]:8080"}, []string{"[2001:db8::1]", "[2001:db8::1]:443", "[2001:db8::2]:8080"}},
		{"[2001:db8::]/32", v6, []string{"[2001:db9::1]"}},
		{"2001:db8::/32", v6, []string{"[2001:db9::1]"}},
		{"[2001:db8::]/99999,a.example", []string{"a.example"}, v6},
		{"[2001:db8::1,a.example", []string{"a.example"}, v6},
		{"[],[]:80,a.example", []string{"a.example"}, []string{"b.example", "[2001:db8::1]"}},
		{" a.example ,\t[2001:db8::1] ", append([]string{"a.example"}, v6...), []string{"b.example"}},
		{"a.example b.example\tc.example", []string{"a.example", "b.example", "www.c.example"}, []string{"d.example"}},
		{"A.Example", []string{"a.example", "WWW.a.EXAMPLE", "a.example."}, nil},
		{"a.example.", []string{"a.example", "a.example.", "www.a.example"}, []string{"xa.example"}},
		{"a.example.:8080", []string{"a.example:8080"}, []string{"a.example", "a.example:81"}},
		{".a.example.", []string{"www.a.example"}, []string{"a.example"}},
		{"*.a.example", []string{"www.a.example"}, []string{"a.example"}},
		{"b\u00fccher.example", []string{"xn--bcher-kva.example", "www.xn--bcher-kva.example"}, []string{"bcher.example"}},
		{"*.B\u00dcCHER.example:80", []string{"www.xn--bcher-kva.example:80"}, []string{"xn--bcher-kva.example:80"}},
		{"192.0.2.1", []string{"192.0.2.1", "192.0.2.1:81"}, []string{"192.0.2.2"}},
		{"192.0.2.1:81", []string{"192.0.2.1:81"}, []string{"192.0.2.1"}},
		{"192.0.2.0/24 198.51.100.0/24", []string{"192.0.2.9", "198.51.100.1:8"}, []string{"203.0.113.1"}},
		{" * ", []string{"a.example", "[2001:db8::1]"}, nil},
	} {
		e := proxyenv.Read(getenv("ALL_PROXY=http://proxy", "NO_PROXY="+tt.list))
		for _, scheme := range []string{"http", "https", "ws"} {
			for _, host := range tt.direct {
				wantProxy(t, e, scheme+"://"+host, "")
			}
			for _, host := range tt.other {
				wantProxy(t, e, scheme+"://"+host, "http://proxy:80")
			}
		}
		if t.Failed() {
			t.Fatalf("with the list %q", tt.list)
		}
	}
}

// FuzzNoProxy: no list makes trouble, and one says the same in either case and with white
// space around its commas.
func FuzzNoProxy(f *testing.F) {
	for _, list := range []string{"[2001:db8::1]", "[2001:db8::]/32,a.example:80", "*", "[", "]:", "b\u00fccher.example", ".a,*.b c", "10.0.0.0/8"} {
		f.Add(list, "a.example")
		f.Add(list, "[2001:db8::1]:80")
	}
	f.Fuzz(func(t *testing.T, list, host string) {
		if strings.ToLower(list) != list || strings.ContainsRune(list, '\u0130') {
			return
		}
		u := &url.URL{Scheme: "http", Host: host}
		first, err := proxyenv.Read(getenv("ALL_PROXY=http://proxy", "NO_PROXY="+list)).Proxy(u)
		if err != nil {
			t.Fatal(err)
		}
		again, err := proxyenv.Read(getenv("ALL_PROXY=http://proxy", "NO_PROXY= "+strings.ReplaceAll(list, ",", " , ")+" ")).Proxy(u)
		if err != nil || (first == nil) != (again == nil) {
			t.Errorf("%q: got %v and %v, %v", list, first, again, err)
		}
	})
}
