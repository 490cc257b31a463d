package get

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/aiolos-http/aiolos/connector"
	aioloserrors "github.com/aiolos-http/aiolos/errors"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/flags"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/progress"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/secret"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/shellword"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
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
	g.net.AddFlags(cmd)
	return cmd
}

// run downloads everything.
func (g *command) run(cmd *cobra.Command, args []string) error {
	if done, err := g.app.ShowBriefHelp(cmd); done {
		return err
	}
	jobs, err := g.newJobs(args)
	if err != nil {
		return exitcode.AsUsage(err)
	}
	dir, err := download.OpenDir(g.dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	sess, err := g.net.OpenSession(cmd.Context(), connector.Config{Limit: g.parallel, LimitPerHost: g.perHost})
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
	return g.reportFailures(cmd.Context())
}

// newJobs makes the list of what to download.
func (g *command) newJobs(args []string) ([]download.Job, error) {
	urls, err := g.readURLArgs(args)
	switch {
	case err != nil:
		return nil, err
	case len(urls) == 0:
		return nil, syntax.ErrNoURL
	case g.parallel < 1 || g.perHost < 1:
		return nil, errors.New("--jobs and --per-host are at least 1")
	case g.output == "-":
		return nil, errors.New(`-o - is for a single request: "aiolos URL"`)
	case g.output != "" && g.byURL:
		return nil, errors.New("-o and -O exclude each other")
	case g.output != "" && len(urls) > 1:
		return nil, fmt.Errorf("-o names one file, and there are %d URLs", len(urls))
	}
	if err := g.readSums(len(urls)); err != nil {
		return nil, err
	}
	if g.output != "" {
		g.dir, g.output = filepath.Split(filepath.Join(g.dir, g.output))
		g.dir = filepath.Clean(g.dir)
	}
	jobs := make([]download.Job, len(urls))
	for i, u := range urls {
		if err := checkURL(u); err != nil {
			return nil, err
		}
		jobs[i] = download.Job{URL: u, Name: g.output, Index: i + 1, Sum: g.sum}
		if g.byURL {
			jobs[i].Name = download.NameOfURL(u, i+1)
		}
	}
	return jobs, nil
}

// readSums reads --checksum.
func (g *command) readSums(urls int) error {
	name, isList := strings.CutPrefix(g.checksum, "@")
	switch {
	case g.checksum == "":
		return nil
	case !isList && urls > 1:
		return fmt.Errorf("--checksum is of one file, and there are %d URLs: give a list, @FILE", urls)
	case !isList:
		var err error
		g.sum, err = download.ParseSum(g.checksum)
		return err
	}
	data, err := app.ReadFile(name)
	if err != nil {
		return err
	}
	if g.sums, err = download.ReadSums(bytes.NewReader(data)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// readURLArgs returns the URLs of the arguments and those of the input file.
func (g *command) readURLArgs(args []string) ([]string, error) {
	var urls []string
	for _, arg := range args {
		u, err := syntax.ExpandURL(arg)
		if err != nil {
			return nil, err
		}
		urls = append(urls, u)
	}
	if g.input == "" {
		return urls, nil
	}
	in := g.app.In
	if g.input != "-" {
		f, err := os.Open(g.input)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	more, err := readURLList(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", g.input, err)
	}
	return append(urls, more...), nil
}

// checkURL refuses what cannot be downloaded before anything is sent.
func checkURL(raw string) error {
	u, err := url.Parse(raw)
	reason := ""
	switch {
	case err != nil:
		reason = "not a URL"
	case u.Scheme != "http" && u.Scheme != "https":
		reason = "unsupported scheme"
	case u.Hostname() == "":
		reason = "no host"
	default:
		return nil
	}
	return &aioloserrors.InvalidURLError{URL: aioloserrors.RedactURLString(raw), Description: reason}
}

// readURLList reads one URL a line. Empty lines and lines that begin with # are
// left out.
func readURLList(in io.Reader) ([]string, error) {
	var urls []string
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		u, err := syntax.ExpandURL(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		urls = append(urls, u)
	}
	return urls, lines.Err()
}

// describeResult is what is shown when a file has come to its end, if anything is.
func (g *command) describeResult(r download.Result, dir *download.Dir) string {
	p := g.app.ErrPalette()
	name := render.Line(dir.Path(r.Name))
	switch {
	case g.app.Quiet > 0 || r.Err != nil:
		return ""
	case r.Skipped:
		return p.Yellow("skipped") + "  " + name + "  exists"
	}
	text := fmt.Sprintf("%s  %s  %s in %s", p.Green("done"), name, render.Bytes(r.Size), render.Duration(r.Elapsed))
	if r.Had > 0 {
		text += fmt.Sprintf(" (%s of it were there)", render.Bytes(r.Had))
	}
	switch {
	case r.Cuts == 1:
		text += " (broke once)"
	case r.Cuts > 1:
		text += fmt.Sprintf(" (broke %d times)", r.Cuts)
	}
	return text
}

// reportFailures tells about the failures and decides on the exit code.
func (g *command) reportFailures(ctx context.Context) error {
	codes := make([]int, 0, len(g.results))
	var failed []string
	kept := 0
	text := g.progress != progress.JSON
	for _, r := range g.results {
		code := download.ExitCode(r.Err)
		codes = append(codes, code)
		if r.Err == nil {
			continue
		}
		failed = append(failed, r.Job.URL+"\n")
		if r.Kept {
			kept++
		}
		if code != exitcode.Interrupt && g.app.Quiet < 2 && text {
			g.app.Report(withURL(r))
		}
	}
	g.app.Code = exitcode.Many(codes)
	if kept > 0 && text {
		g.app.Notice("%s; the same command goes on with %s:\n  %s", countUnfinished(kept), pronoun(kept), repeatableCommand(g.app.Args))
	}
	if ctx.Err() != nil && g.app.Quiet < 2 && text {
		g.app.Report(context.Canceled)
	}
	if g.failedFile != "" {
		return os.WriteFile(g.failedFile, []byte(strings.Join(failed, "")), 0o600)
	}
	return nil
}

// repeatableCommand is the command line, for a shell, without its secrets.
func repeatableCommand(args []string) string {
	words := make([]string, 1, 1+len(args))
	words[0] = "aiolos"
	for _, arg := range args {
		if strings.Contains(arg, "://") {
			arg = aioloserrors.RedactURLString(arg)
		}
		if name, _, ok := strings.Cut(arg, ":"); ok && secret.Header(name) {
			arg = name + ":***"
		}
		word, err := shellword.Quote(arg)
		if err != nil {
			word = "..." // it was not typed in a shell
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// withURL makes sure that an error says of which URL it is.
func withURL(r download.Result) error {
	u, _ := url.Parse(r.Job.URL) // the error is about it if it is none
	return aioloserrors.Wrap(http.MethodGet, u, r.Err)
}

// countUnfinished counts files.
func countUnfinished(n int) string {
	if n == 1 {
		return "one file is unfinished"
	}
	return fmt.Sprintf("%d files are unfinished", n)
}

// pronoun refers to as many files.
func pronoun(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}
