package main

import (
	"bytes"
	"context"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
)

func TestSummarize(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		all  []float64
		want summary
	}{
		{"one", []float64{3}, summary{3, 3, 3, 3, 3, 1}},
		{"odd", []float64{5, 1, 4, 2, 3}, summary{3, 2, 4, 1, 5, 5}},
		{"even", []float64{4, 1, 2, 3}, summary{2.5, 1.75, 3.25, 1, 4, 4}},
	} {
		if got := summarize(tt.all); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestJudge: the base of the same round counts, and what is printed decides.
func TestJudge(t *testing.T) {
	t.Parallel()
	res := result{
		rounds:  []sample{{cpuTime: 75, allocs: 22.9, kept: 4000}, {cpuTime: 150.8, allocs: 22.2, kept: 4096}, {cpuTime: 10, allocs: 22.1, kept: 4200}},
		against: []sample{{cpuTime: 100, kept: 2048}, {cpuTime: 200, kept: 2048}, {cpuTime: 20, kept: 2048}},
	}
	for _, tt := range []struct {
		name   string
		budget budget
		median float64
		met    bool
	}{
		{"ratio", budget{cpuTime, ratioTo, 0.75}, 0.75, true},
		{"ratio, missed", budget{cpuTime, ratioTo, 0.74}, 0.75, false},
		{"whole allocations", budget{allocs, absolute, 22}, 22.2, true},
		{"above the base", budget{kept, aboveBase, 2048}, 2048, true},
	} {
		got := judgeBudget(tt.budget, res)
		if math.Abs(got.Measured.Median-tt.median) > 1e-9 || got.Met != tt.met {
			t.Errorf("%s: got %v, %v, want %v, %v", tt.name, got.Measured.Median, got.Met, tt.median, tt.met)
		}
	}
}

// TestMeasureRound: every client does the same work, and another one begins the
// next round.
func TestMeasureRound(t *testing.T) {
	t.Parallel()
	var order []string
	r := row{ops: 4, task: func(ctx context.Context, c client) error { return c.do(ctx) }}
	var clients []client
	for _, name := range []string{"a", "b"} {
		clients = append(clients, client{name: name, do: func(context.Context) error { order = append(order, name); return nil }})
	}
	for round := range 2 {
		got, err := measureRound(t.Context(), r, clients, round)
		if err != nil || len(got) != 2 {
			t.Fatalf("got %v, %v", got, err)
		}
	}
	if got, want := strings.Join(order, ""), "abbaabbabaabbaab"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFillMarks(t *testing.T) {
	t.Parallel()
	page := "a\n<!-- bench: one -->\nold\n<!-- bench: end -->\nb\n<!-- bench: all -->\n<!-- bench: end -->\nc\n"
	got, err := fillMarks(page, "all", "new\n")
	want := strings.Replace(page, "all -->\n", "all -->\n\nnew\n\n", 1)
	if err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if _, err := fillMarks("no marks", "one", ""); err == nil {
		t.Error("no error for a page without marks")
	}
}

// TestRawServer: net/http understands it, whatever comes before.
func TestRawServer(t *testing.T) {
	t.Parallel()
	address, err := newRawServer().listen(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, path string
		body       io.Reader
		want       string
	}{
		{"small", "/small", nil, string(smallBody)},
		{"gzip", "/gzip", nil, ""},
		{"no body", "/sink", nil, `{"received":0}`},
		{"a small body", "/sink", strings.NewReader("12345"), `{"received":5}`},
		{"a big body", "/sink", bytes.NewReader(make([]byte, 1<<20)), `{"received":1048576}`},
		{"chunks", "/sink", io.MultiReader(bytes.NewReader(make([]byte, 1<<20))), `{"received":1048576}`},
		{"after chunks", "/connections", nil, "1"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+address+tt.path, tt.body)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		switch {
		case err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.path == "/gzip":
			if len(got) < 1<<20 {
				t.Errorf("%s: got %d bytes, want 1 MiB", tt.name, len(got))
			}
		case string(got) != tt.want:
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
