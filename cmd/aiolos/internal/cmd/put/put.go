// Package put is "aiolos put": an upload that shows its progress.
package put

import (
	"cmp"
	"context"
	"errors"
	neturl "net/url"
	"path/filepath"
	"strings"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exchange"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/flags"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/progress"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// command is "aiolos put": a request whose body is a file, and whose progress shows.
type command struct {
	exchange.Sender

	method   string
	expect   bool
	progress progress.Mode
}

// New makes "aiolos put".
func New(a *app.App) *cobra.Command {
	p := &command{Sender: exchange.Sender{App: a, Net: flags.NewNetwork(a), CheckStatus: true}, progress: progress.Auto}
	// A file may take as long as it does.
	p.Net.Total = -1
	cmd := app.NewCommand("put URL FILE [ITEM...]", "Upload a file and show the progress", help, examples, p.run)
	f := cmd.Flags()
	f.StringVarP(&p.method, "method", "X", "PUT", "method of the request")
	f.BoolVar(&p.expect, "expect", false, "ask the server for its consent before the file is sent (100-continue)")
	f.Var(&p.progress, "progress", "what to show meanwhile: auto, none or json")
	p.AddShowFlags(f, "")
	p.AddLookFlags(cmd)
	p.AddStatusFlags(f)
	p.Net.AddFlags(cmd)
	return cmd
}

// run sends the file.
func (p *command) run(cmd *cobra.Command, args []string) error {
	url, req, err := p.readArgs(args)
	if err != nil {
		return exitcode.AsUsage(err)
	}
	options, body, err := p.RequestOptions(req)
	if err != nil {
		return exitcode.AsUsage(err)
	}
	if body != nil {
		defer body.Close()
	}
	if p.expect {
		options = append(options, session.Expect100())
	}
	sess, err := p.Net.OpenSession(cmd.Context(), connector.Config{})
	if err != nil {
		return err
	}
	defer sess.Close()
	p.Net.RememberHeaders(url, req.Headers)
	up := p.newUpload(req.BodyFile)
	resp, err := sess.Request(cmd.Context(), p.method, url, append(options, session.Progress(up.onProgress))...)
	sent, elapsed := up.stopDisplay()
	if err != nil {
		return p.noticeUnsent(cmd.Context(), err, sent)
	}
	defer resp.Close()
	switch events, ok := up.display.(*progress.Events); {
	case ok:
		events.Tell(progress.End{
			Event: "done", URL: progress.ShownURL(url), File: req.BodyFile, Bytes: sent, MS: render.Milliseconds(elapsed), Status: resp.StatusCode,
		})
	case resp.StatusCode < 300:
		p.App.Notice("%s of %s sent in %s%s", render.Bytes(sent), describeSource(req.BodyFile), render.Duration(elapsed), describeRate(sent, elapsed))
	}
	return p.ShowResult(resp, req)
}

// describeSource names what was sent.
func describeSource(file string) string {
	if file == "-" {
		return "standard input"
	}
	return render.Line(file)
}

// readArgs makes the request of the command line.
func (p *command) readArgs(args []string) (string, *syntax.Request, error) {
	if len(args) == 0 {
		return "", nil, syntax.ErrNoURL
	}
	if len(args) == 1 {
		return "", nil, errors.New("missing FILE; - is standard input")
	}
	url, err := syntax.ExpandURL(args[0])
	if err != nil {
		return "", nil, err
	}
	if err := cmp.Or(exchange.CheckPrint(p.PrintParts), p.CheckLooks()); err != nil {
		return "", nil, err
	}
	req, err := syntax.Build(args[2:], syntax.Mode{}, app.ReadFile)
	switch {
	case err != nil:
		return "", nil, err
	case req.Sends():
		return "", nil, errors.New("the body is FILE: only headers and query parameters can be given beside it")
	}
	req.BodyFile, req.HasBody = args[1], true
	url, err = appendFileName(url, args[1])
	return url, req, err
}

// appendFileName completes a URL that is a directory by the name of the file.
func appendFileName(url, file string) (string, error) {
	path, query, _ := strings.Cut(url, "?")
	if !strings.HasSuffix(path, "/") {
		return url, nil
	}
	if file == "-" {
		return "", errors.New("standard input has no name: the URL has to end in one")
	}
	path += neturl.PathEscape(filepath.Base(file))
	if query != "" {
		path += "?" + query
	}
	return path, nil
}

// noticeUnsent adds how far an upload came to the message of an interrupt.
func (p *command) noticeUnsent(ctx context.Context, err error, sent int64) error {
	if ctx.Err() != nil && sent > 0 {
		p.App.Notice("%s were sent; an upload cannot be resumed: the next one starts from the beginning", render.Bytes(sent))
	}
	return err
}
