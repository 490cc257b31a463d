//go:build race

package h1_test

import (
	"io"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
)

// The tests with the race detector rely on this.
func TestBuffersAreWatched(t *testing.T) {
	readers, writers := h1.LentBuffers()
	br, bw := h1.GetReader(strings.NewReader("x")), h1.GetWriter(io.Discard)
	if r, w := h1.LentBuffers(); r != readers+1 || w != writers+1 {
		t.Errorf("lent: got %d and %d, want one more than %d and %d", r, w, readers, writers)
	}
	h1.PutReader(br)
	h1.PutWriter(bw)
	for name, misuse := range map[string]func(){
		"read after":      func() { br.ReadByte() },
		"write after":     func() { bw.WriteString("x"); bw.Flush() },
		"reader put back": func() { h1.PutReader(br) },
		"writer put back": func() { h1.PutWriter(bw) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: got no panic", name)
				}
			}()
			misuse()
		}()
	}
}
