package bench

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Condition is one condition of --fail-if, such as p99>200ms.
type Condition struct {
	Text    string
	metric  string
	percent float64 // of a percentile
	less    bool    // < or <=
	equal   bool    // <= or >=
	limit   float64 // nanoseconds, a count, a share, or requests a second
	share   bool    // limit is in percent
}

// ParseFailIf reads conditions with commas between them: NAME OPERATOR VALUE.
// NAME is min, mean, max or a percentile such as p99.9, with a duration behind;
// errors or unsent, with a number or a percentage; rate, with a number of
// requests a second. The operators are < <= > >=.
func ParseFailIf(text string) ([]Condition, error) {
	var all []Condition
	for part := range strings.SplitSeq(text, ",") {
		c, err := parseCondition(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// parseCondition reads one condition.
func parseCondition(text string) (Condition, error) {
	c := Condition{Text: text}
	bad := func(why string) (Condition, error) {
		return c, fmt.Errorf("condition %q: %s", text, why)
	}
	at := strings.IndexAny(text, "<>")
	if at <= 0 {
		return bad("write it as p99>200ms, errors>0.1% or rate<1000")
	}
	value := text[at+1:]
	c.less = text[at] == '<'
	value, c.equal = strings.CutPrefix(value, "=")
	value = strings.TrimSpace(value)
	c.metric = strings.TrimSpace(text[:at])
	var err error
	switch name := c.metric; {
	case name == "min", name == "mean", name == "max":
		c.limit, err = parseDuration(value)
	case strings.HasPrefix(name, "p"):
		c.metric = "p"
		c.percent, err = strconv.ParseFloat(name[1:], 64)
		if err != nil || !(c.percent > 0 && c.percent <= 100) {
			return bad("a percentile is p50, p99.9 and so on")
		}
		c.limit, err = parseDuration(value)
	case name == "rate":
		c.limit, err = parseNumber(value)
	case name == "errors", name == "unsent":
		value, c.share = strings.CutSuffix(value, "%")
		c.limit, err = parseNumber(value)
	default:
		return bad("it is about min, mean, max, p50, p99 and so on, errors, unsent or rate")
	}
	if err != nil {
		return bad(err.Error())
	}
	return c, nil
}

// parseDuration reads a duration, which needs a unit.
func parseDuration(s string) (float64, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, errors.New("its value is a duration such as 200ms")
	}
	return float64(d), nil
}

// parseNumber reads a number that is not negative.
func parseNumber(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= 0 && v < 1e18) {
		return 0, errors.New("its value is a number")
	}
	return v, nil
}

// Met reports whether the condition holds, and with what value. Without a single
// response every condition about times holds.
func (c Condition) Met(r *Result) (value string, met bool) {
	var v float64
	switch c.metric {
	case "min":
		v = float64(r.Latency.Min())
	case "mean":
		v = float64(r.Latency.Mean())
	case "max":
		v = float64(r.Latency.Max())
	case "p":
		v = float64(r.Latency.Percentile(c.percent))
	case "rate":
		v = r.Rate()
		return strconv.FormatFloat(v, 'f', 1, 64), c.holds(v)
	default:
		n := r.Errors
		if c.metric == "unsent" {
			n = r.Unsent
		}
		if c.share {
			v = percentOf(n, r.Requests)
			if c.metric == "unsent" {
				v = percentOf(n, r.Requests+r.Unsent)
			}
			return strconv.FormatFloat(v, 'f', 2, 64) + "%", c.holds(v)
		}
		return strconv.FormatInt(n, 10), c.holds(float64(n))
	}
	if r.Latency.Len() == 0 {
		return "no response", true
	}
	return time.Duration(v).Round(time.Microsecond).String(), c.holds(v)
}

// holds applies the operator.
func (c Condition) holds(v float64) bool {
	switch {
	case c.equal && v == c.limit:
		return true
	case c.less:
		return v < c.limit
	}
	return v > c.limit
}

// percentOf is n in percent of all; none of none is nothing.
func percentOf(n, all int64) float64 {
	if all == 0 {
		return 0
	}
	return 100 * float64(n) / float64(all)
}
