package simulate_test

import (
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/simulate"
)

// TestGenerate: a seed is always the same plan, and another seed is another one.
func TestGenerate(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		a, b := simulate.Generate(seed).String(), simulate.Generate(seed).String()
		if a != b {
			t.Errorf("seed %d: got two plans:\n%s\n%s", seed, a, b)
		}
		if c := simulate.Generate(seed + 1).String(); c == a {
			t.Errorf("seeds %d and %d: got one plan", seed, seed+1)
		}
	}
}

// TestBroken: the simulation sees when an answer is another request's, and leaves out
// what has nothing to do with that. The server gives the wrong answer here.
func TestBroken(t *testing.T) { // not parallel: it sets GOMAXPROCS
	dir := t.TempDir()
	ask := simulate.Op{Kind: simulate.Request, Host: simulate.Plain, Method: "GET", Total: 1e9, Take: -1}
	plan := &simulate.Plan{Client: simulate.Client{Limit: 4}}
	for id := range 6 {
		op := ask
		op.ID = id + 1
		plan.Ops = append(plan.Ops, op)
	}
	plan.Ops[3].Answers = []simulate.Answer{{Status: 200, Framing: "length", Lie: true}}
	if broken := strings.Join(simulate.Run(t, plan, dir), "\n"); !strings.Contains(broken, "op 4: the head is for another request") {
		t.Errorf("got %q", broken)
	}
	plan = simulate.Reduce(t, plan, dir)
	if len(plan.Ops) != 1 || plan.Ops[0].ID != 4 {
		t.Errorf("reduced to\n%s", plan)
	}
	if failed := simulate.Replay(t, plan, dir, 4); failed != 4 {
		t.Errorf("it failed %d times of 4", failed)
	}
}
