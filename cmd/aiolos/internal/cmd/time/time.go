// Package time is "aiolos time": where the time of a request goes.
package time

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aiolos-http/aiolos/connector"
	aioerrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exchange"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/flags"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/waterfall"
)

// command is "aiolos time".
type command struct {
	app  *app.App
	net  flags.Network
	n    int
	cold bool
	json bool
	page exchange.ReportFile

	hops    []*hop           // of the request under way
	timings []session.Timing // of the last hops
}

// New makes "aiolos time".
func New(a *app.App) *cobra.Command {
	t := &command{app: a, net: flags.NewNetwork(a)}
	cmd := app.NewCommand("time URL", "Show where the time of a request goes", help, examples, t.run)
	f := cmd.Flags()
	f.IntVarP(&t.n, "number", "n", 1, "how many requests to send, one after the other")
	f.BoolVar(&t.cold, "cold", false, "use a new connection and look the name up for each")
	f.BoolVar(&t.json, "json", false, "print one JSON object a request, times in milliseconds")
	t.page.AddFlag(f, "write a waterfall of all requests, redirects included, to this file: an HTML page (.html)")
	t.net.AddFlags(cmd)
	return cmd
}

// run sends the requests.
func (t *command) run(cmd *cobra.Command, args []string) error {
	if err := app.OneURL(args); err != nil {
		return err
	}
	if t.n < 1 {
		return exitcode.AsUsage(errors.New("-n must be at least 1"))
	}
	url, err := flags.ExpandURL(args[0])
	if err != nil {
		return err
	}
	if err := t.page.Check(".html"); err != nil {
		return err
	}
	sess, err := t.net.OpenSession(cmd.Context(), connector.Config{ForceClose: t.cold, DisableDNSCache: t.cold}, append(t.page.Record(url), t.recordHops)...)
	if err != nil {
		return err
	}
	defer sess.Close()
	// A page of what came before an error is one too.
	return errors.Join(t.sendAll(cmd.Context(), sess, url), t.page.SaveRecorded("aiolos time", aioerrors.RedactURLString(url)))
}

// sendAll sends the requests, and compares them.
func (t *command) sendAll(ctx context.Context, sess *session.Session, url string) error {
	for i := range t.n {
		if i > 0 && !t.json {
			fmt.Fprintln(t.app.Out)
		}
		if err := t.sendOne(ctx, sess, url); err != nil {
			return err
		}
	}
	if t.n == 1 || t.json {
		return nil
	}
	_, err := fmt.Fprintf(t.app.Out, "\n%s", waterfall.Compare(t.timings))
	return err
}

// sendOne sends one request and prints its times.
func (t *command) sendOne(ctx context.Context, sess *session.Session, url string) error {
	resp, err := sess.Get(ctx, url)
	if err != nil {
		return err
	}
	defer resp.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if err != nil {
		return err
	}
	if t.app.Code == exitcode.OK {
		t.app.Code = exitcode.Status(resp.StatusCode)
	}
	hops := t.takeHops()
	t.timings = append(t.timings, hops[len(hops)-1].Timing())
	if t.json {
		return t.printJSON(hops, len(resp.History()), n)
	}
	return t.printWaterfall(hops, len(resp.History()), n)
}
