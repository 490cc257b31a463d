package get

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	aioerrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/atomicfile"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/progress"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/secret"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// describeResult is what is shown when a file has come to its end, if anything is.
func (g *command) describeResult(r download.Result, dir *download.Dir) string {
	p := g.app.ErrPalette()
	name := render.Line(dir.Path(r.Name))
	switch {
	case g.app.Quiet > 0 || r.Err != nil:
		return ""
	case r.Known:
		return p.Yellow("skipped") + "  " + name + "  complete"
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
	if r.InTheWay {
		text += "; another URL's file has begun under the name without a number: -c goes on with it"
	}
	if r.Other != "" {
		text += "; " + render.Line(dir.Path(r.Other)) + " is another file: --overwrite replaces it"
	}
	return text
}

// summarize tells what became of many downloads together.
func (g *command) summarize(elapsed time.Duration, display progress.Display, events *progress.Events) {
	sum := summary{Event: "end", MS: render.Milliseconds(elapsed)}
	for _, r := range g.results {
		switch {
		case r.Err != nil && download.ExitCode(r.Err) == exitcode.Interrupt:
			sum.Left++
		case r.Err != nil:
			sum.Failed++
		case r.Skipped:
			sum.Skipped++
		default:
			sum.Done++
			sum.Bytes += r.Size - r.Had
		}
	}
	switch {
	case len(g.results) < 2:
	case g.progress == progress.JSON:
		events.Tell(sum)
	case g.app.Quiet == 0:
		display.Note(sum.describe(elapsed))
	}
}

// summary counts the outcomes. Bytes are those that this call has fetched of what is
// complete.
type summary struct {
	Event   string  `json:"event"`
	Done    int     `json:"done"`
	Skipped int     `json:"skipped"`
	Failed  int     `json:"failed"`
	Left    int     `json:"left,omitempty"` // by an interrupt
	Bytes   int64   `json:"bytes"`
	MS      float64 `json:"ms"`
}

// describe is the summary in one line.
func (s summary) describe(elapsed time.Duration) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d done, %s in %s", s.Done, render.Bytes(s.Bytes), render.Duration(elapsed))
	if seconds := elapsed.Seconds(); s.Bytes > 0 && seconds > 0 {
		fmt.Fprintf(&text, " (%s/s)", render.Bytes(int64(float64(s.Bytes)/seconds)))
	}
	for _, c := range []struct {
		n    int
		what string
	}{{s.Skipped, "skipped"}, {s.Failed, "failed"}, {s.Left, "left"}} {
		if c.n > 0 {
			fmt.Fprintf(&text, ", %d %s", c.n, c.what)
		}
	}
	return text.String()
}

// dropRecord forgets what is complete once nothing is left to be done.
func (g *command) dropRecord(dir *download.Dir) error {
	if slices.ContainsFunc(g.results, func(r download.Result) bool { return r.Err != nil }) {
		return nil
	}
	return dir.DropRecord()
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
	switch left := g.countLeft(); {
	case !text:
	case kept > 0:
		g.app.Notice("%s; run the same command to continue with %s:\n  %s", countUnfinished(kept), pronounFor(kept), g.repeatableCommand())
	case left > 0 && left < len(g.results):
		g.app.Notice("%d of %d files are left; run the same command to continue with them:\n  %s", left, len(g.results), g.repeatableCommand())
	}
	if ctx.Err() != nil && g.app.Quiet < 2 && text {
		g.app.Report(context.Canceled)
	}
	if g.failedFile != "" {
		return atomicfile.Replace(g.failedFile, 0o600, func(f *os.File) error {
			_, err := f.WriteString(strings.Join(failed, ""))
			return err
		})
	}
	return nil
}

// countLeft is how many downloads an interrupt has kept from coming to an end.
func (g *command) countLeft() int {
	n := 0
	for _, r := range g.results {
		if r.Err != nil && download.ExitCode(r.Err) == exitcode.Interrupt {
			n++
		}
	}
	return n
}

// repeatableCommand is the command line, for a shell, without its secrets.
func (g *command) repeatableCommand() string {
	args := g.app.Args
	words := make([]string, 1, 1+len(args))
	words[0] = "aiolos"
	for _, arg := range args {
		arg = g.net.HideLogin(arg)
		name, _, ok := strings.Cut(arg, ":")
		switch {
		case ok && secret.Header(name):
			arg = name + ":***"
		case slices.Contains(g.urls, arg):
			arg = syntax.RedactURL(arg)
		case strings.Contains(arg, "://"), ok && strings.Contains(arg, "@"): // the value of --proxy
			flag, value, joined := strings.Cut(arg, "=")
			if !joined || !strings.HasPrefix(flag, "--") {
				flag, value = "", arg
			} else {
				flag += "="
			}
			arg = flag + syntax.RedactURL(value)
		}
		words = append(words, render.ShellWord(arg))
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
