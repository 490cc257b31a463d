package curlconv_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
)

// TestParseHeaders: what -H says counts more than the options that stand for a header,
// and of these the last one counts, or all cookies together.
func TestParseHeaders(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"curl h -A opt -H 'User-Agent: h'":                 "User-Agent=h",
		"curl h -H 'user-agent: h' -A opt":                 "user-agent=h",
		"curl h -A opt -H 'User-Agent:'":                   "User-Agent-",
		"curl h -A one -A two":                             "User-Agent=two",
		"curl h -e one -e two":                             "Referer=two",
		"curl h -e 'x;auto'":                               "Referer=x",
		"curl h -e r -H 'Referer: h'":                      "Referer=h",
		"curl h -b a=1 -b b=2":                             "Cookie=a=1;b=2",
		"curl h -b a=1 -H 'Cookie: c=3'":                   "Cookie=c=3",
		"curl h -b a=1 -H 'Cookie:'":                       "Cookie-",
		"curl h -r 0-5":                                    "Range=bytes=0-5",
		"curl h -r 100":                                    "Range=bytes=100-",
		"curl h -r 0-5 -H 'Range: bytes=1-2'":              "Range=bytes=1-2",
		"curl h -H 'Host: one' -H 'host: two' -H 'A: b'":   "Host=one A=b",
		"curl h -H 'X: 1' -H 'x: 2'":                       "X=1 x=2",
		"curl h -u me:pw":                                  "login me:pw",
		"curl h -u a:b -u c:d":                             "login c:d",
		"curl h -u me:pw -H 'Authorization: x'":            "Authorization=x",
		"curl h -u me:pw -H 'Authorization:'":              "Authorization-",
		"curl h -u me:pw --oauth2-bearer tok":              "Authorization=Bearer tok",
		"curl h --oauth2-bearer tok -H 'authorization: x'": "authorization=x",
		"curl h --json {} -H 'Accept: q'":                  "Accept=q Content-Type=application/json",
		"curl h -d a=1 -H 'Content-Length: 3'":             "Content-Type=application/x-www-form-urlencoded",
	} {
		r := parse(t, line)
		var all []string
		for _, h := range r.Headers {
			sep := "="
			if h.Unset {
				sep = "-"
			}
			all = append(all, h.Name+sep+h.Value)
		}
		if r.Login != "" {
			all = append(all, "login "+r.Login)
		}
		if got := strings.Join(all, " "); got != want {
			t.Errorf("%s: got %s, want %s", line, got, want)
		}
	}
}

// TestParseDots: dot segments go from the path alone, and not if that is asked for.
func TestParseDots(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"curl h/a/b/../c/./d":          "h/a/c/d",
		"curl http://h/../x":           "http://h/x",
		"curl http://h/a/..":           "http://h/",
		"curl http://h/a/b/.":          "http://h/a/b/",
		"curl http://h/..":             "http://h/",
		"curl http://h/a//../b":        "http://h/a/b",
		"curl 'http://h/a/..?x=/../y'": "http://h/?x=/../y",
		"curl http://h/a/%2e%2e/c":     "http://h/a/%2e%2e/c",
		"curl http://h/...":            "http://h/...",
		"curl http://h?a/../b":         "http://h?a/../b",
		"curl http://h/a/../b#/../c":   "http://h/b#/../c",
		"curl --path-as-is h/a/../b":   "h/a/../b",
	} {
		if got := parse(t, line).URL; got != want {
			t.Errorf("%s: got %s, want %s", line, got, want)
		}
	}
}

// TestParseDoubledQuotes: Firefox on Windows doubles quotes; in a POSIX shell they are
// nothing.
func TestParseDoubledQuotes(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`curl "http://h/" -X POST --data "{""a"":""b""}"`:                    `{"a":"b"}`,
		`curl.exe "http://h/" --data-raw "{""a"":""it's"",""p"":""c:\\x""}"`: `{"a":"it's","p":"c:\\x"}`,
		"curl \"http://h/\" ^\r\n --data \"{\"\"a\"\":1}\"":                  `{"a":1}`,
		`curl "http://h/" -d "" -H "A: b"`:                                   "",
		`curl 'http://h/' -d "{""a"":1}"`:                                    `{a:1}`,
		`curl http://h/ -d '{""a"":1}'`:                                      `{""a"":1}`,
		`curl http://h/ -d "{\"a\":\"\"}"`:                                   `{"a":""}`,
		`curl http://h/ -d ""a`:                                              `a`,
	} {
		if got := string(parse(t, line).Body); got != want {
			t.Errorf("%s: got %s, want %s", line, got, want)
		}
	}
}

