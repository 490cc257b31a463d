//go:build !linux

package racetest

import "time"

// threadTime is the time, where that of a thread cannot be had.
func threadTime() time.Duration { return time.Since(began) }
