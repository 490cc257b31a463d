// Package version is "aiolos version".
package version

import (
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
)

// New makes "aiolos version".
func New(a *app.App) *cobra.Command {
	cmd := app.NewCommand("version", "Print the version", "", "", func(*cobra.Command, []string) error { return app.PrintVersion(a.Out) })
	cmd.Args = app.NoArgs
	return cmd
}
