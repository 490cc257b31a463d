// Package bench is "aiolos bench": the flags, the request and the report around
// the measurement of internal/bench.
package bench

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/bench"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exchange"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/flags"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/report"
)

// command is "aiolos bench".
type command struct {
	exchange.Sender

	number   int64
	duration flags.Duration
	workers  int
	rate     float64
	json     bool
	csv      bool
	failIf   string
	warmUp   flags.Duration
	input    string
	compare  string
	page     exchange.ReportFile

	last bench.Progress // that the live line has shown
}

// New makes "aiolos bench".
func New(a *app.App) *cobra.Command {
	b := &command{Sender: exchange.Sender{App: a, NoFollow: true, Net: flags.NewBareNetwork(a, benchTimeout)}}
	b.Net.NoRetry = true
	cmd := app.NewCommand("bench [METHOD] URL [ITEM...]", "Send a request many times and measure", help, examples, b.run)
	f := cmd.Flags()
	f.Int64VarP(&b.number, "number", "n", 0, "how many requests to send (default 1000, if there is no -z)")
	f.VarP(&b.duration, "duration", "z", "how long to send requests, instead of -n or as well")
	f.IntVarP(&b.workers, "connections", "c", 50, "how many requests are under way at the same time")
	f.Float64VarP(&b.rate, "rate", "q", 0, "how many requests to begin in a second (default as many as there can be)")
	f.BoolVar(&b.json, "json", false, "print one JSON object, times in milliseconds")
	f.BoolVar(&b.csv, "csv", false, "print a line of names and a line of values, times in milliseconds")
	f.StringVar(&b.failIf, "fail-if", "", "exit with 11 if a condition holds, such as 'p99>200ms,errors>0.1%'")
	f.StringVarP(&b.input, "input", "i", "", "send to the URLs in this file, one a line, in turn, instead of one of the command line; - is standard input")
	f.Var(&b.warmUp, "warm-up", "send requests for this long first, and do not count them")
	f.StringVar(&b.compare, "compare", "", "show two runs side by side: an earlier one, which --json has written to this file (.json), or one of this URL, measured next")
	b.page.AddFlag(f, "write a page (.html) or a picture (.svg) with latency over time, a histogram and the errors to this file")
	b.AddBodyFlags(f)
	// The letter q is taken here.
	f.CountVar(&a.Quiet, "quiet", "no notices and no live line; twice: no errors either")
	b.Net.AddFlags(cmd)
	return cmd
}

// benchTimeout bounds one exchange of a benchmark unless --timeout does.
const benchTimeout = 30 * time.Second

// run does it.
func (b *command) run(cmd *cobra.Command, args []string) error {
	conditions, err := b.checkFlags(cmd.Flags())
	if err != nil {
		return exitcode.AsUsage(err)
	}
	jobs, err := b.readJobs(cmd, args)
	if err != nil {
		return exitcode.AsUsage(err)
	}
	other, err := b.readOther(len(jobs))
	if err != nil {
		return exitcode.AsUsage(err)
	}
	first, err := b.measure(cmd.Context(), jobs)
	if err != nil {
		return err
	}
	runs := []report.Run{{Name: exchange.DescribeURLs(urlsOf(jobs)), Result: first}}
	if other != nil { // an earlier run
		runs = append([]report.Run{*other}, runs...)
	} else if b.compare != "" && cmd.Context().Err() == nil {
		jobs[0].URL = b.compare
		second, err := b.measure(cmd.Context(), jobs)
		if err != nil {
			return err
		}
		runs = append(runs, report.Run{Name: exchange.DescribeURLs(urlsOf(jobs)), Result: second})
	}
	if err := errors.Join(b.printRuns(runs), b.saveReport(jobs[0].Method, runs)); err != nil {
		return err
	}
	b.setExitCode(cmd.Context(), first, conditions)
	return nil
}

// measure sends the requests of jobs in turn.
func (b *command) measure(ctx context.Context, jobs []exchange.Job) (*bench.Result, error) {
	load, err := b.newLoad(ctx, jobs)
	if err != nil {
		return nil, err
	}
	defer load.conn.Close()
	return b.sendAll(ctx, load)
}

// checkFlags looks at the flags.
func (b *command) checkFlags(given *pflag.FlagSet) ([]bench.Condition, error) {
	switch {
	case b.number < 0 || b.number == 0 && given.Changed("number"):
		return nil, errors.New("-n must be at least 1")
	case b.duration < 0 || b.duration == 0 && given.Changed("duration"):
		return nil, errors.New("-z must be a duration such as 30s")
	case b.workers < 1 || b.workers > 100_000:
		return nil, errors.New("-c must be a number from 1 to 100000")
	case !(b.rate >= 0 && b.rate <= 1e9):
		return nil, errors.New("-q must be a number of requests a second")
	case b.warmUp < 0:
		return nil, errors.New("--warm-up must be a duration such as 2s")
	case b.Net.Kind == flags.Digest:
		return nil, errors.New("-A digest answers each challenge anew, and bench sends the same request each time")
	case b.json && b.csv:
		return nil, errors.New("give only one of --json and --csv")
	}
	if err := b.page.Check(".html", ".svg"); err != nil {
		return nil, err
	}
	if b.number == 0 && b.duration == 0 {
		b.number = 1000
	}
	if b.failIf == "" {
		return nil, nil
	}
	return bench.ParseFailIf(b.failIf)
}
