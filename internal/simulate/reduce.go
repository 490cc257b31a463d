package simulate

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// Replay runs a plan n times, half of them with one P, and returns how often it
// failed. Nothing else should run beside it.
func Replay(t *testing.T, p *Plan, dir string, n int) (failed int) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for i := range n {
		if i == n/2 {
			runtime.GOMAXPROCS(1)
		}
		if len(Run(t, p, dir)) > 0 {
			failed++
		}
	}
	return failed
}

// reduceTries is how often a smaller plan may succeed before it counts as one that
// does not fail: the scheduler has a part in it.
const reduceTries = 10

// Reduce leaves operations out of a plan that fails, halves first, and then answers
// of the operations that are left, while what is left still fails.
func Reduce(t *testing.T, p *Plan, dir string) *Plan {
	t.Helper()
	fails := func(p *Plan) bool {
		for range reduceTries {
			if len(Run(t, p, dir)) > 0 {
				return true
			}
		}
		return false
	}
	for size := max(len(p.Ops)/2, 1); size > 0; size /= 2 {
		for from := 0; from < len(p.Ops); {
			if smaller := p.without(from, size); fails(smaller) {
				p = smaller
			} else {
				from += size
			}
		}
	}
	for i := range p.Ops {
		for n := 0; n < len(p.Ops[i].Answers); {
			if smaller := p.withoutAnswer(i, n); fails(smaller) {
				p = smaller
			} else {
				n++
			}
		}
	}
	return p
}

func (p *Plan) without(from, n int) *Plan {
	smaller := *p
	smaller.Ops = append([]Op(nil), p.Ops[:from]...)
	smaller.Ops = append(smaller.Ops, p.Ops[min(from+n, len(p.Ops)):]...)
	return &smaller
}

// withoutAnswer leaves an answer out. A file keeps one, which says its version.
func (p *Plan) withoutAnswer(i, n int) *Plan {
	smaller := p.without(0, 0)
	op := &smaller.Ops[i]
	if op.Kind == Save && len(op.Answers) == 1 {
		return &Plan{Seed: p.Seed, Client: p.Client}
	}
	op.Answers = append([]Answer(nil), op.Answers[:n]...)
	op.Answers = append(op.Answers, p.Ops[i].Answers[n+1:]...)
	return smaller
}

// String is the plan as text, an operation a line, without what is zero.
func (p *Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "plan of seed %d\n  client %s\n", p.Seed, brief(p.Client))
	for _, op := range p.sorted() {
		answers := op.Answers
		op.Answers = nil
		fmt.Fprintf(&b, "  %s\n", brief(op))
		for _, a := range answers {
			fmt.Fprintf(&b, "      answer %s\n", brief(a))
		}
	}
	return b.String()
}

// brief are the fields of a struct that are not zero.
func brief(v any) string {
	var parts []string
	value := reflect.ValueOf(v)
	for i := range value.NumField() {
		if f := value.Field(i); !f.IsZero() {
			parts = append(parts, fmt.Sprintf("%s=%v", value.Type().Field(i).Name, f.Interface()))
		}
	}
	return strings.Join(parts, " ")
}
