package main

import (
	"time"
)

// report is everything that was measured. It is what -json prints.
type report struct {
	Date    time.Time  `json:"date"`
	Machine string     `json:"machine"`
	Mode    string     `json:"mode"`
	Note    string     `json:"note"` // what is pinned to what
	Command string     `json:"command"`
	Seconds float64    `json:"seconds"`
	Rows    []*rowData `json:"rows"`
}

// rowData is a row as it came out.
type rowData struct {
	Name       string       `json:"name"`
	Goroutines int          `json:"goroutines,omitempty"`
	Ops        int          `json:"ops,omitempty"`
	Base       string       `json:"base"`
	Verdicts   []verdict    `json:"budgets,omitempty"`
	Clients    []clientData `json:"clients"`

	row row
}

// clientData is one client in one row: as measured, and by the base in the same
// rounds.
type clientData struct {
	Name     string             `json:"name"`
	Measured map[metric]summary `json:"measured"`
	Ratios   map[metric]summary `json:"ratios,omitempty"`
}

// verdict is a budget and what was measured.
type verdict struct {
	Metric   metric  `json:"metric"`
	Relation string  `json:"relation"`
	Limit    float64 `json:"limit"`
	Measured summary `json:"measured"`
	Met      bool    `json:"met"`

	budget budget
}

func newReport(o options, m mode) *report {
	command := "go run ."
	if o.command != "" {
		command += " " + o.command
	}
	return &report{Date: time.Now().UTC(), Machine: describeMachine(), Mode: m.name, Note: m.note, Command: command}
}

func (r *report) addRow(w row, results []result) {
	data := &rowData{Name: w.name, Goroutines: w.goroutines, Ops: w.ops, Base: results[0].name, row: w}
	for i, res := range results {
		c := clientData{Name: res.name, Measured: map[metric]summary{}}
		for m := range res.rounds[0] {
			c.Measured[m] = res.summarizeRounds(m, absolute)
			if i > 0 && (m == cpuTime || m == wallTime) {
				if c.Ratios == nil {
					c.Ratios = map[metric]summary{}
				}
				c.Ratios[m] = res.summarizeRounds(m, ratioTo)
			}
		}
		data.Clients = append(data.Clients, c)
	}
	if r.Mode == "one" { // which is what the budgets are for
		for _, b := range w.budgets {
			data.Verdicts = append(data.Verdicts, judgeBudget(b, results[1]))
		}
	}
	r.Rows = append(r.Rows, data)
}

// judgeBudget compares the median with the limit, as exactly as both are printed.
// Allocations count as testing.AllocsPerRun counts them: whole ones.
func judgeBudget(b budget, res result) verdict {
	s := res.summarizeRounds(b.metric, b.relation)
	names := map[relation]string{absolute: "absolute", ratioTo: "ratio to the base", aboveBase: "above the base"}
	v := verdict{Metric: b.metric, Relation: names[b.relation], Limit: b.limit, Measured: s, budget: b}
	v.Met = roundTo(b, s.Median) <= b.limit
	return v
}
