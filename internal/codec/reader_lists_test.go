package codec_test

import (
	"io"
	"testing"

	"github.com/aiolos-http/aiolos/internal/codec"
)

func TestReaderLists(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		lines []string
		want  bool
	}{
		{"only commas", []string{" , ,", ","}, false},
		{"identities", []string{"identity, Identity", "identity"}, false},
		{"unknown first", []string{"rot13, gzip"}, false},
		{"unknown on its own line", []string{"gzip", "rot13"}, false},
		{"case and space", []string{" \tGZip "}, true},
		{"empty elements", []string{",gzip,,", ""}, true},
		{"five", []string{"gzip, gzip", "deflate", "gzip, gzip"}, true},
		{"five and identity", []string{"gzip,gzip,gzip,gzip,gzip,identity"}, true},
		{"six", []string{"gzip, gzip, gzip", "gzip, gzip, gzip"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			src := newBody(untouchable{t})
			r, got := codec.NewReader(tt.lines, src)
			if got != tt.want || (r != nil) != tt.want {
				t.Fatalf("got %v, %v, want %v", r, got, tt.want)
			}
			if src.closed != 0 {
				t.Errorf("source: closed %d times, want 0", src.closed)
			}
		})
	}
}

// untouchable must not be read.
type untouchable struct{ t *testing.T }

func (u untouchable) Read([]byte) (int, error) {
	u.t.Error("source: read before the first Read")
	return 0, io.EOF
}
