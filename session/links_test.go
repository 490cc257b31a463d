package session_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/session"
)

// linkText shows links shortly: target [rels] params.
func linkText(links session.Links) string {
	out := make([]string, len(links))
	for i, l := range links {
		out[i] = fmt.Sprintf("%s %s", l.URL, l.Rels)
		if l.Anchor != nil {
			out[i] += " from " + l.Anchor.String()
		}
		if len(l.Params) > 0 {
			out[i] += fmt.Sprintf(" %v", l.Params)
		}
	}
	return strings.Join(out, " | ")
}

var linkCases = []struct {
	name  string
	lines []string
	want  string
}{
	{"none", nil, ""},
	{"one", []string{`<http://a.example/x>; rel=next`}, "http://a.example/x [next]"},
	{"no rel", []string{`<http://a.example/x>`}, "http://a.example/x []"},
	{"quoted", []string{`<http://a.example/x>; rel="next"`}, "http://a.example/x [next]"},
	{"several rels, any case", []string{`<http://a.example/x>; REL="Next  LAST"`}, "http://a.example/x [next last]"},
	{"comma-separated", []string{`<http://a.example/1>; rel=a, <http://a.example/2>; rel=b`}, "http://a.example/1 [a] | http://a.example/2 [b]"},
	{"without blanks", []string{`<http://a.example/1>;rel=a,<http://a.example/2>;rel=b`}, "http://a.example/1 [a] | http://a.example/2 [b]"},
	{"several lines", []string{`<http://a.example/1>; rel=a`, `<http://a.example/2>; rel=b`}, "http://a.example/1 [a] | http://a.example/2 [b]"},
	{"commas within", []string{`<http://a.example/1,2>; title="a, <b>; c"; rel=a, <http://a.example/3>`}, "http://a.example/1,2 [a] map[title:a, <b>; c] | http://a.example/3 []"},
	{"relative", []string{`</top>; rel=a, <next>; rel=b, <?p=2>; rel=c, <>; rel=self`}, "http://host.example/top [a] | http://host.example/dir/next [b] | http://host.example/dir/page?p=2 [c] | http://host.example/dir/page?q=1 [self]"},
	{"other scheme", []string{`<mailto:a@b>; rel=author`}, "mailto:a@b [author]"},
	{"first rel counts", []string{`<http://a.example/>; rel=a; rel=b`}, "http://a.example/ [a]"},
	{"first of each counts", []string{`<http://a.example/>; type=a; type=b`}, "http://a.example/ [] map[type:a]"},
	{"escapes", []string{`<http://a.example/>; title="a\"b\\"`}, `http://a.example/ [] map[title:a"b\]`},
	{"encoded title wins", []string{`<http://a.example/>; title=x; title*=UTF-8'de'n%c3%a4chstes`}, "http://a.example/ [] map[title:nächstes]"},
	{"broken encoded title", []string{`<http://a.example/>; title=x; title*=UTF-8''%zz`}, "http://a.example/ [] map[title:x]"},
	{"flag", []string{`<http://a.example/>; nopush; rel=preload`}, "http://a.example/ [preload] map[nopush:]"},
	{"empty parameters", []string{`<http://a.example/>;; rel=a;`}, "http://a.example/ [a]"},
	{"anchor", []string{`<http://a.example/>; rel=next; anchor="/other"`}, "http://a.example/ [next] from http://host.example/other"},
	{"anchor to itself", []string{`<http://a.example/>; rel=next; anchor="?q=1"`}, "http://a.example/ [next]"},
	{"anchor that is no URL", []string{`<http://a.example/>; rel=next; anchor="http://["`}, ""},
	{"target that is no URL", []string{`<http://[>; rel=a, <http://a.example/2>; rel=b`}, "http://a.example/2 [b]"},
	{"no angle brackets", []string{`http://a.example/; rel=a, <http://a.example/2>; rel=b`}, "http://a.example/2 [b]"},
	{"junk with a quoted comma", []string{`junk "a, <http://x.example/>" more, <http://a.example/2>`}, "http://a.example/2 []"},
	{"junk behind a target", []string{`<http://a.example/1> junk; rel=a, <http://a.example/2>`}, "http://a.example/1 [] | http://a.example/2 []"},
	{"no end of the target", []string{`<http://a.example/1; rel=a`}, ""},
	{"no end of a quote", []string{`<http://a.example/1>; title="x, <http://a.example/2>`}, "http://a.example/1 []"},
	{"only commas", []string{` ,, ,`}, ""},
}

func TestLinks(t *testing.T) {
	t.Parallel()
	for _, tt := range linkCases {
		resp := answerOf(t, http.StatusOK, "")
		resp.Header["Link"] = tt.lines
		if got := linkText(resp.Links()); got != tt.want {
			t.Errorf("%s\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestLinksRel(t *testing.T) {
	t.Parallel()
	links := session.ParseLinks([]string{
		`<0>; rel=next; anchor="/else"`, `<1>; rel="prev next"`, `<2>; rel=next`, `<3>`,
	}, nil)
	if l := links.Rel("NEXT"); l == nil || l.URL.String() != "1" {
		t.Errorf("next is %+v, want 1", l)
	}
	if got := linkText(links.All("next")); got != "1 [prev next] | 2 [next]" {
		t.Errorf("all of next: %s", got)
	}
	if l := links.Rel("last"); l != nil {
		t.Errorf("last is %+v, want none", l)
	}
	if l := session.Links(nil).Rel(""); l != nil {
		t.Errorf("of no links: %+v", l)
	}
}

func FuzzLinks(f *testing.F) {
	for _, tt := range linkCases {
		f.Add(strings.Join(tt.lines, ","))
	}
	base := &url.URL{Scheme: "https", Host: "base.example", Path: "/dir/"}
	f.Fuzz(func(t *testing.T, line string) {
		for _, l := range session.ParseLinks([]string{line, "<end>; rel=end"}, base) {
			switch {
			case l.URL == nil || l.URL.Scheme == "":
				t.Fatalf("%q: link to %v", line, l.URL)
			case strings.Count(line, "<") == 0 && l.Rels[0] != "end":
				t.Fatalf("%q: a link out of nothing: %v", line, l)
			}
			for _, rel := range l.Rels {
				if rel == "" || strings.ContainsAny(rel, " \t") {
					t.Fatalf("%q: rel %q", line, rel)
				}
			}
		}
		links := session.ParseLinks([]string{line, "<end>; rel=the-end"}, base)
		if links.Rel("the-end") == nil {
			t.Fatalf("%q spoils the line after it", line)
		}
	})
}
