// Package bench is "aiolos bench": the flags, the request and the report around
// the measurement of internal/bench.
package bench

import (
	"errors"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/bench"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exchange"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/flags"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
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
}

// New makes "aiolos bench".
func New(a *app.App) *cobra.Command {
	b := &command{Sender: exchange.Sender{App: a, NoFollow: true, Net: flags.NewBareNetwork(a, benchTimeout)}}
	cmd := &cobra.Command{
		Use:     "bench [METHOD] URL [ITEM...]",
		Short:   "Send a request many times and measure",
		Long:    help,
		Example: examples,
		RunE:    b.run,
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.Int64VarP(&b.number, "number", "n", 0, "how many requests to send (default 1000, if there is no -z)")
	f.VarP(&b.duration, "duration", "z", "how long to send requests, instead of -n or as well")
	f.IntVarP(&b.workers, "connections", "c", 50, "how many requests are under way at the same time")
	f.Float64VarP(&b.rate, "rate", "q", 0, "how many requests to begin in a second (default as many as there can be)")
	f.BoolVar(&b.json, "json", false, "print one JSON object, times in milliseconds")
	f.BoolVar(&b.csv, "csv", false, "print a line of names and a line of values, times in milliseconds")
	f.StringVar(&b.failIf, "fail-if", "", "exit with 11 if a condition holds, such as 'p99>200ms,errors>0.1%'")
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
	target, req, err := b.ReadArgs(cmd, args)
	if err != nil {
		return exitcode.AsUsage(err)
	}
	if err := b.bufferBody(req); err != nil {
		return exitcode.AsUsage(err)
	}
	options, _, err := b.RequestOptions(req)
	if err != nil {
		return exitcode.AsUsage(err)
	}
	load, err := b.newLoad(cmd.Context(), exchange.Job{Method: target.Method, URL: target.URL, Options: options, Request: req})
	if err != nil {
		return err
	}
	defer load.conn.Close()
	result, err := b.sendAll(cmd.Context(), load)
	if err != nil {
		return err
	}
	if err := b.printResult(result); err != nil {
		return err
	}
	b.setExitCode(cmd.Context(), result, conditions)
	return nil
}

// bufferBody reads the body, which is sent many times.
func (b *command) bufferBody(req *syntax.Request) (err error) {
	switch {
	case len(req.Parts) > 0:
		return b.BufferForm(req)
	case req.BodyFile == "":
		return nil
	case req.BodyFile == "-":
		req.Body, err = b.App.ReadInput()
	default:
		req.Body, err = app.ReadFile(req.BodyFile)
		if req.ContentType == "" {
			req.ContentType = httprule.TypeByName(req.BodyFile)
		}
	}
	req.BodyFile = ""
	return err
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
	case b.json && b.csv:
		return nil, errors.New("give only one of --json and --csv")
	}
	if b.number == 0 && b.duration == 0 {
		b.number = 1000
	}
	if b.failIf == "" {
		return nil, nil
	}
	return bench.ParseFailIf(b.failIf)
}
