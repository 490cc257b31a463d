package jar_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/jar"
)

func TestParseSetCookieErrors(t *testing.T) {
	t.Parallel()
	_, err := jar.ParseSetCookie("secret=\x01canary")
	if !errors.Is(err, errors.ErrBadHTTPMessage) || !errors.Is(err, errors.ErrClient) || errors.Is(err, errors.ErrTimeout) {
		t.Errorf("got the class of %v", err)
	}
	if got, want := err.Error(), "parse set-cookie: value with a forbidden character"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := jar.ParseSetCookies("a=1; b=\"x\\012\""); err == nil {
		t.Error("ParseSetCookies took a control character")
	}
}

// TestParseSetCookies: several cookies in one line, as SimpleCookie takes them.
func TestParseSetCookies(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		line string
		want []string
	}{
		{"a=1", []string{"a 1"}},
		{"a=1; b=2; c=3", []string{"a 1", "b 2", "c 3"}},
		{"a=1; Path=/a; Secure; b=2; Domain=b.example", []string{"a 1 secure path=/a", "b 2 domain=b.example"}},
		{"a=1; Priority=High; Version=1; Secure", []string{"a 1 secure"}},
		{"a=1; flag; Secure; b=2", []string{"a 1 secure", "b 2"}},
		{`a="1; b=2"; c=3`, []string{"a 1; b=2 quoted", "c 3"}},
		{"a=1; $Path=/; b=2", []string{"a 1", "b 2"}},
		{"a=1; Expires=Sun, 06 Nov 1994 08:49:37 GMT; b=2", []string{"a 1 expires=784111777", "b 2"}},
	} {
		cookies, err := jar.ParseSetCookies(test.line)
		if err != nil {
			t.Errorf("%s: %v", test.line, err)
			continue
		}
		var got []string
		for _, c := range cookies {
			got = append(got, describe(c))
		}
		if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
			t.Errorf("%s: got %q, want %q", test.line, got, test.want)
		}
	}
}

func TestUnparsedAttributes(t *testing.T) {
	t.Parallel()
	c, err := jar.ParseSetCookie("a=1; Priority=High; ; Secure; what ever; =x")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(c.Unparsed, "|"); got != "Priority=High|what ever|=x" {
		t.Errorf("got %q", got)
	}
}

// TestParseCookies: in a Cookie header, names of attributes are names.
func TestParseCookies(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ header, want string }{
		{"", ""},
		{"a=1", "a=1"},
		{"a=1; b=2;c=3 ; d = 4", "a=1; b=2; c=3; d=4"},
		{"path=/; secure=1; Max-Age=5; expires=x; domain=d", "path=/; secure=1; Max-Age=5; expires=x; domain=d"},
		{"$Version=1; a=1; $Path=/", "$Version=1; a=1; $Path=/"},
		{"a=1; broken; =x; b=2", "a=1; b=2"},
		{`a="x;y"; b="open; c=3`, `a="x;y"; b="open; c=3`},
		{`a="x\054y"; b={"k":1}`, `a="x\054y"; b={"k":1}`},
		{"a=1; a=2", "a=1; a=2"},
		{"a=1\x00; b=2", "b=2"},
		{"secure; a=b=c", "a=b=c"},
		{"a=é; b=\xff", "a=é; b=\xff"},
	} {
		if got := header(jar.ParseCookies(test.header)); got != test.want {
			t.Errorf("%q: got %q, want %q", test.header, got, test.want)
		}
	}
}

// TestKeepsWhatNetHTTPDrops: the lines for which the jar has a parser of its own.
func TestKeepsWhatNetHTTPDrops(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"{a}=1", "a b=1", `a="open`, `a="x;y"`, "a=é", "a:b=1"} {
		j := jar.New(jar.Config{})
		set(t, j, "http://example.com/", line)
		wantSent(t, j, "http://example.com/", line)
		resp := http.Response{Header: http.Header{"Set-Cookie": {line}}}
		if got := header(resp.Cookies()); got == line {
			t.Errorf("%s: net/http keeps it too: %q", line, got)
		}
	}
}

// TestParserIsLinear: a line made to be hard takes no longer than others of its
// length.
func TestParserIsLinear(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{`a=";`, `"`, `\"`, `a="\";`, "a=;", "$a=1;", `=";"`, " ;", "é="} {
		t.Run(unit, func(t *testing.T) {
			racetest.CheckLinear(t, 1<<18, func(n int) {
				line := strings.Repeat(unit, n/len(unit))
				jar.ParseSetCookies("a=1;" + line)
				jar.ParseCookies(line)
			})
		})
	}
}
