package render

import (
	"time"
)

// Milliseconds is a duration for JSON.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
