package leak_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/internal/leak"
)

// leakEnv makes TestMain's child leave a goroutine behind.
const leakEnv = "LEAK_TEST_LEAVE"

func TestMain(m *testing.M) { leak.Main(m) }

// tester records what leak says to the test, and runs its cleanup when told.
type tester struct {
	testing.TB
	cleanups []func()
	errs     []string
}

func (t *tester) Helper()                   {}
func (t *tester) Cleanup(f func())          { t.cleanups = append(t.cleanups, f) }
func (t *tester) Errorf(f string, a ...any) { t.errs = append(t.errs, fmt.Sprintf(f, a...)) }

func (t *tester) end() {
	for i := range t.cleanups {
		t.cleanups[len(t.cleanups)-1-i]()
	}
}

// TestLeave is nothing by itself; TestMainReports runs it in a child.
func TestLeave(t *testing.T) {
	switch os.Getenv(leakEnv) {
	case "forever":
		for range 3 {
			go func() { select {} }()
		}
	case "shortly":
		go func() { <-time.After(50 * time.Millisecond) }()
	}
	t.Log("left")
}

func TestMainReports(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		leave string
		fails bool
	}{{"", false}, {"shortly", false}, {"forever", true}} {
		t.Run("leave "+tt.leave, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLeave$")
			cmd.Env = append(os.Environ(), leakEnv+"="+tt.leave)
			out, err := cmd.CombinedOutput()
			if fails := err != nil; fails != tt.fails {
				t.Fatalf("fails: got %v, want %v: %v\n%s", fails, tt.fails, err, out)
			}
			if !tt.fails {
				return
			}
			for _, want := range []string{"3 goroutines left", "3 of:", "leak_test.TestLeave.func1", "leak_test.go:"} {
				if !strings.Contains(string(out), want) {
					t.Errorf("output without %q:\n%s", want, out)
				}
			}
		})
	}
}

// In a bubble the patience costs no time.
func TestCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := make(chan struct{})
		go func() { <-old }()
		for _, tt := range []struct {
			name string
			ends time.Duration
			errs int
		}{{"in time", time.Second, 0}, {"late", time.Hour, 1}} {
			fake := &tester{TB: t}
			leak.Check(fake)
			go func() { <-time.After(tt.ends) }()
			fake.end()
			if got := len(fake.errs); got != tt.errs {
				t.Errorf("%s: got %d errors, want %d: %q", tt.name, got, tt.errs, fake.errs)
			}
			if tt.errs > 0 && !strings.Contains(fake.errs[0], "leak_test.TestCheck") {
				t.Errorf("%s: no stack in %q", tt.name, fake.errs)
			}
		}
		close(old)
		<-time.After(time.Hour) // a bubble does not end before its goroutines
	})
}

func TestSlots(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		inUse, waiting int
		ends           time.Duration
		want           string
	}{
		{"none", 0, 0, 0, ""},
		{"given back in time", 2, 1, time.Second, ""},
		{"in use", 1, 0, time.Hour, "1 in use, 0 waited for"},
		{"waited for", 0, 2, time.Hour, "0 in use, 2 waited for"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var free atomic.Bool
				time.AfterFunc(tt.ends, func() { free.Store(true) })
				fake := &tester{TB: t}
				leak.Slots(fake, func() (int, int) {
					if free.Load() {
						return 0, 0
					}
					return tt.inUse, tt.waiting
				})
				fake.end()
				if got := strings.Join(fake.errs, "\n"); !strings.Contains(got, tt.want) || (got == "") != (tt.want == "") {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		})
	}
}
