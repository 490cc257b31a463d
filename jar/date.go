package jar

import "time"

// parseDate reads a date as RFC 6265 5.1.1 says: the first token that looks like
// a time, a day, a month and a year each is taken for it, in any order, and all
// the rest (the weekday, the zone) is passed over. Only ASCII digits count.
func parseDate(s string) (time.Time, bool) {
	var d date
	for i := 0; i < len(s); {
		if isDateDelimiter(s[i]) {
			i++
			continue
		}
		start := i
		for i < len(s) && !isDateDelimiter(s[i]) {
			i++
		}
		d.takeToken(s[start:i])
	}
	return d.toTime()
}

// isDateDelimiter is the rule "delimiter" of RFC 6265 5.1.1.
func isDateDelimiter(c byte) bool {
	return c == '\t' || c >= ' ' && c <= '/' || c >= ';' && c <= '@' || c >= '[' && c <= '`' || c >= '{' && c <= '~'
}

// date is what the tokens said so far.
type date struct {
	hour, minute, second, day, month, year int
	hasTime, hasDay, hasMonth, hasYear     bool
}

// takeToken gives a token to the first part that it fits and that is still missing.
func (d *date) takeToken(token string) {
	if !d.hasTime && d.takeTime(token) {
		d.hasTime = true
		return
	}
	if n, ok := leadingNumber(token, 1, 2); ok && !d.hasDay {
		d.day, d.hasDay = n, true
		return
	}
	if m := monthOf(token); m > 0 && !d.hasMonth {
		d.month, d.hasMonth = m, true
		return
	}
	if n, ok := leadingNumber(token, 2, 4); ok && !d.hasYear {
		d.year, d.hasYear = n, true
	}
}

func (d *date) takeTime(token string) bool {
	var fields [3]int
	for i := range fields {
		n := 0
		for n < len(token) && isDigit(token[n]) {
			n++
		}
		if n < 1 || n > 2 || i < 2 && (n == len(token) || token[n] != ':') {
			return false
		}
		fields[i], _ = leadingNumber(token[:n], 1, 2)
		if i < 2 {
			token = token[n+1:]
		}
	}
	d.hour, d.minute, d.second = fields[0], fields[1], fields[2]
	return true
}

// toTime puts the parts together. Two-digit years are of 1970 to 2069.
func (d *date) toTime() (time.Time, bool) {
	year := d.year
	switch {
	case year >= 70 && year <= 99:
		year += 1900
	case year >= 0 && year <= 69:
		year += 2000
	}
	if !d.hasTime || !d.hasDay || !d.hasMonth || !d.hasYear ||
		d.day < 1 || d.day > 31 || year < 1601 || d.hour > 23 || d.minute > 59 || d.second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(d.month), d.day, d.hour, d.minute, d.second, 0, time.UTC)
	if t.Day() != d.day { // there is no 30th of February
		return time.Time{}, false
	}
	return t, true
}

// leadingNumber reads the digits at the start of a token: at least low, at most
// high of them. What follows them does not matter, unless it is a digit.
func leadingNumber(token string, low, high int) (int, bool) {
	n, i := 0, 0
	for ; i < len(token) && isDigit(token[i]); i++ {
		if i == high {
			return 0, false
		}
		n = n*10 + int(token[i]-'0')
	}
	return n, i >= low
}

func monthOf(token string) int {
	const months = "janfebmaraprmayjunjulaugsepoctnovdec"
	if len(token) < 3 {
		return 0
	}
	for m := range 12 {
		if equalFoldASCII(token[:3], months[3*m:3*m+3]) {
			return m + 1
		}
	}
	return 0
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
