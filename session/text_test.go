package session_test

import (
	stderrors "errors"
	"net/http"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

func TestTextModes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body, label, replaced, strict string
		offset                              int // of the strict mode's error
	}{
		{"utf-8", "héllo", "utf-8", "héllo", "héllo", 0},
		{"utf-8, other case and spelling", "é", "UTF8", "é", "é", 0},
		{"utf-8 with its mark", "\xef\xbb\xbfa", "utf-8", "a", "a", 0},
		{"utf-8, broken", "ab\xffc", "utf-8", "ab\uFFFDc", "", 2},
		{"utf-8, U+FFFD itself", "a\uFFFDb", "utf-8", "a\uFFFDb", "a\uFFFDb", 0},
		{"utf-8, cut off behind U+FFFD", "\uFFFD\xe2\x82", "utf-8", "\uFFFD\uFFFD", "", 3},
		{"latin1 is windows-1252", "caf\xe9 \x80", "latin1", "café €", "café €", 0},
		{"no such byte in windows-1252", "a\x81", "windows-1252", "a\uFFFD", "", -1},
		{"no such byte in windows-874", "a\xdb", "windows-874", "a\uFFFD", "", -1},
		{"shift_jis", "\x83e\x83X\x83g", "sjis", "テスト", "テスト", 0},
		{"shift_jis, cut off", "\x83e\x83", "sjis", "テ\uFFFD", "", -1},
		{"gb18030 can say U+FFFD", "\x84\x31\xa4\x37", "gb18030", "\uFFFD", "\uFFFD", 0},
		{"utf-16 with its mark", "\xff\xfea\x00", "utf-16le", "a", "a", 0},
		{"utf-16, half a pair", "\x00\xd8a\x00", "utf-16le", "\uFFFDa", "", -1},
		{"empty", "", "koi8-r", "", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			resp := answerOf(t, http.StatusOK, tt.body, "Content-Type", "text/plain; charset=iso-8859-5")
			if got, err := resp.TextAs(tt.label); err != nil || got != tt.replaced {
				t.Errorf("TextAs(%q) = %q, %v, want %q", tt.label, got, err, tt.replaced)
			}
			got, err := resp.TextStrict(tt.label)
			if tt.offset == 0 {
				if err != nil || got != tt.strict {
					t.Errorf("TextStrict(%q) = %q, %v, want %q", tt.label, got, err, tt.strict)
				}
				return
			}
			var bad *session.CharsetError
			if !stderrors.As(err, &bad) || bad.Offset != tt.offset || bad.Charset == "" || got != "" {
				t.Errorf("TextStrict(%q) = %q, %v, want an error at %d", tt.label, got, err, tt.offset)
			}
			wantIs(t, err, errors.ErrClientPayload)
		})
	}
}

func TestTextUnknownLabel(t *testing.T) {
	t.Parallel()
	resp := answerOf(t, http.StatusOK, "abc")
	for _, label := range []string{"", "no-such", "replacement", "hz-gb-2312"} {
		_, err := resp.TextAs(label)
		wantIs(t, err, errors.ErrInvalidRequest)
	}
	if got, err := resp.TextAs("ascii"); err != nil || got != "abc" {
		t.Errorf("the body afterwards: %q, %v", got, err)
	}
}

func TestEncoding(t *testing.T) {
	t.Parallel()
	for contentType, want := range map[string]string{
		"": "", "text/html": "", "text/html; charset=nonsense": "", "text/html; charset=ISO8859-1": "windows-1252",
		`text/html; charset="utf8"`: "utf-8", "application/json": "utf-8", "application/problem+json": "utf-8",
		"application/json; charset=euc-jp": "euc-jp", "application/json; charset=nonsense": "utf-8",
	} {
		if got := answerOf(t, http.StatusOK, "", "Content-Type", contentType).Encoding(); got != want {
			t.Errorf("%q: encoding %q, want %q", contentType, got, want)
		}
	}
}

func TestTextStrictByHeader(t *testing.T) {
	t.Parallel()
	resp := answerOf(t, http.StatusOK, "\xe9", "Content-Type", "text/plain; charset=latin1")
	if got, err := resp.TextStrict(""); err != nil || got != "é" {
		t.Errorf("got %q, %v", got, err)
	}
	_, err := answerOf(t, http.StatusOK, "\xe9", "Content-Type", "text/plain").TextStrict("")
	wantIs(t, err, errors.ErrClientPayload)
}

func TestTextFallback(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, contentType, body, answer, want string
		asked                                 bool
	}{
		{"the header tells", "text/plain; charset=latin1", "\xe9", "koi8-r", "é", false},
		{"JSON tells", "application/json", `"é"`, "koi8-r", `"é"`, false},
		{"a mark tells", "text/plain", "\xfe\xff\x00a", "koi8-r", "a", false},
		{"a mark of UTF-8", "text/plain", "\xef\xbb\xbfé", "koi8-r", "é", false},
		{"the other mark tells", "text/plain", "\xff\xfea\x00", "koi8-r", "a", false},
		{"nothing tells", "text/plain", "\xc1", "koi8-r", "а", true},
		{"no type", "", "\xc1", "koi8-r", "а", true},
		{"unknown label", "text/plain; charset=x-none", "\xc1", "koi8-r", "а", true},
		{"a useless answer", "text/plain", "é", "x-none", "é", true},
		{"no answer", "text/plain", "é\xff", "", "é\uFFFD", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			resp := answerOf(t, http.StatusOK, tt.body, "Content-Type", tt.contentType)
			asked := false
			got, err := resp.TextFallback(func(r *session.Response, body []byte) string {
				asked = true
				if r != resp || string(body) != tt.body {
					t.Errorf("asked about %q", body)
				}
				return tt.answer
			})
			if err != nil || got != tt.want || asked != tt.asked {
				t.Errorf("got %q, %v, asked: %v, want %q, %v", got, err, asked, tt.want, tt.asked)
			}
		})
	}
	if got, err := answerOf(t, http.StatusOK, "é").TextFallback(nil); err != nil || got != "é" {
		t.Errorf("without a resolver: %q, %v", got, err)
	}
}
