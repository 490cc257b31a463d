package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	aioloserrors "github.com/aiolos-http/aiolos/errors"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/bench"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exchange"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/flags"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
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
	if done, err := b.App.ShowBriefHelp(cmd); done {
		return err
	}
	conditions, err := b.checkFlags()
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
			req.ContentType = mime.TypeByExtension(filepath.Ext(req.BodyFile))
		}
	}
	req.BodyFile = ""
	return err
}

// checkFlags looks at the flags.
func (b *command) checkFlags() ([]bench.Condition, error) {
	switch {
	case b.number < 0:
		return nil, errors.New("-n is at least 1")
	case b.duration < 0:
		return nil, errors.New("-z is a duration such as 30s")
	case b.workers < 1 || b.workers > 100_000:
		return nil, errors.New("-c is a number from 1 to 100000")
	case !(b.rate >= 0 && b.rate <= 1e9):
		return nil, errors.New("-q is a number of requests a second")
	case b.json && b.csv:
		return nil, errors.New("of --json and --csv only one can be given")
	}
	if b.number == 0 && b.duration == 0 {
		b.number = 1000
	}
	if b.failIf == "" {
		return nil, nil
	}
	return bench.ParseFailIf(b.failIf)
}

// load is a request that is sent many times: made once by a session, and then
// sent by the connector alone, which costs less than a session does for each.
type load struct {
	template *http.Request
	body     []byte
	conn     *connector.Connector
	settings connector.Settings
}

// newLoad has a session make the request.
func (b *command) newLoad(ctx context.Context, j exchange.Job) (*load, error) {
	sess, err := b.Net.OpenSession(ctx, connector.Config{Limit: b.workers}, func(http.RoundTripper) http.RoundTripper { return exchange.NotSent{} })
	if err != nil {
		return nil, err
	}
	resp, err := sess.Request(ctx, j.Method, j.URL, j.Options...)
	if err != nil {
		return nil, errors.Join(err, sess.Close())
	}
	made := resp.Request
	l := &load{template: made.Clone(context.WithoutCancel(ctx)), body: j.Request.Body, conn: sess.Connector()}
	if s := connector.SettingsFrom(made.Context()); s != nil { //nolint:contextcheck // the session put them there
		l.settings = *s
	}
	l.settings.Deadline, l.settings.Started = time.Time{}, time.Time{}
	l.settings.Timeout = sess.Timeout()
	sess.Detach()
	return l, resp.Close()
}

// sendOnce sends the request once and reads the response.
func (l *load) sendOnce(ctx context.Context) (bench.Sample, error) {
	var record connector.Recorder
	settings := l.settings
	settings.Recorder = &record
	req := l.template.WithContext(connector.WithSettings(ctx, settings))
	if len(l.body) > 0 {
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(l.body)), nil }
		req.Body = io.NopCloser(bytes.NewReader(l.body))
	}
	resp, err := l.conn.RoundTrip(req) //nolint:contextcheck // the request has it
	if err != nil {
		return bench.Sample{}, err
	}
	n, err := io.Copy(io.Discard, resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return bench.Sample{}, err
	}
	return bench.Sample{Status: resp.StatusCode, Bytes: n, Timing: record.Timing()}, nil
}

// sendAll sends the requests. A request that cannot be sent at all ends it.
func (b *command) sendAll(ctx context.Context, l *load) (*bench.Result, error) {
	// Little is alive and much is thrown away here: collecting it less often
	// leaves the processor to the requests.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	run, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	// The requests themselves have a context without an end, for one that can end
	// costs each of them: closing the connector ends them too.
	endless := context.WithoutCancel(ctx)
	defer context.AfterFunc(run, func() { _ = l.conn.Close() })()
	cfg := bench.Config{
		Requests: b.number, Duration: time.Duration(b.duration), Workers: b.workers, Rate: b.rate,
		Send: func(context.Context) (bench.Sample, error) {
			s, err := l.sendOnce(endless)
			if err != nil && errors.Is(err, aioloserrors.ErrInvalidRequest) {
				stop(err)
			}
			return s, err
		},
	}
	if b.App.CanRedraw() {
		cfg.Live = b.redrawProgress
	}
	result := bench.Run(run, cfg)
	if cfg.Live != nil {
		fmt.Fprint(b.App.Err, "\r\x1b[K")
	}
	if err := context.Cause(run); err != nil && ctx.Err() == nil {
		return nil, err
	}
	return result, nil
}

// redrawProgress redraws the line that shows the progress.
func (b *command) redrawProgress(p bench.Progress) {
	rate := float64(p.Requests) / p.Elapsed.Seconds()
	goal := ""
	if b.duration > 0 {
		goal = " of " + render.Duration(time.Duration(b.duration))
	}
	of := ""
	if b.number > 0 {
		of = " of " + render.Count(b.number)
	}
	line := fmt.Sprintf("%s%s requests, %s req/s, %s errors, %s%s",
		render.Count(p.Requests), of, render.Count(int64(rate)), render.Count(p.Errors), render.Duration(p.Elapsed), goal)
	if runes := []rune(line); len(runes) >= b.App.Width {
		line = string(runes[:max(0, b.App.Width-1)])
	}
	fmt.Fprintf(b.App.Err, "\r%s\x1b[K", line)
}

// printResult prints the result.
func (b *command) printResult(r *bench.Result) error {
	switch {
	case b.json:
		return r.JSON(b.App.Out)
	case b.csv:
		return r.CSV(b.App.Out)
	}
	_, err := io.WriteString(b.App.Out, r.Text(b.App.OutPalette(), b.App.Width))
	return err
}

// setExitCode sets the exit code: a condition that holds, an interrupt, or nothing
// but failures.
func (b *command) setExitCode(ctx context.Context, r *bench.Result, conditions []bench.Condition) {
	for _, c := range conditions {
		if value, met := c.Met(r); met {
			if b.App.Quiet < 2 {
				fmt.Fprintf(b.App.Err, "%s failed: %s (%s)\n", b.App.ErrPalette().Red("aiolos:"), c.Text, value)
			}
			b.App.Code = exitcode.FailIf
		}
	}
	switch {
	case ctx.Err() != nil:
		b.App.Code = exitcode.Interrupt
	case b.App.Code == exitcode.OK && r.Latency.Len() == 0:
		b.App.Code = exitcode.Failure
	}
}
