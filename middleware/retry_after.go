package middleware

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// forever stands for times that do not fit.
const forever = time.Duration(math.MaxInt64)

// parseRetryAfter reads Retry-After (RFC 9110 10.2.3): seconds, or a date in one of
// the three forms. A date counts from the response's own Date, if it has one,
// so that the clocks need not agree; one in the past is 0. Times that are too
// long for a Duration are the longest one. The header's first value is taken.
func parseRetryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	values := httprule.FieldValues(h, "Retry-After")
	if len(values) == 0 {
		return 0, false
	}
	value := strings.Trim(values[0], " \t")
	if d, ok := parseDeltaSeconds(value); ok {
		return d, true
	}
	at, ok := parseHTTPDate(value, now)
	if !ok {
		return 0, false
	}
	return max(at.Sub(serverTime(h, now)), 0), true // Sub saturates
}

// serverTime is the time by the server's clock, if the response has it.
func serverTime(h http.Header, now time.Time) time.Time {
	if date := httprule.FieldValues(h, "Date"); len(date) > 0 {
		if sent, ok := parseHTTPDate(date[0], now); ok {
			return sent
		}
	}
	return now
}

// parseDeltaSeconds reads a number of seconds: 1*DIGIT, of any length.
func parseDeltaSeconds(s string) (time.Duration, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > int64(forever/time.Second) {
		return forever, true // there are digits only: it is too long
	}
	return time.Duration(n) * time.Second, true
}

// parseHTTPDate reads IMF-fixdate, and the obsolete forms of RFC 850 and asctime (RFC
// 9110 5.6.7). A two-digit year that appears to be more than 50 years ahead is one
// of the past.
func parseHTTPDate(s string, now time.Time) (time.Time, bool) {
	t, err := http.ParseTime(s)
	if err != nil {
		return time.Time{}, false
	}
	if _, err := time.Parse(time.RFC850, s); err == nil {
		for t.After(now.AddDate(50, 0, 0)) {
			t = t.AddDate(-100, 0, 0)
		}
		for t.Before(now.AddDate(-50, 0, 0)) {
			t = t.AddDate(100, 0, 0)
		}
	}
	return t, true
}
