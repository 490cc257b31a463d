package flags

import (
	"errors"

	"github.com/spf13/cobra"
)

// Print are the flags that print a request in place of sending it.
type Print struct{ Offline, Curl, Source bool }

// AddFlags adds the flags to a command.
func (i *Print) AddFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&i.Offline, "offline", false, "send nothing: print the bytes that HTTP/1.1 would send")
	f.BoolVar(&i.Curl, "curl", false, "send nothing: print the curl command that does the same")
	f.BoolVar(&i.Source, "go", false, "send nothing: print a Go program that does the same")
}

// PrintsOnly reports whether nothing is to be sent.
func (i *Print) PrintsOnly() bool { return i.Offline || i.Curl || i.Source }

// CheckSingle refuses several things to print. Another is one more flag of the kind.
func (i *Print) CheckSingle(another bool) error {
	n := 0
	for _, is := range []bool{i.Offline, i.Curl, i.Source, another} {
		if is {
			n++
		}
	}
	if n > 1 {
		return errors.New("of --offline, --curl, --go and --print only one can be given")
	}
	return nil
}
