package progress_test

import (
	"bytes"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/progress"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syncbuf"
)

func TestLines(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	d := progress.New(&b, false, 80, 2)
	tr := d.Start("a", 0, 10)
	tr.Add(10)
	tr.Stop()
	d.Line("a  10 B")
	d.Close()
	if got, want := b.String(), "a  10 B\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestBars drives the bars as concurrent downloads do, in all ways in which one
// ends, and checks that Close returns and that the lines are there.
func TestBars(t *testing.T) {
	t.Parallel()
	b := &syncbuf.Buffer{}
	d := progress.New(b, true, 80, 30)
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			total := int64(100)
			if i%3 == 0 {
				total = -1
			}
			tr := d.Start("a very long name with \x1b[2J in it.tar.gz", 10, total)
			tr.Add(20)
			if i%2 == 0 {
				tr.Add(70)
			}
			tr.Stop()
			d.Line("finished")
		})
	}
	wg.Wait()
	d.Close()
	got := b.String()
	if n := strings.Count(got, "finished\n"); n != 30 {
		t.Errorf("%d lines, want 30", n)
	}
	if strings.Contains(got, "\x1b[2J") {
		t.Errorf("a name reached the terminal as it is: %q", got)
	}
}

// TestBarsEnd: when all files are there, no bar is left below the lines.
func TestBarsEnd(t *testing.T) {
	t.Parallel()
	b := &syncbuf.Buffer{}
	d := progress.New(b, true, 80, 3)
	for _, name := range []string{"one", "two", "three"} {
		tr := d.Start(name, 0, 100)
		tr.Add(100)
		tr.Stop()
		d.Line("done " + name)
	}
	d.Note("3 done")
	d.Close()
	got := b.String()
	left := got[strings.LastIndex(got, "\x1b[J")+1:]
	if strings.Contains(left, "[=") || strings.Contains(left, "3 / 3") {
		t.Errorf("a bar is left: %q of %q", left, got)
	}
}

// TestBarsNarrow: on a terminal of few columns it is still seen how far a download is, and
// no line is longer than it.
func TestBarsNarrow(t *testing.T) {
	t.Parallel()
	for _, width := range []int{20, 40, 59} {
		b := &syncbuf.Buffer{}
		d := progress.New(b, true, width, 2)
		known, unknown := d.Start("a-long-name-of-a-file.tar.gz", 0, 200), d.Start("stream", 0, -1)
		known.Add(90)
		unknown.Add(3000)
		waitFor(t, b, " 45 %")
		waitFor(t, b, "3.0 kB")
		known.Stop()
		unknown.Stop()
		d.Close()
		for line := range strings.Lines(b.String()) {
			line = strings.TrimRight(line[strings.LastIndex(line, "\x1b[J")+1:], "\n")
			if n := utf8.RuneCountInString(strings.TrimPrefix(line, "[J")); n > width {
				t.Errorf("%d columns: %d in %q", width, n, line)
			}
		}
	}
}

// waitFor waits until a text is drawn.
func waitFor(t *testing.T, b *syncbuf.Buffer, text string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !strings.Contains(b.String(), text); {
		if time.Now().After(end) {
			t.Fatalf("no %q in %q", text, b.String())
		}
		runtime.Gosched()
	}
}

// TestTimeLeft: what is left is told in whole seconds, and is no zero.
func TestTimeLeft(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]string{
		0: "1 s", 400 * time.Millisecond: "1 s", 10600 * time.Millisecond: "11 s", 59600 * time.Millisecond: "1m00s", 125 * time.Second: "2m05s",
	} {
		if got := progress.FormatLeft(left); got != want {
			t.Errorf("%v: got %q, want %q", left, got, want)
		}
	}
}

func TestBarsWithoutFiles(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2} {
		d := progress.New(&syncbuf.Buffer{}, true, 0, n)
		d.Close()
	}
}

func TestMode(t *testing.T) {
	t.Parallel()
	var m progress.Mode
	if err := m.Set("none"); err != nil || m.String() != "none" {
		t.Errorf("got %v, %v", m, err)
	}
	if err := m.Set("fancy"); err == nil {
		t.Error("fancy is accepted")
	}
}

func TestCounter(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 3} {
		c := progress.NewCounter(&syncbuf.Buffer{}, 40, "URLs", 3)
		for range n {
			c.Done()
		}
		c.Close()
	}
	var none *progress.Counter
	none.Done()
	none.Close()
}
