package textfile_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/textfile"
)

func TestUTF8(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "x": "x", "\xff": "\xff", "\xff\xfd": "\xff\xfd", "a\ufeff": "a\ufeff",
		"\ufeff": "", "\ufeffé": "é", "\ufeff\ufeffx": "\ufeffx", "\ufeff\xff": "\xff",
		"\xff\xfex\x00\xe9\x00": "xé", "\xfe\xff\x00x\x00\xe9": "xé", "\xff\xfe": "", "\xff\xfex": "\ufffd",
	} {
		if got := string(textfile.UTF8([]byte(text))); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestEachLine(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	for _, tt := range []struct{ text, want, err string }{
		{"", "", ""},
		{"\ufeff a \r\n\n# b\n\tc", "1:a 4:c ", ""},
		{"a\nbad\nc", "1:a ", "failed"},
		{strings.Repeat("x", 1<<17), "", "f: bufio.Scanner: token too long"},
	} {
		var got strings.Builder
		err := textfile.EachLine("f", []byte(tt.text), func(n int, text string) error {
			if text == "bad" {
				return failed
			}
			fmt.Fprintf(&got, "%d:%s ", n, text)
			return nil
		})
		if got.String() != tt.want || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%.20q: got %q, %v, want %q, %s", tt.text, got.String(), err, tt.want, tt.err)
		}
	}
}
