// Package demo is "aiolos demo": internal/demo with the streams of the program.
package demo

import (
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/demo"
)

const help = `Starts three servers on the loopback interface (httpbin, one that is slow, and one
that cuts, resets, stalls and answers 503 on a schedule), fetches 300 URLs through
one session, and prints what happened: connections, reuse, errors by class, the
waterfall of a request, and a comparison with net/http's client. Everything that is
known beforehand is checked; the exit code is 1 if anything comes out differently.
No packet leaves the machine.`

// New makes "aiolos demo".
func New(a *app.App) *cobra.Command {
	cmd := app.NewCommand("demo", "Show the library at work on embedded servers, and check the outcome", help, "", func(cmd *cobra.Command, _ []string) error {
		return demo.Run(cmd.Context(), demo.Config{
			Out: a.Out, Err: a.Err, Moving: a.CanRedraw(), Width: a.Width, Palette: a.OutPalette(),
		})
	})
	cmd.Args = app.NoArgs
	return cmd
}
