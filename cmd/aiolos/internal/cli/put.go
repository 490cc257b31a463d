package cli

import (
	"context"
	"errors"
	"fmt"
	neturl "net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	aioloserrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/progress"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// put is "aiolos put": a request whose body is a file, and whose progress shows.
type put struct {
	send

	method   string
	expect   bool
	progress progress.Mode
}

// putCommand makes "aiolos put".
func putCommand(a *app) *cobra.Command {
	p := &put{send: send{app: a, net: newNetwork(a), check: true}, progress: progress.Auto}
	// A file may take as long as it does.
	p.net.total = -1
	cmd := &cobra.Command{
		Use:     "put URL FILE [ITEM...]",
		Short:   "Upload a file and show the progress",
		Long:    putHelp,
		Example: putExamples,
		Args:    cobra.ArbitraryArgs,
		RunE:    p.run,
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&p.method, "method", "X", "PUT", "method of the request")
	f.BoolVar(&p.expect, "expect", false, "ask the server for its consent before the file is sent (100-continue)")
	f.Var(&p.progress, "progress", "what to show meanwhile: auto, none or json")
	f.BoolVarP(&p.verbose, "verbose", "v", false, "print the heads of requests and responses too")
	f.StringVarP(&p.output, "output", "o", "", "write the body of the response to this file; - is standard output")
	f.StringVar(&p.print, "print", "", "what to print: H, B request head and body, h, b those of the response, m times")
	f.IntVar(&p.redirects, "max-redirects", 10, "how many redirects to follow")
	f.BoolVar(&p.noFollow, "no-follow", false, "do not follow redirects")
	f.BoolVar(&p.noCheck, "no-check", false, "exit with 0 whatever the status is")
	f.BoolVar(&p.secrets, "show-secrets", false, "print credentials and cookies as they are")
	p.net.flags(cmd)
	return cmd
}

// run sends the file.
func (p *put) run(cmd *cobra.Command, args []string) error {
	if done, err := p.app.helped(cmd); done {
		return err
	}
	url, req, err := p.readArgs(args)
	if err != nil {
		return usage(err)
	}
	options, body, err := p.options(req)
	if err != nil {
		return usage(err)
	}
	if body != nil {
		defer body.Close()
	}
	if p.expect {
		options = append(options, session.Expect100())
	}
	sess, err := p.net.session(cmd.Context(), connector.Config{})
	if err != nil {
		return err
	}
	defer sess.Close()
	p.net.remember(url, req.Headers)
	up := p.begin(req.BodyFile)
	resp, err := sess.Request(cmd.Context(), p.method, url, append(options, session.Progress(up.report))...)
	sent, elapsed := up.end()
	if err != nil {
		return p.failed(cmd.Context(), err, sent)
	}
	defer resp.Close()
	switch events, ok := up.display.(*progress.Events); {
	case ok:
		events.Tell(ended{
			Event: "done", URL: aioloserrors.RedactURLString(url), File: req.BodyFile, Bytes: sent, MS: milliseconds(elapsed), Status: resp.StatusCode,
		})
	case resp.StatusCode < 300:
		p.app.notice("%s of %s sent in %s%s", render.Bytes(sent), render.Line(req.BodyFile), render.Duration(elapsed), speed(sent, elapsed))
	}
	if err := p.show(resp, req); err != nil {
		return err
	}
	if !p.noCheck {
		p.app.code = exitcode.Status(resp.StatusCode)
	}
	return nil
}

// readArgs makes the request of the command line.
func (p *put) readArgs(args []string) (string, *syntax.Request, error) {
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
	if err := checkPrint(p.print); err != nil {
		return "", nil, err
	}
	req, err := syntax.Build(args[2:], syntax.Mode{}, readFile)
	switch {
	case err != nil:
		return "", nil, err
	case req.Sends():
		return "", nil, errors.New("the body is FILE: only headers and query parameters can be given beside it")
	}
	req.BodyFile, req.HasBody = args[1], true
	url, err = withName(url, args[1])
	return url, req, err
}

// withName completes a URL that is a directory by the name of the file.
func withName(url, file string) (string, error) {
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

// failed adds how far an upload came to the message of an interrupt.
func (p *put) failed(ctx context.Context, err error, sent int64) error {
	if ctx.Err() != nil && sent > 0 {
		p.app.notice("%s were sent; an upload cannot be continued, only begun anew", render.Bytes(sent))
	}
	return err
}

// upload follows one upload on the display.
type upload struct {
	display progress.Display
	name    string
	start   time.Time

	mu      sync.Mutex
	tracker download.Tracker // nil before the first byte and after the end
	ended   bool
	sent    int64
}

// begin makes the display.
func (p *put) begin(name string) *upload {
	moving := p.progress == progress.Auto && p.app.moving()
	u := &upload{display: progress.New(p.app.Err, moving, p.app.Width, 1), name: name, start: time.Now()}
	if p.progress == progress.JSON {
		u.display = progress.NewEvents(p.app.Err)
	}
	return u
}

// report is for [session.Progress]. A body that is sent again begins anew.
func (u *upload) report(done, total int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended {
		return
	}
	if u.tracker != nil && done < u.sent {
		u.tracker.Stop()
		u.tracker, u.sent = nil, 0
	}
	if u.tracker == nil {
		u.tracker = u.display.Start(u.name, 0, total)
	}
	u.tracker.Add(int(done - u.sent))
	u.sent = done
}

// end takes the display away and returns what was sent, and in what time.
func (u *upload) end() (sent int64, elapsed time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.ended = true
	if u.tracker != nil {
		u.tracker.Stop()
	}
	u.display.Close()
	return u.sent, time.Since(u.start)
}

// speed tells how fast that was, if it took long enough to say so.
func speed(n int64, elapsed time.Duration) string {
	if elapsed < 100*time.Millisecond {
		return ""
	}
	return fmt.Sprintf(", %s/s", render.Bytes(int64(float64(n)/elapsed.Seconds())))
}
