// Package leak finds goroutines and connection slots that outlive their test.
package leak

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// patience is how long what is ending may take to end, in steps of step.
const (
	patience = 3 * time.Second
	step     = 10 * time.Millisecond
)

// Main runs the tests of a package and exits. If they pass but leave goroutines
// behind it prints their stacks and exits with 1.
//
//	func TestMain(m *testing.M) { leak.Main(m) }
func Main(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if left := awaitEnd(nil); len(left) > 0 {
			fmt.Fprintln(os.Stderr, "leak: after all tests: "+reportStacks(left))
			code = 1
		}
	}
	os.Exit(code)
}

// Check fails the test if goroutines that were started during it are left after
// its cleanup: call it first. Tests that run in parallel would be blamed for each
// other's goroutines, so t must not be one of them.
func Check(t testing.TB) {
	t.Helper()
	before := map[string]bool{}
	for _, g := range listGoroutines() {
		before[g.id] = true
	}
	t.Cleanup(func() {
		t.Helper()
		if left := awaitEnd(before); len(left) > 0 {
			t.Errorf("leak: %s", reportStacks(left))
		}
	})
}

// Slots fails the test if slots are in use or waited for when its cleanup comes
// to this call, that is after the cleanup of whatever is registered later.
func Slots(t testing.TB, count func() (inUse, waiting int)) {
	t.Helper()
	t.Cleanup(func() {
		t.Helper()
		var inUse, waiting int
		if !eventually(func() bool { inUse, waiting = count(); return inUse == 0 && waiting == 0 }) {
			t.Errorf("leak: slots: %d in use, %d waited for", inUse, waiting)
		}
	})
}

// awaitEnd returns the goroutines other than those of before that do not end in
// time.
func awaitEnd(before map[string]bool) (left []goroutine) {
	eventually(func() bool {
		left = left[:0]
		for _, g := range listGoroutines() {
			if !before[g.id] {
				left = append(left, g)
			}
		}
		return len(left) == 0
	})
	return left
}

// eventually tries until ok or until patience is at its end. It counts its steps
// rather than the time, so that a machine that stood still gets its tries.
func eventually(ok func() bool) bool {
	for range patience / step {
		if ok() {
			return true
		}
		<-time.After(step)
	}
	return ok()
}

// goroutine is one of a dump: "goroutine 7" and the rest.
type goroutine struct{ id, stack string }

// listGoroutines are all but the caller's and the test machinery's.
func listGoroutines() []goroutine {
	var all []goroutine
	for i, dump := range strings.Split(dumpStacks(), "\n\n") {
		head, stack, _ := strings.Cut(dump, "\n")
		id, _, _ := strings.Cut(head, " [")
		if i > 0 && !isMachinery(stack) { // the first is the caller's
			all = append(all, goroutine{id, strings.TrimSpace(stack)})
		}
	}
	return all
}

func dumpStacks() string {
	for size := 64 << 10; ; size *= 2 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, true); n < size {
			return string(buf[:n])
		}
	}
}

// isMachinery tells goroutines of the test binary from those of the tests: the
// main one, those that run tests and bubbles, and the receiver of signals.
func isMachinery(stack string) bool {
	for _, frame := range []string{
		"testing.(*M).", "testing.(*T).Run(", "testing.tRunner(", "testing.(*F).", "internal/fuzz.",
		"internal/synctest.Run(", "os/signal.signal_recv(", "runtime.ensureSigM", "created by runtime.",
	} {
		if strings.Contains(stack, frame) {
			return true
		}
	}
	return strings.TrimSpace(stack) == ""
}

// reportStacks prints equal stacks once.
func reportStacks(left []goroutine) string {
	count := map[string]int{}
	var order []string
	for _, g := range left {
		if count[g.stack]++; count[g.stack] == 1 {
			order = append(order, g.stack)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d goroutines left", len(left))
	for _, stack := range order {
		fmt.Fprintf(&b, "\n\n%d of:\n%s", count[stack], stack)
	}
	return b.String()
}
