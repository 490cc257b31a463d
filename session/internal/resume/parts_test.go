package resume_test

import (
	"context"
	"slices"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session/internal/resume"
)

// TestKeepTakenPart: what came of a part before it failed is kept, although the first had
// gone on into it when the call was interrupted.
func TestKeepTakenPart(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		first, second [3]int64
		size          int64
		behind        [][2]int64
	}{
		{"nothing of it again", [3]int64{0, 10, 20}, [3]int64{10, 18, 20}, 18, nil},
		{"some of it again", [3]int64{0, 12, 20}, [3]int64{10, 18, 20}, 18, nil},
		{"more than it had", [3]int64{0, 19, 20}, [3]int64{10, 18, 20}, 19, nil},
		{"it had nothing", [3]int64{0, 12, 20}, [3]int64{10, 10, 20}, 12, nil},
		{"the first is elsewhere", [3]int64{0, 5, 20}, [3]int64{10, 18, 20}, 5, [][2]int64{{10, 18}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			size, behind, err := resume.KeepInterruptedParts(ctx, tt.first, tt.second)
			if size != tt.size || !slices.Equal(behind, tt.behind) || !errors.Is(err, context.Canceled) {
				t.Errorf("got %d, %v, %v, want %d, %v", size, behind, err, tt.size, tt.behind)
			}
		})
	}
}
