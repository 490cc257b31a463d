// Package time is "aiolos time": where the time of a request goes.
package time

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/aiolos-http/aiolos/connector"
	aioerrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/flags"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/waterfall"
)

// command is "aiolos time".
type command struct {
	app  *app.App
	net  flags.Network
	n    int
	cold bool
	json bool

	timings []session.Timing
}

// New makes "aiolos time".
func New(a *app.App) *cobra.Command {
	t := &command{app: a, net: flags.NewNetwork(a)}
	cmd := &cobra.Command{
		Use:     "time URL",
		Short:   "Show where the time of a request goes",
		Long:    help,
		Example: examples,
		RunE:    t.run,
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.IntVarP(&t.n, "number", "n", 1, "how many requests to send, one after the other")
	f.BoolVar(&t.cold, "cold", false, "use a new connection and look the name up for each")
	f.BoolVar(&t.json, "json", false, "print one JSON object a request, times in milliseconds")
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
	sess, err := t.net.OpenSession(cmd.Context(), connector.Config{ForceClose: t.cold, DisableDNSCache: t.cold})
	if err != nil {
		return err
	}
	defer sess.Close()
	for i := range t.n {
		if i > 0 && !t.json {
			fmt.Fprintln(t.app.Out)
		}
		if err := t.sendOne(cmd.Context(), sess, url); err != nil {
			return err
		}
	}
	if t.n > 1 && !t.json {
		_, err = fmt.Fprintf(t.app.Out, "\n%s", waterfall.Compare(t.timings))
	}
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
	t.timings = append(t.timings, resp.Timing())
	if t.json {
		return t.printJSON(resp, n)
	}
	return t.printWaterfall(resp, n)
}

// printWaterfall draws the waterfall.
func (t *command) printWaterfall(resp *session.Response, n int64) error {
	p := t.app.OutPalette()
	tm := resp.Timing()
	hops := ""
	switch n := len(resp.History()); {
	case n == 1:
		hops = "after a redirect, "
	case n > 1:
		hops = fmt.Sprintf("after %d redirects, ", n)
	}
	chart := waterfall.Of(tm)
	chart.Width, chart.Palette = t.app.Width, p
	_, err := fmt.Fprintf(t.app.Out, "%s %s  %s  %s  %s  (%s%s)\n%s",
		resp.Request.Method, render.Line(aioerrors.RedactURL(resp.URL())),
		p.Status(resp.StatusCode, strconv.Itoa(resp.StatusCode)), render.Line(resp.Proto), render.Bytes(n),
		hops, waterfall.DescribeConnection(tm), chart)
	return err
}

// timed is the form of --json.
type timed struct {
	URL       string  `json:"url"`
	Status    int     `json:"status"`
	Proto     string  `json:"proto"`
	Remote    string  `json:"remote"`
	Reused    bool    `json:"reused"`
	Redirects int     `json:"redirects"`
	Bytes     int64   `json:"bytes"`
	Queue     float64 `json:"queue"`
	DNS       float64 `json:"dns"`
	Connect   float64 `json:"connect"`
	TLS       float64 `json:"tls"`
	Request   float64 `json:"request"`
	FirstByte float64 `json:"first_byte"`
	Body      float64 `json:"body"`
	Total     float64 `json:"total"`
}

// printJSON prints one line.
func (t *command) printJSON(resp *session.Response, n int64) error {
	tm := resp.Timing()
	ms := render.Milliseconds
	data, err := render.JSON(timed{
		URL: aioerrors.RedactURL(resp.URL()), Status: resp.StatusCode, Proto: resp.Proto,
		Remote: tm.Remote, Reused: tm.Reused, Redirects: len(resp.History()), Bytes: n,
		Queue: ms(tm.Queue), DNS: ms(tm.DNS), Connect: ms(tm.Connect), TLS: ms(tm.TLS),
		Request: ms(tm.Request), FirstByte: ms(tm.FirstByte), Body: ms(tm.Body), Total: ms(tm.Total),
	})
	if err != nil {
		return err
	}
	_, err = t.app.Out.Write(data)
	return err
}
