package get

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"

	aioerrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/session/curl"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/progress"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/secret"
)

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
		g.app.Notice("%s; run the same command to continue with %s:\n  %s", countUnfinished(kept), pronounFor(kept), repeatableCommand(g.app.Args))
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
			arg = aioerrors.RedactURLString(arg)
		}
		if name, _, ok := strings.Cut(arg, ":"); ok && secret.Header(name) {
			arg = name + ":***"
		}
		word, err := curl.Quote(arg)
		if err != nil {
			word = "..." // it was not typed in a shell
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// withURL makes sure that an error says of which URL it is.
func withURL(r download.Result) error {
	u, _ := session.ParseURL(r.Job.URL) // the error is about it if it is none
	return aioerrors.Wrap(http.MethodGet, u, r.Err)
}

// countUnfinished counts files.
func countUnfinished(n int) string {
	if n == 1 {
		return "one file is unfinished"
	}
	return fmt.Sprintf("%d files are unfinished", n)
}

// pronounFor refers to as many files.
func pronounFor(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}
