package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime"

	"github.com/aiolos-http/aiolos/session"
	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/conn"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/task"
)

// Run runs the program with the arguments that follow its name and returns the exit code.
// When ctx ends, the command ends in order.
func Run(ctx context.Context, args []string, streams app.Streams) int {
	out := &answer{Writer: streams.Out}
	streams.Out = out
	a := &app.App{Streams: streams}
	root := newRoot(a) //nolint:contextcheck // cobra hands it to the commands
	root.SetArgs(args)
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	err := cmp.Or(root.ExecuteContext(ctx), out.lost)
	if err != nil {
		a.Report(err)
	}
	return exitcode.Of(err)
}

// answer is standard output. What cannot be written is lost, and makes the call fail, whoever
// writes it.
type answer struct {
	io.Writer

	lost error // the first
}

// Write writes, and notes an error.
func (a *answer) Write(p []byte) (int, error) {
	n, err := a.Writer.Write(p)
	a.lost = cmp.Or(a.lost, err)
	return n, err
}

const rootHelp = `Fetches many URLs with many machines. The queue is in Redis or Valkey, and asynq keeps
it: its own tools (asynq, asynqmon) work on it, too.

  push     puts URLs into the queue, each once
  work     fetches what is in the queue and saves it; on as many machines as you like
  status   how far they are, what fails, who is slow
  retry    brings back what was given up
  drain    lets what is under way end, and takes nothing new
  demo     shows all of it in a minute, on a Redis of its own

A URL is fetched at least once. What may pass (a status of 5xx or 429, a cut, a timeout)
is tried again after a while, or when the server says (Retry-After); what will not (404, a
bad certificate) goes to the archive at once, with the class of its error.

Where Redis is, --redis or the variable AIOLOS_FLEET_REDIS says. A password belongs into
the variable: a command line can be seen by others.

Exit codes: 0 success; 1 failure, and lines that push refused; 2 usage; 7 Redis cannot be
reached; 9 the time is over; 12 the demo finds no redis-server; 130 interrupted.`

// newRoot makes the command tree.
func newRoot(a *app.App) *cobra.Command {
	root := &cobra.Command{
		Use: "aiolos-fleet", Short: "Fetch many URLs with many machines", Long: rootHelp,
		SilenceErrors: true, SilenceUsage: true,
		Version: fmt.Sprintf("%s %s", session.LibraryVersion, runtime.Version()),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return exitcode.AsUsage(fmt.Errorf("%q is not a command; see \"aiolos-fleet --help\"", args[0]))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("aiolos-fleet {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return exitcode.AsUsage(fmt.Errorf("%w; see %q", err, cmd.CommandPath()+" --help"))
	})
	root.CompletionOptions.HiddenDefaultCmd = true
	f := root.PersistentFlags()
	f.StringVar(&a.Redis, "redis", "", "where Redis is: HOST:PORT, redis://, rediss://, unix://, redis-sentinel://, redis-cluster:// (default $AIOLOS_FLEET_REDIS, or "+conn.Default+")")
	f.StringVar(&a.Queue, "queue", "default", "name of the queue")
	f.CountVarP(&a.Quiet, "quiet", "q", "no notices; twice: no errors either")
	root.AddCommand(newPush(a), newWork(a), newStatus(a), newRetry(a), newDrain(a), newDemo(a))
	return root
}

// openRedis makes the client of a command that makes so many calls at a time.
func openRedis(a *app.App, size int) (redis.UniversalClient, error) {
	if !task.ValidQueue(a.Queue) {
		return nil, exitcode.AsUsage(fmt.Errorf("--queue: %q is no name for a queue", a.Queue))
	}
	client, err := conn.Open(redisAddress(a), size)
	if err != nil {
		return nil, exitcode.AsUsage(err)
	}
	return client, nil
}

// redisAddress is what the flag says, else the environment.
func redisAddress(a *app.App) string {
	for _, address := range []string{a.Redis, a.Getenv("AIOLOS_FLEET_REDIS"), conn.Default} {
		if address != "" {
			return address
		}
	}
	return ""
}

// noArgs refuses arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return exitcode.AsUsage(fmt.Errorf("%s takes no arguments, and got %q", cmd.CommandPath(), args[0]))
	}
	return nil
}
