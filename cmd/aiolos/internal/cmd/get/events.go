package get

import (
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/progress"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// writeEvent tells of the end of a download.
func (g *command) writeEvent(e *progress.Events, r download.Result, dir *download.Dir) {
	end := progress.End{
		Event: "done", URL: progress.ShownURL(r.Job.URL), Bytes: r.Size, Had: r.Had, Broke: r.Cuts, MS: render.Milliseconds(r.Elapsed),
	}
	if r.Name != "" {
		end.File = dir.Path(r.Name)
	}
	switch {
	case r.Skipped:
		end.Event = "skipped"
	case r.Err != nil:
		end.Event, end.Kept, end.Code, end.Error = "failed", r.Kept, download.ExitCode(r.Err), withURL(r).Error()
	}
	e.Tell(end)
}
