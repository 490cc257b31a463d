package app

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// NoArgs refuses arguments.
func NoArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return exitcode.AsUsage(fmt.Errorf("%s takes no arguments, and got %q", cmd.CommandPath(), args[0]))
	}
	return nil
}

// OneURL wants exactly one argument.
func OneURL(args []string) error {
	switch len(args) {
	case 0:
		return exitcode.AsUsage(syntax.ErrNoURL)
	case 1:
		return nil
	}
	return exitcode.AsUsage(fmt.Errorf("unexpected argument %q: one URL at a time", syntax.RedactURL(args[1])))
}
