package middleware_test

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

var retryNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, value, date string
		want              time.Duration
		ok                bool
	}{
		{"seconds", "120", "", 2 * time.Minute, true},
		{"zero", "0", "", 0, true},
		{"spaces", " 7\t", "", 7 * time.Second, true},
		{"leading zeros", "0000000000000000000000007", "", 7 * time.Second, true},
		{"longest", "9223372036", "", 9223372036 * time.Second, true},
		{"one more", "9223372037", "", math.MaxInt64, true},
		{"many digits", strings.Repeat("9", 100), "", math.MaxInt64, true},
		{"fixdate", "Sun, 01 Mar 2026 12:01:00 GMT", "", time.Minute, true},
		{"rfc 850", "Sunday, 01-Mar-26 12:01:00 GMT", "", time.Minute, true},
		{"asctime", "Sun Mar  1 12:01:00 2026", "", time.Minute, true},
		{"past", "Sun, 01 Mar 2026 11:00:00 GMT", "", 0, true},
		{"rfc 850, 94 is the past", "Sunday, 06-Nov-94 08:49:37 GMT", "", 0, true},
		{"rfc 850, 70 is ahead", "Saturday, 01-Mar-70 12:00:00 GMT", "", time.Date(2070, 3, 1, 12, 0, 0, 0, time.UTC).Sub(retryNow), true},
		{"server's clock", "Sun, 01 Mar 2026 15:00:30 GMT", "Sun, 01 Mar 2026 15:00:00 GMT", 30 * time.Second, true},
		{"no clock", "Sun, 01 Mar 2026 12:01:00 GMT", "yesterday", time.Minute, true},
		{"far", "Fri, 31 Dec 9999 23:59:59 GMT", "", math.MaxInt64, true},
		{"empty", "", "", 0, false},
		{"negative", "-1", "", 0, false},
		{"plus", "+1", "", 0, false},
		{"fraction", "1.5", "", 0, false},
		{"words", "in a while", "", 0, false},
		{"other digits", "١٢", "", 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{"Retry-After": {tt.value, "1"}}
			if tt.date != "" {
				h.Set("Date", tt.date)
			}
			got, ok := middleware.RetryAfter(h, retryNow)
			if got != tt.want || ok != tt.ok {
				t.Errorf("got %v %v, want %v %v", got, ok, tt.want, tt.ok)
			}
		})
	}
	if _, ok := middleware.RetryAfter(http.Header{}, retryNow); ok {
		t.Error("no header is no time")
	}
}

// FuzzRetryAfter: never negative, and what is digits is never refused.
func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{
		"120", "0", "99999999999999999999", "-1", "", " ", "Sun, 01 Mar 2026 12:01:00 GMT",
		"Sunday, 01-Mar-26 12:01:00 GMT", "Sun Mar  1 12:01:00 2026", "Sunday, 29-Feb-00 12:01:00 GMT", "1e9",
	} {
		f.Add(seed, "Sun, 01 Mar 2026 12:00:00 GMT")
		f.Add(seed, "")
	}
	f.Fuzz(func(t *testing.T, value, date string) {
		d, ok := middleware.RetryAfter(http.Header{"Retry-After": {value}, "Date": {date}}, retryNow)
		if d < 0 || !ok && d != 0 {
			t.Errorf("got %v %v", d, ok)
		}
		if digits := strings.Trim(value, "0123456789") == "" && value != ""; digits && !ok {
			t.Error("refused")
		}
	})
}
