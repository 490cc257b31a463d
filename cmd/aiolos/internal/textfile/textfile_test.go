package textfile_test

import (
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
