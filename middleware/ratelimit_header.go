package middleware

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// ServerPause is how long the response asks clients to send nothing to its host, or 0: by
// Retry-After (RFC 9110 10.2.3) with 403, 429 or 503, and by a RateLimit or
// RateLimit-Remaining field that says that nothing is left. It is not bounded, and a bare
// 429 says no time. now is the time to count dates from, if the response has none itself.
//
// A 403 with Retry-After is a limit under another name (GitHub's secondary ones); with
// other statuses the field is about the one resource.
func ServerPause(resp *http.Response, now time.Time) time.Duration {
	var wait time.Duration
	switch resp.StatusCode {
	case http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		wait, _ = parseRetryAfter(resp.Header, now)
	}
	return max(wait, quotaPause(resp.Header, now))
}

// quotaPause is the time until there is more of what a RateLimit or RateLimit-Remaining
// field says is used up, or 0.
func quotaPause(h http.Header, now time.Time) time.Duration {
	var wait time.Duration
	for _, line := range httprule.FieldValues(h, "Ratelimit") {
		wait = max(wait, parseRateLimitField(line))
	}
	for _, prefix := range []string{"Ratelimit-", "X-Ratelimit-"} {
		if firstValue(h, prefix+"Remaining") == "0" {
			wait = max(wait, parseRateLimitReset(firstValue(h, prefix+"Reset"), serverTime(h, now)))
		}
	}
	return wait
}

func firstValue(h http.Header, name string) string {
	return strings.Trim(httprule.FieldValue(h, name), " \t")
}

// parseRateLimitField reads RateLimit (draft-ietf-httpapi-ratelimit-headers): a list
// of policies with r for what remains and t for the seconds until there is
// more,
//
//	"burst";r=0;t=3, "daily";r=100;t=4000
//
// or, as in the drafts up to 07, one policy: limit=100, remaining=0, reset=3. It
// returns the longest time of those that have nothing left.
func parseRateLimitField(line string) time.Duration {
	var longest time.Duration
	remains, reset := "", ""
	settle := func() {
		if d, ok := parseDeltaSeconds(reset); ok && strings.Trim(remains, "0") == "" && remains != "" {
			longest = max(longest, d)
		}
	}
	old := strings.Contains(line, "remaining=")
	for line != "" {
		var item string
		var end byte
		item, end, line = cutRateLimitItem(line)
		switch name, value, _ := strings.Cut(strings.Trim(item, " \t"), "="); strings.TrimRight(name, " \t") {
		case "r", "remaining":
			remains = strings.Trim(value, " \t")
		case "t", "reset":
			reset = strings.Trim(value, " \t")
		}
		if end == ',' && !old {
			settle()
			remains, reset = "", ""
		}
	}
	settle()
	return longest
}

// cutRateLimitItem cuts at the first comma or semicolon outside quotes.
func cutRateLimitItem(line string) (item string, end byte, rest string) {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case (c == ',' || c == ';') && !quoted:
			return line[:i], c, line[i+1:]
		}
	}
	return line, 0, ""
}

// sinceEpoch is where a number of seconds is no wait but a date, which is one of 1973
// then: a clock of testing/synctest begins in 2000.
const sinceEpoch = 100_000_000

// parseRateLimitReset reads the time of RateLimit-Reset, in seconds, or, as some
// servers have it, in seconds since 1970.
func parseRateLimitReset(value string, now time.Time) time.Duration {
	d, ok := parseDeltaSeconds(value)
	if !ok {
		return 0
	}
	if at, err := strconv.ParseInt(value, 10, 64); err == nil && at > sinceEpoch {
		return max(time.Unix(at, 0).Sub(now), 0)
	}
	return d
}
