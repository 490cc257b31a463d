// Command aiolos is an HTTP client: it sends requests as httpie does, downloads
// files, and shows where the time goes.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cli"
)

func main() { os.Exit(run()) }

// run runs the program. The first interrupt ends it in order, a second one at
// once.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return cli.Run(ctx, os.Args[1:], app.System())
}
