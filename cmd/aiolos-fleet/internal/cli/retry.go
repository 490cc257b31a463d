package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/archive"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/exitcode"
)

const retryHelp = `Puts what was given up back into the queue, with all its attempts: everything in the
archive, or what has failed with one of the classes, as "aiolos-fleet status" shows them:
ClientResponse 404 is that status, ClientResponse every status.`

// newRetry makes "aiolos-fleet retry".
func newRetry(a *app.App) *cobra.Command {
	var classes []string
	cmd := &cobra.Command{
		Use: "retry", Short: "Bring back what was given up", Long: retryHelp, Args: noArgs,
		Example: "  aiolos-fleet retry\n  aiolos-fleet retry --class SocketTimeout --class \"ClientResponse 503\"",
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := openRedis(a, 4)
			if err != nil {
				return err
			}
			defer client.Close()
			if err := client.Ping(cmd.Context()).Err(); err != nil {
				return err
			}
			n, err := archive.Retry(cmd.Context(), client, a.Queue, classes)
			fmt.Fprintf(a.Out, "%s brought back\n", app.Count(int64(n)))
			return err
		},
	}
	cmd.Flags().StringArrayVar(&classes, "class", nil, "only what has failed with this class; may be given again")
	return cmd
}

const drainHelp = `Has the workers take nothing new, and waits until what is under way has ended. The
workers stay, and the queue stays paused, until --resume.`

// newDrain makes "aiolos-fleet drain".
func newDrain(a *app.App) *cobra.Command {
	var resume bool
	var limit time.Duration
	cmd := &cobra.Command{
		Use: "drain", Short: "Let what is under way end, and take nothing new", Long: drainHelp, Args: noArgs,
		Example: "  aiolos-fleet drain\n  aiolos-fleet drain --resume",
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := openRedis(a, 4)
			if err != nil {
				return err
			}
			defer client.Close()
			if resume {
				if err := archive.Resume(cmd.Context(), client, a.Queue); err != nil {
					return err
				}
				fmt.Fprintln(a.Out, "the workers take tasks again")
				return nil
			}
			ctx := cmd.Context()
			if limit > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeoutCause(ctx, limit, exitcode.With(exitcode.Timeout, errors.New("not everything has ended within --timeout; nothing new is taken")))
				defer cancel()
			}
			last := -1
			err = archive.Drain(ctx, client, a.Queue, func(active int) {
				if active != last {
					a.Notice("%d under way", active)
				}
				last = active
			})
			if err == nil {
				fmt.Fprintln(a.Out, "nothing is under way, and nothing new is taken")
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&resume, "resume", false, "take tasks again")
	cmd.Flags().DurationVar(&limit, "timeout", 0, "how long to wait; 0: as long as it takes")
	return cmd
}
