package jar_test

import (
	"net/http"
	"testing"

	"github.com/aiolos-http/aiolos/jar"
)

// TestQuoting: what Python's http.cookies writes for the values of a program.
func TestQuoting(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ value, want, raw string }{
		{"plain", "plain", "plain"},
		{"AZaz09!#$%&'*+-.^_`|~:", "AZaz09!#$%&'*+-.^_`|~:", "AZaz09!#$%&'*+-.^_`|~:"},
		{"", "", ""},
		{"x,y;z", `"x\054y\073z"`, ""},
		{"x,y", `"x\054y"`, "x,y"},
		{"value/one", `"value/one"`, "value/one"},
		{"a b", `"a b"`, "a b"},
		{"()/<=>?@[]{}", `"()/<=>?@[]{}"`, "()/<=>?@[]{}"},
		{`say "hi"`, `"say \"hi\""`, `say "hi"`},
		{`back\slash`, `"back\\slash"`, `back\slash`},
		{"é", `"\351"`, "é"},
		{"ÿ", `"\377"`, "ÿ"},
		{"€", "\"€\"", "€"},
		{"\xff", `"\377"`, "\xff"},
		{"tab\tbed", `"tab\011bed"`, "tab\tbed"},
		{`"already quoted"`, `"\"already quoted\""`, `"already quoted"`},
		{`"a\054b"`, `"\"a\\054b\""`, `"a\054b"`},
		{`"`, `"\""`, `"`},
		{`"one" two`, `"\"one\" two"`, `"one" two`},
		{" edge ", `" edge "`, ""},
	} {
		for _, config := range []jar.Config{{}, {QuoteCookie: jar.QuoteNever}} {
			j := jar.New(config)
			given := &http.Cookie{Name: "a", Value: test.value}
			j.Update([]*http.Cookie{given}, nil)
			if given.Value != test.value || given.Quoted {
				t.Errorf("%q: the caller's cookie was changed", test.value)
			}
			want := "a=" + test.want
			if config.QuoteCookie < 0 {
				if want = "a=" + test.raw; test.raw == "" && test.value != "" {
					want = "" // refused
				}
			}
			wantSent(t, j, "http://example.com/", want)
		}
	}
}

func TestPlainInvertsQuoting(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", "a", "x,y;z", `say "hi" \ back`, "é€ÿ", `\054`, `\9`, `\`, `\40`, "tab\there", "()<>{}"} {
		j := jar.New(jar.Config{})
		j.Update([]*http.Cookie{{Name: "a", Value: value}}, parseURL(t, "http://example.com/"))
		for c := range j.All() {
			if got := c.Plain(); got != value {
				t.Errorf("got %q, want %q (written %q)", got, value, c.Value)
			}
		}
		if j.Len() != 1 {
			t.Errorf("%q: not kept", value)
		}
	}
	for coded, want := range map[string]string{`\054`: ",", `\400`: "400", `\38`: "38", `\0`: "0", `x\`: `x\`, `\"`: `"`, `\377`: "ÿ"} {
		c := jar.Cookie{Cookie: http.Cookie{Value: coded, Quoted: true}}
		if got := c.Plain(); got != want {
			t.Errorf("%q: got %q, want %q", coded, got, want)
		}
		c.Quoted = false
		if got := c.Plain(); got != coded {
			t.Errorf("%q unquoted: got %q", coded, got)
		}
	}
}

// TestServerValuesComeBack: what a server set goes back byte for byte, with and
// without quoting.
func TestServerValuesComeBack(t *testing.T) {
	t.Parallel()
	for _, pair := range []string{
		"a=1", "a=x,y", "a=abc/def==", `a="quoted"`, `a="x\054y"`, `a="x;y"`, `a="`, `a="open`, `a=mid"dle`, `a={"k":"v"}`,
		"a=é", "a=\xe9", "{}[]()<>@,:/?=1", "a=b c", `a=""`, "a=",
	} {
		for _, config := range []jar.Config{{}, {QuoteCookie: jar.QuoteNever}} {
			j := newRejects(config)
			set(t, j.Jar, "http://example.com/", pair+"; Path=/")
			j.want(t)
			wantSent(t, j.Jar, "http://example.com/", pair)
		}
	}
}

func TestForbiddenCharacters(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		cookie http.Cookie
		reason jar.Reason
	}{
		{http.Cookie{Name: "", Value: "1"}, jar.ReasonName},
		{http.Cookie{Name: "a=b", Value: "1"}, jar.ReasonName},
		{http.Cookie{Name: "a;b", Value: "1"}, jar.ReasonName},
		{http.Cookie{Name: " a", Value: "1"}, jar.ReasonName},
		{http.Cookie{Name: "a\r\nX: y", Value: "1"}, jar.ReasonName},
		{http.Cookie{Name: "a\t", Value: "1"}, jar.ReasonName},
		{http.Cookie{Name: "a", Value: "1\r\nX: y"}, jar.ReasonValue},
		{http.Cookie{Name: "a", Value: "1\x00"}, jar.ReasonValue},
		{http.Cookie{Name: "a", Value: "1\x7f"}, jar.ReasonValue},
		{http.Cookie{Name: "a", Value: "x\n", Quoted: true}, jar.ReasonValue},
		{http.Cookie{Name: "a", Value: `x"; b="y`, Quoted: true}, jar.ReasonValue},
		{http.Cookie{Name: "a", Value: `x\`, Quoted: true}, jar.ReasonValue},
		{http.Cookie{Name: "a", Value: `x\015\012y`, Quoted: true}, jar.ReasonValue},
	} {
		for _, quoting := range []jar.Quote{jar.QuoteOctal, jar.QuoteNever} {
			for name, store := range map[string]func(*jar.Jar, *http.Cookie){
				"shared":     func(j *jar.Jar, c *http.Cookie) { j.Update([]*http.Cookie{c}, nil) },
				"Update":     func(j *jar.Jar, c *http.Cookie) { j.Update([]*http.Cookie{c}, parseURL(t, "http://example.com")) },
				"SetCookies": func(j *jar.Jar, c *http.Cookie) { j.SetCookies(parseURL(t, "http://example.com"), []*http.Cookie{c}) },
			} {
				j := newRejects(jar.Config{QuoteCookie: quoting})
				store(j.Jar, &test.cookie)
				j.want(t, test.cookie.Name+": "+string(test.reason))
				if j.Len() != 0 {
					t.Errorf("%s: %q=%q was kept", name, test.cookie.Name, test.cookie.Value)
				}
			}
		}
	}
	// Raw, a semicolon would end the value.
	j := newRejects(jar.Config{QuoteCookie: jar.QuoteNever})
	j.Update([]*http.Cookie{{Name: "a", Value: "1; b=2"}}, nil)
	j.want(t, "a: value with a forbidden character")
}
