package charset_test

import (
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/charset"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ in, media, charset string }{
		{"", charset.OctetStream, ""},
		{"text/html", "text/html", ""},
		{"Text/HTML; Charset=UTF-8", "text/html", "utf-8"},
		{`text/html;charset="iso-8859-1"`, "text/html", "iso-8859-1"},
		{`text/html; x=1; charset="a\"b;c"; y`, "text/html", `a"b;c`},
		{"text/html; charset", "text/html", ""},
		{"text/html; charset=", "text/html", ""},
		{"text/html;;;charset=koi8-r", "text/html", "koi8-r"},
		{"text/html; charset=a; charset=b", "text/html", "a"},
		{`text/html; charset="unclosed`, "text/html", "unclosed"},
		{"nonsense", charset.OctetStream, ""},
		{"text/", charset.OctetStream, ""},
		{"a b/c; charset=utf-8", charset.OctetStream, "utf-8"},
		{" application/json ", "application/json", ""},
	} {
		if media, name := charset.Parse(test.in); media != test.media || name != test.charset {
			t.Errorf("%q: got %q, %q, want %q, %q", test.in, media, name, test.media, test.charset)
		}
	}
}

func TestIsJSON(t *testing.T) {
	t.Parallel()
	for media, want := range map[string]bool{
		"application/json": true, "application/problem+json": true, "APPLICATION/VND.API+JSON": true, "text/json": true,
		"image/svg+xml": false, "application/jsonp": false, "json": false, "": false,
	} {
		if got := charset.IsJSON(media); got != want {
			t.Errorf("%q: got %v", media, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "text/html; charset=utf-8", `a/b;c="d\"`, ";;;=", `x/y; charset="`, "a/b;charset=gbk"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, contentType string) {
		media, name := charset.Parse(contentType)
		if !strings.Contains(media, "/") || media != strings.ToLower(media) || name != strings.ToLower(name) {
			t.Errorf("%q: got %q, %q", contentType, media, name)
		}
	})
}
