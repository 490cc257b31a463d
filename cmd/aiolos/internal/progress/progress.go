// Package progress shows downloads: as bars that move on a terminal, or as one
// line for each file that is finished.
package progress

import (
	"io"
	"sync"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/choice"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
)

// Mode is the value of --progress.
type Mode string

// The values of --progress.
const (
	Auto Mode = "auto" // bars on a terminal, lines elsewhere
	None Mode = "none" // lines
	JSON Mode = "json" // see Events
)

// Set implements pflag.Value.
func (m *Mode) Set(s string) error { return choice.Set(m, s, Auto, None, JSON) }

// String implements pflag.Value.
func (m *Mode) String() string { return string(*m) }

// Type implements pflag.Value.
func (m *Mode) Type() string { return "how" }

// Display shows what goes on. It is safe for concurrent use.
type Display interface {
	download.Progress
	// Line writes a line that stays. It ends one file.
	Line(text string)
	// Note writes a line that stays, and is of no one file.
	Note(text string)
	// Close takes away what moves. Nothing may be shown after it.
	Close()
}

// New returns the display for n files. Only a moving one writes anything of its
// own accord; width is that of the terminal.
func New(w io.Writer, moving bool, width, n int) Display {
	if moving {
		return newBars(w, width, n)
	}
	return &lines{w: w}
}

// lines writes lines and shows nothing that moves.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

// Start implements download.Progress.
func (l *lines) Start(string, int64, int64) download.Tracker { return still{} }

// Line implements Display. A stream that is gone has nobody to be told so.
func (l *lines) Line(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = io.WriteString(l.w, text+"\n")
}

// Note implements Display.
func (l *lines) Note(text string) { l.Line(text) }

// Close implements Display.
func (l *lines) Close() {}

// still is the Tracker of a display that does not move.
type still struct{}

// Add implements download.Tracker.
func (still) Add(int) {}

// Stop implements download.Tracker.
func (still) Stop() {}
