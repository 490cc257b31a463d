//go:build interop

package compare_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// difference is one thing in which the two clients differ.
type difference struct {
	where string // which of several requests, or nothing
	what  string
	// theirs and ours are the two values, fit to print.
	theirs, ours string
}

const none = "(none)"

// compare lists what differs between what two clients did for one request. Both
// sides are normalised already.
func compare(theirs, ours []*seen, theirEnd, ourEnd outcome) []difference {
	var d []difference
	n := max(len(theirs), len(ours))
	for i := range n {
		where := ""
		if n > 1 {
			where = fmt.Sprintf("request %d: ", i+1)
		}
		if i >= len(theirs) || i >= len(ours) {
			d = append(d, difference{where, "request", lineOf(theirs, i), lineOf(ours, i)})
			continue
		}
		for _, one := range compareRequest(theirs[i], ours[i]) {
			one.where = where
			d = append(d, one)
		}
	}
	if a, b := theirEnd.String(), ourEnd.String(); a != b {
		d = append(d, difference{"", "outcome", a, b})
	}
	return d
}

func lineOf(requests []*seen, i int) string {
	if i >= len(requests) {
		return none
	}
	return show(requests[i].line)
}

// String leaves the text of an error out: it is each client's own.
func (o outcome) String() string {
	if o.Error != "" {
		return "error"
	}
	return strconv.Itoa(o.Status)
}

func compareRequest(theirs, ours *seen) []difference {
	d := compareText("request line", theirs.line, ours.line)
	d = append(d, compareFields("header", theirs.fields, ours.fields)...)
	if parts, ok := compareParts("part", theirs, ours); ok {
		return append(d, parts...)
	}
	return append(d, compareText("body", theirs.body, ours.body)...)
}

func compareText(what, theirs, ours string) []difference {
	if theirs == ours {
		return nil
	}
	return []difference{{what: what, theirs: show(theirs), ours: show(ours)}}
}

// compareFields compares the fields by name. Values of one name keep their order.
func compareFields(what string, theirs, ours []field) []difference {
	a, b := byName(theirs), byName(ours)
	var names []string
	for name := range a {
		names = append(names, name)
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var d []difference
	for _, name := range names {
		x, y := a[name], b[name]
		if !slices.Equal(x.values, y.values) {
			d = append(d, difference{"", what + " " + name, x.String(), y.String()})
		}
		if x.spelling != "" && y.spelling != "" && x.spelling != y.spelling {
			d = append(d, difference{"", what + " name", x.spelling, y.spelling})
		}
	}
	return d
}

// named is what a message has under one name.
type named struct {
	spelling string // of the first
	values   []string
}

func byName(fields []field) map[string]named {
	m := map[string]named{}
	for _, f := range fields {
		key := strings.ToLower(f.name)
		n := m[key]
		if n.spelling == "" {
			n.spelling = f.name
		}
		n.values = append(n.values, f.value)
		m[key] = n
	}
	return m
}

func (n named) String() string {
	if n.values == nil {
		return none
	}
	shown := make([]string, len(n.values))
	for i, v := range n.values {
		shown[i] = show(v)
	}
	return strings.Join(shown, " and ")
}

// show makes a value fit for a line of the list: bytes that would not be seen are
// escaped, and long ones are cut.
func show(s string) string {
	const most = 160
	rest := ""
	if len(s) > most {
		rest = fmt.Sprintf("… %d bytes", len(s))
		s = s[:most]
	}
	if q := strconv.Quote(s); strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`) != s || s == "" || strings.TrimSpace(s) != s {
		s = q
	}
	return s + rest
}
