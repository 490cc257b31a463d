package cli

import (
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/demo"
)

const demoHelp = `Starts a redis-server on the loopback interface, two servers that misbehave, and three
workers; pushes 2,000 URLs, kills one of the workers in the middle, and checks what came of
it: all files there with the right checksums, the limits kept as the servers saw them, and
no more fetched twice than the kill explains. The exit code is 1 if anything comes out
differently. It takes less than a minute, most of which is waiting for the leases of the
killed worker to end. No packet leaves the machine, and nothing is left behind.

Without a redis-server or valkey-server the exit code is 12; --redis says where one is that
runs already. AIOLOS_FLEET_REDIS does not count here.`

// newDemo makes "aiolos-fleet demo".
func newDemo(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use: "demo", Short: "Show a fleet at work on this machine, and check the outcome", Long: demoHelp, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := demo.Run(cmd.Context(), demo.Config{
				Out: a.Out, Redis: a.Redis,
				Tell: func(text string) { a.Notice("%s", text) },
				Show: a.Redraw,
			})
			a.Redraw("")
			return err
		},
	}
}
