package download_test

import (
	"fmt"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
)

func TestParseContentRange(t *testing.T) {
	t.Parallel()
	type want struct {
		first, last, total int64
		ok                 bool
	}
	bad := want{-1, -1, -1, false}
	for in, want := range map[string]want{
		"bytes 5-9/10":                    {5, 9, 10, true},
		"bytes 0-0/1":                     {0, 0, 1, true},
		"bytes 5-9/*":                     {5, 9, -1, true},
		"Bytes 5-9/10":                    {5, 9, 10, true},
		"bytes */10":                      {-1, -1, 10, true},
		"bytes */*":                       {-1, -1, -1, false},
		"":                                bad,
		"bytes":                           bad,
		"bytes=5-9/10":                    bad,
		"items 5-9/10":                    bad,
		"bytes 5-9":                       bad,
		"bytes 9-5/10":                    bad,
		"bytes 5-10/10":                   bad,
		"bytes -5/10":                     bad,
		"bytes 5-/10":                     bad,
		"bytes +5-9/10":                   bad,
		"bytes 5 - 9/10":                  bad,
		"bytes 5-9/99999999999999999999":  bad,
		"bytes 5-9/10, bytes 5-9/10":      bad,
		"bytes 18446744073709551615-18/*": bad,
	} {
		first, last, total, ok := download.ParseRange(in)
		if got := (struct {
			first, last, total int64
			ok                 bool
		}{first, last, total, ok}); got != want {
			t.Errorf("%q: got %v, want %v", in, got, want)
		}
	}
}

func FuzzContentRange(f *testing.F) {
	f.Add("bytes 5-9/10")
	f.Add("bytes */10")
	f.Fuzz(func(t *testing.T, s string) {
		first, last, total, ok := download.ParseRange(s)
		switch {
		case !ok && (first != -1 || last != -1 || total != -1):
			t.Errorf("%q: refused, and still %d-%d/%d", s, first, last, total)
		case !ok:
		case first == -1 && total < 0, first > last, total >= 0 && last >= total:
			t.Errorf("%q: accepted as %d-%d/%d", s, first, last, total)
		}
	})
}

func TestParseMeta(t *testing.T) {
	t.Parallel()
	const date = "Mon, 02 Jan 2006 15:04:05 GMT"
	for _, tt := range []struct{ name, in, validator string }{
		{"strong tag", `{"url":"u","etag":"\"x\"","length":3}`, `"x"`},
		{"tag before date", `{"url":"u","etag":"\"x\"","last-modified":"` + date + `"}`, `"x"`},
		{"weak tag", `{"url":"u","etag":"W/\"x\"","last-modified":"` + date + `"}`, date},
		{"weak tag alone", `{"url":"u","etag":"W/\"x\""}`, ""},
		{"tag without quotes", `{"url":"u","etag":"x"}`, ""},
		{"tag with a line end", `{"url":"u","etag":"\"x\r\ny\""}`, ""},
		{"date that is none", `{"url":"u","last-modified":"yesterday\r\nX: y"}`, ""},
	} {
		m, err := download.ParseMeta([]byte(tt.in))
		if err != nil || m.Validator() != tt.validator {
			t.Errorf("%s: got %q, %v, want %q", tt.name, m.Validator(), err, tt.validator)
		}
	}
	for _, in := range []string{"", "{", "null", "[]", `{"length":3}`, `{"url":"u","length":-2}`, `{"url":1}`} {
		if m, err := download.ParseMeta([]byte(in)); err == nil {
			t.Errorf("%q is accepted as %+v", in, m)
		}
	}
}

func FuzzMeta(f *testing.F) {
	f.Add([]byte(`{"url":"u","etag":"\"x\"","last-modified":"Mon, 02 Jan 2006 15:04:05 GMT","length":3}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := download.ParseMeta(data)
		if err != nil {
			return
		}
		for _, c := range m.Validator() {
			if c < 0x20 || c == 0x7f {
				t.Errorf("%q would go into a header", m.Validator())
			}
		}
	})
}

func TestStatusError(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"404 Not Found":    &download.StatusError{Status: 404, Text: "404 Not Found"},
		"503 Busy":         &download.StatusError{Status: 503, Text: "503 Busy"},
		"418 I'm a teapot": &download.StatusError{Status: 418, Text: "418 "},
		"599":              &download.StatusError{Status: 599},
	} {
		if got := fmt.Sprint(err); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for err, want := range map[error]int{
		nil:                                0,
		&download.StatusError{Status: 404}: 4,
		&download.StatusError{Status: 503}: 5,
		&download.StatusError{Status: 304}: 3,
		&download.StatusError{Status: 100}: 1,
	} {
		if got := download.ExitCode(err); got != want {
			t.Errorf("ExitCode(%v) = %d, want %d", err, got, want)
		}
	}
}
