package progress

import (
	"fmt"
	"io"
	"math"
	"time"
	"unicode/utf8"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// maxName and minName are how many characters of a file name a bar shows; between them
// it is two fifths of the terminal. One of less than narrow columns has room for little else.
const (
	maxName = 28
	minName = 8
	narrow  = 60
)

// bars draws one bar for each download under way, and below them one for the
// number of files.
type bars struct {
	p      *mpb.Progress
	files  *mpb.Bar
	name   int  // characters of a name
	narrow bool // no room for sizes and rates
}

// newContainer is where bars are drawn, so often, on a terminal of a width that may not be
// known.
func newContainer(w io.Writer, width int, every time.Duration) *mpb.Progress {
	options := []mpb.ContainerOption{mpb.WithOutput(w), mpb.WithAutoRefresh(), mpb.WithRefreshRate(every)}
	if width > 0 {
		options = append(options, mpb.WithWidth(width))
	}
	return mpb.New(options...)
}

// newBars begins to draw.
func newBars(w io.Writer, width, n int) *bars {
	b := &bars{p: newContainer(w, width, 100*time.Millisecond), name: maxName}
	if width > 0 {
		b.name, b.narrow = min(maxName, max(minName, width*2/5)), width < narrow
	}
	if n > 1 {
		b.files = b.p.AddBar(int64(n),
			mpb.BarRemoveOnComplete(), // one that is complete cannot be aborted any more
			mpb.BarPriority(math.MaxInt),
			mpb.PrependDecorators(decor.Name("files", decor.WC{W: b.name, C: decor.DindentRight})),
			mpb.AppendDecorators(decor.CountersNoUnit("%d / %d")),
		)
	}
	return b
}

// Start implements download.Progress.
func (b *bars) Start(name string, have, total int64) download.Tracker {
	name = clipMiddle(render.Line(name), b.name)
	start := time.Now()
	options := []mpb.BarOption{
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(name, decor.WC{W: b.name, C: decor.DindentRight})),
		mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string {
			if b.narrow {
				return formatShare(s.Current, total)
			}
			return formatAmount(s.Current, total) + formatRate(s.Current, have, total, time.Since(start))
		})),
	}
	t := &tracker{}
	if total > 0 {
		t.bar = b.p.AddBar(total, options...)
		t.bar.SetCurrent(have)
	} else {
		t.bar = b.p.AddSpinner(0, options...)
	}
	return t
}

// Line implements Display.
func (b *bars) Line(text string) {
	if b.files != nil {
		b.files.Increment()
	}
	b.Note(text)
}

// Note implements Display. A terminal that is gone has nobody to be told so.
func (b *bars) Note(text string) { _, _ = b.p.Write([]byte(text + "\n")) }

// Close implements Display.
func (b *bars) Close() {
	if b.files != nil {
		b.files.Abort(true)
	}
	b.p.Wait()
}

// tracker moves one bar.
type tracker struct{ bar *mpb.Bar }

// Add implements download.Tracker.
func (t *tracker) Add(n int) { t.bar.IncrBy(n) }

// Stop implements download.Tracker.
func (t *tracker) Stop() { t.bar.Abort(true) }

// clipMiddle shortens a name in its middle, so that beginning and extension remain.
func clipMiddle(name string, width int) string {
	if utf8.RuneCountInString(name) <= width-1 {
		return name
	}
	r := []rune(name)
	tail := width / 3
	return string(r[:width-2-tail]) + "…" + string(r[len(r)-tail:])
}

// formatShare tells as shortly as can be how much is there.
func formatShare(now, total int64) string {
	if total > 0 {
		return fmt.Sprintf("%3d %%", now*100/total)
	}
	return render.Bytes(now)
}

// formatAmount tells how much is there.
func formatAmount(now, total int64) string {
	if total > 0 {
		return fmt.Sprintf("%8s / %s", render.Bytes(now), render.Bytes(total))
	}
	return fmt.Sprintf("%8s", render.Bytes(now))
}

// formatRate tells the speed since the start, and the time that is left at it. What
// an earlier call had fetched does not count.
func formatRate(now, have, total int64, elapsed time.Duration) string {
	if elapsed < 200*time.Millisecond || now <= have {
		return ""
	}
	perSecond := float64(now-have) / elapsed.Seconds()
	text := fmt.Sprintf("  %s/s", render.Bytes(int64(perSecond)))
	if total > now && perSecond > 0 {
		text += "  " + formatLeft(time.Duration(float64(total-now)/perSecond*float64(time.Second)))
	}
	return text
}

// formatLeft tells how long something may take, which is not known more exactly than to a
// second, and is never over before it is.
func formatLeft(left time.Duration) string {
	left = max(time.Second, left.Round(time.Second))
	if left < time.Minute {
		return fmt.Sprintf("%d s", left/time.Second)
	}
	return render.Duration(left)
}
