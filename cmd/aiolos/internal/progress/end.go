package progress

import (
	"net/url"
	"strings"

	aioerrors "github.com/aiolos-http/aiolos/errors"
)

// ShownURL is a URL of the command line as [End] has it: with its query, for the program
// that reads it has to know its own URL again, and without a password.
func ShownURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return aioerrors.RedactURLString(raw)
	}
	if u.User == nil {
		return raw
	}
	plain := *u
	plain.User = nil
	return strings.Replace(plain.String(), "//", "//***@", 1)
}

// End is the end of a transfer, for --progress=json.
type End struct {
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
