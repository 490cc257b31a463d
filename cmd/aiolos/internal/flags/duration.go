package flags

import (
	"errors"
	"strconv"
	"time"
)

// Duration is a duration flag: 1m30s, or a number of seconds; 0 is no limit. It
// has the library's convention for a duration inside.
type Duration time.Duration

// Set implements pflag.Value.
func (p *Duration) Set(s string) error {
	d, err := time.ParseDuration(s)
	if seconds, numErr := strconv.ParseFloat(s, 64); numErr == nil {
		d, err = time.Duration(seconds*float64(time.Second)), nil
		if seconds > 1e9 || seconds != seconds {
			err = errors.New("too much")
		}
	}
	switch {
	case err != nil || d < 0:
		return errors.New("use a duration such as 30s or 1m30s, or 0 for no limit")
	case d == 0:
		d = -1
	}
	*p = Duration(d)
	return nil
}

// String implements pflag.Value.
func (p *Duration) String() string {
	switch d := time.Duration(*p); {
	case d < 0:
		return "none"
	case d > 0:
		return d.String()
	}
	return ""
}

// Type implements pflag.Value.
func (p *Duration) Type() string { return "duration" }
