package curlconv_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
)

// parse reads a command that has to be good.
func parse(t *testing.T, line string) *curlconv.Request {
	t.Helper()
	r, err := curlconv.ParseLine(line, oneFile)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return r
}

func TestCurl(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"curl h":                 "curl --url h",
		"curl -I h":              "curl -I \\\n  --url h",
		"curl -X GET -d 'a b' h": "curl -X GET \\\n  --url h \\\n  --data-raw 'a b'",
		"curl -H A: -H 'B;' h":   "curl --url h \\\n  -H A: \\\n  -H 'B;'",
		`curl --data-raw $'\n\x1b\'é\xff7' -H Content-Type: h`: "curl --url h \\\n  -H Content-Type: \\\n  --data-raw '\n'\"$(printf '\\033\\047é\\3777')\"",
		`curl 'h/\[1\]' -T f -L --max-redirs 5 -m 1.5`: "curl -X PUT \\\n  -g \\\n  --url 'h/[1]' \\\n  -H Content-Type: \\\n  --data-binary @f \\\n" +
			"  -L \\\n  --max-redirs 5 \\\n  -m 1.5",
		`curl -F a=b -F 'c=@d;type=x/y' -F 'e="\"";filename=f' h`: "curl --url h \\\n  --form-string a=b \\\n  -F 'c=@\"d\";type=x/y' \\\n  -F 'e=\"\\\"\";filename=\"f\"'",
	} {
		got, err := parse(t, line).Curl()
		if err != nil || got != want {
			t.Errorf("%s:\ngot  %s, %v\nwant %s", line, got, err, want)
		}
	}
	if _, err := (&curlconv.Request{Method: "POST", URL: "h", HasBody: true, Body: []byte{0}}).Curl(); err == nil {
		t.Error("a NUL character is in a command line")
	}
	// A body whose type nobody has said must not become a form.
	got, err := (&curlconv.Request{Method: "POST", URL: "h", HasBody: true, Body: []byte("x")}).Curl()
	if err != nil || !strings.Contains(got, "-H Content-Type:") {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestItems(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"curl -Lf http://h/": "aiolos http://h/",
		"curl http://h/ -H 'A: @b' -H 'C: =d' -H 'E;' -H F: -H 'G: h:i=j'":         `aiolos --no-follow --no-check http://h/ 'A:\@b' 'C:\=d' 'E;' F: G:h:i=j`,
		"curl -Lf --max-redirs 3 -d x h.de":                                        "aiolos --max-redirects 3 --raw x h.de Content-Type:application/x-www-form-urlencoded",
		"curl -Lf -X DELETE -T f -u a:b h.de/x":                                    "aiolos DELETE h.de/x Content-Type: 'Authorization:Basic YTpi' @f",
		"curl -Lf --compressed -H 'Accept-Encoding: br' h.de":                      "aiolos h.de",
		"curl -Lfkvi -x p -m 3 --http2 h.de":                                       "aiolos --insecure --http2 -v --proxy p --timeout 3 h.de",
		"curl -Lf --http2-prior-knowledge --noproxy '*' --retry 3 -u me http://h/": "aiolos --http2 -a me --proxy none --retry 3 http://h/",
		"curl -Lf --http2 http://h/":                                               "aiolos http://h/",
		"curl -Lf --http2 https://h/":                                              "aiolos --http2 https://h/",
		"curl -Lf --retry 3 -d '' http://h/":                                       "aiolos --raw '' http://h/ Content-Type:application/x-www-form-urlencoded",
		`curl -Lf http://h/ -F 'a=b=c' -F 'd="@e"' -F 'f=@g;type=x/y;filename=h;i' -H 'Content-Type: multipart/form-data' -F 'j:k=l'`: `aiolos --multipart http://h/ a=b=c 'd=\@e' 'f@g;type=x/y;filename=h\;i' 'j\:k=l'`,
		"curl -Lf -F --output=x -H -ofoo:bar h.de":                         "aiolos --multipart -- h.de -ofoo:bar --output=x",
		"curl -Lfi --unix-socket /s --http1.1 -o f --connect-timeout 2 h/": "aiolos --http1.1 --print=hb --unix /s -o f --connect-timeout 2 h/",
	} {
		got, err := parse(t, line).Items()
		if err != nil || got != want {
			t.Errorf("%s:\ngot  %s, %v\nwant %s", line, got, err, want)
		}
	}
	for _, line := range []string{"curl -F 'a=b;type=x/y' h.de", "curl -X get h.de", `curl -F 'a=b\n' -F '\b=c' h.de -F '=x'`, `curl -H 'A: \:' h`} {
		if got, err := parse(t, line).Items(); err == nil {
			t.Errorf("%s: got %s", line, got)
		}
	}
}

// FuzzCurl checks that a command that is read, written and read again is the
// same.
func FuzzCurl(f *testing.F) {
	for _, seed := range []string{
		"curl h", "curl -X PUT -d a=b 'h/?x=[1]' -H 'A: b'", `curl $'h\u0021' --data-raw $'a\nb'`,
		`curl -F 'a=@"b;type=x/y";type=z/z' h`, `curl -F 'a="b;type=x/y";filename="\"\\"' h`, "curl ^\"h^\" ^\n -d ^\"x^\"",
		"curl -T f h/ -u a:b -L --max-redirs -1", "curl --json '{}' -G h", "curl -m 0.0001 -r 1-2 -b a=b -kvif h", "curl -d '' h", `curl -g 'h\[' -T-`, "curl --path-as-is h/a/../b", "curl --path-as-is http://h/./%2e%2E?/../",
		"curl h --noproxy '*' --retry 4 --http2-prior-knowledge -u me", "curl -F 'a:b=c' -F 'd=@e;f' h -H 'Content-Type: multipart/form-data'", `curl 'h\\[1]' -A '' --url-query +x`, "curl h -H 'A:\t' --http1.0 -x p --unix-socket s -o 'a b'",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		r, err := curlconv.ParseLine(line, oneFile)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: an error of two lines: %v", line, err)
			}
			return
		}
		text, err := r.Curl()
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		again, err := curlconv.ParseLine(text, noFiles)
		if err != nil {
			t.Fatalf("%q became\n%s\n%v", line, text, err)
		}
		r.KeepMethod, again.KeepMethod = false, false // what -T implies is said with -X
		if !reflect.DeepEqual(r, again) {
			t.Errorf("%q became\n%s\n%+v\n%+v", line, text, r, again)
		}
	})
}
