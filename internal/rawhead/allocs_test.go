package rawhead_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/internal/rawhead"
)

// TestAllocs gates what a head costs: nothing, unless fields are kept.
func TestAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	if n := len(usualHead); n != 200 {
		t.Errorf("the usual head has %d bytes, want 200", n)
	}
	keep, lenient := usual, usual
	keep.Keep, lenient.Lenient = true, true
	long := ok + strings.Repeat("Name: "+strings.Repeat("v", 8000)+"\r\n", 100) + "\r\n"
	hints := "HTTP/1.1 103 x\r\nA: b\r\n\r\n"
	tests := []struct {
		name   string
		limits rawhead.Limits
		head   string
		piece  int
		want   float64
	}{
		{"whole", usual, usualHead, 1000, 0},
		{"pieces", usual, usualHead, 7, 0},
		{"bytes", usual, usualHead, 1, 0},
		{"folds", usual, ok + "A: b\r\n c\r\n d\r\n\r\n", 1, 0},
		{"interim", usual, hints + hints + usualHead, 50, 0},
		{"lenient", lenient, usualHead, 1000, 0},
		{"no limits", rawhead.Limits{}, long, 4096, 0}, // memory does not grow
		{"keep", keep, hints + usualHead, 1000, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s rawhead.Scanner
			head := []byte(tt.head)
			got := testing.AllocsPerRun(100, func() {
				s.Reset(tt.limits)
				for p := head; len(p) > 0; {
					n := min(tt.piece, len(p))
					if err := s.Feed(p[:n]); err != nil {
						t.Fatal(err)
					}
					p = p[n:]
				}
			})
			if !s.Done() {
				t.Fatal("not done")
			}
			if got > tt.want {
				t.Errorf("got %v allocations, want at most %v", got, tt.want)
			}
		})
	}
}

func TestCheckTrailerAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	h := http.Header{"A": {"b", "c"}, "D": {"e"}}
	got := testing.AllocsPerRun(100, func() {
		if err := rawhead.CheckTrailer(h, usual); err != nil {
			t.Fatal(err)
		}
	})
	if got > 0 {
		t.Errorf("got %v allocations, want none", got)
	}
}
