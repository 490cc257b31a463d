package charset_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/charset"
)

// TestDecode: valid text, which strict and lenient decoding agree on.
func TestDecode(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ label, data, want string }{
		{"", "ü", "ü"},
		{"utf-8", "ü", "ü"},
		{"UTF8", "ü\uFFFD", "ü\uFFFD"},
		{" utf-8 ", "ü", "ü"},
		{"latin1", "\xfc", "ü"},
		{"iso-8859-1", "\x80", "€"}, // the standard's latin1 is windows-1252
		{"koi8-r", "\xcf\xd2", "ор"},
		{"koi8-r", "", ""},
		{"Shift_JIS", "\x82\xa0", "あ"},
		{"euc-kr", "\xb0\xa1", "가"},
		{"big5", "\xa4\xa4", "中"},
		{"gbk", "\xd6\xd0", "中"},
		{"gb18030", "\x84\x31\xa4\x37", "\uFFFD"}, // which is no error
		{"iso-2022-jp", "\x1b$B$\"\x1b(B", "あ"},
		{"utf-16", "a\x00b\x00", "ab"},
		{"utf-16le", "\xfd\xff", "\uFFFD"},
		{"utf-16be", "\x00a", "a"},
		{"utf-16le", "\x3d\xd8\x00\xde", "😀"},
		// The byte order mark counts for more than the label.
		{"", "\xef\xbb\xbfü", "ü"},
		{"latin1", "\xef\xbb\xbfü", "ü"},
		{"utf-8", "\xff\xfea\x00", "a"},
		{"utf-16le", "\xfe\xff\x00a", "a"},
		{"klingon", "\xef\xbb\xbfü", "ü"},
		{"utf-8", "\xef\xbb\xbf\xef\xbb\xbf", "\uFEFF"}, // only one is a mark
		{"utf-8", "\xef\xbb\xbf", ""},
	} {
		for _, strict := range []bool{false, true} {
			if got, err := charset.Decode(test.label, []byte(test.data), strict); err != nil || got != test.want {
				t.Errorf("%q as %s, strict %v: got %q, %v, want %q", test.data, test.label, strict, got, err, test.want)
			}
		}
	}
}

// TestDecodeInvalid: strict decoding refuses what the other one replaces.
func TestDecodeInvalid(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		label, data, want string
		offset            int
	}{
		{"", "a\xfcx", "a\uFFFDx", 1},
		{"utf-8", "\xff\xff", "\uFFFD\uFFFD", 0},
		{"utf-8", "€\xe2\x82x", "€\uFFFDx", 3}, // one for the start of a character
		{"utf-8", "\uFFFD\xc0", "\uFFFD\uFFFD", 3},
		{"latin1", "\xef\xbb\xbfab\xff", "ab\uFFFD", 5},
		{"Shift_JIS", "a\x82", "a\uFFFD", -1},
		{"utf-16le", "a\x00b", "a\uFFFD", -1},
		{"utf-16le", "\x00\xd8a\x00", "\uFFFDa", -1}, // half a surrogate pair
		{"utf-16le", "\xfd\xff\x00\xdc", "\uFFFD\uFFFD", -1},
		{"windows-1253", "\xaa", "\uFFFD", -1}, // without a character
	} {
		if got, err := charset.Decode(test.label, []byte(test.data), false); err != nil || got != test.want {
			t.Errorf("%q as %s: got %q, %v, want %q", test.data, test.label, got, err, test.want)
		}
		_, err := charset.Decode(test.label, []byte(test.data), true)
		e, ok := errors.AsType[*charset.DecodeError](err)
		if !ok || e.Offset != test.offset || !errors.Is(err, charset.ErrInvalid) {
			t.Errorf("%q as %s, strict: got %v, want offset %d", test.data, test.label, err, test.offset)
		}
	}
}

func TestDecodeError(t *testing.T) {
	t.Parallel()
	_, unknown := charset.Decode("klingon\n", []byte("secret"), false)
	_, invalid := charset.Decode("", []byte("secret\xff"), true)
	for _, test := range []struct {
		err, cause error
		text       string
	}{
		{unknown, charset.ErrUnknown, `decode text as "klingon\n": unknown charset`},
		{invalid, charset.ErrInvalid, `decode text as "utf-8" at byte 6: invalid text`},
	} {
		if test.err == nil || test.err.Error() != test.text {
			t.Errorf("got %v, want %s", test.err, test.text)
		}
		for _, class := range []error{test.cause, errors.ErrClientPayload, errors.ErrClient} {
			if !errors.Is(test.err, class) {
				t.Errorf("%v is no %v", test.err, class)
			}
		}
		if errors.Is(test.err, errors.ErrInvalidRequest) || errors.Is(test.err, errors.ErrContentEncoding) {
			t.Errorf("%v is of a class that it should not be of", test.err)
		}
	}
}

// FuzzDecode: whatever the charset, the text is UTF-8, and strict decoding
// either refuses it or agrees.
func FuzzDecode(f *testing.F) {
	for _, label := range []string{"", "utf-8", "utf-16", "gbk", "gb18030", "iso-2022-jp", "shift_jis", "x-user-defined", "big5", "klingon"} {
		f.Add(label, []byte("text \xff\xfe\x84\x31\xa4\x37"))
		f.Add(label, []byte("\xef\xbb\xbftext"))
		f.Add(label, []byte("\xff\xfet\x00\x00\xdc"))
	}
	f.Fuzz(func(t *testing.T, label string, data []byte) {
		got, err := charset.Decode(label, data, false)
		strict, strictErr := charset.Decode(label, data, true)
		switch {
		case err != nil && (!errors.Is(err, charset.ErrUnknown) || charset.Name(label) != "" || strictErr == nil):
			t.Errorf("%q as %q: got %v, strict %v", data, label, err, strictErr)
		case !utf8.ValidString(got):
			t.Errorf("%q as %q: not UTF-8: %q", data, label, got)
		case strictErr == nil && strict != got:
			t.Errorf("%q as %q: got %q, strict %q", data, label, got, strict)
		case err == nil && strictErr != nil && !strings.Contains(got, "\uFFFD"):
			t.Errorf("%q as %q: got %q, strict %v", data, label, got, strictErr)
		}
	})
}
