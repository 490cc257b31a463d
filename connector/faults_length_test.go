package connector_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
)

// TestBodyLength: a body that is not as long as its Content-Length never makes a complete
// request, and is told as a fault of its own.
func TestBodyLength(t *testing.T) {
	t.Parallel()
	stream := func(n int) io.Reader { return io.LimitReader(zeros{}, int64(n)) }
	pieces := func(n int) io.Reader { return io.MultiReader(stream(n/2), stream(n-n/2)) }
	memory := func(n int) io.Reader { return bytes.NewReader(make([]byte, n)) }
	for _, tt := range []struct {
		name   string
		body   func(n int) io.Reader
		have   int
		length int64
		text   string
		class  error
	}{
		{"longer", stream, 1200, 800, "longer", errors.ErrClientOS},
		{"longer, in pieces", pieces, 1200, 600, "longer", errors.ErrClientOS},
		{"longer by one", stream, 801, 800, "longer", errors.ErrClientOS},
		{"longer, large", stream, 1<<20 + 1, 1 << 20, "longer", errors.ErrClientOS},
		{"shorter", stream, 1200, 1300, "shorter", errors.ErrClientOS},
		{"shorter by one", stream, 1200, 1201, "shorter", errors.ErrClientOS},
		{"empty", stream, 0, 5, "shorter", errors.ErrClientOS},
		{"memory, longer", memory, 1200, 800, "", errors.ErrInvalidRequest},
		{"memory, shorter", memory, 1200, 1300, "", errors.ErrInvalidRequest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			overWires(t, func(t *testing.T, w wire) {
				t.Helper()
				synctest.Test(t, func(t *testing.T) {
					whole := false
					_, c := w.memory(t, connector.Config{}, func(p *peer) {
						if p.head() {
							_, whole = p.body()
							if whole {
								p.ok()
							}
						}
					})
					req := newRequest(t, t.Context(), "POST", w.url(), tt.body(tt.have))
					req.ContentLength = tt.length
					_, err := c.RoundTrip(req)
					if !errors.Is(err, tt.class) || !strings.Contains(err.Error(), tt.text) {
						t.Errorf("got %v, want %v", err, tt.class)
					}
					synctest.Wait()
					if whole {
						t.Error("the server has got a complete request")
					}
					if st := c.Stats(); st.InUse != 0 {
						t.Errorf("got %+v", st)
					}
					c.Close()
				})
			})
		})
	}
}
