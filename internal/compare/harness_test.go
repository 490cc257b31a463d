//go:build interop

package compare_test

import (
	"bytes"
	"compress/gzip"
	"slices"
	"strings"
	"testing"
)

// req makes a request from its head, with \n for the ends of lines, and its body.
func req(head, body string) *seen {
	s := parseHead(strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n")
	s.body = body
	return s
}

const multipartHead = "POST / HTTP/1.1\nContent-Type: multipart/mixed; boundary=b"

func part(head, content string) string {
	return "--b\r\n" + head + "\r\n\r\n" + content + "\r\n"
}

// TestInteropFindsDifferences is about the comparison itself: it has to see what
// it is there for.
func TestInteropFindsDifferences(t *testing.T) {
	t.Parallel()
	nested := "--b\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\nA: 1\r\n\r\n%\r\n--i--\r\n\r\n--b--\r\n"
	for _, tt := range []struct {
		name         string
		theirs, ours *seen
		want         []string
	}{
		{"the same", req("GET / HTTP/1.1\nA: 1", "x"), req("GET / HTTP/1.1\nA: 1", "x"), nil},
		{"order", req("GET / HTTP/1.1\nA: 1\nB: 2", ""), req("GET / HTTP/1.1\nB: 2\nA: 1", ""), nil},
		{"method", req("GET / HTTP/1.1", ""), req("HEAD / HTTP/1.1", ""), []string{"request line: GET / HTTP/1.1 | HEAD / HTTP/1.1"}},
		{"version", req("GET / HTTP/1.1", ""), req("GET / HTTP/1.0", ""), []string{"request line: GET / HTTP/1.1 | GET / HTTP/1.0"}},
		{"value", req("GET / HTTP/1.1\nA: 1", ""), req("GET / HTTP/1.1\nA: 2", ""), []string{"header a: 1 | 2"}},
		{"absent", req("GET / HTTP/1.1\nA: 1", ""), req("GET / HTTP/1.1", ""), []string{"header a: 1 | (none)"}},
		{"empty", req("GET / HTTP/1.1", ""), req("GET / HTTP/1.1\nA: ", ""), []string{`header a: (none) | ""`}},
		{"twice", req("GET / HTTP/1.1\nA: 1\nA: 2", ""), req("GET / HTTP/1.1\nA: 1", ""), []string{"header a: 1 and 2 | 1"}},
		{"order of one name", req("GET / HTTP/1.1\nA: 1\nA: 2", ""), req("GET / HTTP/1.1\nA: 2\nA: 1", ""), []string{"header a: 1 and 2 | 2 and 1"}},
		{"spelling", req("GET / HTTP/1.1\nx-a: 1", ""), req("GET / HTTP/1.1\nX-A: 1", ""), []string{"header name: x-a | X-A"}},
		{"body", req("GET / HTTP/1.1", "a\n"), req("GET / HTTP/1.1", "a"), []string{`body: "a\n" | a`}},
		{
			"part", req(multipartHead, part("A: 1\r\nB: 2", "x")+"--b--\r\n"), req(multipartHead, part("B: 2", "y")+"--b--\r\n"),
			[]string{"part 1 header a: 1 | (none)", "part 1 content: x | y"},
		},
		{
			"part of a part", req(multipartHead, strings.Replace(nested, "%", "x", 1)), req(multipartHead, strings.Replace(nested, "%", "y", 1)),
			[]string{"part 1.part 1 content: x | y"},
		},
		{
			"number of parts", req(multipartHead, part("A: 1", "")+"--b--\r\n"), req(multipartHead, part("A: 1", "")+part("A: 1", "")+"--b--\r\n"),
			[]string{`body: "--b\r\nA: 1\r\n\r\n\r\n--b--\r\n" | "--b\r\nA: 1\r\n\r\n\r\n--b\r\nA: 1\r\n\r\n\r\n--b--\r\n"`},
		},
	} {
		var got []string
		for _, d := range compare([]*seen{tt.theirs}, []*seen{tt.ours}, outcome{Status: 200}, outcome{Status: 200}) {
			got = append(got, d.where+d.what+": "+d.theirs+" | "+d.ours)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestInteropFindsMissing(t *testing.T) {
	t.Parallel()
	one := req("GET / HTTP/1.1", "")
	got := compare([]*seen{one, one}, []*seen{one}, outcome{Status: 200}, outcome{Error: "why"})
	want := []difference{
		{"request 2: ", "request", "GET / HTTP/1.1", none},
		{"", "outcome", "200", "error"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := compare(nil, nil, outcome{Error: "a"}, outcome{Error: "b"}); got != nil {
		t.Errorf("got %q for two errors, want none", got)
	}
}

func TestInteropNormalise(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	w.Write([]byte("plain"))
	w.Close()
	for _, tt := range []struct{ name, head, body, want, wantBody string }{
		{"port", "GET http://h:12/ HTTP/1.1\nHost: h:12\nX: 12", "", "GET http://h:PORT/ HTTP/1.1\nHost: h:PORT\nX: 12", ""},
		{"aiohttp's name", "GET / HTTP/1.1\nUser-Agent: Python/3.11 aiohttp/3.8.4", "", "GET / HTTP/1.1\nUser-Agent: (the client's own)", ""},
		{"our name", "GET / HTTP/1.1\nUser-Agent: aiolos/1", "", "GET / HTTP/1.1\nUser-Agent: (the client's own)", ""},
		{"another name", "GET / HTTP/1.1\nUser-Agent: Go-http-client/1.1", "", "GET / HTTP/1.1\nUser-Agent: Go-http-client/1.1", ""},
		{"key", "GET / HTTP/1.1\nSec-WebSocket-Key: abc", "", "GET / HTTP/1.1\nSec-WebSocket-Key: (random)", ""},
		{"gzip", "GET / HTTP/1.1\nContent-Encoding: gzip\nContent-Length: 9", zipped.String(), "GET / HTTP/1.1\nContent-Encoding: gzip\nContent-Length: (what the compressor made)", "plain"},
		{"no gzip", "GET / HTTP/1.1\nContent-Encoding: gzip\nContent-Length: 3", "abc", "GET / HTTP/1.1\nContent-Encoding: gzip\nContent-Length: 3", "abc"},
		{"half of a gzip", "GET / HTTP/1.1\nContent-Encoding: gzip", zipped.String()[:12], "GET / HTTP/1.1\nContent-Encoding: gzip", zipped.String()[:12]},
	} {
		got := req(tt.head, tt.body)
		got.normalise("12")
		if d := compareRequest(req(tt.want, tt.wantBody), got); len(d) > 0 {
			t.Errorf("%s: %q", tt.name, d)
		}
	}
}

const someReasons = `[
	{"what": "header a", "aiohttp": "1", "aiolos": "2", "common": true, "reason": "first"},
	{"what": "header .", "requests": ["r"], "reason": "second"},
	{"what": "body", "reason": "third"}
]`

// TestInteropReasons is about what makes the list fail: no reason, and no need
// for one.
func TestInteropReasons(t *testing.T) {
	t.Parallel()
	table, err := parseReasons([]byte(someReasons))
	if err != nil {
		t.Fatal(err)
	}
	var list strings.Builder
	left := table.list(&list, "r", []difference{
		{"", "header a", "1", "2"},
		{"request 2: ", "header a", "1", "3"},
		{"", "header ab", "1", "2"}, // the expression is for the whole of it
	})
	left = append(left, table.list(&list, "other", []difference{{"", "header b", "1", "2"}})...)
	wantLeft := []string{"header ab: aiohttp has 1, aiolos has 2", "header b: aiohttp has 1, aiolos has 2"}
	if !slices.Equal(left, wantLeft) {
		t.Errorf("got %q without a reason, want %q", left, wantLeft)
	}
	if unused := table.unused(); len(unused) != 1 || !strings.Contains(unused[0], "third") {
		t.Errorf("got %q as not needed, want the third", unused)
	}
	want := "\nr\n    header a: common\n    request 2: header a\n        aiohttp: 1\n        aiolos:  3\n        because: second\n"
	if !strings.HasPrefix(list.String(), want) {
		t.Errorf("got the list %q, want %q first", list.String(), want)
	}
	for _, bad := range []string{
		`[{"what": "a"}]`,
		`[{"what": "(", "reason": "r"}]`,
		`[{"what": "a", "reason": "r", "common": true}]`,
		`[{"what": "a", "reason": "r", "request": ["x"]}]`,
	} {
		if _, err := parseReasons([]byte(bad)); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

func TestInteropListChange(t *testing.T) {
	t.Parallel()
	list := "# head\n\nget\n    header a\n        aiohttp: 1\n"
	for _, tt := range []struct{ name, got, want string }{
		{"the same", list, ""},
		{"gone", strings.Replace(list, "    header a\n        aiohttp: 1", "    no difference", 1), "get, line 4:\nwant header a\ngot  no difference"},
		{"other value", strings.Replace(list, ": 1", ": 2", 1), "get, line 5:\nwant aiohttp: 1\ngot  aiohttp: 2"},
		{"longer", list + "\npost\n", "get: 8 lines, want 6"},
	} {
		if got := firstChange(list, tt.got); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
