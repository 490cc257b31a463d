package curl_test

import (
	"errors"
	"strings"
	"testing"

	aioerrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session/curl"
)

// TestQuote: the texts; that shells read them so is tested beside the commands that
// the tool prints.
func TestQuote(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"":                       `''`,
		"http://h.example/a?b=c": `'http://h.example/a?b=c'`,
		"a=b":                    "a=b",
		"=b":                     `'=b'`,
		"%1":                     `'%1'`,
		"it's":                   `'it'\''s'`,
		`{"a": "b\n"}`:           `'{"a": "b\n"}'`,
		`a\\b`:                   `'a'\\'\b'`,
		`a\`:                     `'a'\\`,
		`\é`:                     `'\é'`,
		"a\nb":                   "'a\nb'",
		"a!":                     `'a!'`,
		"a\n!b":                  "'a\n'\\!'b'",
		"\x1b[1m":                `"$(printf '\033[1m')"`,
		"\\\x1b\n":               `\\"$(printf '\033')"` + "'\n'",
		"a\xff7\u202e\n'%\\!b":   `'a'"$(printf '\3777\342\200\256` + "\n" + `\047%%\134\041b')"`,
		"';touch PWNED; #\n":     `\'` + "';touch PWNED; #\n'",
	} {
		if got, err := curl.Quote(word); err != nil || got != want {
			t.Errorf("%q: got %s, %v, want %s", word, got, err, want)
		}
	}
	if got, err := curl.Quote("a\x00"); !errors.Is(err, curl.ErrNUL) {
		t.Errorf("NUL: got %q, %v", got, err)
	}
}

// TestPartNames: curl ends the name of a part at the first equals sign, and takes what
// begins with @ for a file.
func TestPartNames(t *testing.T) {
	t.Parallel()
	for _, part := range []curl.Part{
		{Name: "a=@/etc/passwd;x", Value: "v", Type: "text/plain"}, {Name: "a=b", Value: "v"}, {Name: "=", File: "f"},
	} {
		c := &curl.Command{URL: "http://h.example/", Parts: []curl.Part{part}}
		if text, err := c.Text(); !errors.Is(err, aioerrors.ErrInvalidRequest) {
			t.Errorf("%+v: got %s, %v", part, text, err)
		}
	}
	c := &curl.Command{URL: "http://h.example/", Parts: []curl.Part{{Name: "@a", Value: "b=c;d"}}}
	if text, err := c.Text(); err != nil || !strings.HasSuffix(text, "--form-string '@a=b=c;d'") {
		t.Errorf("got %s, %v", text, err)
	}
}
