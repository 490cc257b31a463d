package simulate_test

import (
	"flag"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/internal/leak"
	"github.com/aiolos-http/aiolos/internal/simulate"
)

var soak = flag.Duration("soak", 2*time.Second, "how long TestSoak lasts")

// TestSoak runs plans one after the other outside of a bubble, over sockets of loopback
// and over memory, and looks whether memory, goroutines and descriptors stay flat.
func TestSoak(t *testing.T) { // not parallel: it measures the process
	leak.Check(t)
	s, err := simulate.NewSoak(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); time.Since(begin) < *soak && !t.Failed(); {
		if broken := s.Round(); len(broken) > 0 {
			t.Errorf("round %d: %q", s.Rounds(), broken)
		}
	}
	for _, text := range s.Grown() {
		t.Error(text)
	}
	t.Log(s)
}
