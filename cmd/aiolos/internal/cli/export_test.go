package cli

import "time"

// Nearest is the command that a word may be meant for.
var Nearest = nearest

// Patience reads a duration flag.
func Patience(s string) (time.Duration, error) {
	var p patience
	err := p.Set(s)
	return time.Duration(p), err
}
