package flags

import (
	"errors"

	"github.com/spf13/cobra"
)

// Print are the flags that print a request in place of sending it.
type Print struct{ Offline, Curl, Source bool }

// AddFlags adds the flags to a command.
func (p *Print) AddFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&p.Offline, "offline", false, "send nothing: print the bytes that HTTP/1.1 would send")
	f.BoolVar(&p.Curl, "curl", false, "send nothing: print the curl command that does the same")
	f.BoolVar(&p.Source, "go", false, "send nothing: print a Go program that does the same")
}

// PrintsOnly reports whether nothing is to be sent.
func (p *Print) PrintsOnly() bool { return p.Offline || p.Curl || p.Source }

// CheckSingle refuses several things to print. Another is one more flag of the kind.
func (p *Print) CheckSingle(another bool) error {
	n := 0
	for _, is := range []bool{p.Offline, p.Curl, p.Source, another} {
		if is {
			n++
		}
	}
	if n > 1 {
		return errors.New("give only one of --offline, --curl, --go and --print")
	}
	return nil
}
