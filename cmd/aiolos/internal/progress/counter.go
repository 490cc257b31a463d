package progress

import (
	"io"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// Counter shows how many of a number of things are done. Its zero value, and
// nil, show nothing.
type Counter struct {
	p   *mpb.Progress
	bar *mpb.Bar
}

// NewCounter begins to draw one bar on a terminal.
func NewCounter(w io.Writer, width int, label string, n int) *Counter {
	p := newContainer(w, width, 50*time.Millisecond)
	return &Counter{p: p, bar: p.AddBar(int64(n),
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(label+" ")),
		mpb.AppendDecorators(decor.CountersNoUnit("%d / %d"), decor.Elapsed(decor.ET_STYLE_GO, decor.WC{W: 5})),
	)}
}

// Done counts one. It may be called by several goroutines.
func (c *Counter) Done() {
	if c != nil && c.bar != nil {
		c.bar.Increment()
	}
}

// Close takes the bar away.
func (c *Counter) Close() {
	if c != nil && c.bar != nil {
		c.bar.Abort(true)
		c.p.Wait()
	}
}
