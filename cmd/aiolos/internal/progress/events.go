package progress

import (
	"io"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// every is how often the progress of one transfer is told.
const every = 500 * time.Millisecond

// Events is a [Display] that writes a JSON object a line, for programs:
//
//	{"event":"start","name":"a","have":0,"total":1000}   total is -1 if it is not known
//	{"event":"progress","name":"a","bytes":500}           twice a second
//
// and whatever its user tells of the end. It is safe for concurrent use.
type Events struct {
	mu sync.Mutex
	w  io.Writer
}

// NewEvents returns a display that writes to w.
func NewEvents(w io.Writer) *Events { return &Events{w: w} }

type started struct {
	Event string `json:"event"`
	Name  string `json:"name"`
	Have  int64  `json:"have"`
	Total int64  `json:"total"`
}

type moved struct {
	Event string `json:"event"`
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// Tell writes an object of the user's.
func (e *Events) Tell(v any) {
	data, err := render.JSON(v)
	if err != nil {
		return // it is made of texts and numbers
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	// A stream that is gone has nobody to be told so.
	_, _ = e.w.Write(data)
}

// Start implements download.Progress.
func (e *Events) Start(name string, have, total int64) download.Tracker {
	e.Tell(started{"start", name, have, total})
	return &eventTracker{e: e, name: name, bytes: have, last: time.Now()}
}

// Line implements Display: there is no text here.
func (e *Events) Line(string) {}

// Note implements Display.
func (e *Events) Note(string) {}

// Close implements Display.
func (e *Events) Close() {}

// eventTracker tells of one transfer.
type eventTracker struct {
	e     *Events
	name  string
	bytes int64
	last  time.Time
}

// Add implements download.Tracker.
func (t *eventTracker) Add(n int) {
	t.bytes += int64(n)
	if now := time.Now(); now.Sub(t.last) >= every {
		t.last = now
		t.e.Tell(moved{"progress", t.name, t.bytes})
	}
}

// Stop implements download.Tracker.
func (t *eventTracker) Stop() {}
