// Package version is "aiolos version".
package version

import (
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
)

// New makes "aiolos version".
func New(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  app.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return app.PrintVersion(cmd.OutOrStdout())
		},
	}
}
