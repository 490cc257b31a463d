package choice_test

import (
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/choice"
)

func TestSet(t *testing.T) {
	t.Parallel()
	type color string
	var c color
	if err := choice.Set(&c, "red", "red", "green", "blue"); err != nil || c != "red" {
		t.Errorf("got %q, %v", c, err)
	}
	if err := choice.Set(&c, "pink", "red", "green", "blue"); err == nil || err.Error() != "use red, green or blue" || c != "red" {
		t.Errorf("got %q, %v", c, err)
	}
}
