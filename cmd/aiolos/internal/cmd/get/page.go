package get

import (
	aioerrors "github.com/aiolos-http/aiolos/errors"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// urlsOf are the URLs of downloads.
func urlsOf(jobs []download.Job) []string {
	urls := make([]string, len(jobs))
	for i, j := range jobs {
		urls[i] = j.URL
	}
	return urls
}

// describeJobs names downloads for the head of a report.
func describeJobs(jobs []download.Job) string {
	if len(jobs) == 1 {
		return aioerrors.RedactURLString(jobs[0].URL)
	}
	return render.Count(int64(len(jobs))) + " URLs"
}
