//go:build interop

package compare_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// reason says why a kind of difference is as it should be. It holds for the
// differences that match all that it names.
type reason struct {
	What     string   // a regular expression for the whole of it
	Requests []string // names of requests; none: all
	Aiohttp  string   // the exact values, as they are printed; empty: any
	Aiolos   string
	Reason   string
	Common   bool // told once, at the top of the list, and with both values

	what *regexp.Regexp
	used bool
}

// reasons is the table of them. The first that matches counts.
type reasons []*reason

func loadReasons(t *testing.T) reasons {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "reasons.json"))
	if err != nil {
		t.Fatal(err)
	}
	table, err := parseReasons(data)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func parseReasons(data []byte) (reasons, error) {
	var table reasons
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&table); err != nil {
		return nil, err
	}
	for _, r := range table {
		if r.Reason == "" {
			return nil, fmt.Errorf("%s: no reason", r.What)
		}
		what, err := regexp.Compile("^(?:" + r.What + ")$")
		if err != nil {
			return nil, err
		}
		if r.Common && (r.Aiohttp == "" || r.Aiolos == "") {
			return nil, fmt.Errorf("%s: common, but without its values", r.What)
		}
		r.what = what
	}
	return table, nil
}

// find is nil if there is none.
func (table reasons) find(request string, d difference) *reason {
	for _, r := range table {
		if r.matches(request, d) {
			r.used = true
			return r
		}
	}
	return nil
}

func (r *reason) matches(request string, d difference) bool {
	return r.what.MatchString(d.what) &&
		(len(r.Requests) == 0 || slices.Contains(r.Requests, request)) &&
		(r.Aiohttp == "" || r.Aiohttp == d.theirs) &&
		(r.Aiolos == "" || r.Aiolos == d.ours)
}

// unused are the reasons that nothing has needed.
func (table reasons) unused() []string {
	var left []string
	for _, r := range table {
		if !r.used {
			left = append(left, fmt.Sprintf("%s %q: %s", r.What, r.Requests, r.Reason))
		}
	}
	return left
}

// head writes what the requests have in common.
func (table reasons) head(b *strings.Builder) {
	b.WriteString(listHead)
	for _, r := range table {
		if r.Common {
			b.WriteString("\ncommon\n")
			write(b, difference{"", r.What, r.Aiohttp, r.Aiolos}, r.Reason)
		}
	}
}

// list writes the differences of one request with their reasons. unexplained are
// those that have none.
func (table reasons) list(b *strings.Builder, name string, d []difference) (unexplained []string) {
	fmt.Fprintf(b, "\n%s\n", name)
	if len(d) == 0 {
		b.WriteString("    no difference\n")
	}
	for _, one := range d {
		switch r := table.find(name, one); {
		case r == nil:
			unexplained = append(unexplained, fmt.Sprintf("%s%s: aiohttp has %s, aiolos has %s", one.where, one.what, one.theirs, one.ours))
			write(b, one, "?")
		case r.Common:
			fmt.Fprintf(b, "    %s%s: common\n", one.where, one.what)
		default:
			write(b, one, r.Reason)
		}
	}
	return unexplained
}

func write(b *strings.Builder, d difference, why string) {
	fmt.Fprintf(b, "    %s%s\n        aiohttp: %s\n        aiolos:  %s\n        because: %s\n", d.where, d.what, d.theirs, d.ours, why)
}
