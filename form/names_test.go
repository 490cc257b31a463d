package form_test

import (
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/form"
)

// The WHATWG rows are those of the web platform's tests for form data names.
func TestNames(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		q          form.Quoting
		in         string
		asName     string
		asFileName string
	}{
		{"plain", form.QuoteWHATWG, "abc", "abc", "abc"},
		{"quotes", form.QuoteWHATWG, `a"b"`, "a%22b%22", "a%22b%22"},
		{"CR LF", form.QuoteWHATWG, "a\r\nb", "a%0D%0Ab", "a%0D%0Ab"},
		{"LF", form.QuoteWHATWG, "a\nb", "a%0D%0Ab", "a%0Ab"},
		{"CR", form.QuoteWHATWG, "a\rb", "a%0D%0Ab", "a%0Db"},
		{"LF CR", form.QuoteWHATWG, "\n\r", "%0D%0A%0D%0A", "%0A%0D"},
		{"an injected header", form.QuoteWHATWG, "a\"\r\nX-Evil: 1\r\n\r\n", "a%22%0D%0AX-Evil: 1%0D%0A%0D%0A", "a%22%0D%0AX-Evil: 1%0D%0A%0D%0A"},
		{"percent stays", form.QuoteWHATWG, "a%22b", "a%22b", "a%22b"},
		{"backslash stays", form.QuoteWHATWG, `a\b'c`, `a\b'c`, `a\b'c`},
		{"utf-8", form.QuoteWHATWG, "é Ж 😀", "é Ж 😀", "é Ж 😀"},
		{"tab", form.QuoteWHATWG, "a\tb", "a\tb", "a\tb"},
		{"brackets", form.QuoteWHATWG, "user[name][]", "user[name][]", "user[name][]"},

		{"percent: plain", form.QuotePercent, "a-b_c.d~e", "a-b_c.d~e", "a-b_c.d~e"},
		{"percent: quotes", form.QuotePercent, `a"b\c%`, "a%22b%5Cc%25", "a%22b%5Cc%25"},
		{"percent: brackets", form.QuotePercent, "a[b] c", "a[b] c", "a%5Bb%5D%20c"},
		{"percent: utf-8", form.QuotePercent, "é", "%C3%A9", "%C3%A9"},
		{"percent: tab", form.QuotePercent, "\t", "%09", "%09"},

		{"backslash: quotes", form.QuoteBackslash, `a"b\c%`, `a\"b\\c%`, `a\"b\\c%`},
		{"backslash: utf-8", form.QuoteBackslash, "é", "é", "é"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := form.New().Quoting(tt.q).Field(tt.in, "v", form.FileName(tt.in))
			want := `Content-Disposition: form-data; name="` + tt.asName + `"; filename="` + tt.asFileName + `"` + "\r\n\r\nv\r\n"
			if got := send(t, f); !strings.Contains(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			p, err := reader(t, f).NextRawPart()
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Header) != 1 {
				t.Errorf("headers: %q", p.Header)
			}
		})
	}
}

func TestNamesInCharset(t *testing.T) {
	t.Parallel()
	f := form.New().Charset("latin1").Bytes("ü", []byte("1"), form.FileName("ä"))
	if got, want := send(t, f), "name=\"\xfc\"; filename=\"\xe4\""; !strings.Contains(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestControlCharactersRefused(t *testing.T) {
	t.Parallel()
	quotings := map[string]form.Quoting{
		"whatwg": form.QuoteWHATWG, "percent": form.QuotePercent, "backslash": form.QuoteBackslash,
	}
	for c := range byte(0x80) {
		if c == '\t' || c >= ' ' && c < 0x7f {
			continue
		}
		in := "a" + string(rune(c)) + "b"
		for name, q := range quotings {
			f := form.New().Multipart()
			switch {
			case q != form.QuoteWHATWG:
				f.Quoting(q)
			case c == '\r' || c == '\n':
				continue // it has an escape
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				refused(t, f.Clone().Field(in, ""), "name: control character")
				refused(t, f.Clone().Bytes("x", nil, form.FileName(in)), "file name: control character")
			})
		}
		refused(t, form.New().Field("x", "", form.Header("X-A", in)), "control character in its header X-A")
		refused(t, form.New().Field("x", "", form.Header(in, "")), "malformed header name")
		refused(t, form.New().Field("x", "", form.ContentType("text/plain; a="+in)), "content type")
		refused(t, form.New().Field("x", "", form.Charset(in)), "malformed charset")
		refused(t, form.New().Boundary(in).Field("x", ""), "invalid boundary")
		refused(t, form.NewMultipart("mixed").Param("a", in), "control character in parameter a")
		refused(t, form.NewMultipart(in), "malformed subtype")
	}
}

func TestNamesRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		f      source
		reason string
	}{
		{"name is not UTF-8", form.New().Field("\xff", ""), "name: is not UTF-8"},
		{"file name is not UTF-8", form.New().Field("a", "", form.FileName("\xff")), "file name: is not UTF-8"},
		{"name not in the charset", form.New().Charset("us-ascii").Field("é", ""), "name: character that the charset does not have"},
		{"the same, multipart", form.New().Charset("us-ascii").Bytes("é", nil), "name: character that the charset does not have"},
		{"file name not in the charset", form.New().Charset("latin1").Bytes("a", nil, form.FileName("Ж")), "character that the charset does not have"},
		{"attachment", form.NewMultipart("").Bytes(nil, form.FileName("a\x00")), "multipart part 1: file name: control character"},
		{"attachment is not UTF-8", form.NewMultipart("").Bytes(nil, form.FileName("\xff")), "file name: is not UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			refused(t, tt.f, tt.reason)
		})
	}
}
