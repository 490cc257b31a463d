package cli

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/push"
)

const pushHelp = `Puts the URLs of files, or of standard input, into the queue: a URL a line, and behind it,
after a space or a tab, the name of its file if it is to have one. Empty lines and lines
that begin with # are passed over.

A URL that is in the queue or in the archive, or was fetched within --keep, is not put
there again: a push that was interrupted is simply given again. Lines that are no URLs, or
longer than 1 MiB, or have the name of another URL's file, are told, and the others are
pushed all the same; the exit code is then 1.

The URLs stand in Redis as they are given, passwords in them included.`

const pushExamples = `  aiolos-fleet push urls.txt more.txt
  zcat urls.gz | aiolos-fleet push
  echo "https://example.org/?id=7 seven.html" | aiolos-fleet push --keep 0`

// maxTold is how many lines that were refused are shown.
const maxTold = 20

// newPush makes "aiolos-fleet push".
func newPush(a *app.App) *cobra.Command {
	keep := 24 * time.Hour
	cmd := &cobra.Command{
		Use: "push [FILE...]", Short: "Put URLs into the queue, each once", Long: pushHelp, Example: pushExamples,
		RunE: func(cmd *cobra.Command, args []string) error {
			if keep < 0 {
				return exitcode.AsUsage(errors.New("--keep must not be negative"))
			}
			return runPush(cmd.Context(), a, keep, args)
		},
	}
	cmd.Flags().DurationVar(&keep, "keep", keep, "for how long a URL that was fetched is still known, and not fetched again")
	return cmd
}

func runPush(ctx context.Context, a *app.App, keep time.Duration, files []string) error {
	client, err := openRedis(a, push.Parallel)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.Ping(ctx).Err(); err != nil {
		return err
	}
	if len(files) == 0 {
		files = []string{"-"}
	}
	start := time.Now()
	told := &refusals{app: a}
	p := push.New(ctx, push.Config{Redis: client, Queue: a.Queue, Keep: keep, OnBad: told.tell})
	stop := showProgress(a, func() string { return pushText(p.Result(), time.Since(start)) })
	err = readFiles(a, p, files)
	stop()
	r := p.Result()
	if told.count > maxTold && a.Quiet < 2 {
		a.Notice("%d more lines were refused", told.count-maxTold)
	}
	if err == nil && r.Bad > 0 {
		err = fmt.Errorf("%s lines were refused", app.Count(r.Bad))
	}
	fmt.Fprintln(a.Out, pushText(r, time.Since(start)))
	return err
}

// readFiles pushes the files. It does not wait for input that does not come when there is
// nobody who would push it.
func readFiles(a *app.App, p *push.Pusher, files []string) error {
	done := make(chan error, 1)
	go func() {
		for _, name := range files {
			if err := readInto(a, p, name); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	select {
	case err := <-done:
		return errors.Join(err, p.Close())
	case <-p.Failed():
		return p.Err()
	}
}

// readInto pushes one file; - is standard input.
func readInto(a *app.App, p *push.Pusher, name string) error {
	if name == "-" {
		return p.Read("-", a.In)
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return p.Read(name, f)
}

func pushText(r push.Result, elapsed time.Duration) string {
	return fmt.Sprintf("%s pushed, %s known already, %s refused, in %s (%s/s)", app.Count(r.New), app.Count(r.Known), app.Count(r.Bad),
		app.Duration(elapsed), app.Count(int64(float64(r.New+r.Known)/max(elapsed.Seconds(), 0.001))))
}

// refusals tells of the lines that were refused.
type refusals struct {
	app *app.App

	mu    sync.Mutex
	count int
}

func (r *refusals) tell(file string, line int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count++; r.count <= maxTold && r.app.Quiet < 2 {
		r.app.Say("%s:%d: %s", app.Line(file), line, app.Line(errors.RedactError(err)))
	}
}
