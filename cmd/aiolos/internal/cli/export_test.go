package cli

import (
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
)

// Root is the command tree.
func Root() *cobra.Command { return newRoot(&app.App{}) }

// Commands lists all commands.
func Commands() []*cobra.Command {
	all := []*cobra.Command{Root()}
	for i := 0; i < len(all); i++ {
		all = append(all, all[i].Commands()...)
	}
	return all
}
