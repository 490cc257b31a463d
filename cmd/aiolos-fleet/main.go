// Command aiolos-fleet fetches many URLs with many machines: a queue in Redis that asynq
// keeps, workers that fetch what is in it through sessions with limits for all of them
// together, and what tells how they are getting on.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/cli"
)

func main() { os.Exit(run()) }

// run runs the program. The first interrupt ends it in order, a second one at once.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return cli.Run(ctx, os.Args[1:], app.System())
}
