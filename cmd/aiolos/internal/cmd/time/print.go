package time

import (
	"fmt"
	"strconv"
	"time"

	aioerrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/waterfall"
)

// printWaterfall draws a waterfall of every redirect and of the last request.
func (t *command) printWaterfall(resp *session.Response, n int64) error {
	var all time.Duration
	hops := resp.History()
	for _, hop := range hops {
		all += hop.Timing().Total
		if err := t.printHop(hop, "", "", ""); err != nil {
			return err
		}
	}
	var note, sum string
	switch n := len(hops); {
	case n == 1:
		note = "after a redirect, "
	case n > 1:
		note = fmt.Sprintf("after %d redirects, ", n)
	}
	if len(hops) > 0 {
		sum = fmt.Sprintf("  %d requests took %s\n", len(hops)+1, render.Duration(all+resp.Timing().Total))
	}
	return t.printHop(resp, render.Bytes(n)+"  ", note, sum)
}

// printHop draws the waterfall of one request, with the size of its body and a note, if
// there are any, in the headline. A text comes after it.
func (t *command) printHop(resp *session.Response, size, note, after string) error {
	p := t.app.OutPalette()
	tm := resp.Timing()
	chart := waterfall.Of(tm)
	chart.Width, chart.Palette = t.app.Width, p
	_, err := fmt.Fprintf(t.app.Out, "%s %s  %s  %s  %s(%s%s)\n%s%s",
		resp.Request.Method, render.Line(aioerrors.RedactURL(resp.URL())),
		p.Status(resp.StatusCode, strconv.Itoa(resp.StatusCode)), render.Line(resp.Proto), size,
		note, waterfall.DescribeConnection(tm), chart, after)
	return err
}

// timed is the form of --json.
type timed struct {
	URL       string  `json:"url"`
	Status    int     `json:"status"`
	Proto     string  `json:"proto"`
	Remote    string  `json:"remote"`
	Reused    bool    `json:"reused"`
	Redirects *int    `json:"redirects,omitempty"` // of the last request
	Bytes     *int64  `json:"bytes,omitempty"`     // likewise
	Queue     float64 `json:"queue"`
	DNS       float64 `json:"dns"`
	Connect   float64 `json:"connect"`
	TLS       float64 `json:"tls"`
	Request   float64 `json:"request"`
	FirstByte float64 `json:"first_byte"`
	Body      float64 `json:"body"`
	Total     float64 `json:"total"`
	Hops      []timed `json:"hops,omitempty"` // the redirects that led here
}

// describe is one request for --json.
func describe(resp *session.Response) timed {
	tm := resp.Timing()
	ms := render.Milliseconds
	return timed{
		URL: aioerrors.RedactURL(resp.URL()), Status: resp.StatusCode, Proto: resp.Proto,
		Remote: tm.Remote, Reused: tm.Reused,
		Queue: ms(tm.Queue), DNS: ms(tm.DNS), Connect: ms(tm.Connect), TLS: ms(tm.TLS),
		Request: ms(tm.Request), FirstByte: ms(tm.FirstByte), Body: ms(tm.Body), Total: ms(tm.Total),
	}
}

// printJSON prints one line.
func (t *command) printJSON(resp *session.Response, n int64) error {
	hops := resp.History()
	redirects := len(hops)
	object := describe(resp)
	object.Redirects, object.Bytes = &redirects, &n
	for _, hop := range hops {
		object.Hops = append(object.Hops, describe(hop))
	}
	data, err := render.JSON(object)
	if err != nil {
		return err
	}
	_, err = t.app.Out.Write(data)
	return err
}
