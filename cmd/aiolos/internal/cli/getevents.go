package cli

import (
	"time"

	aioloserrors "github.com/aiolos-http/aiolos/errors"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/progress"
)

// ended is the end of a transfer, for --progress=json.
type ended struct {
	Event  string  `json:"event"` // done, skipped or failed
	URL    string  `json:"url"`
	File   string  `json:"file,omitempty"`
	Bytes  int64   `json:"bytes"`
	Had    int64   `json:"had,omitempty"`   // of these, from an earlier call
	Broke  int     `json:"broke,omitempty"` // how often it was taken up again
	MS     float64 `json:"ms"`
	Status int     `json:"status,omitempty"` // of an upload
	Kept   bool    `json:"kept,omitempty"`   // the same command goes on with it
	Code   int     `json:"code,omitempty"`   // the exit code that a single URL would have
	Error  string  `json:"error,omitempty"`
}

// milliseconds is a duration for JSON.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// event tells of the end of a download.
func (g *get) event(e *progress.Events, r download.Result, dir *download.Dir) {
	end := ended{
		Event: "done", URL: aioloserrors.RedactURLString(r.Job.URL), Bytes: r.Size, Had: r.Had, Broke: r.Cuts, MS: milliseconds(r.Elapsed),
	}
	if r.Name != "" {
		end.File = dir.Path(r.Name)
	}
	switch {
	case r.Skipped:
		end.Event = "skipped"
	case r.Err != nil:
		end.Event, end.Kept, end.Code, end.Error = "failed", r.Kept, download.ExitCode(r.Err), named(r).Error()
	}
	e.Tell(end)
}
