// Package get is "aiolos get": downloads, several at a time.
package get

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exchange"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/flags"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/progress"
)

// command is "aiolos get".
type command struct {
	app *app.App
	net flags.Network

	urls       []string // of the command line, as they are written
	input      string
	parallel   int
	perHost    int
	parts      int
	rate       download.Rate
	noTimes    bool
	dir        string
	output     string
	byURL      bool
	conflict   download.Conflict
	progress   progress.Mode
	failedFile string
	page       exchange.ReportFile
	checksum   string
	sum        download.Sum
	sums       download.Sums

	results []download.Result
}

// defaultRetries is how often a download is tried again: one of five connections
// may fail, and of a thousand files all arrive.
const defaultRetries = 5

// New makes "aiolos get".
func New(a *app.App) *cobra.Command {
	g := &command{app: a, net: flags.NewNetwork(a), conflict: download.Rename, progress: progress.Auto}
	// A file may take as long as it does, so long as something arrives.
	g.net.Total, g.net.Read, g.net.Retry, g.net.Notice = -1, 30e9, defaultRetries, nil
	cmd := app.NewCommand("get URL... [-i FILE]", "Download files, several at a time, and go on where an interrupt left off", help, examples, g.run)
	f := cmd.Flags()
	f.StringVarP(&g.input, "input", "i", "", "read URLs from this file too, one a line; - is standard input")
	f.IntVarP(&g.parallel, "jobs", "j", 8, "downloads at a time")
	f.IntVar(&g.perHost, "per-host", 4, "of these, from one host")
	f.IntVarP(&g.parts, "parts", "x", 1, "requests at a time for one file, if it is large and the server can")
	f.Var(&g.rate, "limit-rate", "bytes a second of all downloads together, such as 500K or 2M")
	f.StringVarP(&g.dir, "dir", "d", ".", "directory for the files")
	f.StringVarP(&g.output, "output", "o", "", "name of the file, for a single URL, below -d if it is no absolute path")
	f.BoolVarP(&g.byURL, "remote-name", "O", false, "name the files after their URLs, whatever the servers say")
	f.StringVar(&g.checksum, "checksum", "", "what the file must have: sha256:HEX, for a single URL; or @FILE, a list as sha256sum writes it")
	f.Var(&g.conflict, "conflict", "if the file exists: rename, skip, overwrite or continue; also called --on-conflict")
	f.Var(&g.conflict, "on-conflict", "")
	f.Lookup("on-conflict").Hidden = true
	g.addConflictFlags(f)
	f.BoolVar(&g.noTimes, "no-mtime", false, "do not give files the time of Last-Modified")
	f.Var(&g.progress, "progress", "what to show meanwhile: auto, none or json")
	f.StringVar(&g.failedFile, "save-failed", "", "write the URLs that failed to this file")
	g.page.AddFlag(f, "write a waterfall of all requests to this file: an HTML page (.html)")
	g.net.AddFlags(cmd)
	return cmd
}

// addConflictFlags adds the names that other programs have for the values of --conflict.
func (g *command) addConflictFlags(f *pflag.FlagSet) {
	is := func(c download.Conflict) func(string) error {
		return func(value string) error {
			on, err := strconv.ParseBool(value)
			if on {
				g.conflict = c
			}
			return err
		}
	}
	f.BoolFuncP("continue", "c", "go on with a file of that name, whatever URL it was begun with, and leave a complete one", is(download.Continue))
	f.BoolFunc("no-clobber", "leave every file that exists: --conflict=skip", is(download.Skip))
	f.BoolFunc("overwrite", "fetch every file again: --conflict=overwrite", is(download.Overwrite))
}

// run downloads everything.
func (g *command) run(cmd *cobra.Command, args []string) error {
	jobs, err := g.newJobs(args)
	if err != nil {
		return exitcode.AsUsage(err)
	}
	if err := g.page.Check(".html"); err != nil {
		return err
	}
	dir, err := download.OpenDir(g.dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	if len(jobs) > 1 {
		if err := dir.KeepRecord(); err != nil {
			return err
		}
	}
	cfg := connector.Config{Limit: g.parallel * g.parts, LimitPerHost: g.perHost * g.parts}
	around := append(g.page.Record(urlsOf(jobs)...), g.rate.Middleware()...)
	sess, err := g.net.OpenSession(cmd.Context(), cfg, around...)
	if err != nil {
		return err
	}
	defer sess.Close()
	display, events := g.newDisplay(len(jobs))
	f := &download.Fetcher{
		Client: sess, Dir: dir, Conflict: g.conflict, Progress: display, Retries: g.net.Retry, Sums: g.sums,
		Parallel: g.parts, NoTimes: g.noTimes, Notice: g.net.Notice,
	}
	start := time.Now()
	limits := download.Limits{Total: g.parallel, PerHost: g.perHost}
	download.Run(cmd.Context(), f, jobs, limits, func(r download.Result) {
		g.results = append(g.results, r)
		if g.progress == progress.JSON {
			g.writeEvent(events, r, dir)
			return
		}
		if line := g.describeResult(r, dir); line != "" {
			display.Line(line)
		}
	})
	g.summarize(time.Since(start), display, events)
	display.Close()
	return errors.Join(g.reportFailures(cmd.Context()), g.page.SaveRecorded("aiolos get", exchange.DescribeURLs(urlsOf(jobs))), g.dropRecord(dir))
}

// newDisplay makes what shows the downloads. Who looks at one URL on a terminal is told
// when it is tried again, and why nothing moves meanwhile; of many URLs that would be as
// many lines.
func (g *command) newDisplay(n int) (progress.Display, *progress.Events) {
	events := progress.NewEvents(g.app.Err)
	if g.progress == progress.JSON {
		return events, events
	}
	moving := g.progress == progress.Auto && g.app.CanRedraw()
	display := progress.New(g.app.Err, moving, g.app.Width, n)
	if moving && n == 1 && g.app.Quiet == 0 {
		g.net.Notice = func(format string, args ...any) { display.Note("aiolos: " + fmt.Sprintf(format, args...)) }
	}
	return display, events
}
