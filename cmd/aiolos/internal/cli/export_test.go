package cli

import (
	"time"

	"github.com/spf13/cobra"
)

// Nearest is the command that a word may be meant for.
var Nearest = nearest

// Patience reads a duration flag.
func Patience(s string) (time.Duration, error) {
	var p patience
	err := p.Set(s)
	return time.Duration(p), err
}

// Root is the command tree.
func Root() *cobra.Command { return newRoot(&app{}) }

// Commands lists all commands.
func Commands() []*cobra.Command {
	all := []*cobra.Command{Root()}
	for i := 0; i < len(all); i++ {
		all = append(all, all[i].Commands()...)
	}
	return all
}

// Hint is what is said to an error.
var Hint = hint
