package render

import (
	"fmt"
	"strconv"
	"time"
)

// Bytes returns a size in the decimal units of SI: 999 B, 1.2 kB, 34 MB.
func Bytes(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	v := float64(n)
	unit := 0
	for v >= 999.5 && unit < 5 {
		v /= 1000
		unit++
	}
	name := [...]string{"B", "kB", "MB", "GB", "TB", "PB"}[unit]
	if v < 9.95 {
		return fmt.Sprintf("%.1f %s", v, name)
	}
	return fmt.Sprintf("%.0f %s", v, name)
}

// Duration returns a duration with two or three figures: 840 µs, 12 ms, 1.25 s,
// 2m05s.
func Duration(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Duration(-d)
	case d == 0:
		return "0 ms"
	case d < 999500*time.Nanosecond:
		return fmt.Sprintf("%d µs", max(1, d.Round(time.Microsecond).Microseconds()))
	case d < 9950*time.Microsecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d < 999500*time.Microsecond:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	d = d.Round(time.Second)
	return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
}

// Count returns a number with a thin group mark: 12 345.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

// Milliseconds is a duration in milliseconds, to the microsecond, as JSON and CSV have it.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
