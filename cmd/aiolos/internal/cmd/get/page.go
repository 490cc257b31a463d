package get

import (
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
)

// urlsOf are the URLs of downloads.
func urlsOf(jobs []download.Job) []string {
	urls := make([]string, len(jobs))
	for i, j := range jobs {
		urls[i] = j.URL
	}
	return urls
}
