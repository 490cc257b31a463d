package resume_test

import (
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/session/internal/resume"
)

func TestContentRange(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][3]int64{
		"bytes 0-9/10": {0, 9, 10}, "Bytes 5-9/*": {5, 9, -1}, "bytes */10": {-1, -1, 10}, "bytes 0-0/1": {0, 0, 1},
	} {
		first, last, total, ok := resume.ParseContentRange(s)
		if got := [3]int64{first, last, total}; !ok || got != want {
			t.Errorf("%q: %v, %v, want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "bytes", "bytes ", "bytes 0-9", "bytes */*", "bytes 9-0/10", "bytes 0-10/10", "bytes -1-2/3", "bytes 0-/3", "items 0-9/10", "bytes +0-9/10", "bytes 0-9/99999999999999999999", "bytes=0-9/10", "bytes 5 - 9/10", "bytes 5-9/10, bytes 5-9/10", "bytes 18446744073709551615-18/*"} {
		if first, last, total, ok := resume.ParseContentRange(s); ok || first != -1 || last != -1 || total != -1 {
			t.Errorf("%q is a range: %d-%d/%d", s, first, last, total)
		}
	}
}

func TestParseDescription(t *testing.T) {
	t.Parallel()
	const date = "Mon, 02 Jan 2006 15:04:05 GMT"
	for in, want := range map[string]string{
		`{"url":"u","etag":"\"x\"","length":3}`:                        `"x"`,
		`{"url":"u","etag":"\"x\"","last-modified":"` + date + `"}`:    `"x"`,
		`{"url":"u","etag":"W/\"x\"","last-modified":"` + date + `"}`:  date,
		`{"url":"u","etag":"W/\"x\""}`:                                 "",
		`{"url":"u","etag":"x"}`:                                       "",
		`{"url":"u","etag":"\"x\r\ny\""}`:                              "",
		`{"url":"u","last-modified":"yesterday\r\nX: y"}`:              "",
		`{"url":"u","encoding":"gzip","last-modified":"` + date + `"}`: date,
	} {
		if url, validator, err := resume.ParseDescription([]byte(in)); err != nil || url != "u" || validator != want {
			t.Errorf("%s: %q, %q, %v, want %q", in, url, validator, err, want)
		}
	}
	for have, ok := range map[string]bool{
		`[[0,5]]`: true, `[[0,0]]`: true, `[[0,5],[6,7],[8,100]]`: true, `[]`: true,
		`[[1,5]]`: false, `[[0,-1]]`: false, `[[0,5],[5,7]]`: false, `[[0,5],[3,7]]`: false, `[[0,5],[7,7]]`: false, `[[0,5],[8,6]]`: false, `[[0,101]]`: false, `[5]`: false,
	} {
		if _, _, err := resume.ParseDescription([]byte(`{"url":"u","etag":"\"x\"","length":100,"have":` + have + `}`)); (err == nil) != ok {
			t.Errorf("have %s: %v, want that it is accepted: %v", have, err, ok)
		}
	}
	for _, in := range []string{"", "{", "null", "[]", `{"length":3}`, `{"url":"u","length":-2}`, `{"url":1}`} {
		if url, _, err := resume.ParseDescription([]byte(in)); err == nil {
			t.Errorf("%q is accepted, of %q", in, url)
		}
	}
}

func FuzzSavedState(f *testing.F) {
	for _, s := range []string{"bytes 0-9/10", "bytes */10", `{"url":"http://h/","etag":"\"a\"","length":3}`, `{"url":"u","etag":"W/\"a\"","last-modified":"Sun, 06 Nov 1994 08:49:37 GMT"}`, `{"length":-2}`, `{"url":"u","length":9,"have":[[0,3],[5,7]]}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if first, last, total, ok := resume.ParseContentRange(s); ok && (first > last || total >= 0 && last >= total || first < 0 && total < 0) {
			t.Errorf("%q: %d-%d/%d", s, first, last, total)
		}
		url, validator, err := resume.ParseDescription([]byte(s))
		if err == nil && (url == "" || strings.ContainsAny(validator, "\r\n\x00") || strings.HasPrefix(validator, "W/")) {
			t.Errorf("%q: %q, %q", s, url, validator)
		}
	})
}
