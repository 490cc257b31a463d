// Package leak finds goroutines and connection slots that outlive their test.
package leak

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// patience is how long what is ending may take to end.
const patience = 5 * time.Second

// Main runs the tests of a package and fails if goroutines are left.
func Main(m *testing.M) {
	code := m.Run()
	if left := wait(nil); len(left) > 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "%d goroutines leaked:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
		code = 1
	}
	os.Exit(code)
}

// Check fails the test if a goroutine that it has started is left at its end.
// The test must not be parallel to others.
func Check(t testing.TB) {
	t.Helper()
	before := stacks()
	t.Cleanup(func() {
		if left := wait(before); len(left) > 0 {
			t.Errorf("%d goroutines leaked:\n\n%s", len(left), strings.Join(left, "\n\n"))
		}
	})
}

// Slots fails the test if slots are in use or waited for at its end.
func Slots(t testing.TB, count func() (inUse, waiting int)) {
	t.Helper()
	t.Cleanup(func() {
		var inUse, waiting int
		if !eventually(func() bool { inUse, waiting = count(); return inUse == 0 && waiting == 0 }) {
			t.Errorf("slots leaked: %d in use, %d waited for", inUse, waiting)
		}
	})
}

// wait returns the goroutines beyond those of before that do not end in time.
func wait(before []string) (left []string) {
	eventually(func() bool {
		left = slices.DeleteFunc(stacks(), func(s string) bool { return slices.ContainsFunc(before, func(b string) bool { return id(b) == id(s) }) })
		return len(left) == 0
	})
	return left
}

func eventually(ok func() bool) bool {
	for start := time.Now(); ; {
		if ok() {
			return true
		}
		if time.Since(start) > patience {
			return false
		}
		runtime.Gosched()
		timer := time.NewTimer(10 * time.Millisecond)
		<-timer.C
	}
}

// stacks are the goroutines that are neither this one nor the test's machinery.
func stacks() []string {
	buf := make([]byte, 2<<20)
	buf = buf[:runtime.Stack(buf, true)]
	all := strings.Split(string(buf), "\n\n")
	return slices.DeleteFunc(all[1:], func(s string) bool {
		for _, machinery := range []string{
			"testing.(*M).", "testing.(*T).Run", "testing.tRunner(", "testing.runTests", "testing.(*F).",
			"created by runtime", "os/signal.", "runtime.ensureSigM", "internal/synctest",
		} {
			if strings.Contains(s, machinery) {
				return true
			}
		}
		return s == ""
	})
}

func id(stack string) string {
	first, _, _ := strings.Cut(stack, " [")
	return first
}
