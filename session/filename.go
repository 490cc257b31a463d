package session

import (
	"strings"

	"github.com/aiolos-http/aiolos/session/internal/resume"
)

// SafeFileName makes a file name that is safe to create of one that a server
// gave: the last element of a path, without control and formatting characters,
// not hidden, not an option of a command (-rf becomes _rf), not the name of a device,
// valid on every system, and cut to some 200 bytes with its extension kept. It is ""
// if nothing is left.
func SafeFileName(name string) string { return resume.SafeFileName(name) }

// FileName is a safe name for a file of the response: the one that its
// Content-Disposition gives, else the last element of the URL's path, else
// "download".
func (r *Response) FileName() string {
	if name := r.ContentDisposition().SafeName(); name != "" {
		return name
	}
	if name := SafeFileName(strings.TrimRight(r.url.Path, "/")); name != "" {
		return name
	}
	return "download"
}
