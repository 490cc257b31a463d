// Package get is "aiolos get": downloads, several at a time.
package get

import (
	"errors"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/spf13/cobra"

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

	input      string
	parallel   int
	perHost    int
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
	cmd := &cobra.Command{
		Use:     "get URL... [-i FILE]",
		Short:   "Download files, several at a time, and go on where an interrupt left off",
		Long:    help,
		Example: examples,
		RunE:    g.run,
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&g.input, "input", "i", "", "read URLs from this file too, one a line; - is standard input")
	f.IntVarP(&g.parallel, "jobs", "j", 8, "downloads at a time")
	f.IntVar(&g.perHost, "per-host", 4, "of these, from one host")
	f.StringVarP(&g.dir, "dir", "d", ".", "directory for the files")
	f.StringVarP(&g.output, "output", "o", "", "name of the file, for a single URL")
	f.BoolVarP(&g.byURL, "remote-name", "O", false, "name the files after their URLs, whatever the servers say")
	f.StringVar(&g.checksum, "checksum", "", "what the file must have: sha256:HEX, for a single URL; or @FILE, a list as sha256sum writes it")
	f.Var(&g.conflict, "conflict", "if the file exists: rename, skip or overwrite; also called --on-conflict")
	f.Var(&g.conflict, "on-conflict", "")
	f.Lookup("on-conflict").Hidden = true
	f.Var(&g.progress, "progress", "what to show meanwhile: auto, none or json")
	f.StringVar(&g.failedFile, "save-failed", "", "write the URLs that failed to this file")
	g.page.AddFlag(f, "write a waterfall of all requests to this file: an HTML page (.html)")
	g.net.AddFlags(cmd)
	return cmd
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
	sess, err := g.net.OpenSession(cmd.Context(), connector.Config{Limit: g.parallel, LimitPerHost: g.perHost}, g.page.Record(urlsOf(jobs)...)...)
	if err != nil {
		return err
	}
	defer sess.Close()
	moving := g.progress == progress.Auto && g.app.CanRedraw()
	display := progress.New(g.app.Err, moving, g.app.Width, len(jobs))
	events := progress.NewEvents(g.app.Err)
	if g.progress == progress.JSON {
		display = events
	}
	f := &download.Fetcher{Client: sess, Dir: dir, Conflict: g.conflict, Progress: display, Retries: g.net.Retry, Sums: g.sums}
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
	display.Close()
	return errors.Join(g.reportFailures(cmd.Context()), g.page.SaveRecorded("aiolos get", describeJobs(jobs)))
}
