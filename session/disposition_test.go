package session_test

import (
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// params makes a map of name, value, name, value.
func params(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

// dispositions are the cases of the well-known test suite for RFC 6266, with the
// outcome that aiohttp 3.8.4 has, unless said otherwise, or unless that drops a header
// in which curl -J and wget find the same name. A nil params is a header that is
// malformed.
var dispositions = []struct {
	header, kind string
	params       map[string]string
	file         string
}{
	{``, "", nil, ""},
	{`inline`, "inline", params(), ""},
	{`"inline"`, "", nil, ""},
	{`ATTACHMENT`, "attachment", params(), ""},
	{`foobar`, "foobar", params(), ""},
	{`attachment;`, "attachment", params(), ""}, // aiohttp 3.8 refuses it, later ones do not
	{`attachment; filename="foo.html"`, "attachment", params("filename", "foo.html"), "foo.html"},
	{`inline; filename="Not an attachment!"`, "inline", params("filename", "Not an attachment!"), "Not an attachment!"},
	{`attachment; filename="f\oo.html"`, "attachment", params("filename", "foo.html"), "foo.html"},
	{`attachment; filename="\"quoting\" tested.html"`, "attachment", params("filename", `"quoting" tested.html`), `"quoting" tested.html`},
	{`attachment; filename="Here's a semicolon;.html"`, "attachment", params("filename", "Here's a semicolon;.html"), "Here's a semicolon;.html"},
	{`form-data; name="data"; filename="file ; name.mp4"`, "form-data", params("name", "data", "filename", "file ; name.mp4"), "file ; name.mp4"},
	{`attachment; foo="bar"; filename="foo.html"`, "attachment", params("foo", "bar", "filename", "foo.html"), "foo.html"},
	{`attachment; foo="\"\\";filename="foo.html"`, "attachment", params("foo", `"\`, "filename", "foo.html"), "foo.html"},
	{`attachment; FILENAME="foo.html"`, "attachment", params("filename", "foo.html"), "foo.html"},
	{`attachment; filename=foo.html`, "attachment", params("filename", "foo.html"), "foo.html"},
	{`attachment; filename=foo,bar.html`, "attachment", params("filename", "foo,bar.html"), "foo,bar.html"},
	{`attachment; filename=foo bar.html`, "attachment", params("filename", "foo bar.html"), "foo bar.html"},
	{`attachment; filename='foo.bar'`, "attachment", params("filename", "'foo.bar'"), "'foo.bar'"},
	{`attachment; filename="foo-%41.html"`, "attachment", params("filename", "foo-%41.html"), "foo-%41.html"},
	{`attachment; filename ="foo.html"`, "attachment", params("filename", "foo.html"), "foo.html"},
	{`attachment; filename="foo.html"; filename="bar.html"`, "", nil, ""},
	{`attachment; filename=foo[1](2).html`, "attachment", params("filename", "foo[1](2).html"), "foo[1](2).html"},
	{`attachment; filename=foo-ä.html`, "attachment", params("filename", "foo-ä.html"), "foo-ä.html"},
	{`filename=foo.html`, "", params("filename", "foo.html"), "foo.html"},
	{`"foo; filename=bar;baz"; filename=qux`, "", nil, ""},
	{`; filename=foo.html`, "", nil, ""},
	{`: inline; attachment; filename=foo.html`, "", nil, ""},
	{`attachment; inline; filename=foo.html`, "attachment", params("filename", "foo.html"), "foo.html"},
	{`attachment; filename="foo.html".txt`, "attachment", params("filename", "foo.html"), "foo.html"},
	{`attachment; filename="bar`, "", nil, ""},
	{`attachment; filename=foo"bar;baz"qux`, "attachment", params("filename", `foo"bar`), `foo"bar`},
	{`attachment; filename=foo.html, attachment; filename=bar.html`, "", nil, ""},
	{`attachment; foo=foo filename=bar`, "attachment", params("foo", "foo filename=bar"), ""},
	{`attachment filename=bar`, "", nil, ""},
	{`filename=foo.html; attachment`, "", params("filename", "foo.html"), "foo.html"},
	{`attachment; xfilename=foo.html`, "attachment", params("xfilename", "foo.html"), ""},
	{`attachment; filename="/foo.html"`, "attachment", params("filename", "foo.html"), "foo.html"},
	{`attachment; filename="\\foo.html"`, "attachment", params("filename", "foo.html"), "foo.html"},
	{`attachment; filename="föö.html"`, "attachment", params("filename", "föö.html"), "föö.html"},
	{"attachment; filename=\"f\xf6\xf6.html\"", "attachment", params("filename", "föö.html"), "föö.html"}, // aiohttp keeps the bytes as surrogates
	{`attachment; filename==?ISO-8859-1?Q?foo-=E4.html?=`, "attachment", params("filename", "=?ISO-8859-1?Q?foo-=E4.html?="), "=?ISO-8859-1?Q?foo-=E4.html?="},
	{`attachment; filename="=?ISO-8859-1?Q?foo-=E4.html?="`, "attachment", params("filename", "=?ISO-8859-1?Q?foo-=E4.html?="), "=?ISO-8859-1?Q?foo-=E4.html?="},
	// empty parameters and blanks before a semicolon, which aiohttp refuses
	{`attachment; ;filename=foo`, "attachment", params("filename", "foo"), "foo"},
	{`attachment; filename=foo.html ;`, "attachment", params("filename", "foo.html"), "foo.html"},
	// RFC 8187
	{`attachment; filename*=iso-8859-1''foo-%E4.html`, "attachment", params("filename*", "foo-ä.html"), "foo-ä.html"},
	{`attachment; filename*=UTF-8''foo-%c3%a4-%e2%82%ac.html`, "attachment", params("filename*", "foo-ä-€.html"), "foo-ä-€.html"},
	{`attachment; filename*=utf-8'en'x.html`, "attachment", params("filename*", "x.html"), "x.html"},
	{`attachment; filename*=''foo-%c3%a4.html`, "attachment", params(), ""},
	{`attachment; filename*=utf-8''foo-%E4.html`, "attachment", params(), ""},
	{`attachment; filename*=nonsense''foo.html`, "attachment", params(), ""}, // aiohttp does not look at the charset of plain ASCII
	{`attachment; filename *=UTF-8''foo.html`, "attachment", params(), ""},
	{`attachment; filename*= UTF-8''foo.html`, "attachment", params("filename*", "foo.html"), "foo.html"},
	{`attachment; filename* =UTF-8''foo.html`, "attachment", params("filename*", "foo.html"), "foo.html"},
	{`attachment; filename*="UTF-8''foo.html"`, "attachment", params(), ""},
	{`attachment; filename*="foo%20bar.html"`, "attachment", params(), ""},
	{`attachment; filename*=UTF-8'foo.html`, "attachment", params(), ""},
	{`attachment; filename*=UTF-8''a'b`, "attachment", params(), ""},
	{`attachment; filename*=UTF-8''foo%`, "attachment", params(), ""},      // aiohttp keeps a percent sign that stands alone
	{`attachment; filename*=UTF-8''f%oo.html`, "attachment", params(), ""}, // as above
	{`attachment; filename*=UTF-8''A-%2541.html`, "attachment", params("filename*", "A-%41.html"), "A-%41.html"},
	{`attachment; filename*=UTF-8''%5cfoo.html`, "attachment", params("filename*", "foo.html"), "foo.html"},
	{`attachment; filename="foo-ae.html"; filename*=UTF-8''foo-%c3%a4.html`, "attachment", params("filename", "foo-ae.html", "filename*", "foo-ä.html"), "foo-ä.html"},
	{`attachment; filename*=UTF-8''%ff; filename="foo.html"`, "attachment", params("filename", "foo.html"), "foo.html"},
	// RFC 2231
	{`attachment; filename*0="foo."; filename*1="html"`, "attachment", params("filename*0", "foo.", "filename*1", "html"), "foo.html"},
	{`attachment; filename*0="foo"; filename*1="\b\a\r.html"`, "attachment", params("filename*0", "foo", "filename*1", "bar.html"), "foobar.html"},
	{`attachment; filename*0*=UTF-8''foo-%c3%a4; filename*1=".html"`, "attachment", params("filename*0*", "UTF-8''foo-%c3%a4", "filename*1", ".html"), "foo-ä.html"},
	{`attachment; filename*0*=UTF-8''%c3; filename*1*=%a4; filename*2="%41"`, "attachment", params("filename*0*", "UTF-8''%c3", "filename*1*", "%a4", "filename*2", "%41"), "ä%41"}, // aiohttp decodes plain pieces too
	{`attachment; filename*0*=latin1''%e4; filename*1*=%zz`, "attachment", params("filename*0*", "latin1''%e4", "filename*1*", "%zz"), ""},                                          // aiohttp keeps the percent sign
	{`attachment; filename*0="foo"; filename*01="bar"`, "attachment", params("filename*0", "foo", "filename*01", "bar"), "foo"},
	{`attachment; filename*0="foo"; filename*2="bar"`, "attachment", params("filename*0", "foo", "filename*2", "bar"), "foo"},
	{`attachment; filename*1="foo."; filename*2="html"`, "attachment", params("filename*1", "foo.", "filename*2", "html"), ""},
	{`attachment; filename*1="bar"; filename*0="foo"`, "attachment", params("filename*1", "bar", "filename*0", "foo"), "foobar"},
	{`attachment; filename*x=a; filename*=latin1`, "attachment", params("filename*x", "a"), ""},
	{`attachment; filename*0*=plain; filename*1=".txt"`, "attachment", params("filename*0*", "plain", "filename*1", ".txt"), "plain.txt"},
	{`attachment; filename*0*=''%c3; filename*1*=%a4`, "attachment", params("filename*0*", "''%c3", "filename*1*", "%a4"), "ä"},
	{`attachment; filename*0="a b"; filename*1=c(d`, "attachment", params("filename*0", "a b"), "a b"},
}

func TestContentDisposition(t *testing.T) {
	t.Parallel()
	for _, tt := range dispositions {
		got, err := session.ParseContentDisposition(tt.header)
		if got.Type != tt.kind || !maps.Equal(got.Params, tt.params) || got.FileName() != tt.file {
			t.Errorf("%s\ngot  %+v, file %q\nwant %q %v, file %q", tt.header, got, got.FileName(), tt.kind, tt.params, tt.file)
		}
		if (err == nil) != (tt.params != nil) {
			t.Errorf("%s: error %v", tt.header, err)
		}
		if err != nil {
			wantIs(t, err, errors.ErrBadHTTPMessage)
		}
		resp := answerOf(t, http.StatusOK, "", "Content-Disposition", tt.header)
		if cd := resp.ContentDisposition(); cd.Type != tt.kind || !maps.Equal(cd.Params, tt.params) {
			t.Errorf("%s: the response has %+v", tt.header, cd)
		}
	}
}

func TestFileName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, want string }{
		{"a.txt", "a.txt"},
		{"../../etc/passwd", "passwd"},
		{`..\..\boot.ini`, "boot.ini"},
		{`C:\x/y\z`, "z"},
		{"C:z", "C_z"},
		{"/", ""},
		{"..", ""},
		{"", ""},
		{".bashrc", "bashrc"},
		{" a. . ", "a"},
		{"-rf", "_rf"},
		{"--help.txt", "_-help.txt"},
		{"-", "_"},
		{"../-rf", "_rf"},
		{". -rf", "_rf"},
		{"\u200b-rf", "_rf"},
		{"a-b", "a-b"},
		{"a\x00\n\x1b[31m\u202eb\u2028", "a[31mb"},
		{"a\xffb", "a_b"},
		{`a<b>:"c|?*`, "a_b___c___"},
		{"CON", "_CON"},
		{"con.txt", "_con.txt"},
		{"nul .x", "_nul .x"},
		{"COM1", "_COM1"},
		{"lpt¹.log", "_lpt¹.log"},
		{"com10", "com10"},
		{"com", "com"},
		{"common", "common"},
		{"conin$", "_conin$"},
		{"a.iso.part", "a.iso.part_"},
		{"a.PART.json", "a.PART.json_"},
		{"a.part.json.tmp", "a.part.json.tmp_"},
		{strings.Repeat("é", 300) + ".tar.gz", strings.Repeat("é", 96) + ".tar.gz"},
		{strings.Repeat("a", 300), strings.Repeat("a", 200)},
		{"a." + strings.Repeat("b", 300), "a." + strings.Repeat("b", 198)},
	} {
		if got := session.SafeFileName(tt.name); got != tt.want {
			t.Errorf("SafeFileName(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestResponseFileName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ header, want string }{
		{`attachment; filename="../x.txt"`, "x.txt"},
		{`attachment; filename*=UTF-8''..%2f..%2fy`, "y"},
		{`attachment; filename="-rf"`, "_rf"},
		{`attachment; filename*=UTF-8''%2drf`, "_rf"},
		{`attachment; filename=".."`, "page"},
		{`attachment; filename="`, "page"},
		{``, "page"},
	} {
		if got := answerOf(t, http.StatusOK, "", "Content-Disposition", tt.header).FileName(); got != tt.want {
			t.Errorf("%s: file name %q, want %q", tt.header, got, tt.want)
		}
	}
}

// FuzzContentDisposition checks that whatever comes is parsed or refused, and
// that a safe name is one element of a path.
func FuzzContentDisposition(f *testing.F) {
	for _, tt := range dispositions {
		f.Add(tt.header)
	}
	f.Add(`attachment; filename*0*=''%2e%2e; filename*1="/../nul"`)
	f.Fuzz(func(t *testing.T, header string) {
		cd, err := session.ParseContentDisposition(header)
		if err != nil && (cd.Type != "" || cd.Params != nil) {
			t.Errorf("%q: error and result: %+v", header, cd)
		}
		if cd.Type != strings.ToLower(cd.Type) {
			t.Errorf("type %q", cd.Type)
		}
		if !utf8.ValidString(cd.FileName()) {
			t.Errorf("file name %q", cd.FileName())
		}
		checkSafeName(t, cd.SafeName())
		checkSafeName(t, session.SafeFileName(header))
	})
}

func checkSafeName(t *testing.T, name string) {
	t.Helper()
	if name == "" {
		return
	}
	low := strings.ToLower(name)
	switch {
	case !filepath.IsLocal(name), filepath.Base(name) != name, strings.ContainsAny(name, "/\\:\x00\n\r\x1b\x7f"):
		t.Errorf("%q is not one element of a path", name)
	case name[0] == '.', name[0] == '-', len(name) > 210, !utf8.ValidString(name):
		t.Errorf("%q is no name to keep", name)
	case strings.HasSuffix(low, ".part"), strings.HasSuffix(low, ".part.json"):
		t.Errorf("%q looks like an unfinished file", name)
	case session.SafeFileName(name) != name && !strings.HasSuffix(name, "_") && len(name) <= 200:
		t.Errorf("%q is not safe the second time: %q", name, session.SafeFileName(name))
	}
}
