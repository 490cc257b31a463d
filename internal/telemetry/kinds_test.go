package telemetry_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"strconv"
	"strings"
	"testing"
)

// kindsOf are the constants of a type in a source file.
func kindsOf(t *testing.T, file, typ string) map[string]bool {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); ok && of.Name == typ {
			for _, value := range spec.Values {
				text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				kinds[text] = true
			}
		}
		return true
	})
	return kinds
}

// Whatever kind of event there is, somebody provokes it on each wire; what is told then is
// what Stats, OpenTelemetry and Prometheus have counted.
func TestEventsAgree(t *testing.T) {
	known := map[key]bool{}
	for _, row := range table {
		known[key{row.policy, row.kind}] = true
	}
	for _, wire := range wires {
		provoked := map[key]int64{}
		for _, scenario := range scenarios {
			t.Run(wire+", "+scenario.name, func(t *testing.T) {
				told := scenario.run(t, wire)
				for k, n := range told {
					provoked[k] += n
					if !known[k] {
						t.Errorf("%s: %s is in no row of the table", k.policy, k.kind)
					}
				}
			})
		}
		for k := range known {
			if provoked[k] == 0 {
				t.Errorf("%s: nobody provokes %s: %s", wire, k.policy, k.kind)
			}
		}
		for _, source := range []struct {
			file, typ string
			of        func(policy string) bool
		}{
			{"../../middleware/event.go", "EventKind", func(policy string) bool { return policy != "reconnect" && policy != "event source" }},
			{"../../ws/reconnect_stats.go", "ReconnectEventKind", func(policy string) bool { return policy == "reconnect" }},
			{"../../session/eventsource_stats.go", "EventSourceEventKind", func(policy string) bool { return policy == "event source" }},
		} {
			kinds := kindsOf(t, source.file, source.typ)
			if len(kinds) < 3 {
				t.Errorf("%s: got %d kinds: the source was not understood", source.file, len(kinds))
			}
			for k := range provoked {
				if source.of(k.policy) {
					delete(kinds, k.kind)
				}
			}
			for kind := range maps.Keys(kinds) {
				t.Errorf("%s: nobody provokes %s %q", wire, source.typ, kind)
			}
		}
	}
}

// check compares the four, and returns what was told.
func (w *watch) check() map[key]int64 {
	w.Helper()
	otel, prom := w.otelCounts(), w.promCounts()
	w.mu.Lock()
	defer w.mu.Unlock()
	policy := ""
	for k := range w.told {
		policy = k.policy
	}
	for _, row := range table {
		if row.policy != policy {
			continue
		}
		told, stats, counted, scraped := w.told[key{row.policy, row.kind}], row.stats(w.source), otel[key{row.otel, row.kind}], int64(0)
		for _, name := range row.prom {
			if plain, minus := strings.CutPrefix(name, "-"); minus {
				scraped -= prom[plain]
			} else {
				scraped += prom[name]
			}
		}
		if told != stats || told != counted || told != scraped {
			w.Errorf("%s: %s: told %d, Stats %d, OpenTelemetry %d, Prometheus %d", row.policy, row.kind, told, stats, counted, scraped)
		}
	}
	return w.told
}
