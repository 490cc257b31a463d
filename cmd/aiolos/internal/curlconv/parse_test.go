package curlconv_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
)

// noFiles is for commands that name no file.
func noFiles(name string) ([]byte, error) { return nil, errors.New("no file " + name) }

// oneFile knows one file.
func oneFile(name string) ([]byte, error) {
	if name != "f" && name != "-" {
		return noFiles(name)
	}
	return []byte("a b\r\nc&d\n"), nil
}

// form is the content type of -d.
func form() []curlconv.Header {
	return []curlconv.Header{{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}}
}

func TestParse(t *testing.T) {
	t.Parallel()
	type request = curlconv.Request
	for line, want := range map[string]request{
		"curl http://h/":                   {Method: "GET", URL: "http://h/"},
		"$ curl h":                         {Method: "GET", URL: "h"},
		"/usr/bin/curl h # why":            {Method: "GET", URL: "h"},
		`C:\curl.exe h`:                    {},
		"\n\ncurl h ;\n":                   {Method: "GET", URL: "h"},
		"curl -sSfLk --url h":              {Method: "GET", URL: "h", Follow: true, Insecure: true, Fail: true},
		"curl -XPOST h":                    {Method: "POST", URL: "h"},
		"curl -- h":                        {Method: "GET", URL: "h"},
		"curl -I h":                        {Method: "HEAD", URL: "h"},
		"curl -iv --compressed h":          {Method: "GET", URL: "h", Include: true, Verbose: true, Compressed: true},
		"curl -L --max-redirs 3 h":         {Method: "GET", URL: "h", Follow: true, MaxRedirects: 3},
		"curl -L --max-redirs 0 h":         {Method: "GET", URL: "h"},
		"curl --max-redirs 3 h":            {Method: "GET", URL: "h"},
		"curl -m1.5 --connect-timeout 2 h": {Method: "GET", URL: "h", Timeout: 1500 * time.Millisecond, Connect: 2 * time.Second},
		"curl -x http://p:1 --unix-socket /s -o f -u a:b h": {
			Method: "GET", URL: "h", Proxy: "http://p:1", Unix: "/s", Output: "f", Login: "a:b",
		},
		"curl -O http://h/a/b.txt?c": {Method: "GET", URL: "http://h/a/b.txt?c", Output: "b.txt"},
		"curl -O http://h/100%":      {Method: "GET", URL: "http://h/100%", Output: "100%"},
		"curl -O http://h/-rf":       {Method: "GET", URL: "http://h/-rf", Output: "_rf"},
		"curl -0 h":                  {Method: "GET", URL: "h", Version: "1.0"},
		"curl --http1.1 h":           {Method: "GET", URL: "h", Version: "1.1"},
		"curl --http2 h":             {Method: "GET", URL: "h", Version: "2"},
		`curl 'h/\[1\]'`:             {Method: "GET", URL: "h/[1]"},
		`curl -g 'h/\[1-2]'`:         {Method: "GET", URL: `h/\[1-2]`},
		"curl -d a=1 -d b=2 h":       {Method: "POST", URL: "h", HasBody: true, Body: []byte("a=1&b=2"), Headers: form()},
		"curl -d '' h":               {Method: "POST", URL: "h", HasBody: true, Body: []byte{}, Headers: form()},
		"curl -d @f h":               {Method: "POST", URL: "h", HasBody: true, Body: []byte("a bc&d"), Headers: form()},
		"curl --data-raw @f h":       {Method: "POST", URL: "h", HasBody: true, Body: []byte("@f"), Headers: form()},
		"curl --data-binary @f h":    {Method: "POST", URL: "h", HasBody: true, BodyFile: "f", Headers: form()},
		"curl --data-urlencode a=b\\ c~ --data-urlencode =x+y --data-urlencode n@f h": {
			Method: "POST", URL: "h", HasBody: true, Body: []byte("a=b+c~&x%2By&n=a+b%0D%0Ac%26d%0A"), Headers: form(),
		},
		"curl -G -d a=1 -d b h?c#d":    {Method: "GET", URL: "h?c&a=1&b#d"},
		"curl -IG -d a=1 h?":           {Method: "HEAD", URL: "h?a=1"},
		"curl --url-query 'a=b c' h":   {Method: "GET", URL: "h?a=b+c"},
		"curl --url-query +a=%20 h":    {Method: "GET", URL: "h?a=%20"},
		"curl --json '{' --json '}' h": {Method: "POST", URL: "h", HasBody: true, Body: []byte("{}"), Headers: []curlconv.Header{{Name: "Content-Type", Value: "application/json"}, {Name: "Accept", Value: "application/json"}}},
		"curl -T f http://h/a/":        {Method: "PUT", URL: "http://h/a/f", HasBody: true, BodyFile: "f", Headers: []curlconv.Header{{Name: "Content-Type", Unset: true}}},
		"curl -T dir/f http://h?q":     {Method: "PUT", URL: "http://h/f?q", HasBody: true, BodyFile: "dir/f", Headers: []curlconv.Header{{Name: "Content-Type", Unset: true}}},
		"curl -T - -XPOST http://h/":   {Method: "POST", URL: "http://h/", HasBody: true, BodyFile: "-", Headers: []curlconv.Header{{Name: "Content-Type", Unset: true}}},
		`curl -F a=b -F 'c=@d;type=image/png;filename="e f"' --form-string x=@y -F 'z=<f' -F '"q"="u;type=v"' h`: {
			Method: "POST", URL: "h", Parts: []curlconv.Part{
				{Name: "a", Value: "b"},
				{Name: "c", File: "d", Type: "image/png", As: "e f"},
				{Name: "x", Value: "@y"},
				{Name: "z", Value: "a b\r\nc&d\n"},
				{Name: `"q"`, Value: "u;type=v"},
			},
		},
		"curl -H 'A: 1' -H A:2 -H B: -H 'C;' -HD:x:y -A me -e 'r;auto' -b c=d -r 0-9 --oauth2-bearer t h": {
			Method: "GET", URL: "h", Headers: []curlconv.Header{
				{Name: "A", Value: "1"},
				{Name: "A", Value: "2"},
				{Name: "B", Unset: true},
				{Name: "C"},
				{Name: "D", Value: "x:y"},
				{Name: "User-Agent", Value: "me"},
				{Name: "Referer", Value: "r"},
				{Name: "Cookie", Value: "c=d"},
				{Name: "Range", Value: "bytes=0-9"},
				{Name: "Authorization", Value: "Bearer t"},
			},
		},
	} {
		if want.URL == "" { // a backslash is an escape in a shell
			if _, err := curlconv.ParseLine(line, noFiles); err == nil {
				t.Errorf("%s: no error", line)
			}
			continue
		}
		got, err := curlconv.ParseLine(line, oneFile)
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if !reflect.DeepEqual(*got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", line, *got, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"":                                     "does not begin with curl",
		"wget h":                               "does not begin with curl",
		"curl":                                 "no URL",
		"curl ''":                              "URL is empty",
		"curl a b":                             "more than one URL",
		"curl -H":                              "no argument",
		"curl --bogus h":                       `option "--bogus" is not supported`,
		"curl -sz h":                           `option "-z"`,
		"curl --netrc-file f h":                "--netrc-file",
		"curl --cert f:pw h":                   "a certificate with a password",
		"curl -L -e 'x;auto' h":                "-e with ;auto",
		"curl -H Host: h":                      "without a Host",
		"curl -H 'Content-Length: 5' -d a=1 h": "-H Content-Length",
		"curl -H 'Transfer-Encoding: chunked' -d a=1 h": "-H Transfer-Encoding",
		"curl 'h/a b'":               "write %20",
		"curl h | sh":                `'|' outside of quotes`,
		"curl h > f":                 "outside of quotes",
		"curl h && curl g":           "outside of quotes",
		"curl h; curl g":             "more than one command",
		"curl h\ncurl g":             "more than one command",
		"curl $URL":                  "nothing is expanded",
		`curl "$URL"`:                "nothing is expanded",
		"curl `id`":                  "nothing is expanded",
		"curl \"`id`\"":              "nothing is expanded",
		"curl 'h":                    "has no end",
		`curl "h`:                    "has no end",
		"curl $'h":                   "has no end",
		`curl $'a\x00'`:              "NUL",
		"curl \x00":                  "NUL",
		"curl -X 'A B' h":            "not a method",
		"curl -H 'A B: c' h":         "must not have",
		`curl -H $'A: b\nC: d' h`:    "must not have",
		"curl -H A h":                "a colon",
		"curl -H @f h":               "file of headers",
		"curl -b jar h":              "file of cookies",
		"curl -u '' h":               "no user",
		"curl --retry x h":           "not a number",
		"curl --noproxy a h":         "only *",
		"curl -m x h":                "number of seconds",
		"curl -m -1 h":               "number of seconds",
		"curl --max-redirs x h":      "not a number",
		"curl -d a -F b=c h":         "several kinds",
		"curl -d @x h":               "no file x",
		"curl -d @ h":                "without the name",
		"curl -I -d a h":             "exclude",
		"curl -F a h":                "equals sign",
		"curl -F 'a=@f;headers=x' h": "more than type",
		"curl -F 'a=@f,g' h":         "several files",
		"curl -F 'a=b;type=/' h":     "media type",
		"curl -O http://h/":          "no file name",
		"curl -O http://h/a/..":      "no file name",
		"curl -O http://h/.bashrc":   "no file name",
		"curl -O http://h/a%1bb":     "no file name",
		"curl -O http://h/a%5cb":     "no file name",
		"curl h/[1-3]":               "stands for several",
		"curl h/{a,b}":               "stands for several",
		"curl -G -T f h":             "-G with a file",
		"curl --json x":              "no URL",
	} {
		_, err := curlconv.ParseLine(line, noFiles)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v, want %q", line, err, want)
		}
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		"a  b\tc":            {"a", "b", "c"},
		"a \\\n  b \\\r\n c": {"a", "b", "c"},
		`'a b'"c d"e\ f`:     {"a bc de f"},
		`'' ""`:              {"", ""},
		`'a'\''b'`:           {"a'b"},
		`"a\"b\\c\d\$e"`:     {`a"b\c\d$e`},
		`"5$ $ $%"`:          {"5$ $ $%"},
		`$"x"`:               {"x"},
		`a$`:                 {"a$"},
		`$'a\nb\t\'\"\\\x41\101\u00e9\U1F600\e\cA\z'`: {"a\nb\t'\"\\AAé😀\x1b\x01\\z"},
		`$'\u0021\ud83d\ude00\ud83d!\xZ'`:             {"!😀\ufffd!\\xZ"},
		`$'\xff'`:                                     {"\xff"},
		`a#b #c`:                                      {"a#b"},
		"#c\na":                                       {"a"},
		`curl ^"h^" -H ^"a: b^"`:                      {"curl", "h", "-H", "a: b"},
		"curl ^\"h^\" ^\n  -d ^\"^{^\\^\"a^\\^\":1^\n\n^}^\"":                        {"curl", "h", "-d", "{\"a\":1\n}"},
		"curl \"h?a=1&b=^%\" ^\r\n  -H \"A: \\\"b\\\" \"\"c\"\"\" ^\r\n  -x \\\\p\\": {"curl", "h?a=1&b=^%", "-H", `A: "b" "c"`, "-x", `\\p\`},
	} {
		got, err := curlconv.Split(line)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %q, %v\nwant %q", line, got, err, want)
		}
	}
	for line, want := range map[string]string{
		"curl ^\"h^\" & del x": "without a caret",
		"curl ^\"h^\"\ndel x":  "more than one command",
		`curl ^"h`:             "has no end",
	} {
		if _, err := curlconv.Split(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", line, err, want)
		}
	}
}
