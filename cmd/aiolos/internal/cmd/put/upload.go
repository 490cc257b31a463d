package put

import (
	"fmt"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/progress"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

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

// newUpload makes the display.
func (p *command) newUpload(name string) *upload {
	moving := p.progress == progress.Auto && p.App.CanRedraw()
	u := &upload{display: progress.New(p.App.Err, moving, p.App.Width, 1), name: name, start: time.Now()}
	if p.progress == progress.JSON {
		u.display = progress.NewEvents(p.App.Err)
	}
	return u
}

// onProgress is for [session.Progress]. A body that is sent again begins anew.
func (u *upload) onProgress(done, total int64) {
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

// stopDisplay takes the display away and returns what was sent, and in what time.
func (u *upload) stopDisplay() (sent int64, elapsed time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.ended = true
	if u.tracker != nil {
		u.tracker.Stop()
	}
	u.display.Close()
	return u.sent, time.Since(u.start)
}

// describeRate tells how fast that was, if it took long enough to say so.
func describeRate(n int64, elapsed time.Duration) string {
	if elapsed < 100*time.Millisecond {
		return ""
	}
	return fmt.Sprintf(", %s/s", render.Bytes(int64(float64(n)/elapsed.Seconds())))
}
