package ws_test

import (
	"context"
	"testing"

	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/ws"
)

// TestEchoAllocs bounds what a small message costs there and back: its payload,
// with a context that can end the two interruptions as well, and the server's
// part, which is none.
func TestEchoAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("counts mean nothing under the race detector")
	}
	cancelable, cancel := context.WithCancel(t.Context())
	defer cancel()
	for name, test := range map[string]struct {
		ctx  context.Context
		most float64
	}{
		"background": {context.Background(), 2},
		"cancelable": {cancelable, 8},
	} {
		c := dialWith(t, client(t), batchingEcho(t), &ws.Options{})
		data := make([]byte, 64)
		got := testing.AllocsPerRun(200, func() {
			if err := c.SendBytes(test.ctx, data); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Receive(test.ctx); err != nil {
				t.Fatal(err)
			}
		})
		if got > test.most {
			t.Errorf("%s: got %v allocations, want at most %v", name, got, test.most)
		}
	}
}
