package curlconv_test

import (
	"strings"
	"testing"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"curl http://u:canary@h/p?q=1&token=canary&x#f": "http://***@h/p?q=1&token=***&x#f",
		"curl http://h/users/@me?a":                     "http://h/users/@me?a",
		"curl u:canary@h":                               "***@h",
		"curl 'http://u:can/ary:%zz@h/'":                "http://***@h/",
		"curl http://h -H 'Proxy-Authorization: canary' -H 'X-Api-Key:canary' -b a=canary -u me:canary": "me:***",
		"curl http://h -x http://u:canary@p":                "http://***@p",
		"curl http://h -d password=canary -d name=gopher":   "password=***&name=gopher",
		"curl http://h -H 'Access-Control-Allow-Origin: *'": "Access-Control-Allow-Origin: *",
	} {
		line = strings.ReplaceAll(line, "&", `\&`)
		r := parse(t, line)
		plain, changed := r.Redact()
		text, err := plain.Curl()
		if err != nil || !strings.Contains(text, want) || strings.Contains(text, "canary") {
			t.Errorf("%s: got\n%s, %v\nwant %s", line, text, err, want)
		}
		if original, err := r.Curl(); err != nil || changed != (original != text) {
			t.Errorf("%s: changed is %v, %v", line, changed, err)
		}
	}
}