// TestHosts: what leads where, as in curl, of which the first --connect-to counts.
func TestHosts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		connectTo, resolve []string
		want               map[string]string
	}{
		{nil, nil, map[string]string{}},
		{[]string{"a:443:b:8443"}, nil, map[string]string{"a:443": "b:8443"}},
		{[]string{"a::b:"}, nil, map[string]string{"a": "b"}},
		{[]string{"::b:81"}, nil, map[string]string{"*": "b:81"}},
		{[]string{":80:b:"}, nil, map[string]string{"*:80": "b"}},
		{[]string{"a:80::81"}, nil, map[string]string{"a:80": "a:81"}},
		{[]string{"[::1]:80:[2001:db8::1]:81"}, nil, map[string]string{"[::1]:80": "[2001:db8::1]:81"}},
		{[]string{"::b:", "a:80:c:"}, nil, map[string]string{"*": "b"}},
		{[]string{"a::b:", "A:80:c:"}, nil, map[string]string{"a": "b"}},
		{[]string{":80:b:", "a::c:"}, nil, map[string]string{"*:80": "b", "a:80": "b", "a": "c"}},
		{nil, []string{"A:80:192.0.2.1", "*:81:[2001:db8::1]"}, map[string]string{"a:80": "192.0.2.1", "*:81": "2001:db8::1"}},
		{nil, []string{"a:80:192.0.2.1", "+a:80:192.0.2.2"}, map[string]string{"a:80": "192.0.2.2"}},
		{[]string{"a:80:b:81"}, []string{"b:81:192.0.2.1"}, map[string]string{"a:80": "192.0.2.1:81", "b:81": "192.0.2.1"}},
		// What leads elsewhere is not looked up under its own name.
		{[]string{"::127.0.0.1:81"}, []string{"a:80:192.0.2.1"}, map[string]string{"*": "127.0.0.1:81"}},
		{[]string{"a:80:b:81"}, []string{"a:80:192.0.2.1", "a:81:192.0.2.2"}, map[string]string{"a:80": "b:81", "a:81": "192.0.2.2"}},
		{[]string{"::b:"}, []string{"b:81:192.0.2.1", "a:82:192.0.2.2"}, map[string]string{"*": "b", "*:81": "192.0.2.1"}},
		{[]string{"a::b:"}, []string{"*:81:192.0.2.1"}, map[string]string{"a": "b", "a:81": "192.0.2.1", "*:81": "192.0.2.1"}},
	} {
		got, err := curlconv.Hosts(tt.connectTo, tt.resolve)
		if err != nil || !maps.Equal(got, tt.want) {
			t.Errorf("%q, %q: got %v, %v, want %v", tt.connectTo, tt.resolve, got, err, tt.want)
		}
	}
	for _, text := range []string{"", "a", "a:1:b", "a:1:b:2:c", ":::", ":80::81", "[::1:80:b:"} {
		if got, err := curlconv.Hosts([]string{text}, nil); err == nil {
			t.Errorf("--connect-to %s: got %v, want an error", text, got)
		}
	}
	for _, text := range []string{"", "a", "a:80", "a:80:", "a:80:b", "a:80:1.2.3.4,1.2.3.5", ":80:1.2.3.4", "-a:80"} {
		if got, err := curlconv.Hosts(nil, []string{text}); err == nil {
			t.Errorf("--resolve %s: got %v, want an error", text, got)
		}
	}
}

// FuzzHosts: whatever is accepted has no empty name in it.
func FuzzHosts(f *testing.F) {
	f.Add("a:1:b:2", "h:80:192.0.2.1")
	f.Add("::b:", "*:1:[::1]")
	f.Add("[::1]:80:[::2]:81", "+h:1:::1")
	f.Fuzz(func(t *testing.T, connectTo, resolve string) {
		hosts, err := curlconv.Hosts([]string{connectTo}, []string{resolve})
		if err == nil && (hosts[""] != "" || len(hosts) == 0) {
			t.Error(fmt.Sprint(hosts))
		}
	})
}
