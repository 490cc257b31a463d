package time

import (
	"fmt"
	"strconv"
	"time"

	aioerrors "github.com/aiolos-http/aiolos/errors"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/waterfall"
)

// printWaterfall draws a waterfall of every hop. The body of the last one has n bytes.
func (t *command) printWaterfall(hops []*hop, redirects int, n int64) error {
	var all time.Duration
	for i, h := range hops {
		all += h.Timing().Total
		var size, note string
		if i == len(hops)-1 {
			size = render.Bytes(n) + "  "
			switch {
			case redirects == 1:
				note = "after a redirect, "
			case redirects > 1:
				note = fmt.Sprintf("after %d redirects, ", redirects)
			}
		}
		if err := t.printHop(h, size, note); err != nil {
			return err
		}
	}
	if len(hops) == 1 {
		return nil
	}
	_, err := fmt.Fprintf(t.app.Out, "  %d requests took %s\n", len(hops), render.Duration(all))
	return err
}

// printHop draws the waterfall of one request, with the size of its body and a note, if
// there are any, in the headline.
func (t *command) printHop(h *hop, size, note string) error {
	p := t.app.OutPalette()
	tm := h.Timing()
	chart := waterfall.Of(tm)
	chart.Width, chart.Palette = t.app.Width, p
	_, err := fmt.Fprintf(t.app.Out, "%s %s  %s  %s  %s(%s%s)\n%s",
		h.resp.Request.Method, render.Line(aioerrors.RedactURL(h.resp.Request.URL)),
		p.Status(h.resp.StatusCode, strconv.Itoa(h.resp.StatusCode)), render.Line(h.resp.Proto), size,
		note, waterfall.DescribeConnection(tm), chart)
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
	Hops      []timed `json:"hops,omitempty"` // the requests that led here
}

// describe is one request for --json.
func describe(h *hop) timed {
	tm := h.Timing()
	ms := render.Milliseconds
	return timed{
		URL: aioerrors.RedactURL(h.resp.Request.URL), Status: h.resp.StatusCode, Proto: h.resp.Proto,
		Remote: tm.Remote, Reused: tm.Reused,
		Queue: ms(tm.Queue), DNS: ms(tm.DNS), Connect: ms(tm.Connect), TLS: ms(tm.TLS),
		Request: ms(tm.Request), FirstByte: ms(tm.FirstByte), Body: ms(tm.Body), Total: ms(tm.Total),
	}
}

// printJSON prints one line.
func (t *command) printJSON(hops []*hop, redirects int, n int64) error {
	last := len(hops) - 1
	object := describe(hops[last])
	object.Redirects, object.Bytes = &redirects, &n
	for _, h := range hops[:last] {
		object.Hops = append(object.Hops, describe(h))
	}
	return render.WriteJSON(t.app.Out, object)
}
